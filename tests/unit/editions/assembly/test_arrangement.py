"""From inputs to an edition."""

import random
from datetime import UTC, date, datetime, timedelta

from builders import a_paper

from newsletter.editions.assembly.arrangement import DayTopic, Inputs, arrange
from newsletter.editions.scoring.history import Cohort, History
from newsletter.models import Look, Mention, Paper

NOW = datetime(2026, 6, 10, 6, tzinfo=UTC)


def inputs(papers: list[Paper], **values: object) -> Inputs:
    """What an edition of today is made from."""
    defaults = {
        "day": NOW.date(),
        "composed_at": NOW,
        "cut_off": NOW,
        "candidates": tuple(papers),
        "papers": 6,
    }
    return Inputs(**(defaults | values))


def some_papers(count: int = 20) -> list[Paper]:
    """Papers that differ in number alone."""
    return [a_paper(arxiv_id=f"2606.{n:05}", abstract="We propose a thing. It works.") for n in range(count)]


def a_voted_paper(number: int, votes: int) -> Paper:
    """A paper on a page."""
    page = Mention(
        source="page",
        url=f"https://page.example/{number}",
        first_seen=NOW - timedelta(hours=9),
        looks=(Look(at=NOW, votes=votes),),
    )
    return a_paper(arxiv_id=f"2606.{number:05}", mentions=(page,))


def test_every_candidate_is_announced_or_stands_in_the_tail() -> None:
    """Nobody is lost, and nobody is in both."""
    edition = arrange(inputs(some_papers()))
    announced = {entry.paper.id for entry in edition.entries}
    tail = {entry.paper.id for entry in edition.tail}
    assert len(announced) == 6
    assert announced | tail == {paper.id for paper in some_papers()}
    assert not announced & tail


def test_topics_become_sections_with_what_is_known_of_them() -> None:
    """Seated papers stand under their topic; what fits none is “Also today”."""
    papers = some_papers()
    topic = DayTopic(
        slug="flow", label="flow matching", keywords=("flow",), ids=tuple(p.id for p in papers[10:14])
    )
    edition = arrange(inputs(papers, topics=(topic,)).model_copy(update={"papers": 12}))
    (section,) = edition.sections
    assert (section.slug, section.label) == ("flow", "flow matching")
    assert {entry.paper.id for entry in section.entries} == set(topic.ids)
    assert len(edition.also) == 8
    assert edition.entries[0].summary


def test_a_paper_comes_back_only_when_readers_like_it_better_than_most() -> None:
    """Of two from a tail, the one above the middle is announced, with its day; the other is nowhere."""
    history = History(
        cohorts={"page.example": Cohort(pages=28, curves=tuple(((9.0, n),) for n in range(40)))}
    )
    liked, ignored = a_voted_paper(1, 39), a_voted_paper(2, 1)
    offered = {paper.id: date(2026, 6, 9) for paper in (liked, ignored)}
    edition = arrange(inputs([liked, ignored], offered=offered, history=history))
    assert [(entry.paper.id, entry.offered_on) for entry in edition.entries] == [(liked.id, date(2026, 6, 9))]
    assert edition.tail == ()


def test_the_same_inputs_give_the_same_bytes() -> None:
    """In any order, and after having been written down."""
    papers = some_papers()
    first = arrange(inputs(papers))
    shuffled = random.Random(3).sample(papers, len(papers))
    assert arrange(inputs(shuffled)).model_dump_json() == first.model_dump_json()
    stored = Inputs.model_validate_json(inputs(papers).model_dump_json(exclude_defaults=True))
    assert arrange(stored).model_dump_json() == first.model_dump_json()


def test_nothing_gives_a_quiet_edition() -> None:
    """A day without papers is an edition that says so."""
    assert arrange(inputs([])).is_quiet
