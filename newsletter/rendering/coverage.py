"""What the sources gave, so that a quiet day is told apart from a broken one."""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

from newsletter.models import Coverage, Edition, Preferences, SourceState
from newsletter.rendering import phrasing
from newsletter.rendering.dates import since as since_when

_ANSWERED = frozenset({SourceState.FRESH, SourceState.QUIET})
_MISSING = {
    SourceState.LATE: "Late",
    SourceState.STALE: "Stale",
    SourceState.FAILING: "Failing",
    SourceState.UNKNOWN: "Not polled yet",
}
_NAMED = 10
"""How many sources a mail names in each list; the page of the edition names all."""


class Silence(StrEnum):
    """Why an edition holds nothing for a reader."""

    BROKEN = "broken"
    """No source answered: the fault is ours or theirs, not the field's."""
    FILTERED = "filtered"
    """There were papers, but none that this reader follows, or all were muted."""
    NOTHING_NEW = "nothing-new"
    """The sources answered and had announced nothing."""
    ANNOUNCED = "announced"
    """Papers were weighed; none of them was left to announce."""


def is_broken(edition: Edition) -> bool:
    """Return whether no source answered, so that the day's emptiness says nothing of the field."""
    polled = _polled(edition)
    return bool(polled) and not any(one.state in _ANSWERED for one in polled)


def without_papers(edition: Edition) -> str:
    """Return what a day without papers is called: quiet, or broken."""
    return "no source could be read" if is_broken(edition) else "a quiet day"


def silence(edition: Edition, preferences: Preferences) -> Silence:
    """Say why a quiet edition is quiet. A broken day is called broken whatever else holds."""
    if is_broken(edition):
        return Silence.BROKEN
    if edition.candidates == 0:
        return Silence.NOTHING_NEW
    return Silence.FILTERED if preferences.topics or preferences.muted else Silence.ANNOUNCED


def sentences(edition: Edition) -> tuple[str, ...]:
    """Say what each source gave: how many were polled, who gave what, who gave nothing, who is missing.

    >>> from datetime import UTC, datetime
    >>> now, friday = datetime(2026, 11, 22, 6, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    >>> print(*sentences(Edition(date=now.date(), composed_at=now, cut_off=now, coverage=(
    ...     Coverage(source="a", title="arXiv cs.LG", state=SourceState.FRESH, papers=243),
    ...     Coverage(source="b", title="A blog", state=SourceState.QUIET),
    ...     Coverage(source="c", title="B blog", state=SourceState.STALE, since=friday),
    ... ))), sep=" / ")
    3 sources polled: arXiv cs.LG 243. / Nothing new in A blog. / Stale: B blog since Friday.
    """
    polled = _polled(edition)
    if not polled:
        return ("No source is configured.",)
    gave = [f"{_title(one)} {one.papers:,}" for one in polled if one.papers]
    nothing = [_title(one) for one in polled if not one.papers and one.state in _ANSWERED]
    head = phrasing.count(len(polled), "source") + " polled"
    found = [f"{head}: {_listed(gave)}." if gave else f"{head}."]
    if nothing:
        found.append(f"Nothing new in {_listed(nothing)}.")
    for state, called in _MISSING.items():
        if missing := [_missing(one, edition.date) for one in polled if one.state is state]:
            found.append(f"{called}: {_listed(missing)}.")
    at_times = [one for one in polled if edition.since and one.state in _ANSWERED and one.note]
    if at_times:
        found.append(f"Not always there: {_listed([_missing(one, edition.date) for one in at_times])}.")
    return tuple(found)


def _polled(edition: Edition) -> list[Coverage]:
    return [one for one in edition.coverage if one.state is not SourceState.DISABLED]


def _title(one: Coverage) -> str:
    return one.title or one.source


def _missing(one: Coverage, today: date) -> str:
    since = f" {since_when(one.since, today)}" if one.since else ""
    note = f" ({one.note.rstrip('.')})" if one.note else ""
    return f"{_title(one)}{since}{note}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


FILTERS: dict[str, Callable[..., Any]] = {"is_broken": is_broken, "without_papers": without_papers}
"""What templates can say."""
