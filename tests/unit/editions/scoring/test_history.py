"""What earlier days teach."""

import math
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from builders import a_paper

from newsletter.editions.scoring.history import PAGES, Cohort, Example, History, Known, example_of, learn
from newsletter.editions.scoring.word_model import LEAST_LIKED, PENALTY, Lesson, Prior, fit, words
from newsletter.models import Look, Mention

TODAY = date(2026, 6, 10)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def an_example(number: int, back: int = 1, *, votes: int | None = None, **values: object) -> Example:
    """A paper announced `back` days ago; with votes after nine hours at one place."""
    curves = {} if votes is None else {"huggingface.co": ((9.0, votes),)}
    defaults = {
        "id": f"arxiv:{number}",
        "day": TODAY - timedelta(days=back),
        "title": "Agents" if votes else "Graphs",
        "abstract": "",
        "authors": (),
        "curves": curves,
    }
    return Example(**(defaults | values))


def test_only_the_last_28_publishing_days_count() -> None:
    """Days without papers are no pages; a vote of the 29th day before is forgotten."""
    examples = [an_example(back, back, votes=back) for back in range(1, 60, 2)]
    history = learn(examples)
    assert history.days == history.cohorts["huggingface.co"].pages == PAGES
    assert max(votes for curve in history.cohorts["huggingface.co"].curves for _, votes in curve) == 55


def test_a_cohort_answers_for_an_age() -> None:
    """The latest look by then counts, an hour late is on time; a paper without one is left out."""
    cohort = Cohort(pages=1, curves=(((1.0, 2), (8.0, 9), (20.0, 40)), ((9.5, 3),), ((30.0, 99),)))
    assert cohort.at(9) == (3, 9)


def test_authors_are_known_by_papers_seen_and_liked() -> None:
    """Names count in any case; who was never voted for is not kept."""
    examples = [
        an_example(1, votes=5, authors=("Ada", "Bo")),
        an_example(2, authors=("ADA",)),
        an_example(3, authors=("Cy",)),
    ]
    assert learn(examples).authors == {"ada": Known(papers=2, liked=1), "bo": Known(papers=1, liked=1)}


def test_what_is_learnt_does_not_depend_on_the_order_of_papers() -> None:
    """Shuffled examples teach the same history, to the last digit."""
    examples = [
        an_example(n, 1 + n % 9, votes=n if n % 3 == 0 else None, authors=(f"A{n % 7}",)) for n in range(200)
    ]
    shuffled = random.Random(1).sample(examples, len(examples))
    assert learn(shuffled) == learn(examples)


def test_a_history_survives_being_written_down() -> None:
    """It is kept with the day's inputs and reads back equal."""
    history = learn([an_example(n, votes=n if n % 2 else None, authors=("Ada",)) for n in range(100)])
    assert history.prior.weights
    assert History.model_validate_json(history.model_dump_json(exclude_defaults=True)) == history


def test_too_little_teaches_nothing() -> None:
    """With fewer than thirty liked papers every paper is as likely as any other."""
    lessons = [Lesson("Agents", "", is_liked=True)] * (LEAST_LIKED - 1) + [
        Lesson("Graphs", "", is_liked=False)
    ] * 99
    assert fit(lessons) == Prior()
    assert fit(lessons).logit("Agents", "") == 0


def test_words_of_liked_papers_raise_the_odds() -> None:
    """What readers voted for stands above what they did not; an unknown word says nothing."""
    lessons = [Lesson("Agents", "", is_liked=True)] * 40 + [Lesson("Graphs", "", is_liked=False)] * 200
    prior = fit(lessons)
    assert prior.logit("An agent", "") > prior.logit("Zebra", "") > prior.logit("A graph", "")


def test_a_fit_is_where_the_loss_is_flat() -> None:
    """Likelihood and penalty pull alike at each weight, and on average as much is expected as was liked."""
    lessons = [
        Lesson(f"{word} {'common' if number % 3 else 'rare'}", "", is_liked=number % ten < likes)
        for word, likes, ten in (("agents", 6, 10), ("graphs", 2, 10), ("splats", 1, 10))
        for number in range(200)
    ]
    prior = fit(lessons)
    misses = [one.is_liked - 1 / (1 + math.exp(-prior.logit(one.title, ""))) for one in lessons]
    assert sum(misses) == pytest.approx(0, abs=1)
    assert len(prior.weights) >= 4
    for word, weight in prior.weights.items():
        held = sum(miss for one, miss in zip(lessons, misses, strict=True) if word in words(one.title, ""))
        assert held == pytest.approx(PENALTY * weight, abs=1)


def test_votes_are_remembered_by_age_since_listing() -> None:
    """A listing shortly before first sight starts the clock; the date of writing does not."""
    looks = (
        Look(at=NOON, votes=3),
        Look(at=NOON + timedelta(hours=2)),
        Look(at=NOON + timedelta(hours=4), votes=9),
    )
    for announced, hours in ((NOON - timedelta(hours=8), 8), (NOON - timedelta(days=60), 0), (None, 0)):
        page = Mention(
            source="page", url="https://page.example/1", first_seen=NOON, announced=announced, looks=looks
        )
        curves = example_of(a_paper(mentions=(page,))).curves
        assert curves == {"page.example": ((hours, 3), (hours + 4, 9))}


@pytest.mark.parametrize(
    "text", ["", "我们提出一种方法", "نقترح طريقة", "x " * 500_000], ids=["none", "zh", "ar", "1 MB"]
)
def test_any_abstract_can_be_learnt_and_scored(text: str) -> None:
    """Missing, foreign and enormous abstracts are learnt from and weighed like others."""
    lessons = [Lesson("Agents", text, is_liked=True)] * 30 + [Lesson("Graphs", text, is_liked=False)] * 30
    assert fit(lessons).logit("Agents", text) > 0 > fit(lessons).logit("Graphs", text)
