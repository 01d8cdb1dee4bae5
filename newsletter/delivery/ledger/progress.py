"""How far an edition's delivery has come, and when it will be done."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from newsletter.delivery.ledger import store as keys
from newsletter.store import Store, unavailable_store


@dataclass(frozen=True)
class Progress:
    """The totals of one edition; every recipient is in exactly one of the five states."""

    day: date
    recipients: int = 0
    accepted: int = 0
    refused: int = 0
    left: int = 0
    """Unsubscribed, paused or erased between the freeze and the send."""
    uncertain: int = 0
    """Whether the provider accepted them is not known; see `settling`."""
    quiet: int = 0
    """Readers whose own edition would have been empty; not among the recipients."""
    stray: int = 0
    """Mailed a second time, proved."""
    refused_in_row: int = 0
    """Refused since anybody was last accepted, by requests that named nobody else."""
    batches: int = 0
    open_batches: int = 0
    held: str | None = None
    """Why the delivery stands still, where it does."""
    is_held_by_hand: bool = False
    waits_because: str | None = None
    """Why nobody is accepted for now, in the mail server's words or the network's; nobody needs to act."""
    waits_since: datetime | None = None
    frozen_at: datetime | None = None
    first_at: datetime | None = None
    """When the first request ended."""
    last_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """Recipients who are still to be mailed; who is named in a request under way counts here."""
        return self.recipients - self.accepted - self.refused - self.left - self.uncertain

    @property
    def is_done(self) -> bool:
        """Whether nobody waits."""
        return self.waiting == 0

    def remaining(self, now: datetime) -> timedelta | None:
        """Return how long the rest will take at the pace so far; None while nothing moves.

        >>> start = datetime(2026, 6, 10, 7, tzinfo=UTC)
        >>> half = Progress(start.date(), recipients=100, accepted=50, first_at=start)
        >>> half.remaining(start + timedelta(seconds=10))
        datetime.timedelta(seconds=10)
        """
        done = self.recipients - self.waiting
        if self.first_at is None or not done or self.held or now <= self.first_at:
            return None
        return (now - self.first_at) * (self.waiting / done)


def read(store: Store, day: date) -> Progress:
    """Return an edition's totals in one round trip; all zero where it has addressed nobody."""
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        pipe.hgetall(keys.EDITION(day=day))
        pipe.hvals(keys.STRAY(day=day))
        pipe.zcard(keys.DUE(day=day))
        totals, strays, open_batches = pipe.execute()
    return _read(day, totals, sum(map(int, strays)), open_batches)


def _read(day: date, totals: dict[str, Any], stray: int, open_batches: int) -> Progress:
    number = {name: int(totals.get(name, 0)) for name in _NUMBERS}
    return Progress(
        day=day,
        recipients=number["recipients"],
        accepted=number["accepted"],
        refused=number["refused"],
        left=number["left"],
        uncertain=number["uncertain"],
        quiet=number["quiet"],
        stray=stray,
        refused_in_row=number["refused_in_row"],
        batches=number["batches"],
        open_batches=open_batches,
        held=totals.get("held"),
        is_held_by_hand="by_hand" in totals,
        waits_because=totals.get("waits_because"),
        waits_since=_moment(totals.get("waits_since")),
        frozen_at=_moment(totals.get("frozen_at")),
        first_at=_moment(totals.get("first_at")),
        last_at=_moment(totals.get("last_at")),
    )


_NUMBERS = ("recipients", "accepted", "refused", "left", "uncertain", "quiet", "batches", "refused_in_row")


def _moment(milliseconds: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None
