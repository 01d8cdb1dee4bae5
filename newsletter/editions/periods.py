"""Several days in one edition: the best of a week, of a long weekend, of a month.

It is made from the days' own frozen editions and holds nothing else, so a
paper stands in it once, as it stood in one of them. What tells it from their
sum is that votes and places are counted again when the period is over: a
paper of Monday has had until Sunday to be noticed, and one of Friday has not
lost against it, because votes are compared with those of papers that were
listed as long. Words, authors and age count as they did on the paper's day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Self

from pydantic import Field

from newsletter.editions.assembly.arrangement import DayTopic, in_sections
from newsletter.editions.assembly.explain import explain
from newsletter.editions.scoring.history import Cohort, History
from newsletter.editions.scoring.order import best_first
from newsletter.editions.scoring.trending import heard_by, recount
from newsletter.models import Coverage, Edition, Entry, Paper, Section, SourceState, Value

_DAY = timedelta(days=1)
_SOUND = frozenset({SourceState.FRESH, SourceState.QUIET, SourceState.DISABLED})


class Period(Value):
    """Calendar days in a row, both ends included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> Self:
        """Return so many days that end with `last`."""
        return cls(first=last - (days - 1) * _DAY, last=last)

    @classmethod
    def week_of(cls, day: date) -> Self:
        """Return the ISO week of a day, Monday to Sunday.

        >>> week = Period.week_of(date(2027, 1, 2))
        >>> f"{week.first} {week.last}"
        '2026-12-28 2027-01-03'
        """
        return cls.ending(day + (6 - day.weekday()) * _DAY, 7)

    @classmethod
    def month_of(cls, day: date) -> Self:
        """Return the month of a day."""
        first = day.replace(day=1)
        return cls(first=first, last=(first + 31 * _DAY).replace(day=1) - _DAY)

    @property
    def days(self) -> tuple[date, ...]:
        """Its days, oldest first."""
        return tuple(self.first + number * _DAY for number in range((self.last - self.first).days + 1))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


class PeriodInputs(Value):
    """What the edition of a period is made from."""

    period: Period
    editions: tuple[Edition, ...]
    """Of its days, oldest first, without their tails; at least one."""
    papers: Mapping[str, Paper] = {}
    """Those that are still kept, as they are known now."""
    cohorts: Mapping[str, Cohort] | None = None
    """How votes usually grow; None where it is not known, and then scores stay those of the day."""
    topics: tuple[DayTopic, ...] = ()
    """What the charts of the period make together; their order does not matter."""
    candidates: int = 0
    notes: tuple[str, ...] = ()
    seats: int = Field(default=25, ge=1)


def bind(inputs: PeriodInputs) -> Edition:
    """Make one edition of several; the same inputs give the same edition.

    Votes are those known when the last of them was composed, and seats go by score alone: by then it is known
    what was voted for. What was announced and has no seat is the tail.
    """
    newest = inputs.editions[-1]
    entries = _recounted(inputs)
    topics = sorted(inputs.topics, key=lambda topic: (-_worth(topic, entries), topic.slug))
    seated = {one.paper.id: one for one in best_first(entries.values())[: inputs.seats]}
    sections = in_sections(topics, seated)
    placed = {entry.paper.id for section in sections for entry in section.entries}
    return Edition(
        date=inputs.period.last,
        since=inputs.period.first,
        composed_at=newest.composed_at,
        cut_off=newest.cut_off,
        sections=sections,
        also=tuple(best_first([entry for name, entry in seated.items() if name not in placed])),
        tail=tuple(best_first([entry for name, entry in entries.items() if name not in seated])),
        coverage=coverage(inputs.editions),
        candidates=inputs.candidates,
        notes=inputs.notes,
    )


def _recounted(inputs: PeriodInputs) -> dict[str, Entry]:
    """Return what the editions announced, by id, with votes and places as they are by now."""
    announced = {
        entry.paper.id: entry.model_copy(update={"edition_of": edition.date})
        for edition in inputs.editions
        for entry in edition.entries
    }
    moment = inputs.editions[-1].composed_at
    current = {
        name: _as_by(moment, entry, inputs.papers.get(name))
        for name, entry in announced.items()
        if name not in inputs.papers or not inputs.papers[name].withdrawn
    }
    if inputs.cohorts is None:
        return current
    again = recount(current.values(), History(cohorts=inputs.cohorts), moment)
    return {
        one.paper.id: current[one.paper.id].model_copy(
            update={"score": one.score, "reasons": one.reasons, "why": explain(one)}
        )
        for one in again
    }


def _as_by(moment: datetime, entry: Entry, now: Paper | None) -> Entry:
    """Keep a paper's words, which the summary quotes, and take what places had said of it by a moment."""
    if now is None:
        return entry
    news = {"mentions": tuple(heard_by(now, moment)), "links": now.links}
    return entry.model_copy(update={"paper": entry.paper.model_copy(update=news)})


def _worth(topic: DayTopic, entries: Mapping[str, Entry]) -> float:
    return sum(sorted((entries[name].score for name in topic.ids if name in entries), reverse=True)[:2])


def charts(editions: Iterable[Edition]) -> dict[str, list[Section]]:
    """Return each topic's sections by its slug, in the order of the editions."""
    found: dict[str, list[Section]] = {}
    for edition in editions:
        for section in edition.sections:
            found.setdefault(section.slug, []).append(section)
    return found


def coverage(editions: Sequence[Edition]) -> tuple[Coverage, ...]:
    """Add up what each source gave; its state is the last one, and days on which it was missing are told."""
    latest = {one.source: one for edition in editions for one in edition.coverage}
    totals = dict.fromkeys(latest, 0)
    missed = dict.fromkeys(latest, 0)
    for edition in editions:
        for one in edition.coverage:
            totals[one.source] += one.papers
            missed[one.source] += one.state not in _SOUND
    return tuple(
        one.model_copy(update={"papers": totals[name], "note": _absence(one, missed[name], len(editions))})
        for name, one in latest.items()
    )


def _absence(one: Coverage, missed: int, days: int) -> str:
    if not missed or (one.state not in _SOUND and missed == 1):
        return one.note
    told = f"missing on {missed} of {days} days"
    return f"{one.note.rstrip('.')}; {told}" if one.note else told
