"""Another address for the same reader: the new one confirms, the old one is told.

Until the new address confirms, nothing changes. To the outside a wish always
looks the same, whoever has that address already; only the newest can be
confirmed. Choices, id, links in old mails and the consent stay as they were.
"""

from datetime import datetime
from enum import StrEnum

from newsletter.queue import Queue
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import addresses, letters, tokens
from newsletter.subscribers.scripts import Scripts
from newsletter.subscribers.store import MOVE, MOVED, SubscriberStore, indexed
from newsletter.subscribers.tokens import TokenState


class Asked(StrEnum):
    """What a wish led to; TAKEN, BLOCKED and CAPPED must look like CONFIRM outside."""

    CONFIRM = "confirm"
    """The new address is asked."""
    SAME = "same"
    """It is their address already."""
    TAKEN = "taken"
    """Another reader has it: nothing is sent."""
    BLOCKED = "blocked"
    """Its owner complained, or said “this wasn't me”: nothing is sent."""
    CAPPED = "capped"
    """Enough was mailed there today, or in all this hour: nothing is sent."""
    UNKNOWN = "unknown"
    """Nobody active has this id."""


class Moved(StrEnum):
    """What the new address's link led to."""

    MOVED = "moved"
    EXPIRED = "expired"
    """Too old, overtaken by a newer wish, used already, or the address found another owner."""
    DAMAGED = "damaged"


def request(
    store: Store, queue: Queue, settings: Settings, subscriber_id: int, address: str, *, now: datetime
) -> Asked:
    """Ask a new address whether it wants to be this reader's. Raises `InvalidInputError` for what is none."""
    parsed = addresses.parse(address)
    assert MOVE.expires is not None
    outcome, letter_id = Scripts(store).run(
        "ask_move",
        id=subscriber_id,
        address=parsed.typed,
        **indexed(parsed),
        now=int(now.timestamp()),
        within=int(MOVE.expires.total_seconds()),
        per_address=settings.confirmations_per_address_day,
        in_all=settings.signup_mails_per_hour,
    )
    letters.enqueue(queue, letter_id)
    return Asked(outcome)


def confirm(store: Store, queue: Queue, settings: Settings, token: str, *, now: datetime) -> Moved:
    """Move the reader named by a `move` token to the address that was asked, once; the old one is told."""
    reading = tokens.read("move", token, settings.keys, max_age=MOVE.expires, now=now)
    if reading.state is not TokenState.OK or reading.subscriber_id is None or reading.signed_at is None:
        return Moved(reading.state)
    outcome, letter_id = "stale", 0
    while outcome == "stale":
        subscriber = SubscriberStore(store).get(reading.subscriber_id)
        with unavailable_store():
            wish = str(store.get(MOVE(id=reading.subscriber_id)) or "")
        asked, _, address = wish.partition(" ")
        if subscriber is None or asked != str(int(reading.signed_at.timestamp())):
            return Moved.EXPIRED
        old = indexed(addresses.parse(subscriber.address))
        assert MOVED.expires is not None
        outcome, letter_id = Scripts(store).run(
            "confirm_move",
            id=subscriber.id,
            wish=wish,
            address=address,
            **indexed(addresses.parse(address)),
            old_address=subscriber.address,
            old_bucket=old["bucket"],
            old_digest=old["digest"],
            now=int(now.timestamp()),
            within=int(MOVED.expires.total_seconds()),
        )
    letters.enqueue(queue, letter_id)
    return Moved(outcome)
