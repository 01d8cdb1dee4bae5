"""Where the memory and the topics of past days are kept."""

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

import orjson
import redis

from newsletter.models import Paper
from newsletter.store import Key, Store, unavailable_store
from newsletter.topics.history import REMEMBERED_DAYS, Appearance, PastDay
from newsletter.topics.memory.archive import DamagedMemoryError
from newsletter.topics.memory.memory import Memory

MEMORY = Key("topics:memory", "string", "what earlier days taught, compressed and versioned; can be rebuilt")
HISTORY = Key("topics:history", "hash", "the topics of each day, by date, as JSON")
KEYS = (MEMORY, HISTORY)

_log = logging.getLogger(__name__)


class MemoryStore:
    """The memory of earlier days; derived from stored papers, so losing it costs accuracy and no data."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> Memory:
        """Return the memory, or what was shipped where there is none.

        A damaged one, or one of another version, is logged and started anew
        from what was shipped: composing never fails for it.
        """
        try:
            return self.read()
        except DamagedMemoryError as error:
            _log.warning("%s", error)
            return Memory.shipped()

    def read(self) -> Memory:
        """Return the memory, or what was shipped where there is none. Raises `DamagedMemoryError`."""
        with unavailable_store():
            data = self._store.execute_command("GET", MEMORY(), NEVER_DECODE=True)  # type: ignore[no-untyped-call]  # redis-py types it not
        return Memory.shipped() if data is None else Memory.loads(data)

    def learn(self, day: date, papers: Sequence[Paper]) -> Memory:
        """Learn a day, once: again changes nothing. Two at a time are brought into a row.

        Returns the memory as it is stored afterwards.
        """
        with unavailable_store():
            while True:
                with self._store.pipeline() as pipe:
                    pipe.watch(MEMORY())  # type: ignore[no-untyped-call]  # redis-py types it not
                    before = self.load()
                    after = before.learn(papers, day)
                    if after is before:
                        return before
                    pipe.multi()
                    pipe.set(MEMORY(), after.dumps())
                    try:
                        pipe.execute()
                    except redis.WatchError:
                        continue
                    return after

    def rebuild(self, days: Iterable[tuple[date, Sequence[Paper]]]) -> Memory | None:
        """Forget everything and learn the days given, oldest first, upon what was shipped.

        One write at the end, so that an interrupted rebuild changes nothing.
        Returns None, and writes nothing, where somebody learnt a day meanwhile.
        """
        with unavailable_store(), self._store.pipeline() as pipe:
            pipe.watch(MEMORY())  # type: ignore[no-untyped-call]  # redis-py types it not
            memory = Memory.shipped()
            for day, papers in days:
                memory = memory.learn(papers, day)
            pipe.multi()
            pipe.set(MEMORY(), memory.dumps())
            try:
                pipe.execute()
            except redis.WatchError:
                return None
        return memory


class HistoryStore:
    """The topics of past days, so that one keeps its identity."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, day: date, papers: int, topics: Sequence[Appearance]) -> None:
        """Keep a day's topics; again replaces them. Days that are older than anybody looks at are dropped."""
        value = [[one.slug, one.label, sorted(one.words), one.share] for one in topics]
        with unavailable_store():
            self._store.hset(HISTORY(), day.isoformat(), orjson.dumps([papers, value]).decode())
            kept = sorted(self._store.hkeys(HISTORY()))
            if len(kept) > 4 * REMEMBERED_DAYS:
                self._store.hdel(HISTORY(), *kept[: -4 * REMEMBERED_DAYS])

    def before(self, day: date) -> tuple[PastDay, ...]:
        """Return the days kept before `day`, oldest first; what cannot be read is logged and left out."""
        with unavailable_store():
            entries = cast("dict[str, str]", self._store.hgetall(HISTORY()))
        found = []
        for name in sorted(entries):
            try:
                past = _past_day(name, entries[name])
            except (ValueError, TypeError) as error:
                _log.warning(
                    "the topics of %s cannot be read (%s) and are left out of the history", name, error
                )
                continue
            if past.date < day:
                found.append(past)
        return tuple(found)


def _past_day(name: str, value: str) -> PastDay:
    papers, topics = orjson.loads(value)
    return PastDay(
        date.fromisoformat(name),
        int(papers),
        tuple(
            Appearance(slug, label, frozenset(words), float(share)) for slug, label, words, share in topics
        ),
    )
