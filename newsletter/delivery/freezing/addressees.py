"""The addressee sets: who is addressed for each day's edition, and the one step that writes them.

A freeze reads the sets of every day that its variants bring, adds to them, and
writes all of them together or none: where another freeze or a welcome changed
one of them meanwhile, nothing is written and everything is looked at again.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ids import packed
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.delivery.ledger.store import KEEP_SECONDS, Script
from newsletter.store import Store, unavailable_store

BATCH = 1000
"""The most recipients of one batch: what SendGrid takes in one request."""

Ids = npt.NDArray[np.int64]


class AddresseeSet:
    """One day's: who is on it, and what a freeze adds."""

    def __init__(self, store: Store, day: date) -> None:
        self.day = day
        with unavailable_store():
            self._version = str(store.hget(keys.EDITION(day=day), "version") or "0")
        self._bits = np.unpackbits(np.frombuffer(keys.read_bitmap(store, day), np.uint8))
        self._mailed = self._quiet = 0
        self.has_changed = False
        """Whether anybody was put on it."""
        self._renderings: dict[str, str] = {}
        self.batches: list[str] = []

    def holds(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Tell of each id whether it is in the set; ids beyond its end are not."""
        found = np.zeros(len(ids), np.bool_)
        known = ids < len(self._bits)
        found[known] = self._bits[ids[known]] == 1
        return found

    def enter(self, ids: Ids) -> None:
        """Add readers."""
        self.has_changed = True
        missing = int(ids.max()) + 1 - len(self._bits)
        if missing > 0:
            self._bits = np.pad(self._bits, (0, missing))
        self._bits[ids] = 1

    def mail(self, ids: Ids, rendering: str, made_from: str) -> None:
        """Add batches of readers who get a rendering; `made_from` is what it is rendered from, as JSON."""
        self._mailed += len(ids)
        self._renderings[rendering] = made_from
        self.batches += [
            f"{rendering}|{packed(ids[start : start + BATCH].tolist())}"
            for start in range(0, len(ids), BATCH)
        ]

    def pass_over(self, ids: Ids) -> None:
        """Count readers whose own edition would be empty."""
        self._quiet += len(ids)

    def names(self) -> list[str]:
        """Return the keys that freezing touches."""
        return [name(day=self.day) for name in _TOUCHED]

    def values(self) -> list[str | bytes | int]:
        """Return what freezing writes, as the script takes it."""
        return [
            self.day.isoformat(),
            self._version,
            np.packbits(self._bits).tobytes() if self.has_changed else b"",
            self._mailed,
            self._quiet,
            len(self._renderings),
            *(text for pair in self._renderings.items() for text in pair),
            len(self.batches),
            *self.batches,
        ]


_TOUCHED = (keys.EDITION, keys.ADDRESSED, keys.BATCHES, keys.RENDERINGS, keys.MARKS, keys.DUE)


class AddresseeSets:
    """Those of all the days that one freeze brings."""

    def __init__(self, store: Store, reached: Sequence[date] = ()) -> None:
        """Begin with the days that come further in time; the others are read when they are asked for."""
        self._store = store
        self._reached = len(reached)
        self._sets = {day: AddresseeSet(store, day) for day in reached}

    def __getitem__(self, day: date) -> AddresseeSet:
        if day not in self._sets:
            self._sets[day] = AddresseeSet(self._store, day)
        return self._sets[day]

    def missing(self, ids: Ids, days: Sequence[date]) -> npt.NDArray[np.bool_]:
        """Tell of each id and day whether that reader has not had that day's edition."""
        had = [self[day].holds(ids) for day in days]
        return ~np.array(had, np.bool_).reshape(len(days), len(ids)).T

    def parted(self, ids: Ids, days: Sequence[date]) -> Iterator[tuple[tuple[date, ...], Ids]]:
        """Part readers by which of `days` they have had; who has had all of them is left out."""
        which = np.zeros(len(ids), np.int64)
        for place, day in enumerate(days):
            which |= self[day].holds(ids).astype(np.int64) << place
        for code in np.unique(which).tolist():
            if code != (1 << len(days)) - 1:
                yield tuple(day for place, day in enumerate(days) if code >> place & 1), ids[which == code]

    def freeze(self, through: datetime | None) -> tuple[BatchRef, ...] | None:
        """Write everything in one step and return the new batches, oldest day first.

        `through` is how far in time the days have come that have come further.
        Sets that were only read are left alone. None where a set has changed
        meanwhile.
        """
        every = list(self._sets.values())
        sets = every[: self._reached] + [one for one in every[self._reached :] if one.has_changed]
        if through is None and not any(one.has_changed for one in sets):
            return ()
        answer = Script.named("freeze").run(
            self._store,
            [keys.OPEN(), *(name for one in sets for name in one.names())],
            KEEP_SECONDS,
            through.isoformat() if through else "",
            self._reached,
            *(value for one in sets for value in one.values()),
        )
        if answer[0] == "stale":
            return None
        refs = [
            BatchRef(one.day, int(first) + offset)
            for one, first in zip(sets, answer[1:], strict=True)
            for offset in range(len(one.batches))
        ]
        return tuple(sorted(refs, key=lambda ref: ref.day))
