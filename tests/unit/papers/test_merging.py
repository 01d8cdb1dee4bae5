"""Many sightings of one work become one paper."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from builders import NOON, a_sighting
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Link, Paper, Sighting
from newsletter.papers import merge
from newsletter.papers.merging import MAX_LOOKS, MAX_MENTIONS, absorbed
from newsletter.sources.text.identifiers import in_address

HOUR = timedelta(hours=1)
HF = {"source": "hf-daily", "url": "https://huggingface.co/papers/2606.00001"}


def test_three_sources_make_one_paper() -> None:
    """Words of arXiv, the page's votes and the blog's link stand in one paper, under arXiv's number."""
    arxiv = a_sighting(
        title="On Nothing in Particular",
        abstract="We study it.",
        announce_type="new",
        announced=NOON,
        version=1,
    )
    page = a_sighting(**HF, title="On nothing in particular", votes=12, comments=3, announced=NOON + HOUR)
    post = Link(rel="post", url="https://lab.example/post")
    blog = a_sighting(
        source="lab", url=post.url, title="We wrote about nothing", links=(post,), abstract="A post."
    )
    (paper,) = merge([blog, page, arxiv])
    assert (paper.id, paper.title, paper.abstract) == (
        "arxiv:2606.00001",
        "On Nothing in Particular",
        "We study it.",
    )
    assert [mention.source for mention in paper.mentions] == ["arxiv-cs-lg", "hf-daily", "lab"]
    assert paper.mentions[1].looks[0].votes == 12
    assert paper.links == (post,)
    assert paper.announced == NOON


def test_the_newest_version_gives_the_words_and_is_the_same_work() -> None:
    """A replacement brings its title and version; when it was announced first stays."""
    old = a_sighting(title="First try", version=1, announce_type="new", announced=NOON)
    new = a_sighting(
        title="Second try",
        version=2,
        announce_type="replace",
        announced=NOON + 24 * HOUR,
        observed_at=NOON + 24 * HOUR,
    )
    (paper,) = merge([new, old])
    assert (paper.title, paper.version, paper.announced) == ("Second try", 2, NOON)
    assert paper.mentions[0].announce_type == "new"


def test_votes_are_kept_as_they_changed() -> None:
    """A poll that shows the numbers of the one before adds no look."""
    polls = [
        a_sighting(**HF, votes=votes, observed_at=NOON + hour * HOUR)
        for hour, votes in enumerate([3, 3, 5, 5, 4])
    ]
    (paper,) = merge(polls)
    assert [(look.at - NOON, look.votes) for look in paper.mentions[0].looks] == [
        (0 * HOUR, 3),
        (2 * HOUR, 5),
        (4 * HOUR, 4),
    ]


def test_a_withdrawn_paper_stays_withdrawn() -> None:
    """One source that says so is enough."""
    (paper,) = merge([a_sighting(), a_sighting(**HF, withdrawn=True)])
    assert paper.withdrawn


def test_a_doi_names_a_paper_that_arxiv_does_not_have() -> None:
    """The id is the DOI, and a digest of title and address where there is none."""
    doi, nothing = merge(
        [
            a_sighting(arxiv_id=None, doi="10.1101/2023.12.01.569537", title="Cells that count"),
            a_sighting(arxiv_id=None, url="https://lab.example/1", title="A post about something else"),
        ]
    )
    assert doi.id == "doi:10.1101/2023.12.01.569537"
    assert nothing.id.startswith("title:")


TITLES = ["Agents that plan", "Agents that plan ahead", "Agents That Plan: A Study", "Splats in the dark"]
some_sightings = st.lists(
    st.builds(
        lambda title, number, votes, hours, source, version, authors, kind: a_sighting(
            title=title,
            arxiv_id=number,
            url=f"https://{source}.example/{number or title}",
            votes=votes,
            observed_at=NOON + hours * HOUR,
            source=source,
            version=version if source == "arxiv" else None,
            authors=authors,
            announce_type=kind if source == "arxiv" else None,
            announced=NOON + hours * HOUR if source == "arxiv" else None,
        ),
        st.sampled_from(TITLES),
        st.sampled_from([None, "2606.00001", "2606.00002"]),
        st.sampled_from([None, 1, 2]),
        st.integers(0, 3),
        st.sampled_from(["arxiv", "hf", "blog"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([(), ("Ada Lovelace",), ("A. Lovelace", "Alan Turing"), ("Grace Hopper",)]),
        st.sampled_from(["new", "replace"]),
    ),
    max_size=7,
)


@given(some_sightings, st.randoms(use_true_random=False))
def test_order_does_not_matter(sightings: list[Sighting], random: object) -> None:
    """Whatever order sightings come in, the same papers come out, byte for byte."""
    shuffled = list(sightings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == merge(sightings)


@given(some_sightings)
def test_nothing_is_lost_and_numbers_are_never_mixed(sightings: list[Sighting]) -> None:
    """Each entry stands in exactly one paper under its own arXiv number, and each id names one paper."""
    papers = merge(sightings)
    assert len({paper.id for paper in papers}) == len(papers)
    for sighting in sightings:
        homes = [
            paper
            for paper in papers
            if (sighting.source, sighting.url)
            in {(mention.source, mention.url) for mention in paper.mentions}
        ]
        if sighting.arxiv_id:
            assert [paper.arxiv_id for paper in homes] == [sighting.arxiv_id]
        assert homes


def real_polls(sightings: list[Sighting]) -> list[Sighting]:
    """Return what could be polled: all with number and authors, one word of a source at a time, in order."""
    polls = {
        (one.observed_at, one.source, one.arxiv_id): one.model_copy(
            update={"authors": one.authors or ("Noam",)}
        )
        for one in sightings
        if one.arxiv_id
    }
    return sorted(polls.values(), key=lambda one: one.observed_at)


@given(some_sightings)
def test_a_day_polled_in_steps_ends_like_a_day_polled_at_once(sightings: list[Sighting]) -> None:
    """Absorbing poll after poll gives the papers that merging everything gives, where nothing is left out."""
    stored: dict[str, Paper] = {}
    for sighting in real_polls(sightings):
        for paper in absorbed(merge([sighting]), list(stored.values())):
            stored[paper.id] = paper
    assert tuple(stored[name] for name in sorted(stored)) == merge(real_polls(sightings))


@given(some_sightings)
def test_the_same_poll_again_changes_nothing(sightings: list[Sighting]) -> None:
    """What is stored already is stored as it was."""
    papers = merge(sightings)
    assert absorbed(papers, papers) == papers


def test_a_post_never_renames_a_paper() -> None:
    """Seen days before arXiv and the page, a post's headline gives way to the paper's own title."""
    post = a_sighting(source="lab", url="https://lab.example/1", title="Look what we did", version=3)
    page = a_sighting(**HF, title="On nothing", observed_at=NOON + 24 * HOUR)
    arxiv = a_sighting(title="On Nothing", announce_type="new", version=1, observed_at=NOON + 48 * HOUR)
    assert [paper.title for paper in merge([post, page])] == ["On nothing"]
    assert [(paper.title, paper.version) for paper in merge([post, page, arxiv])] == [("On Nothing", 1)]


def test_arxiv_knows_its_papers_better_than_a_page_about_them() -> None:
    """What arXiv's API says of a paper stands before the page with votes, whoever was seen first."""
    page = a_sighting(**HF, title="On nothing")
    api = a_sighting(title="On Nothing", observed_at=NOON + HOUR)
    assert [paper.title for paper in merge([page, api])] == ["On Nothing"]


def test_a_flood_of_mentions_does_not_fill_a_paper() -> None:
    """Of a thousand entries that name one paper a hundred stay; of its votes the first and the last."""
    flood = [
        a_sighting(source="spam", url=f"https://spam.example/{n}", observed_at=NOON + n * HOUR)
        for n in range(1_000)
    ]
    votes = [a_sighting(**HF, votes=n, observed_at=NOON + n * HOUR) for n in range(1_000)]
    (paper,) = merge(flood + votes)
    assert len(paper.mentions) == MAX_MENTIONS
    looks = paper.mentions[0].looks
    assert (len(looks), looks[0].votes, looks[-1].votes) == (MAX_LOOKS, 0, 999)


def test_every_order_of_a_real_mixture_gives_the_same_paper() -> None:
    """Ties between equal sources are broken by content, not by position."""
    mixture = [
        a_sighting(title=title, source=title[-1], url="https://x.example/1")
        for title in ("T a", "T b", "T c")
    ]
    assert len({merge(order) for order in permutations(mixture)}) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "https://chemrxiv.org/doi/10.26434/chemrxiv-2026-abcde",
            "https://doi.org/10.26434/chemrxiv-2026-abcde-v2",
        ),
        (
            "https://doi.org/10.21203/rs.3.rs-4400001/v1",
            "https://www.researchsquare.com/article/rs-4400001/v2",
        ),
        (
            "https://doi.org/10.20944/preprints202601.0001.v1",
            "https://doi.org/10.20944/preprints202601.0001.v2",
        ),
        (
            "https://doi.org/10.12688/f1000research.123456.1",
            "https://doi.org/10.12688/f1000research.123456.2",
        ),
        ("https://doi.org/10.31234/osf.io/ab3de", "https://osf.io/preprints/psyarxiv/ab3de_v2"),
        ("https://doi.org/10.1101/2026.05.29.700001", "https://doi.org/10.64898/2026.05.29.700001v2"),
    ],
)
def test_a_new_version_with_a_doi_of_its_own_is_the_same_work(first: str, second: str) -> None:
    """Whatever its title has become; also beside a stored paper, which keeps its id."""
    one, other = (
        a_sighting(url=url, title=title, arxiv_id=None, doi=work.doi, version=work.version)
        for url, title in ((first, "A first try"), (second, "What it was about in the end"))
        if (work := in_address(url))
    )
    (together,) = merge([one, other])
    (stored,), fresh = merge([one]), merge([other])
    (later,) = absorbed(fresh, [stored])
    assert later.id == stored.id
    assert {mention.url for mention in later.mentions} == {mention.url for mention in together.mentions}


def an_issue(number: int, **values: Any) -> Sighting:
    """Return an entry of a column that has the same title every week."""
    said: dict[str, Any] = {
        "source": "lab-blog",
        "url": f"https://lab.example/{number}",
        "title": "Our weekly digest of everything new",
        "arxiv_id": None,
        "abstract": f"In week {number} we read these.",
        "observed_at": NOON + number * 7 * 24 * HOUR,
    }
    return a_sighting(**(said | values))


@pytest.mark.parametrize("authors", [(), ("Jane Doe",)], ids=["without authors", "by one author"])
@pytest.mark.parametrize(
    "title", ["Our weekly digest of everything new", "Editorial", "An introduction to this special issue"]
)
def test_a_title_that_comes_again_at_another_address_is_another_work(
    title: str, authors: tuple[str, ...]
) -> None:
    """In one poll and beside a stored one; the same address stays one work."""
    first, second = (an_issue(number, title=title, authors=authors) for number in (1, 2))
    again = first.model_copy(update={"observed_at": NOON + 30 * 24 * HOUR})
    assert len(merge([first, second, again])) == 2
    stored = merge([first])
    assert [paper.id for paper in absorbed(merge([second]), stored)] != [stored[0].id]
    assert [paper.id for paper in absorbed(merge([again]), stored)] == [stored[0].id]


def test_one_title_with_wholly_different_abstracts_is_two_works() -> None:
    """Two issues have each an introduction by their editor; one abstract in two places is one work."""
    words = (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau"
    )
    first = an_issue(1, abstract=f"{words} upsilon phi chi psi omega.", authors=("Jane Doe",))
    other = " ".join(reversed(first.abstract.split()))
    elsewhere = an_issue(2, source="press", abstract=other, authors=("Jane Doe",))
    assert len(merge([first, elsewhere])) == 2
    assert len(merge([first, elsewhere.model_copy(update={"abstract": first.abstract})])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Robust Adversarial Image Detection", "Robust Adversarial Text Detection"),
        ("Calibrating Models via Sequence-Level Likelihood", "Calibrating Models via Markov Likelihood"),
        ("Deep Learning for Protein Folding at Scale", "Deep Learning for Protein Docking at Scale"),
    ],
)
def test_a_sequel_by_the_same_authors_is_another_work(one: str, other: str) -> None:
    """Each title holds a word that the other lacks, and no abstract says that they are one."""
    team = ("Jane Doe", "Sam Roe", "Ada Poe")
    urls = ("https://a.example/1", "https://b.example/2")
    pair = [
        a_sighting(source=url, url=url, title=title, authors=team, arxiv_id=None)
        for url, title in zip(urls, (one, other), strict=True)
    ]
    assert len(merge(pair)) == 2


def test_one_arxiv_number_with_two_dois_is_one_paper() -> None:
    """The number decides; nobody's votes are lost, in one go and in two."""
    said = [
        a_sighting(source="one", url="https://one.example", doi="10.5555/a", votes=3),
        a_sighting(source="two", url="https://two.example", doi="10.5555/b", votes=5),
    ]
    (paper,) = merge(said)
    (later,) = absorbed(merge(said[1:]), merge(said[:1]))
    for found in (paper, later):
        assert found.id == "arxiv:2606.00001"
        assert [look.votes for mention in found.mentions for look in mention.looks] == [3, 5]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "2606.00001", "2606.00002"]),
            st.sampled_from([None, "10.5555/a", "10.5555/b", "10.21203/rs.3.rs-1/v2"]),
            st.sampled_from(["One title that is long enough", "Another title that is long enough"]),
            st.integers(0, 3),
        ),
        max_size=8,
    )
)
def test_no_two_papers_get_one_id_and_nothing_said_is_lost(said: list[Any]) -> None:
    """Whatever contradicts what: ids are unique, every entry is somewhere, and the order does not matter."""
    sightings = [
        a_sighting(source=f"s{n}", url=f"https://s{n}.example/{place}", arxiv_id=arxiv, doi=doi, title=title)
        for n, (arxiv, doi, title, place) in enumerate(said)
    ]
    papers = merge(sightings)
    assert len({paper.id for paper in papers}) == len(papers)
    entries = [mention.source for paper in papers for mention in paper.mentions]
    assert sorted(entries) == sorted(one.source for one in sightings)
    assert merge(reversed(sightings)) == papers
    for cut in range(len(sightings)):
        before, fresh = merge(sightings[:cut]), merge(sightings[cut:])
        after = {paper.id: paper for paper in before} | {paper.id: paper for paper in absorbed(fresh, before)}
        kept = [mention.source for paper in after.values() for mention in paper.mentions]
        assert sorted(kept) == sorted(one.source for one in sightings)


def test_one_teaser_under_many_titles_is_many_works() -> None:
    """A few words that stand under every entry say nothing of any of them."""
    posts = [an_issue(number, title=f"Post {number} about it", abstract="Read more.") for number in (1, 2, 3)]
    assert len(merge(posts)) == 3


DOI = "10.1101/2026.05.29.700001"


def arxiv_and_doi(number: str | None, doi: str | None, title: str = "On Nothing", **values: object) -> Paper:
    """Return the paper of one sighting with these names."""
    (paper,) = merge([a_sighting(arxiv_id=number, doi=doi, title=title, url="https://x.example/1", **values)])
    return paper


def test_a_name_that_is_known_joins_whatever_the_words_have_become() -> None:
    """By the arXiv number, by the DOI, and by one of them where the other is news."""
    for known, fresh in (
        (("2606.00001", None), ("2606.00001", None)),
        ((None, DOI), (None, DOI)),
        ((None, DOI), ("2606.00001", DOI)),
        (("2606.00001", DOI), (None, DOI)),
    ):
        stored = arxiv_and_doi(*known)
        (after,) = absorbed([arxiv_and_doi(*fresh, title="Renamed and Rewritten")], [stored])
        assert after.id == stored.id
        assert (after.arxiv_id, after.doi) == (known[0] or fresh[0], known[1] or fresh[1])


def test_a_shared_doi_does_not_join_two_arxiv_numbers() -> None:
    """A DOI that somebody copied wrongly costs no paper its own page: each keeps its number."""
    stored = arxiv_and_doi("2606.00001", DOI)
    fresh = arxiv_and_doi("2606.00002", DOI)
    (newcomer,) = absorbed([fresh], [stored])
    assert (newcomer.id, newcomer.arxiv_id) == ("arxiv:2606.00002", "2606.00002")
    assert [
        paper.id for paper in merge([a_sighting(doi=DOI), a_sighting(arxiv_id="2606.00002", doi=DOI)])
    ] == [
        "arxiv:2606.00001",
        "arxiv:2606.00002",
    ]


def test_two_stored_papers_are_not_joined_by_news_that_fits_both() -> None:
    """The news goes to one of them; the other is not touched."""
    stored = [arxiv_and_doi("2606.00001", None), arxiv_and_doi(None, DOI)]
    after = absorbed([arxiv_and_doi("2606.00001", DOI)], stored)
    assert [paper.id for paper in after] == ["arxiv:2606.00001"]
