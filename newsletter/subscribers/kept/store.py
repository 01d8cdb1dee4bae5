"""Where subscribers are kept, and how they are read.

A million readers take under 120 bytes each, indexes included: records are
short JSON arrays (`records`) packed 128 to a hash, addresses are found by a
digest in packed hashes, and who is due at a local hour stands in sets and
bitmaps of ids. Changes are the scripts under `lua/`, one atomic step each;
`signup` and `suppression` call most of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from newsletter.models import Preferences, Subscriber, SubscriberStatus
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers import addresses
from newsletter.subscribers import preferences as choices
from newsletter.subscribers.addresses import Address
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept.records import ELSEWHERE, Reader
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.schedule import Slot

BUCKET = 128
"""Records in one packed hash, as `lua/records.lua` has it."""
CLOCKS_DIFFER = timedelta(hours=1)
"""By less than this, machines of one service may disagree on what time it is."""
BLOCK = 32768
"""Ids in one piece of a slot, as `lua/records.lua` has it."""

RECORDS = Key(
    "subscribers:at:{bucket}", "hash", "records of 128 ids (id // 128), by id % 128: see records.py"
)
WISHES = Key("subscribers:wishes:{bucket}", "hash", "preferences too long for a packed record, as JSON")
CHANGES = Key(
    "subscribers:changes:{bucket}",
    "hash",
    "id % 128 → since when mail is owed (an import, a pause begun or ended), and since when at this hour, "
    "zone and rhythm: [joined, changed] in Unix seconds, or joined alone",
    timedelta(days=45),
)
BY_ADDRESS = Key(
    "subscribers:by-address:{bucket}", "hash", "64 bits of an address's digest → id; 16,384 buckets"
)
SLOT = Key(
    "subscribers:slot:{zone_and_hour}:{block}",
    "set or bitmap",
    "active readers of a local hour: id % 32768, for the 32,768 ids of block id // 32768",
)
SLOTS = Key("subscribers:slots", "hash", "`Europe/Berlin 7` → how many active readers")
COUNTS = Key("subscribers:counts", "hash", "status letter → how many")
LAST = Key("subscribers:last", "string", "the last id given; none is given twice, and a restored store leaps")
UNCONFIRMED = Key("subscribers:unconfirmed", "zset", "pending ids by when they asked, Unix seconds")
SUPPRESSED = Key(
    "subscribers:suppressed:{bucket}",
    "hash",
    "64 bits of an address's digest → reason, Unix seconds, and the id of who moved away",
)
WISH = Key(
    "subscribers:wish:{id}",
    "string",
    "what was asked for in the name of who left or bounced, as JSON; the record stays as it is",
    timedelta(days=14),
)
MOVE = Key(
    "subscribers:move:{id}",
    "string",
    "the asking letter's number (0: not asked) and the address of a move to confirm",
    timedelta(days=7),
)
MOVED = Key(
    "subscribers:moved:{id}",
    "string",
    "the numbers of the letters that asked and that tell the address left, and that address",
    timedelta(days=7),
)
SEAL = Key("subscribers:key", "string", "what unsubscribe links are sealed with: made once, kept for ever")
ASKED_FROM = Key("signup:network:{network}:{hour}", "string", "sign-ups from a network", timedelta(hours=2))
ASKED_FOR = Key("signup:address:{bucket}:{digest}:{day}", "string", "confirmations mailed", timedelta(days=2))
ASKED_IN_ALL = Key("signup:all:{hour}", "string", "mails that sign-ups caused", timedelta(hours=2))
TOLD = Key("signup:told:{id}", "string", "was told today that they are subscribed", timedelta(days=1))
MOVES = Key("signup:moves:{id}:{day}", "string", "changes of address asked for", timedelta(days=2))
LATEST = Key("signup:latest:{id}", "string", "was sent the newest edition on demand", timedelta(hours=1))
REJECTED = Key("signup:rejected:{bucket}:{digest}", "string", "said “this wasn't me”", timedelta(days=30))

_SIGN_OF_ELSEWHERE = f'"{ELSEWHERE}"'.encode()
_as_reader: Callable[[tuple[int, Any]], Reader] = partial(tuple.__new__, Reader)
"""Makes a Reader without running Python: a third of the time that reading a batch took."""

KEYS = (
    RECORDS,
    WISHES,
    CHANGES,
    BY_ADDRESS,
    SLOT,
    SLOTS,
    COUNTS,
    LAST,
    UNCONFIRMED,
    SUPPRESSED,
    WISH,
    MOVE,
    MOVED,
    SEAL,
    ASKED_FROM,
    ASKED_FOR,
    ASKED_IN_ALL,
    TOLD,
    MOVES,
    LATEST,
    REJECTED,
)


class SubscriberStore:
    """Reads subscribers, and saves what they choose. Every method raises `StoreUnavailableError`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scripts = Scripts(store)

    def get(self, subscriber_id: int) -> Subscriber | None:
        """Return one subscriber, or None who was erased or never was."""
        return next((reader.whole() for reader in self.get_many([subscriber_id])), None)

    def get_many(self, ids: Iterable[int]) -> tuple[Reader, ...]:
        """Return those of `ids` who exist, in that order, in one round trip.

        Readers have a Subscriber's names and decode what is asked for. Up to
        some thousands of ids a call, so that the server is not held up.
        """
        ids = [*ids]
        if not ids:
            return ()
        answer = self._scripts.read("fetch", family="at", ids=ids)
        found = orjson.loads(answer)
        if _SIGN_OF_ELSEWHERE in answer:
            self._complete(ids, found)
        readers = map(_as_reader, zip(ids, found, strict=True))
        return tuple(readers) if None not in found else tuple(one for one in readers if one.record)

    def mailable(self, ids: Iterable[int], now: datetime | None = None) -> dict[int, str]:
        """Return the addresses of those of `ids` who are active and not paused now, in that order.

        What a batch needs just before it is sent, and nothing else: who left
        or paused since the freeze is not among them. `now` is this moment
        where left out. Up to some thousands of ids a call.
        """
        return self.mailable_with_key(ids, now)[0]

    def mailable_with_key(
        self, ids: Iterable[int], now: datetime | None = None
    ) -> tuple[dict[int, str], str | None]:
        """Return the same, and the store's key for their links, in one round trip; see `keyring`."""
        ids, now = [*ids], now or datetime.now(UTC)
        seal, answer = self._scripts.read("mailable", ids=ids)
        found = {
            one: kept if isinstance(kept, str) else kept[0]
            for one, kept in zip(ids, orjson.loads(answer), strict=True)
            if kept and (isinstance(kept, str) or not self._is_paused(one, kept[1], kept[2], now))
        }
        return found, seal.decode() if seal else None

    def _is_paused(self, subscriber_id: int, zone: str, ends: str, now: datetime) -> bool:
        if ends == ELSEWHERE:
            (kept,) = orjson.loads(self._scripts.read("fetch", family="wishes", ids=[subscriber_id]))
            ends = (kept or {}).get("paused_until", "")
        return bool(ends) and now.astimezone(ZoneInfo(zone)).date().isoformat() < ends

    def find(self, address: Address | str) -> Subscriber | None:
        """Return who has this address, compared by its key. Raises `InvalidInputError` for what is none."""
        found = self.find_id(address)
        return None if found is None else self.get(found)

    def find_id(self, address: Address | str) -> int | None:
        """Return the id of this address. Raises `InvalidInputError` for an invalid one."""
        key = address.key if isinstance(address, Address) else addresses.parse(address).key
        bucket, digest = addresses.digest(key)
        with unavailable_store():
            found = self._store.hget(BY_ADDRESS(bucket=bucket), str(digest))
        return None if found is None else int(str(found))

    def at(self, place: tuple[int, int]) -> Subscriber | None:
        """Return who has the address that is indexed there, or who moved away from it."""
        bucket, digest = place
        with unavailable_store(), self._store.pipeline(transaction=False) as pipe:
            pipe.hget(BY_ADDRESS(bucket=bucket), str(digest))
            pipe.hget(SUPPRESSED(bucket=bucket), str(digest))
            owner, suppression = pipe.execute()
        reason, _, mover = str(suppression or "").rpartition(" ")
        found = owner or (mover if reason.startswith("moved ") else None)
        return None if found is None else self.get(int(found))

    def asked(self, subscriber_id: int) -> Subscriber | None:
        """Return a subscriber as a confirmation makes them: as was asked since they left or bounced."""
        subscriber = self.get(subscriber_id)
        if subscriber is None or subscriber.status in {SubscriberStatus.ACTIVE, SubscriberStatus.PENDING}:
            return subscriber
        with unavailable_store():
            kept = self._store.get(WISH(id=subscriber_id))
        if kept is None:
            return subscriber
        wish = orjson.loads(str(kept))
        preferences = choices.restored(wish["hour"], wish["zone"], wish["wishes"] or None)
        return subscriber.model_copy(update={"address": wish["address"], "preferences": preferences})

    def count(self) -> int:
        """Return how many are known, whatever their status."""
        return sum(self.by_status().values())

    def by_status(self) -> dict[SubscriberStatus, int]:
        """Return how many there are of each status, none included."""
        with unavailable_store():
            counts: dict[Any, Any] = self._store.hgetall(COUNTS())
        return {status: int(counts.get(letter, 0)) for letter, status in records.STATUSES.items()}

    def iterate(self) -> Iterator[Reader]:
        """Yield every subscriber in the order of their ids; who comes or goes meanwhile may be missed."""
        for start in range(0, self._last() + 1, 8 * BUCKET):
            yield from self.get_many(range(start, start + 8 * BUCKET))

    def slots(self) -> dict[Slot, int]:
        """Return how many active readers each slot has; slots without any are not named."""
        with unavailable_store():
            counts: dict[Any, Any] = self._store.hgetall(SLOTS())
        return {
            Slot(zone, int(hour)): int(n) for name, n in counts.items() for zone, hour in [name.split(" ")]
        }

    def ids_due(self, slot: Slot) -> tuple[int, ...]:
        """Return the ids of a slot's active readers, ascending: nobody else is looked at.

        Paused and weekly readers are among them: `schedule.is_wanted` tells.
        """
        found: list[int] = []
        for block, piece in self._scripts.read("due", slot=f"{slot.timezone} {slot.hour}"):
            found.extend(_offsets(piece, int(block) * BLOCK))
        return tuple(found)

    def changes(self, ids: Iterable[int], now: datetime) -> dict[int, tuple[int, int]]:
        """Return what happened lately to those of `ids` to whom anything did, as Unix seconds; 0 where not.

        First, when they were imported, or last began or ended a pause; then
        when they last changed hour, zone or rhythm. What lies far ahead of
        `now` was noted by a clock that has been set right since, and is left out.
        """
        ids = [*ids]
        ahead = (now + CLOCKS_DIFFER).timestamp()
        found = orjson.loads(self._scripts.read("changes", ids=ids)) if ids else {}
        pairs = {int(one): kept if isinstance(kept, list) else (kept, 0) for one, kept in found.items()}
        return {
            one: (joined if joined < ahead else 0, changed if changed < ahead else 0)
            for one, (joined, changed) in pairs.items()
        }

    def save_preferences(
        self, subscriber_id: int, preferences: Preferences, now: datetime | None = None
    ) -> bool:
        """Keep what a reader chose, and their slot with it. Return whether that reader exists.

        `now` is this moment by the server's clock where left out. Raises
        `InvalidInputError` for preferences that cannot be kept.
        """
        (outcome,) = self._scripts.run(
            "prefer", id=subscriber_id, now=int(now.timestamp()) if now else 0, **chosen(preferences)
        )
        return bool(outcome == "saved")

    def unconfirmed(self, before: float, limit: int = 1000) -> tuple[int, ...]:
        """Return ids that asked before this Unix second and never confirmed, oldest first."""
        with unavailable_store():
            found = self._store.zrange(UNCONFIRMED(), "-inf", f"({before}", byscore=True, offset=0, num=limit)
        return tuple(int(str(one)) for one in found)

    def _last(self) -> int:
        with unavailable_store():
            return int(str(self._store.get(LAST()) or 0))

    def _complete(self, ids: Sequence[int], found: Sequence[list[Any] | None]) -> None:
        """Put preferences that were too long for their records back into them."""
        long = {
            one: record
            for one, record in zip(ids, found, strict=True)
            if record and records.says_elsewhere(record)
        }
        kept = orjson.loads(self._scripts.read("fetch", family="wishes", ids=[*long]))
        for record, wishes in zip(long.values(), kept, strict=True):
            record[records.WISHES] = wishes or 0  # erased or shortened between the two reads


def chosen(preferences: Preferences) -> dict[str, object]:
    """Return preferences as scripts take them. Raises `InvalidInputError` for what cannot be kept."""
    preferences = choices.checked(preferences)
    return {
        "hour": preferences.hour,
        "zone": preferences.timezone,
        "wishes": choices.differences(preferences) or 0,
    }


def indexed(address: Address) -> dict[str, object]:
    """Return where an address is indexed, as scripts take it."""
    return placed(addresses.digest(address.key))


def placed(place: tuple[int, int]) -> dict[str, object]:
    """Return a place in the index, as scripts take it."""
    bucket, digest = place
    return {"bucket": bucket, "digest": str(digest)}


def _offsets(piece: bytes | list[bytes], start: int) -> list[int]:
    if isinstance(piece, list):
        return sorted(start + int(offset) for offset in piece)
    bits = np.unpackbits(np.frombuffer(piece, np.uint8))
    return [start + int(offset) for offset in np.flatnonzero(bits)]
