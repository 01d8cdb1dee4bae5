"""The published score."""

import random
import re
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import pytest
from builders import a_paper
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions import explain, rank
from newsletter.editions.scoring.history import Cohort, History, Known
from newsletter.editions.scoring.trending import (
    AGE,
    AUTHORS,
    BREADTH,
    DEFINITION,
    MOST_AUTHORS,
    MOST_DAYS,
    START,
    VOTES,
)
from newsletter.editions.scoring.word_model import Prior
from newsletter.models import Look, Mention, Paper, Scored

NOW = datetime(2026, 6, 10, 6, tzinfo=UTC)
PAGE = "https://huggingface.co/papers/1"
LOOKED_AT_ALWAYS = tuple(((9.0, votes),) for votes in range(100))
HISTORY = History(days=28, cohorts={"huggingface.co": Cohort(pages=28, curves=LOOKED_AT_ALWAYS)})


def a_mention(url: str, votes: int | None = None, *, hours: float = 9, **values: object) -> Mention:
    """A place's word on a paper, listed and looked at `hours` ago."""
    listed = NOW - timedelta(hours=hours)
    looks = () if votes is None else (Look(at=NOW, votes=votes),)
    return Mention(**({"source": url, "url": url, "first_seen": listed, "looks": looks} | values))


def a_voted_paper(votes: int, **values: object) -> Paper:
    """A paper on a page with votes, nine hours after it was listed."""
    return a_paper(**({"mentions": (a_mention(PAGE, votes),)} | values))


def points(scored: Scored) -> dict[str, float]:
    """What each term brought."""
    return {reason.term: reason.points for reason in scored.reasons}


def test_votes_count_by_their_percentile_among_pages_of_the_same_age() -> None:
    """97 of 100 earlier papers had fewer votes after nine hours; ten more draw it to the middle."""
    (scored,) = rank([a_voted_paper(97)], HISTORY, NOW)
    assert points(scored)["votes"] == pytest.approx(VOTES * NormalDist().inv_cdf(102.5 / 110), abs=0.01)
    assert explain(scored) == "97 upvotes on Hugging Face, more than 93 % of papers at this age."


def test_votes_are_compared_at_the_same_age() -> None:
    """Twenty votes are many after an hour and few after two days."""
    grown = tuple(((1.0, 1 + n % 3), (48.0, 40 + n)) for n in range(60))
    history = History(days=28, cohorts={"huggingface.co": Cohort(pages=28, curves=grown)})
    young, old = (a_voted_paper(20, mentions=(a_mention(PAGE, 20, hours=h),)) for h in (1, 48))
    assert points(rank([young], history, NOW)[0])["votes"] > VOTES
    assert points(rank([old], history, NOW)[0])["votes"] < -VOTES


def test_no_votes_is_no_term() -> None:
    """A paper nobody voted on has no votes term, and stands below one with few, which was chosen."""
    silent = a_paper(arxiv_id="2606.00002")
    few = a_voted_paper(0)
    first, second = rank([silent, few], HISTORY, NOW)
    assert first.paper == few
    assert second.score == START
    (unknown,) = rank([a_paper(mentions=(a_mention(PAGE),))], HISTORY, NOW)
    assert points(unknown) == {"breadth": BREADTH}


def test_each_place_has_a_cohort_of_its_own() -> None:
    """Ten votes may be many at one place and few at another; both terms stand."""
    cohorts = {
        "huggingface.co": Cohort(pages=28, curves=LOOKED_AT_ALWAYS),
        "news.ycombinator.com": Cohort(pages=28, curves=tuple(((9.0, n % 8),) for n in range(80))),
    }
    paper = a_voted_paper(
        10, mentions=(a_mention(PAGE, 10), a_mention("https://news.ycombinator.com/item?id=1", 10))
    )
    terms = [r for r in rank([paper], History(days=28, cohorts=cohorts), NOW)[0].reasons if r.term == "votes"]
    assert [reason.points > 0 for reason in terms] == [True, False]
    assert terms[0].detail == "10 points on Hacker News, more than 94 % of papers at this age"


def test_breadth_counts_independent_places() -> None:
    """Two feeds of one site are one place; arXiv is one; an entry that names four papers counts a quarter."""
    arxiv = a_mention("https://arxiv.org/abs/1", source="arxiv-cs-lg")
    again = a_mention("https://arxiv.org/abs/1", source="arxiv-cs-cl")
    blog = a_mention("https://lab.example/post")
    roundup = a_mention("https://list.example/week", weight=0.25)
    none, one, part = (
        rank([a_paper(mentions=mentions)], History(), NOW)[0]
        for mentions in ((arxiv, again), (arxiv, again, blog), (arxiv, roundup))
    )
    assert points(none) == {}
    assert points(one) == {"breadth": BREADTH}
    assert 0 < points(part)["breadth"] < BREADTH / 2


def test_a_list_that_links_to_arxiv_is_a_place_of_its_own() -> None:
    """A page whose entries link straight to arXiv chose the paper; arXiv only holds it."""
    mention = a_mention("https://arxiv.org/abs/2606.00001", 3, source="huggingface-feed")
    (scored,) = rank([a_paper(mentions=(mention,))], History(), NOW)
    assert points(scored) == {"breadth": BREADTH}


def test_words_that_readers_liked_lift_a_paper_above_the_days_middle() -> None:
    """The prior is added as log-odds over the day's middle paper."""
    history = History(days=28, prior=Prior(weights={"agent": 2.0}))
    liked, *others = (
        a_paper(arxiv_id=f"2606.000{n:02}", title="Agents" if n == 0 else "Graphs") for n in range(20)
    )
    first, *rest = rank([liked, *others], history, NOW)
    assert first.paper == liked
    assert first.score > START == rest[0].score
    assert explain(first) == "Reads like papers that get upvoted (top 3 % today)."
    assert [explain(one) for one in rest] == [""] * 19


def test_authors_are_printed_where_they_counted_and_capped() -> None:
    """Known names bring points and stand in the reasons; a hundred of them bring no more than the cap."""
    history = History(days=28, authors={f"ada {n}": Known(papers=2, liked=2) for n in range(100)})
    one, many = (a_paper(authors=tuple(f"Ada {n}" for n in range(count))) for count in (1, 100))
    (few,) = rank([one], history, NOW)
    assert points(few) == {"authors": AUTHORS / 2}
    assert explain(few) == "From an author of recently upvoted papers."
    (several,) = rank([many], history, NOW)
    assert points(several) == {"authors": round(AUTHORS * MOST_AUTHORS, 2)}
    assert explain(several) == "From authors of recently upvoted papers."


def test_an_old_paper_that_comes_back_as_new_loses_a_little() -> None:
    """A number of months ago costs the most that age can cost, one of today nothing."""
    old, *new = (a_paper(arxiv_id=number) for number in ("2501.00001", "2606.00001", "2606.00002"))
    scored = {one.paper.id: points(one) for one in rank([old, *new], History(), NOW)}
    assert scored[old.id] == {"age": -AGE * MOST_DAYS}
    assert scored[new[1].id] == {}


def test_what_was_seen_later_does_not_count() -> None:
    """Scores of a past morning know nothing of that day's afternoon."""
    late = a_mention(PAGE, 90).model_copy(update={"looks": (Look(at=NOW + timedelta(minutes=1), votes=90),)})
    later = a_mention("https://lab.example/post", hours=-1)
    (scored,) = rank([a_paper(mentions=(late, later))], HISTORY, NOW)
    assert points(scored) == {"breadth": BREADTH}


def test_reasons_come_largest_first_and_sum_to_the_score() -> None:
    """A reader can add the terms up."""
    (scored,) = rank(
        [a_voted_paper(3, authors=("Ada",))],
        HISTORY.model_copy(update={"authors": {"ada": Known(3, 3)}}),
        NOW,
    )
    gained = [reason.points for reason in scored.reasons]
    assert gained == sorted(gained, reverse=True)
    assert scored.score == pytest.approx(START + sum(gained), abs=0.01)


@given(st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(chance: random.Random) -> None:
    """The same papers in any order get the same scores in the same order, best first."""
    papers = [a_voted_paper(n % 3, arxiv_id=f"2606.{n:05}", title=f"Paper {n % 4}") for n in range(12)]
    shuffled = chance.sample(papers, len(papers))
    scored = rank(papers, HISTORY, NOW)
    assert rank(shuffled, HISTORY, NOW) == scored
    scores = [one.score for one in scored]
    assert scores == sorted(scores, reverse=True)


def test_scores_stay_between_nought_and_a_hundred() -> None:
    """Ten places that all praise a paper, and one whose votes are the worst ever, do not leave the scale."""
    mentions = tuple(a_mention(f"https://place{n}.example/1", 9_000) for n in range(10))
    cohorts = {f"place{n}.example": Cohort(pages=28, curves=LOOKED_AT_ALWAYS) for n in range(10)}
    best = rank([a_paper(mentions=mentions)], History(days=28, cohorts=cohorts), NOW)[0]
    assert best.score == 100
    many = tuple(
        mention.model_copy(update={"looks": (Look(at=NOW, votes=0),), "weight": 0.01}) for mention in mentions
    )
    worst = rank([a_paper(mentions=many)], History(days=28, cohorts=cohorts), NOW)[0]
    assert worst.score == 0


def test_a_single_paper_with_votes_has_nothing_to_be_compared_with() -> None:
    """Without an earlier page and without company there is no votes term, and nothing is said of one."""
    (scored,) = rank([a_voted_paper(97)], History(), NOW)
    assert explain(scored) == ""
    assert points(scored) == {"breadth": BREADTH}


def test_on_the_first_page_ever_seen_votes_are_compared_with_that_page() -> None:
    """The order is that of the votes, whatever was listed first; papers without votes have no such term."""
    page = [a_voted_paper(3 * n, arxiv_id=f"2606.{(7 * n) % 30:05}") for n in range(30)]
    silent = a_paper(arxiv_id="2606.00999")
    ordered = rank([silent, *page], History(), NOW)
    assert [one.paper for one in ordered] == [*reversed(page), silent]
    best = ordered[0].reasons[-1]
    assert best.term == "votes"
    assert best.points == round(VOTES * NormalDist().inv_cdf((29.5 + 5) / 40), 2)
    assert best.detail == "87 upvotes on Hugging Face, more than 86 % of papers there today"


@pytest.mark.parametrize("host", ["www.reddit.com", "old.reddit.com", "m.reddit.com", "redd.it"])
def test_two_doors_of_one_outlet_are_one_place(host: str) -> None:
    """Votes and mentions at any of its hosts are one voice."""
    mentions = (a_mention("https://www.reddit.com/r/a/1"), a_mention(f"https://{host}/r/b/2"))
    (scored,) = rank([a_paper(mentions=mentions)], History(), NOW)
    assert points(scored) == {"breadth": BREADTH}


def test_to_be_deposited_is_not_to_be_picked_up() -> None:
    """An arXiv number, a preprint server and a publisher's own list bring no breadth; a blog does."""
    preprint = a_mention("https://www.biorxiv.org/content/1")
    blog = a_mention("https://lab.example/post", hours=1)
    terms = [
        points(rank([paper], History(), NOW)[0]).get("breadth", 0)
        for paper in (
            a_paper(mentions=(preprint,)),
            a_paper(arxiv_id=None, doi="10.1101/1", mentions=(preprint,)),
            a_paper(
                arxiv_id=None, doi="10.1038/1", mentions=(a_mention("https://www.nature.com/articles/1"),)
            ),
            a_paper(arxiv_id=None, doi="10.1101/1", mentions=(preprint, blog)),
        )
    ]
    assert terms == [0, 0, 0, BREADTH]


def test_without_votes_papers_stand_among_their_publishers_own() -> None:
    """Scores of a hundred papers differ, and both publishers have their share at the head."""
    words = [
        "cell",
        "gene",
        "protein",
        "tissue",
        "neuron",
        "virus",
        "membrane",
        "enzyme",
        "receptor",
        "genome",
    ]
    papers = [
        a_paper(
            id=f"doi:10.{1101 if n % 5 else 1038}/{n}",
            arxiv_id=None,
            doi=f"10.{1101 if n % 5 else 1038}/{n}",
            title=" ".join(words[(n * k) % 10] for k in range(1, 4)),
            abstract=" ".join(words[(n // k) % 10] for k in range(1, 9)) if n % 5 else "",
            announced=NOW - timedelta(minutes=n),
        )
        for n in range(100)
    ]
    ordered = rank(papers, History(), NOW)
    assert len({one.score for one in ordered}) >= 80
    assert sum("10.1038" in one.paper.id for one in ordered[:25]) == pytest.approx(5, abs=2)
    assert {reason.term for one in ordered for reason in one.reasons} == {"standing"}


def test_code_lifts_a_paper_without_votes_while_no_words_are_learnt() -> None:
    """Once words are learnt they speak, and standing is no term any more."""
    plain, given = (
        a_paper(arxiv_id=f"2606.0000{n}", title="Same", abstract=text)
        for n, text in enumerate(["We study it.", "We study it. The code is publicly available."])
    )
    assert rank([plain, given], History(), NOW)[0].paper == given
    learnt = History(days=28, prior=Prior(weights={"agent": 1.0}))
    assert all(not one.reasons for one in rank([plain, given], learnt, NOW))


def test_the_worked_example_of_the_definition_can_be_recomputed() -> None:
    """The share, the standard deviations and the points follow from the numbers that stand there."""
    text = next(line for line in DEFINITION.splitlines() if line.startswith("Small numbers"))
    fewer, others, equal, above, drawn, size, more, percent, deviations, weight, again, brings = (
        float(number.replace(",", ""))
        for number in re.search(
            r"than (\d+) of (\d+) others, and as many as (\d+), .* "
            r"\((\d+) \+ ½ \+ (\d+)\) / \((\d+) \+ (\d+)\) = "
            r"(\d+) %.*that is ([\d.]+) standard.* brings (\d+) × ([\d.]+) = ([\d.]+) points",
            text,
        ).groups()  # type: ignore[union-attr]
    )
    share = (above + 0.5 + drawn) / (size + more)
    assert (fewer, others) == (above, size)
    assert equal == 1
    assert percent == round(100 * share)
    assert deviations == again == round(NormalDist().inv_cdf(share), 2)
    assert brings == round(weight * again, 1)
    curves = tuple(((9.0, votes),) for votes in [*range(17), 17, 18, 19])
    history = History(days=1, cohorts={"huggingface.co": Cohort(pages=1, curves=curves)})
    (scored,) = rank([a_voted_paper(17)], history, NOW)
    assert points(scored)["votes"] == pytest.approx(brings, abs=0.05)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (START, r"starts with ([\d.]+) points\."),
        (VOTES, r"the top sixth gets ([\d.]+) points"),
        (BREADTH, r"picks a paper up brings ([\d.]+) points"),
        (AUTHORS * MOST_AUTHORS, r"voted for bring up to ([\d.]+) points"),
        (AGE, r"loses ([\d.]+) points for each day"),
        (AGE * MOST_DAYS, r"newest, at most ([\d.]+):"),
    ],
)
def test_the_definition_in_words_holds_the_constants(number: float, sentence: str) -> None:
    """What the site says is what is computed, each number in its own sentence."""
    (said,) = re.findall(sentence, DEFINITION.replace("\n", " "))
    assert float(said) == pytest.approx(number, abs=0.051)


def test_nothing_gives_nothing() -> None:
    """A day without papers has no scores."""
    assert rank([], HISTORY, NOW) == ()
