"""Another address for the same reader: the new one confirms, the old one is told.

Until the new address confirms, nothing changes, and a link in any mail to the
old one can stop it; for a week after it, the old one's own letter
moves the reader back. To the outside a wish always looks the same, even if a
reader has that address already; only the newest can be confirmed. Choices, id and consent
stay as they were. Links to the preferences in mails to the old address end, and
those that unsubscribe go on; no import brings the old address back.
"""

from datetime import datetime
from enum import StrEnum

from newsletter.queue import Queue
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import addresses, notices
from newsletter.subscribers.consent import keyring, tokens
from newsletter.subscribers.consent.tokens import TokenReading, TokenState
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import MOVE, MOVED, SubscriberStore, indexed

WISHES_A_DAY = 5
"""Changes of address that one reader may ask for in a day."""


class Asked(StrEnum):
    """What a wish led to; TAKEN, BLOCKED and CAPPED must look like CONFIRM outside."""

    CONFIRM = "confirm"
    """The new address is asked."""
    SAME = "same"
    """It is their address already."""
    TAKEN = "taken"
    """Another reader has it: it is not asked."""
    BLOCKED = "blocked"
    """Its owner complained, or said “this wasn't me”: it is not asked."""
    CAPPED = "capped"
    """Enough was mailed there today, or in all this hour: it is not asked."""
    TOO_MANY = "too-many"
    """This reader asked too often today, whatever the addresses: nothing is kept."""
    UNKNOWN = "unknown"
    """Nobody active has this id."""


class Moved(StrEnum):
    """What the new address's link led to, or would lead to."""

    OPEN = "open"
    """It waits for its button."""
    MOVED = "moved"
    ALREADY = "already"
    """It was pressed before."""
    EXPIRED = "expired"
    """Too old, stopped, overtaken by a newer wish, or the address found another owner."""
    DAMAGED = "damaged"


def request(
    store: Store, queue: Queue, settings: Settings, subscriber_id: int, address: str, *, now: datetime
) -> Asked:
    """Ask a new address whether it wants to be this reader's, and tell the present one.

    Raises `InvalidInputError` for an invalid address.
    """
    parsed = addresses.parse(address)
    assert MOVE.expires is not None
    outcome, written = Scripts(store).run(
        "ask_move",
        id=subscriber_id,
        address=parsed.typed,
        **indexed(parsed),
        now=int(now.timestamp()),
        within=int(MOVE.expires.total_seconds()),
        per_reader=WISHES_A_DAY,
        per_address=settings.confirmations_per_address_day,
        in_all=settings.signup_mails_per_hour,
    )
    for letter_id in written:
        notices.enqueue(queue, letter_id)
    return Asked(outcome)


def wished(store: Store, subscriber_id: int) -> str | None:
    """Return the address that a reader asked to be reached at and that has not confirmed yet."""
    with unavailable_store():
        kept = str(store.get(MOVE(id=subscriber_id)) or "")
    return kept.partition(" ")[2] or None


def stop(store: Store, subscriber_id: int) -> bool:
    """Withdraw a reader's wish. Return whether one existed: its link does nothing any more."""
    with unavailable_store():
        return bool(store.delete(MOVE(id=subscriber_id)))


def look(store: Store, settings: Settings, token: str, *, now: datetime) -> Moved:
    """Return where the move that `token` was mailed for stands; nothing changes."""
    return _seen(store, _read(store, token, settings, now))[0]


def confirm(store: Store, queue: Queue, settings: Settings, token: str, *, now: datetime) -> Moved:
    """Move the reader to the address that a `move` token was mailed to, once; the one left is told."""
    reading = _read(store, token, settings, now)
    assert MOVED.expires is not None
    outcome, letter_id = "stale", 0
    while outcome == "stale":
        state, key, wish = _seen(store, reading)
        subscriber = SubscriberStore(store).get(reading.subscriber_id or 0)
        if state is not Moved.OPEN or subscriber is None:
            return Moved.EXPIRED if state is Moved.OPEN else state
        old = indexed(addresses.parse(subscriber.address))
        address = wish.rpartition(" ")[2]
        outcome, letter_id = Scripts(store).run(
            "confirm_move",
            id=subscriber.id,
            key=key,
            wish=wish,
            asked=str(reading.instant),
            address=address,
            **indexed(addresses.parse(address)),
            old_address=subscriber.address,
            old_bucket=old["bucket"],
            old_digest=old["digest"],
            now=int(now.timestamp()),
            within=int(MOVED.expires.total_seconds()),
        )
    notices.enqueue(queue, letter_id)
    if outcome == "moved":
        return Moved.MOVED
    is_done = _seen(store, reading)[0] is Moved.ALREADY  # another press came between
    return Moved.ALREADY if is_done else Moved.EXPIRED


def _seen(store: Store, reading: TokenReading) -> tuple[Moved, str, str]:
    """Return where a move stands, and for an open one the key and the value of the wish that it fulfils."""
    if reading.subscriber_id is None or reading.state is not TokenState.OK:
        return Moved(reading.state), "", ""
    wish_key, past_key = (key(id=reading.subscriber_id) for key in (MOVE, MOVED))
    with unavailable_store():
        wish, past = (str(kept or "") for kept in store.mget(wish_key, past_key))
    instant = str(reading.instant)
    asked, _, wanted = wish.partition(" ")
    if asked == instant and reading.is_for(wanted):
        return Moved.OPEN, wish_key, wish
    done, told, left = past.split(" ", 2) if past else ("", "", "")
    if told == instant and reading.is_for(left):
        return Moved.OPEN, past_key, past
    return (Moved.ALREADY if done == instant else Moved.EXPIRED), "", ""


def _read(store: Store, token: str, settings: Settings, now: datetime) -> TokenReading:
    return tokens.read("move", token, keyring.known(store, settings), max_age=MOVE.expires, now=now)
