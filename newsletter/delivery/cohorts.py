"""Who is addressed, and when: a cohort is frozen when its local hour comes.

An edition is due in every slot (zone and hour) from its cut-off until the
next edition's. Each edition remembers how far in time it has addressed
readers, so slots missed while everything was down are caught up, in the order
of the editions, and a late edition still reaches the slots that waited for it.
Who was addressed once for an edition is never addressed again for it: not
after changing the hour, and not after a welcome that carried it.

Editions are cut off at one moment of the world, and hours are local. Where a
zone's clocks go back, an edition's day may lie between two occurrences of an
hour: it is sent with the next one, so that nobody misses it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from newsletter.delivery import store as keys
from newsletter.delivery.ids import packed
from newsletter.delivery.ledger import BatchRef
from newsletter.delivery.store import KEEP_SECONDS, STALE_AFTER, Script
from newsletter.editions import for_reader
from newsletter.editions.store import EditionStore
from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.models import Edition, Preferences
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import schedule
from newsletter.subscribers.records import Reader
from newsletter.subscribers.schedule import Occurrence
from newsletter.subscribers.store import SubscriberStore

BATCH = 1000
"""The most recipients of one batch: what SendGrid takes in one request."""
READ_AT_ONCE = 2000
"""Readers fetched in one round trip, so that the server is not held up."""
_SMALLEST = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
"""Every zone's offset, and so every slot, is a multiple of it."""

Ids = npt.NDArray[np.int64]


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
    del settings
    frozen: list[BatchRef] = []
    for window in reversed(windows(store, now)):
        if window.may_hold_a_slot:
            while (refs := _freeze_window(store, window)) is None:
                pass  # another freeze or a welcome came between: look again
            frozen += refs
    return tuple(frozen)


def freeze_everyone(store: Store, settings: Settings, day: date) -> tuple[BatchRef, ...]:
    """Address every active reader who has not had the edition of `day`, whatever their hour.

    For `edition send` by hand. Pauses are kept; weekly readers are addressed
    too. Raises `NotFoundError` where there is no such edition, and
    `InvalidInputError` where who had it is forgotten.
    """
    del settings
    _refuse_forgotten(store, day)
    edition = EditionStore(store).get(day)
    if edition is None:
        raise NotFoundError(f"There is no edition of {day}. Build it first: newsletter edition build {day}")
    while True:
        version = _version(store, day)
        refs = _freeze(store, edition, version, _everyone(store, day), through=None)
        if refs is not None:
            return refs


def everyone_waiting(store: Store, day: date) -> tuple[int, ...]:
    """Return the ids of those whom `freeze_everyone` would look at: active, and without the edition.

    Raises `InvalidInputError` where who had it is forgotten.
    """
    _refuse_forgotten(store, day)
    had = np.unpackbits(np.frombuffer(keys.read_bitmap(store, day), np.uint8))
    ids = np.unique(np.array([reader.id for reader in _everyone(store, day)], np.int64))
    return tuple(sorted(_unaddressed(ids, had).tolist()))


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
        if edition is None or now - edition.cut_off > STALE_AFTER:
            break
        after = _through(store, day) or edition.cut_off - _SMALLEST
        if after < until:
            found.append(Window(edition, after, until))
        elif until < now:
            break
        until = min(until, edition.cut_off - _SMALLEST)
    return found


def _freeze_window(store: Store, window: Window) -> tuple[BatchRef, ...] | None:
    subscribers = SubscriberStore(store)
    version = _version(store, window.edition.date)
    came = schedule.begins(subscribers.slots(), window.after, window.until)
    earlier = _freeze_missed(store, subscribers, window.edition, came)
    if earlier is None:
        return None
    cohort = (reader for occurrence in came for reader in _wanting(subscribers, occurrence))
    refs = _freeze(store, window.edition, version, cohort, through=window.until)
    return None if refs is None else earlier + refs


def _freeze_missed(
    store: Store, subscribers: SubscriberStore, edition: Edition, came: Iterable[Occurrence]
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
    version = _version(store, before.date)
    cohort = (reader for occurrence in missed for reader in _wanting(subscribers, occurrence))
    return _freeze(store, before, version, cohort, through=None)


def _freeze(
    store: Store, edition: Edition, version: str, cohort: Iterable[Reader], *, through: datetime | None
) -> tuple[BatchRef, ...] | None:
    """Freeze a cohort in one step; None where somebody else changed the edition's list meanwhile."""
    had = np.unpackbits(np.frombuffer(keys.read_bitmap(store, edition.date), np.uint8))
    batches: list[str] = []
    shapes: dict[str, str] = {}
    mailed: list[Ids] = []
    quiet: list[Ids] = []
    for shape, ids in _by_shape(cohort).items():
        new = _unaddressed(ids, had)
        if not len(new):
            continue
        if for_reader(edition, shape).is_quiet:
            quiet.append(new)
            continue
        mailed.append(new)
        key = _rendering_key(edition, shape)
        shapes[key] = shape.model_dump_json(exclude_defaults=True)
        batches += [f"{key}|{packed(part.tolist())}" for part in _cut(new)]
    answer = Script.named("freeze").run(
        store,
        [name(day=edition.date) for name in _FROZEN] + [keys.OPEN()],
        edition.date.isoformat(),
        version,
        through.isoformat() if through else "",
        _bitmap(mailed + quiet),
        sum(map(len, mailed)),
        sum(map(len, quiet)),
        KEEP_SECONDS,
        len(shapes),
        *(text for pair in shapes.items() for text in pair),
        len(batches),
        *batches,
    )
    if answer[0] == "stale":
        return None
    return tuple(BatchRef(edition.date, int(answer[1]) + offset) for offset in range(len(batches)))


_FROZEN = (keys.EDITION, keys.ADDRESSED, keys.BATCHES, keys.RENDERINGS, keys.MARKS, keys.DUE)


def shape_of(preferences: Preferences) -> Preferences:
    """Return only what changes the mail: readers who agree in it share one rendering."""
    return Preferences(
        topics=preferences.topics,
        followed_until=preferences.followed_until,
        muted=preferences.muted,
        limit=preferences.limit,
        format=preferences.format,
        frequency="weekly" if preferences.frequency == "weekly" else "daily",
    )


def _by_shape(cohort: Iterable[Reader]) -> dict[Preferences, Ids]:
    """Group readers by what they get."""
    groups: dict[tuple[object, ...], tuple[Preferences, list[int]]] = {}
    for reader in cohort:
        wish = reader.preferences
        agreed = (
            wish.topics,
            wish.followed_until,
            wish.muted,
            wish.limit,
            wish.format,
            wish.frequency == "weekly",
        )
        if agreed not in groups:
            groups[agreed] = (shape_of(wish), [])
        groups[agreed][1].append(reader.id)
    return {shape: np.unique(np.array(ids, np.int64)) for shape, ids in groups.values()}


def _wanting(subscribers: SubscriberStore, occurrence: Occurrence) -> Iterator[Reader]:
    for reader in _readers(subscribers, subscribers.ids_due(occurrence.slot)):
        if schedule.is_wanted(reader.preferences, occurrence.day):
            yield reader


def _readers(subscribers: SubscriberStore, ids: Iterable[int]) -> Iterator[Reader]:
    every = list(ids)
    for start in range(0, len(every), READ_AT_ONCE):
        found = subscribers.get_many(every[start : start + READ_AT_ONCE])
        yield from (reader for reader in found if reader.is_active)


def _is_paused(reader: Reader, day: date) -> bool:
    until = reader.preferences.paused_until
    return until is not None and day < until


def _unaddressed(ids: Ids, had: npt.NDArray[np.uint8]) -> Ids:
    """Return those ids whose bit is not set; ids beyond the bitmap have no bit."""
    known = ids[ids < len(had)]
    return np.concatenate((known[had[known] == 0], ids[ids >= len(had)]))


def _cut(ids: Ids) -> Sequence[Ids]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def _bitmap(groups: Sequence[Ids]) -> bytes:
    """Return Redis's bitmap of these ids: bit 0 is the highest of the first byte."""
    if not groups:
        return b""
    ids = np.concatenate(groups)
    bits = np.zeros(int(ids.max()) + 1, np.uint8)
    bits[ids] = 1
    return np.packbits(bits).tobytes()


def _rendering_key(edition: Edition, shape: Preferences) -> str:
    """Name a rendering by all that goes into it, so that workers may keep what they rendered."""
    content = edition.model_dump_json() + shape.model_dump_json()
    return blake2b(content.encode(), digest_size=6).hexdigest()


def _version(store: Store, day: date) -> str:
    with unavailable_store():
        return str(store.hget(keys.EDITION(day=day), "version") or "0")


def _through(store: Store, day: date) -> datetime | None:
    with unavailable_store():
        found = store.hget(keys.EDITION(day=day), "through")
    return datetime.fromisoformat(str(found)) if found else None
