"""The editions that may still be due, and which slots have come since readers were last looked at.

Each edition remembers how far in time its readers were looked at. An edition
that nobody was looked at for, because it has just been composed or put back,
begins at its cut-off, so the slots that waited for it are looked at again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from newsletter.delivery.freezing.due import Published
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.store import STALE_AFTER
from newsletter.editions.store import EditionStore
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import schedule
from newsletter.subscribers.schedule import Slot

_SMALLEST = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """What decides which readers are looked at now."""

    days: tuple[date, ...]
    """Those whose edition may still be due, oldest first; who had an older one is about to be forgotten."""
    reached: tuple[date, ...]
    """Those that come further when the slots of now have been looked at: the newest, and all that are new."""
    after: datetime
    """Up to here every slot was looked at."""
    until: datetime

    @classmethod
    def read(cls, store: Store, now: datetime) -> "Calendar":
        """Read where things stand; without editions, no slot comes."""
        oldest = (now - STALE_AFTER - _DAY).date()
        days = [day for day in reversed(EditionStore(store).dates()) if day >= oldest]
        through = _through(store, days)
        fresh = [
            one for one in published(store, [day for day in days if day not in through]) if _may_be(one, now)
        ]
        starts = [one.cut_off - _SMALLEST for one in fresh]
        if through:
            starts.append(max(through.values()))
        new = {one.day for one in fresh}
        known = [day for day in days if day in through or day in new]
        return cls(
            days=tuple(known),
            reached=tuple(day for day in known if day in new or day == known[-1]),
            after=min(starts, default=now),
            until=now,
        )

    def came(self, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        """Return those of `slots` that have come since they were last looked at, in that order."""
        return tuple(dict.fromkeys(one.slot for one in schedule.begins(slots, self.after, self.until)))


def published(store: Store, days: Iterable[date]) -> tuple[Published, ...]:
    """Return the editions of `days` as far as they decide who is due; what is lost is left out."""
    return tuple(Published(one.date, one.cut_off) for one in EditionStore(store).of_days(days))


def may_be_due(store: Store, calendar: Calendar) -> tuple[Published, ...]:
    """Return the editions that may still be due, oldest first."""
    return tuple(one for one in published(store, calendar.days) if _may_be(one, calendar.until))


def _may_be(edition: Published, now: datetime) -> bool:
    return now - edition.cut_off <= STALE_AFTER


def _through(store: Store, days: list[date]) -> dict[date, datetime]:
    """Return how far in time the readers of each day's edition were looked at, where they were."""
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for day in days:
            pipe.hget(keys.EDITION(day=day), "through")
        found = pipe.execute() if days else []
    return {day: datetime.fromisoformat(at) for day, at in zip(days, found, strict=True) if at}
