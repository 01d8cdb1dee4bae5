"""Addresses that must not be mailed, whatever is imported: kept by their digests.

A suppression outlives the subscriber. It ends when the reader confirms again,
by a mail that reached the address. After a complaint no such mail is sent
before `lift`; nothing that anybody else does makes the address active.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from newsletter.store import Store, unavailable_store
from newsletter.subscribers import addresses
from newsletter.subscribers.addresses import Address
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import SUPPRESSED, indexed


class Reason(StrEnum):
    """Why an address is not mailed."""

    BOUNCED = "bounced"
    """The mailbox does not exist, or the provider gave it up."""
    COMPLAINED = "complained"
    """The reader reported a mail as spam."""
    UNSUBSCRIBED = "unsubscribed"
    """The provider's own list says so."""
    ERASED = "erased"
    """The reader asked to be forgotten."""
    REJECTED = "rejected"
    """Its owner said “this wasn't me”."""
    MOVED = "moved"
    """Its reader is reached at another address since."""
    LIFTED = "lifted"
    """Its owner asked to be asked again: a form and an invitation may, no import brings it back."""


@dataclass(frozen=True)
class Suppression:
    """Why and since when."""

    reason: Reason
    since: datetime


_BECOMES = {
    Reason.BOUNCED: records.BOUNCED,
    Reason.COMPLAINED: records.COMPLAINED,
    Reason.UNSUBSCRIBED: records.UNSUBSCRIBED,
}


def suppress(store: Store, address: Address | str, reason: Reason, *, now: datetime) -> int | None:
    """Stop mailing an address, subscribed or not, and return the subscriber's id where there is one.

    One step: the suppression is kept, the status changes, the slot forgets
    the reader. Repeats change nothing, and a complaint is never overwritten.
    It takes a bounce, a complaint or an unsubscription; the other reasons
    belong to `signup` and `moving`. Raises `InvalidInputError` for
    an invalid address.
    """
    address = address if isinstance(address, Address) else addresses.parse(address)
    _, subscriber_id = Scripts(store).run("leave", **_leaving(address, reason, now))
    return subscriber_id or None


def suppress_each(store: Store, people: Sequence[tuple[Address, Reason, datetime]]) -> None:
    """Stop mailing each address for its reason since its instant, as `suppress` does, in one round trip."""
    Scripts(store).run_each("leave", [_leaving(*one) for one in people])


def find(store: Store, address: Address | str) -> Suppression | None:
    """Return why an address is suppressed, or None. Raises `InvalidInputError` for an invalid one."""
    address = address if isinstance(address, Address) else addresses.parse(address)
    bucket, digest = addresses.digest(address.key)
    with unavailable_store():
        kept = store.hget(SUPPRESSED(bucket=bucket), str(digest))
    return _suppression(str(kept)) if kept else None


def lift(store: Store, address: Address | str, *, now: datetime) -> bool:
    """Let an address sign up again, at its owner's request. Return whether anything stood in its way.

    Nobody becomes active by it, and no import brings the address back: who
    complained or bounced counts as unsubscribed, and confirms to come back.
    """
    address = address if isinstance(address, Address) else addresses.parse(address)
    (changed,) = Scripts(store).run("lift", now=int(now.timestamp()), **indexed(address))
    return bool(changed)


def iterate(store: Store) -> Iterator[Suppression]:
    """Yield every suppression, in no order; the addresses themselves are not kept."""
    with unavailable_store():
        for key in store.scan_iter(match=SUPPRESSED(bucket="*"), count=1000):
            for kept in store.hvals(key):
                yield _suppression(str(kept))


def _leaving(address: Address, reason: Reason, at: datetime) -> dict[str, object]:
    """Return a suppression as the script takes it."""
    return {
        "id": 0,
        "status": _BECOMES[reason],
        "reason": reason,
        "now": int(at.timestamp()),
        **indexed(address),
    }


def _suppression(kept: str) -> Suppression:
    reason, since = kept.split(" ")[:2]
    return Suppression(Reason(reason), datetime.fromtimestamp(int(float(since)), UTC))
