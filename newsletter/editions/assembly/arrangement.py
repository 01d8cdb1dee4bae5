"""Everything an edition is made from, and the pure step that makes it.

`Inputs` are stored beside the frozen edition. `arrange` reads nothing else, so
`edition replay DATE` rebuilds the same bytes from them.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from newsletter.editions.assembly.explain import explain
from newsletter.editions.assembly.selection import RESERVED, seat
from newsletter.editions.assembly.summary import summarise
from newsletter.editions.scoring.history import History
from newsletter.editions.scoring.order import best_first
from newsletter.editions.scoring.trending import rank
from newsletter.models import Coverage, Edition, Entry, Instant, Paper, Scored, Section, Trend, Value


class DayTopic(Value):
    """A topic of the day as it was found, with what is known of its past."""

    slug: str
    label: str
    keywords: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Stems of both, by which later days know it again."""
    share: float = 0.0
    """Of the day's new papers."""
    ids: tuple[str, ...]
    """Of its papers, best first."""
    trend: Trend = Trend()


class Inputs(Value):
    """What one edition is made from."""

    day: date
    composed_at: Instant
    cut_off: Instant
    candidates: tuple[Paper, ...] = ()
    """Papers never announced that are new, or that somebody spoke of since the last edition."""
    offered: Mapping[str, date] = {}
    """Which candidates an earlier tail held, and when."""
    offered_places: Mapping[str, int] = {}
    """Which place by score those had that day."""
    topics: tuple[DayTopic, ...] = ()
    """Best first; those that may be shown."""
    history: History = History()
    coverage: tuple[Coverage, ...] = ()
    notes: tuple[str, ...] = ()
    papers: int = Field(default=25, ge=1)
    """Seats."""


def arrange(inputs: Inputs) -> Edition:
    """Make the edition: score, seat, group, explain; the same inputs give the same edition."""
    scored = rank(inputs.candidates, inputs.history, inputs.composed_at)
    wanted = [one for one in scored if one.paper.id not in inputs.offered or _is_liked(one)]
    seated = seat(wanted, [topic.ids for topic in inputs.topics], inputs.papers)
    entries = {one.paper.id: _entry(one, inputs) for one in seated}
    sections = in_sections(inputs.topics, entries)
    placed = {entry.paper.id for section in sections for entry in section.entries}
    return Edition(
        date=inputs.day,
        composed_at=inputs.composed_at,
        cut_off=inputs.cut_off,
        sections=sections,
        also=tuple(best_first([entry for name, entry in entries.items() if name not in placed])),
        tail=tuple(
            _tail_entry(one)
            for one in scored
            if one.paper.id not in entries and one.paper.id not in inputs.offered
        ),
        coverage=inputs.coverage,
        candidates=len(inputs.candidates),
        notes=inputs.notes,
    )


def _is_liked(one: Scored) -> bool:
    """Tell whether readers somewhere like a paper better than most: one that comes back must be worth it."""
    return any(reason.term == "votes" and reason.points > 0 for reason in one.reasons)


def _entry(one: Scored, inputs: Inputs) -> Entry:
    return Entry(
        paper=one.paper,
        score=one.score,
        reasons=one.reasons,
        why=explain(one),
        summary=summarise(one.paper.abstract, one.paper.title),
        offered_on=inputs.offered.get(one.paper.id),
        offered_place=inputs.offered_places.get(one.paper.id),
    )


def _tail_entry(one: Scored) -> Entry:
    """Keep what a follower's mail needs: the latest numbers; sentences are made when it is sent."""
    numbers = tuple(
        mention.model_copy(update={"looks": mention.looks[-1:]})
        for mention in one.paper.mentions
        if mention.looks
    )
    return Entry(
        paper=one.paper.model_copy(update={"mentions": numbers}), score=one.score, reasons=one.reasons
    )


def in_sections(topics: Sequence[DayTopic], entries: Mapping[str, Entry]) -> tuple[Section, ...]:
    """Put seated papers under their topics, the topic with the best two first; one paper makes no topic."""
    left = dict(entries)
    sections = []
    for topic in topics:
        held = best_first([left.pop(name) for name in topic.ids if name in left])
        if len(held) >= RESERVED:
            sections.append(
                Section(
                    slug=topic.slug,
                    label=topic.label,
                    keywords=topic.keywords,
                    trend=topic.trend,
                    entries=tuple(held),
                )
            )
    return tuple(sorted(sections, key=lambda section: -sum(entry.score for entry in section.entries[:2])))
