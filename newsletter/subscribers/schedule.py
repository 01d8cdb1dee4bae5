"""When a reader's hour comes, in every time zone and across clock changes.

A slot is a zone and a local hour. On each calendar day that a zone has, each
of its slots occurs exactly once:

* an hour that clocks show twice (autumn) counts the first time;
* an hour that clocks skip (spring) occurs at the instant of the change;
* a day that a zone skipped altogether (Samoa, 30 December 2011) has no slots.

Clocks are never read: instants are arguments.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from newsletter.models import Preferences

WEEKLY_ON = 0
"""The local weekday of the weekly digest: Monday, when the week before is complete everywhere."""
_WEEKEND = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Slot:
    """A local hour in a zone, in which some readers are due."""

    timezone: str
    hour: int


@dataclass(frozen=True, order=True)
class Occurrence:
    """A slot's one instant on one calendar day."""

    at: datetime
    """In UTC."""
    slot: Slot
    day: date
    """The zone's own calendar day."""


def begins(slots: Iterable[Slot], last: datetime, now: datetime) -> tuple[Occurrence, ...]:
    """Return every occurrence of `slots` in (`last`, `now`], earliest first.

    Consecutive calls that hand on `now` as the next `last` give each
    occurrence exactly once, however long the pauses between them.
    """
    hours: dict[str, list[Slot]] = {}
    for slot in slots:
        hours.setdefault(slot.timezone, []).append(slot)
    found = (
        Occurrence(at, slot, day)
        for timezone, theirs in hours.items()
        for day in _days(timezone, last, now)
        for slot in theirs
        if (at := occurrence(slot, day)) is not None and last < at <= now
    )
    return tuple(sorted(found))


def occurrence(slot: Slot, day: date) -> datetime | None:
    """Return the instant (UTC) of `slot` on `day`, or None where the zone never had that day.

    >>> occurrence(Slot("Europe/Berlin", 2), date(2026, 3, 29)).isoformat()  # 2:00 is skipped
    '2026-03-29T01:00:00+00:00'
    >>> occurrence(Slot("Europe/Berlin", 2), date(2026, 10, 25)).isoformat()  # 2:00 comes twice
    '2026-10-25T00:00:00+00:00'
    """
    zone = _zone(slot.timezone)
    wanted = datetime.combine(day, time(slot.hour))
    first = _as_utc(wanted, zone, fold=0)
    if _local(first, zone) == wanted:
        return first
    change = _change_between(_as_utc(wanted, zone, fold=1), first, zone)
    before, after = _local(change - timedelta(seconds=1), zone), _local(change, zone)
    return change if day in {before.date(), after.date()} else None


class Rhythm(NamedTuple):
    """A slot, and on which days of the week it counts."""

    slot: Slot
    frequency: Literal["daily", "weekdays", "weekly"] = "daily"

    @classmethod
    def of(cls, preferences: Preferences) -> "Rhythm":
        """Return what a reader chose, pauses aside."""
        return cls(Slot(preferences.timezone, preferences.hour), preferences.frequency)

    def has(self, day: date) -> bool:
        """Whether mail goes out on a day, the reader's own."""
        if self.frequency == "weekly":
            return day.weekday() == WEEKLY_ON
        return self.frequency == "daily" or day.weekday() < _WEEKEND


def is_wanted(preferences: Preferences, day: date) -> bool:
    """Whether a reader wants a digest on their own calendar day `day`: not paused, and a day of theirs.

    A pause ends on its date: `paused_until` is the first day with mail again.
    """
    if preferences.paused_until is not None and day < preferences.paused_until:
        return False
    return Rhythm.of(preferences).has(day)


@lru_cache(maxsize=65536)
def first_hour(rhythm: Rhythm, since: datetime, *, after_day: date | None = None) -> Occurrence:
    """Return the first hour of a rhythm at `since` or later, and on a later day than `after_day`."""
    day = _local(since, _zone(rhythm.slot.timezone)).date() - _DAY  # its hour may be skipped to midnight
    if after_day is not None:
        day = max(day, after_day + _DAY)
    return next(one for one in _hours(rhythm, day, _DAY) if one.at >= since)


def last_hour(rhythm: Rhythm, until: datetime) -> Occurrence:
    """Return the last hour of a rhythm at `until` or earlier."""
    day = _local(until, _zone(rhythm.slot.timezone)).date() + _DAY
    return next(one for one in _hours(rhythm, day, -_DAY) if one.at <= until)


def _hours(rhythm: Rhythm, day: date, step: timedelta) -> Iterator[Occurrence]:
    while True:
        at = occurrence(rhythm.slot, day) if rhythm.has(day) else None
        if at is not None:
            yield Occurrence(at, rhythm.slot, day)
        day += step


def next_edition_at(preferences: Preferences, now: datetime) -> datetime:
    """Return the first instant (UTC) after `now` at which this reader is due."""
    slot = Slot(preferences.timezone, preferences.hour)
    day = _local(now, _zone(slot.timezone)).date()
    if preferences.paused_until is not None:
        day = max(day, preferences.paused_until)
    while True:
        if is_wanted(preferences, day):
            at = occurrence(slot, day)
            if at is not None and at > now:
                return at
        day += _DAY


def _days(timezone: str, last: datetime, now: datetime) -> Iterator[date]:
    """Yield the local days that may have an occurrence in (last, now].

    The day after is among them: where clocks go back over midnight (St. John's
    until 2011), a day begins, its first hour occurs, and it is the day before again.
    """
    zone = _zone(timezone)
    day, end = _local(last, zone).date(), _local(now, zone).date() + _DAY
    while day <= end:
        yield day
        day += _DAY


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the first whole second in (low, high] at which the zone has the offset that it has at `high`."""
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


def _as_utc(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in the zone show, naive: the first and the second showing compare equal."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
