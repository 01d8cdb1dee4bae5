"""What one reader's copy brings: which days' editions, and how they are cut.

Daily readers get each day's edition. Weekday readers get, on their Monday,
the weekend's with it. Weekly readers get, on their Monday, the week that has
ended; where its Sunday has no edition yet, the seven days up to the newest.

A copy is delivered under the newest day that it brings to its reader, and
addresses the reader for all of them: whatever brought a day's edition, no
later mail brings it again, and no reader is in two batches of one day's ledger.
"""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal

from newsletter.delivery.freezing.due import Portion
from newsletter.editions import for_reader, period_editions
from newsletter.editions.periods import Period
from newsletter.editions.store import EditionStore
from newsletter.errors import NotFoundError
from newsletter.models import Edition, Preferences, Value
from newsletter.settings import Settings
from newsletter.store import Store

_DAY = timedelta(days=1)
_MONDAY, _TUESDAY, _FRIDAY = 0, 1, 4
_EARLIER: Final = 5
"""How many silent editions a mail counts at most: a working week."""


class DigestVariant(Value):
    """What a rendering is made from, besides its day: readers who agree in it get the same mail."""

    preferences: Preferences
    """Only what changes the mail."""
    period: Period | None = None
    """The days that it brings; None for the edition of its day alone."""
    had: tuple[date, ...] = ()
    """Days of the period that these readers had before."""

    def mailed_on(self, day: date) -> date:
        """Return the day on which it goes out at the latest; `day` is the one that it is delivered under."""
        return day if self.period is None else self.period.last + _DAY


@lru_cache(maxsize=64)  # asked for each reader, and the answers are few
def period_of(frequency: Literal["daily", "weekdays", "weekly"], local: date, newest: date) -> Period | None:
    """Return the days that a digest due on the reader's own day `local` brings; None for `newest` alone.

    >>> period_of("weekly", date(2026, 6, 15), date(2026, 6, 15)) == Period.week_of(date(2026, 6, 8))
    True
    >>> period_of("weekdays", date(2026, 6, 15), date(2026, 6, 15)).first
    datetime.date(2026, 6, 13)
    """
    if frequency == "weekly":
        return Period.ending(min(local - _DAY, newest), 7)
    if frequency == "weekdays" and local.weekday() == _MONDAY:
        return Period.ending(newest, 3)
    return None


def period_of_days(frequency: Literal["daily", "weekdays", "weekly"], portion: Portion) -> Period | None:
    """Return the days that a mail brings; None for one alone.

    Several come as the period that is usual on the reader's day where they
    are within it, and else as what they span.
    """
    days = portion.days
    if len(days) == 1:
        return None
    usual = period_of(frequency, portion.local, portion.newest)
    is_usual = usual is not None and days[0] in usual and days[-1] in usual
    return usual if is_usual else Period(first=days[0], last=days[-1])


def shape_of(preferences: Preferences) -> Preferences:
    """Return only what changes the mail: readers who agree in it share one rendering."""
    return Preferences(
        topics=preferences.topics,
        followed_until=preferences.followed_until,
        muted=preferences.muted,
        limit=preferences.limit,
        format=preferences.format,
        frequency=preferences.frequency,
    )


def edition_of(store: Store, settings: Settings, day: date, copy: DigestVariant) -> Edition:
    """Return the whole edition that a copy is cut from, bound and frozen where it is one of several days.

    Raises `NotFoundError` where it is gone.
    """
    if copy.period is None:
        edition = EditionStore(store).get(day)
        if edition is None:
            raise NotFoundError(f"The edition of {day} is gone. Restore it, then resume.")
        return edition
    bound = period_editions.bind(store, settings, copy.period)
    return period_editions.with_tails(store, bound) if copy.preferences.topics else bound


def cut(store: Store, settings: Settings, day: date, copy: DigestVariant) -> Edition:
    """Return what a copy's readers get, with a word on the editions before that had nothing for them."""
    return for_reader(
        edition_of(store, settings, day, copy),
        copy.preferences,
        had=copy.had,
        earlier=_earlier(store, copy.period.first if copy.period else day, copy),
    )


def _earlier(store: Store, before: date, copy: DigestVariant) -> list[Edition]:
    """Return the editions that these readers were due before and that may have been empty for them."""
    wish = copy.preferences
    if not wish.topics and not wish.muted:
        return []
    if wish.frequency == "weekly":
        found = period_editions.bound(store, Period.ending(before - _DAY, 7))
        return [period_editions.with_tails(store, found)] if found else []
    editions = EditionStore(store)
    days = [one for one in editions.dates() if one < before][:_EARLIER]
    if wish.frequency == "weekdays":
        days = [one for one in days if one in _surely_single(before)]
    return [edition for one in days if (edition := editions.get(one)) is not None]


def _surely_single(before: date) -> set[date]:
    """Return the days just before, Tuesday to Friday, whose edition went alone to weekday readers.

    On which day their long edition ends depends on the zone, and what is said must be true in all.
    """
    day, found = before - _DAY, set()
    while _TUESDAY <= day.weekday() <= _FRIDAY:
        found.add(day)
        day -= _DAY
    return found
