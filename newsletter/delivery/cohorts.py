"""Who is addressed, and when: a cohort is frozen when its local hour comes.

An edition is due in every slot (zone and hour) from its cut-off until the
next edition's. Each edition remembers how far in time it has addressed
readers, so slots missed while everything was down are caught up, in the order
of the editions, and a late edition still reaches the slots that waited for it.
Who was addressed once for an edition is never addressed again for it: not
after changing the hour or the frequency, and not after a welcome that carried
it. What a reader's mail brings, one day or several, is said in `copies`.

Editions are cut off at one moment of the world, and hours are local. Where a
zone's clocks go back, an edition's day may lie between two occurrences of an
hour: it is sent with the next one, so that nobody misses it.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from newsletter.delivery import freezing
from newsletter.delivery import store as keys
from newsletter.delivery.copies import period_of
from newsletter.delivery.freezing import Addressee, Cohort, Frozen
from newsletter.delivery.ledger import BatchRef
from newsletter.delivery.rolls import Roll
from newsletter.delivery.store import STALE_AFTER
from newsletter.editions.store import EditionStore
from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.models import Edition
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import schedule
from newsletter.subscribers.records import Reader
from newsletter.subscribers.schedule import Occurrence
from newsletter.subscribers.store import SubscriberStore

READ_AT_ONCE = 2000
"""Readers fetched in one round trip, so that the server is not held up."""
_SMALLEST = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
"""Every zone's offset, and so every slot, is a multiple of it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Window:
    """The stretch of time whose slots an edition has still to address."""

    edition: Edition
    after: datetime
    until: datetime

    @property
    def may_hold_a_slot(self) -> bool:
        """Whether a quarter of an hour begins in it."""
        return (self.until - _EPOCH) // _QUARTER > (self.after - _EPOCH) // _QUARTER


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def due(store: Store, settings: Settings, now: datetime) -> bool:
    """Whether a slot has come that an edition has not addressed yet."""
    del settings
    slots = SubscriberStore(store).slots()
    return any(
        window.may_hold_a_slot and schedule.begins(slots, window.after, window.until)
        for window in windows(store, now)
    )


def freeze_due(store: Store, settings: Settings, now: datetime) -> tuple[BatchRef, ...]:
    """Address every reader whose slot has come, and return the batches that this makes."""
    return tuple(batch for step in freeze_in_steps(store, settings, now) for batch in step.batches)


def freeze_in_steps(store: Store, settings: Settings, now: datetime) -> Iterator[Frozen]:
    """Address every reader whose slot has come, in steps of seconds, oldest edition first.

    Each step is atomic, and whoever stops asking for the next, or dies, leaves
    the rest due: a crash repeats nothing, and two callers at once address
    nobody twice. Readers without phrases come first, whatever the others cost.
    """
    due = (window for window in reversed(windows(store, now)) if window.may_hold_a_slot)
    yield from freezing.freeze(store, settings, [_cohorts(store, window) for window in due])


def freeze_everyone(store: Store, settings: Settings, day: date) -> tuple[BatchRef, ...]:
    """Address every active reader who has not had the edition of `day`, whatever their hour.

    For `edition send` by hand. Pauses are kept; weekly readers are addressed
    too. Raises `NotFoundError` where there is no such edition, and
    `InvalidInputError` where who had it is forgotten.
    """
    _refuse_forgotten(store, day)
    edition = EditionStore(store).get(day)
    if edition is None:
        raise NotFoundError(f"There is no edition of {day}. Build it first: newsletter edition build {day}")
    everyone = Cohort.of(edition, ((reader, None) for reader in _everyone(store, day)))
    return tuple(batch for step in freezing.freeze(store, settings, [[everyone]]) for batch in step.batches)


def everyone_waiting(store: Store, day: date) -> tuple[int, ...]:
    """Return the ids of those whom `freeze_everyone` would look at: active, and without the edition.

    Raises `InvalidInputError` where who had it is forgotten.
    """
    _refuse_forgotten(store, day)
    ids = np.unique(np.array([reader.id for reader in _everyone(store, day)], np.int64))
    return tuple(ids[~Roll(store, day).holds(ids)].tolist())


def _refuse_forgotten(store: Store, day: date) -> None:
    with unavailable_store():
        is_past = store.sismember(keys.PAST(), day.isoformat())
    if is_past:
        raise InvalidInputError(
            f"The edition of {day} was sent so long ago that who had it is not remembered: "
            "they would get it again. Send the newest: newsletter edition send"
        )


def _everyone(store: Store, day: date) -> Iterator[Reader]:
    subscribers = SubscriberStore(store)
    every = (one for slot in subscribers.slots() for one in subscribers.ids_due(slot))
    return (reader for reader in _readers(subscribers, every) if not _is_paused(reader, day))


def windows(store: Store, now: datetime) -> list[Window]:
    """Return what is left of each edition's time, newest first; an edition ends where the next begins.

    Editions whose time is over and addressed end the search, and so do those
    older than `STALE_AFTER`, whose list of who had them is about to expire.
    """
    editions = EditionStore(store)
    found: list[Window] = []
    until = now
    for day in editions.dates():
        edition = editions.get(day)
        if edition is None:  # lost: its readers are those of the edition before, until it is put back
            continue
        if now - edition.cut_off > STALE_AFTER:
            break
        after = _through(store, day) or edition.cut_off - _SMALLEST
        if after < until:
            found.append(Window(edition, after, until))
        elif until < now:
            break
        until = min(until, edition.cut_off - _SMALLEST)
    return found


def _cohorts(store: Store, window: Window) -> list[Cohort]:
    """Return who is due in a window: first for the edition before, where a slot did not occur in its time."""
    subscribers = SubscriberStore(store)
    came = schedule.begins(subscribers.slots(), window.after, window.until)
    newest = window.edition.date
    cohort = (one for occurrence in came for one in _wanting(subscribers, occurrence, newest))
    return [
        *_missed(store, subscribers, window.edition, came),
        Cohort.of(window.edition, cohort, window.until),
    ]


def _missed(
    store: Store, subscribers: SubscriberStore, edition: Edition, came: Iterable[Occurrence]
) -> list[Cohort]:
    """Return who is due for the edition before, because their slot did not occur in its time."""
    before = EditionStore(store).latest(before=edition.date)
    if before is None:
        return []
    missed = [
        occurrence
        for occurrence in came
        if (last := schedule.occurrence(occurrence.slot, occurrence.day - _DAY)) is None
        or last < before.cut_off
    ]
    cohort = (one for occurrence in missed for one in _wanting(subscribers, occurrence, before.date))
    return [Cohort.of(before, cohort)] if missed else []


def _wanting(subscribers: SubscriberStore, occurrence: Occurrence, newest: date) -> Iterator[Addressee]:
    for reader in _readers(subscribers, subscribers.ids_due(occurrence.slot)):
        if schedule.is_wanted(reader.preferences, occurrence.day):
            yield reader, period_of(reader.preferences.frequency, occurrence.day, newest)


def _readers(subscribers: SubscriberStore, ids: Iterable[int]) -> Iterator[Reader]:
    every = list(ids)
    for start in range(0, len(every), READ_AT_ONCE):
        found = subscribers.get_many(every[start : start + READ_AT_ONCE])
        yield from (reader for reader in found if reader.is_active)


def _is_paused(reader: Reader, day: date) -> bool:
    until = reader.preferences.paused_until
    return until is not None and day < until


def _through(store: Store, day: date) -> datetime | None:
    with unavailable_store():
        found = store.hget(keys.EDITION(day=day), "through")
    return datetime.fromisoformat(str(found)) if found else None
