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
from hashlib import blake2b

import numpy as np

from newsletter.delivery import store as keys
from newsletter.delivery.copies import Copy, edition_of, period_of, shape_of
from newsletter.delivery.ledger import BatchRef
from newsletter.delivery.rolls import Ids, Roll, Rolls
from newsletter.delivery.store import STALE_AFTER
from newsletter.editions import is_quiet_for
from newsletter.editions.periods import Period
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

Addressee = tuple[Reader, Period | None]
"""Who is due, and which days the copy brings; None for the newest alone."""


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
    """Address every reader whose slot has come, and return the batches that this makes, oldest edition first.

    Each edition's step is atomic: recipients, batches and how far in time it
    has come are kept together or not at all, so a crash repeats nothing, and
    two callers at once address nobody twice. Readers whose own edition would
    be empty are not mailed.
    """
    frozen: list[BatchRef] = []
    for window in reversed(windows(store, now)):
        if window.may_hold_a_slot:
            while (refs := _freeze_window(store, settings, window)) is None:
                pass  # another freeze or a welcome came between: look again
            frozen += refs
    return tuple(frozen)


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
    while True:
        everyone = ((reader, None) for reader in _everyone(store, day))
        refs = _freeze(store, settings, edition, everyone, through=None)
        if refs is not None:
            return refs


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


def _freeze_window(store: Store, settings: Settings, window: Window) -> tuple[BatchRef, ...] | None:
    subscribers = SubscriberStore(store)
    came = schedule.begins(subscribers.slots(), window.after, window.until)
    earlier = _freeze_missed(store, settings, subscribers, window.edition, came)
    if earlier is None:
        return None
    cohort = (one for occurrence in came for one in _wanting(subscribers, occurrence, window.edition.date))
    refs = _freeze(store, settings, window.edition, cohort, through=window.until)
    return None if refs is None else earlier + refs


def _freeze_missed(
    store: Store,
    settings: Settings,
    subscribers: SubscriberStore,
    edition: Edition,
    came: Iterable[Occurrence],
) -> tuple[BatchRef, ...] | None:
    """Address the edition before to slots that did not occur in its time; None where it must be redone."""
    before = EditionStore(store).latest(before=edition.date)
    if before is None:
        return ()
    missed = [
        occurrence
        for occurrence in came
        if (last := schedule.occurrence(occurrence.slot, occurrence.day - _DAY)) is None
        or last < before.cut_off
    ]
    if not missed:
        return ()
    cohort = (one for occurrence in missed for one in _wanting(subscribers, occurrence, before.date))
    return _freeze(store, settings, before, cohort, through=None)


def _freeze(
    store: Store,
    settings: Settings,
    edition: Edition,
    cohort: Iterable[Addressee],
    *,
    through: datetime | None,
) -> tuple[BatchRef, ...] | None:
    """Freeze a cohort in one step; None where somebody else changed a list that it rests on meanwhile."""
    rolls = Rolls(store, edition.date)
    shelf = _Shelf(store, settings, edition)
    for copy, ids in _by_copy(cohort).items():
        brought = shelf.days(copy.period)
        for had, new in rolls.parted(ids, brought):
            own = copy.model_copy(update={"had": had})
            fresh = [day for day in brought if day not in had]
            for day in fresh:
                rolls[day].enter(new)
            if shelf.is_quiet(own):
                rolls[fresh[-1]].pass_over(new)
            else:
                rolls[fresh[-1]].mail(new, shelf.rendering(own), own.model_dump_json(exclude_defaults=True))
    return rolls.freeze(through)


class _Shelf:
    """The editions that a freeze looks at, each read once."""

    def __init__(self, store: Store, settings: Settings, edition: Edition) -> None:
        self._store = store
        self._settings = settings
        self._newest = edition.date
        self._dates = sorted(EditionStore(store).dates())
        self._read: dict[tuple[Period | None, bool], tuple[Edition, str]] = {}

    def days(self, period: Period | None) -> tuple[date, ...]:
        """Return the days of a period that have an edition, oldest first; without a period, the newest."""
        if period is None:
            return (self._newest,)
        return tuple(day for day in self._dates if day in period)

    def is_quiet(self, copy: Copy) -> bool:
        """Whether a copy would be empty, or all that it is made from is lost."""
        try:
            return is_quiet_for(self._whole(copy)[0], copy.preferences, had=copy.had)
        except NotFoundError:
            log.exception("a mail of several days is left out")
            return True

    def rendering(self, copy: Copy) -> str:
        """Name a rendering by all that goes into it, so that workers may keep what they rendered."""
        content = self._whole(copy)[1] + copy.model_dump_json()
        return blake2b(content.encode(), digest_size=6).hexdigest()

    def _whole(self, copy: Copy) -> tuple[Edition, str]:
        key = copy.period, bool(copy.preferences.topics)
        if key not in self._read:
            whole = edition_of(self._store, self._settings, self._newest, copy)
            self._read[key] = whole, blake2b(whole.model_dump_json().encode()).hexdigest()
        return self._read[key]


def _by_copy(cohort: Iterable[Addressee]) -> dict[Copy, Ids]:
    """Group readers by what they get, in the order in which they are due."""
    groups: dict[tuple[object, ...], tuple[Copy, list[int]]] = {}
    for reader, period in cohort:
        wish = reader.preferences
        agreed = (
            wish.topics,
            wish.followed_until,
            wish.muted,
            wish.limit,
            wish.format,
            wish.frequency,
            period,
        )
        if agreed not in groups:
            groups[agreed] = (Copy(preferences=shape_of(wish), period=period), [])
        groups[agreed][1].append(reader.id)
    return {copy: np.unique(np.array(ids, np.int64)) for copy, ids in groups.values()}


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
