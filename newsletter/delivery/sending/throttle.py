"""How fast mails leave: a rate, a number of batches at once, and a warm-up, for all workers together.

Counted in the store, by the server's clock and for each mailer by itself, so
that any number of workers keeps one limit. What is over it waits: a batch
sends as many of its readers as may leave, gives its lease back, and is found
again by the tick. Letters (confirmations, welcomes) count and are never held
back: somebody waits for them.

The warm-up is for a sender whom mailbox providers do not know yet: so many
mails on the first day, and twice as many after each day (UTC) on which at
least half of them left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from time import sleep
from typing import Final

from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.delivery.ledger.store import Script
from newsletter.settings import Settings
from newsletter.store import Key, Store

PATIENCE: Final = timedelta(seconds=10)
"""A worker waits so long with a batch in its hands, so that the tick's half minute costs no pace."""
_WARM_UP_KEPT: Final = timedelta(days=30)

SECONDS = Key("throttle:{mailer}:seconds", "hash", "Unix second → mails let through", timedelta(minutes=2))
MINUTES = Key("throttle:{mailer}:minutes", "hash", "Unix minute → mails let through", timedelta(hours=2))
WARM_UP = Key(
    "throttle:{mailer}:warm_up",
    "hash",
    "the warm-up: day (since 1970, UTC), sent on it, days by which its cap has doubled",
    _WARM_UP_KEPT,
)
RUNNING = Key("throttle:{mailer}:running", "zset", "batches under way → until when (ms)", timedelta(hours=2))
KEYS = (SECONDS, MINUTES, WARM_UP, RUNNING)


@dataclass(frozen=True)
class Pace:
    """What the operator allows; 0 means no limit."""

    a_minute: int = 0
    an_hour: int = 0
    first_day: int = 0
    """Mails of the warm-up's first day."""
    at_once: int = 0
    """Batches under way at a time."""

    @classmethod
    def of(cls, settings: Settings) -> "Pace":
        """Read the settings."""
        return cls(
            settings.mails_per_minute, settings.mails_per_hour, settings.warm_up, settings.batches_at_once
        )

    @property
    def is_free(self) -> bool:
        """Whether nothing is limited."""
        return self == Pace()

    def needs(self, mails: int, now: datetime, *, cap: int = -1, used: int = 0) -> timedelta:
        """Return how long so many mails take at the least; `cap` and `used` are the warm-up's of today.

        >>> Pace(a_minute=100).needs(1500, datetime(2026, 6, 10, tzinfo=UTC))
        datetime.timedelta(seconds=900)
        >>> noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
        >>> Pace(first_day=50).needs(100, noon, cap=50, used=20)
        datetime.timedelta(seconds=43200)
        """
        minutes = mails / self.a_minute if self.a_minute else 0.0
        hours = mails / self.an_hour if self.an_hour else 0.0
        needed = max(timedelta(minutes=minutes), timedelta(hours=hours))
        days, left = 0, mails - max(0, cap - used)
        while cap > 0 and left > 0:
            days += 1
            left -= cap * 2**days
        if not days:
            return needed
        midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=days), time(), UTC)
        return max(needed, midnight - now)


@dataclass(frozen=True)
class Room:
    """What may leave now."""

    granted: int
    wait: timedelta
    """How long until it is worth asking again; zero where something may leave."""
    at_ms: int = 0
    most: int = -1
    """How many could leave at once; -1 means no limit."""
    cap: int = -1
    """The warm-up's of today; -1 without one."""
    used: int = 0
    slots: int = -1
    """How many more batches may begin; -1 means no limit."""


class Throttle:
    """The count of one mailer."""

    def __init__(self, store: Store, pace: Pace, mailer: str) -> None:
        self._store = store
        self._pace = pace
        self._names = [key(mailer=mailer) for key in KEYS]

    def ask(
        self, wanted: int, *, who: str = "", lasts: timedelta = timedelta(0), is_free: bool = False
    ) -> Room:
        """Let up to `wanted` mails through.

        `who` is a batch that takes at most `lasts` until it asks again. With
        `is_free` nothing is held back, and it counts nevertheless.
        """
        pace = self._pace
        limits = (pace.a_minute, pace.an_hour, pace.first_day, pace.at_once)
        lasts_ms, kept = int(lasts.total_seconds() * 1000), int(_WARM_UP_KEPT.total_seconds())
        answer = Script.named("admit").run(
            self._store, self._names, wanted, *limits, who, lasts_ms, int(is_free), kept
        )
        granted, wait, at, most, cap, used, slots = map(int, answer)
        return Room(granted, timedelta(milliseconds=wait), at, most, cap, used, slots)

    def give_back(self, room: Room, mails: int, *, ended: str = "") -> None:
        """Take back what was let through and did not leave; `ended` is a batch that is under way no more."""
        Script.named("give_back").run(self._store, self._names, mails, room.at_ms, ended)

    def remaining(self, mails: int, now: datetime) -> timedelta:
        """Return how long so many mails take at the least."""
        room = self.ask(0)
        return self._pace.needs(mails, now, cap=room.cap, used=room.used)


class Gate:
    """One batch's way through the throttle; free where nothing is limited, at no cost."""

    def __init__(
        self,
        throttle: Throttle | None,
        who: BatchRef,
        lasts: timedelta,
        *,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._throttle = throttle
        self._who = f"{who.day}.{who.batch}"
        self._lasts = lasts
        self._pause = pause
        self._room = Room(0, timedelta(0))

    def admit(self, wanted: int) -> int:
        """Return how many of the wanted may leave now; waits for `PATIENCE` at most."""
        if self._throttle is None or not wanted:
            return wanted
        self._room = self._throttle.ask(wanted, who=self._who, lasts=self._lasts)
        if not self._room.granted and self._room.wait <= PATIENCE:
            self._pause(self._room.wait.total_seconds())
            self._room = self._throttle.ask(wanted, who=self._who, lasts=self._lasts)
        return self._room.granted

    @property
    def again_in(self) -> timedelta:
        """When a batch that was held back should be asked for; its worker waits for the rest."""
        return max(self._room.wait - PATIENCE, timedelta(0))

    def left(self, mails: int) -> None:
        """Say how many of those admitted were begun; the others may leave later."""
        if self._throttle is not None and mails < self._room.granted:
            self._throttle.give_back(self._room, self._room.granted - mails)

    def close(self) -> None:
        """Make room for another batch."""
        if self._throttle is not None:
            self._throttle.give_back(self._room, 0, ended=self._who)


def of(store: Store, settings: Settings) -> Throttle | None:
    """Return the throttle of the mailer in use; None where nothing is limited."""
    pace = Pace.of(settings)
    return None if pace.is_free else Throttle(store, pace, settings.mailer)


def count_letter(store: Store, settings: Settings) -> None:
    """Count a letter, which nothing holds back."""
    throttle = of(store, settings)
    if throttle is not None:
        throttle.ask(1, is_free=True)


def worth_asking(store: Store, settings: Settings, batches: Sequence[BatchRef]) -> Sequence[BatchRef]:
    """Return the batches that a worker could do something for now, so that no others are enqueued in vain.

    A few at most; the worker that ends one asks for the next.
    """
    throttle = of(store, settings)
    if throttle is None or not batches:
        return batches
    room = throttle.ask(0)
    if room.most == 0 and room.wait > PATIENCE:
        return ()
    return batches[: _BEGUN_AT_ONCE if room.slots < 0 else room.slots]


_BEGUN_AT_ONCE: Final = 4
"""Batches that a limited tick asks for; the worker that ends one asks for the next."""
