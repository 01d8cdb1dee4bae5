"""Joining and leaving: what a reader may do with a form, a link or a button.

What *may* happen is a value. To the outside `request` always looks the same
but for `TOO_MANY`, which depends on the client's network alone, and `CLOSED`,
which depends on the list; the mail that follows, or none, is where the
outcomes differ. Every change is one atomic
step together with the letter that it needs; the letter is enqueued after it,
and found by the sweep where that message is lost.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from newsletter.models import Preferences, Subscriber
from newsletter.queue import Queue
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses, letters, origins, records, tokens
from newsletter.subscribers.addresses import Address
from newsletter.subscribers.letters import LetterKind
from newsletter.subscribers.records import Reader
from newsletter.subscribers.scripts import Scripts
from newsletter.subscribers.store import REJECTED, SubscriberStore, chosen, indexed
from newsletter.subscribers.tokens import TokenState

UNDO_WITHIN = timedelta(days=1)
"""How long the button on the goodbye page works; later, one subscribes and confirms."""
KEEP_UNCONFIRMED = timedelta(days=14)
"""How long an address is kept that nobody confirmed: twice as long as the link works."""
_CAP_WINDOW = timedelta(hours=1)


class Requested(StrEnum):
    """What a request to subscribe led to; only TOO_MANY and CLOSED may show outside."""

    CONFIRM = "confirm"
    """A confirmation is on its way."""
    ALREADY = "already"
    """They are subscribed, and are told so by mail."""
    TOLD = "told"
    """They are subscribed, and were told so today."""
    CAPPED = "capped"
    """Enough was mailed to this address today, or in all this hour: nothing is sent."""
    BLOCKED = "blocked"
    """They complained, or said “this wasn't me”: nothing is sent."""
    UNINVITED = "uninvited"
    """The list is for the invited, and nobody invited this address: nothing is kept or sent."""
    TOO_MANY = "too-many"
    """This network asked too often this hour: 429."""
    CLOSED = "closed"
    """The list takes nobody at present: 403."""


class Confirmed(StrEnum):
    """What a confirmation link led to."""

    CONFIRMED = "confirmed"
    ALREADY = "already"
    EXPIRED = "expired"
    """The link is too old, or what it was for is over: subscribe again."""
    DAMAGED = "damaged"


class Left(StrEnum):
    """What an unsubscribe link or a “this wasn't me” led to."""

    LEFT = "left"
    ALREADY = "already"
    """There was nothing to leave any more."""
    DAMAGED = "damaged"


class Returned(StrEnum):
    """What an undo led to."""

    RETURNED = "returned"
    ALREADY = "already"
    EXPIRED = "expired"
    DAMAGED = "damaged"


def request(
    store: Store,
    queue: Queue,
    settings: Settings,
    address: str,
    *,
    preferences: Preferences,
    origin: str,
    now: datetime,
    how: Literal["form", "api", "command"] = "form",
    is_invited: bool = False,
) -> Requested:
    """Ask that an address be subscribed; nothing is mailed to it but, within the caps, one letter.

    `origin` is the client's network address; only its /24 or /64 is kept.
    `is_invited` passes a list that is closed or by invitation, as the
    operator's own command does: for who holds a link that we mailed.
    Raises `InvalidInputError` for an address or preferences that cannot be
    kept, `StoreUnavailableError` where nothing was saved.
    """
    parsed = addresses.parse(address)
    passes = is_invited or how == "command"
    if settings.signup == "closed" and not passes:
        return Requested.CLOSED
    network = origins.network(origin)
    outcome, _, letter_id = Scripts(store).run(
        "subscribe",
        **indexed(parsed),
        **chosen(preferences),
        address=parsed.typed,
        **{"from": records.source(how, network)},
        now=int(now.timestamp()),
        network=network,
        per_network=settings.signups_per_network_hour,
        per_address=settings.confirmations_per_address_day,
        in_all=settings.signup_mails_per_hour,
        only_known=not passes and not _is_open_to(parsed, settings),
        letter=LetterKind.INVITATION if how == "command" else LetterKind.CONFIRM,
    )
    letters.enqueue(queue, letter_id)
    return Requested(outcome)


def _is_open_to(address: Address, settings: Settings) -> bool:
    """Whether an address that nobody invited may sign up."""
    return settings.signup == "open" or address.key.rpartition("@")[2] in settings.signup_domains


def retry_after(now: datetime) -> timedelta:
    """Return when a network that asked too often may ask again: at the next full hour."""
    return _CAP_WINDOW - timedelta(seconds=now.timestamp() % _CAP_WINDOW.total_seconds())


def confirm(
    store: Store, queue: Queue, settings: Settings, token: str, *, origin: str, now: datetime
) -> Confirmed:
    """Make the reader named by a `confirm` token active, once: the consent and a welcome are recorded."""
    reading = tokens.read("confirm", token, settings.keys, max_age=tokens.CONFIRM_WITHIN, now=now)
    if reading.state is not TokenState.OK or reading.subscriber_id is None:
        return Confirmed(reading.state)
    outcome, letter_id = "moved", 0
    while outcome == "moved":
        subscriber = SubscriberStore(store).get(reading.subscriber_id)
        if subscriber is None:
            return Confirmed.EXPIRED
        outcome, letter_id = Scripts(store).run(
            "confirm",
            id=subscriber.id,
            address=subscriber.address,
            **indexed(addresses.parse(subscriber.address)),
            **{"from": origins.shortened(origins.network(origin))},
            now=int(now.timestamp()),
        )
    letters.enqueue(queue, letter_id)
    return Confirmed(outcome)


def reject(store: Store, settings: Settings, token: str, now: datetime) -> Left:
    """Take “this wasn't me” by a `confirm` token, however old.

    Who never confirmed is erased, and for 30 days no form can have that
    address mailed; who is active is unsubscribed, which they can undo.
    """
    reading = tokens.read("confirm", token, settings.keys, now=now)
    if reading.subscriber_id is None:
        return Left.DAMAGED
    subscriber = SubscriberStore(store).get(reading.subscriber_id)
    if subscriber is None:
        return Left.ALREADY
    if _erase(store, subscriber, now, unconfirmed=True, reject=REJECTED.expires) == "erased":
        return Left.LEFT
    return unsubscribe(store, settings, subscriber.id, now)


def unsubscribe(store: Store, settings: Settings, token: str | int, now: datetime) -> Left:
    """Stop mailing the reader named by an `unsubscribe` token or an id; takes effect at once.

    The record stays, so that an import does not bring them back. Repeats are harmless.
    """
    subscriber_id = _named("unsubscribe", token, settings, now)
    if subscriber_id is None:
        return Left.DAMAGED
    outcome, _ = Scripts(store).run(
        "leave", id=subscriber_id, status=records.UNSUBSCRIBED, reason="", now=int(now.timestamp())
    )
    return Left.LEFT if outcome == "left" else Left.ALREADY


def resubscribe(store: Store, settings: Settings, token: str | int, now: datetime) -> Returned:
    """Undo an unsubscription that is at most a day old, without a new confirmation."""
    subscriber_id = _named("unsubscribe", token, settings, now)
    if subscriber_id is None:
        return Returned.DAMAGED
    (outcome,) = Scripts(store).run(
        "return", id=subscriber_id, now=int(now.timestamp()), within=UNDO_WITHIN.total_seconds()
    )
    return Returned(outcome)


def erase(store: Store, subscriber_id: int, now: datetime) -> bool:
    """Forget a reader, and whether there was one: record and address go, a digest stays suppressed."""
    subscriber = SubscriberStore(store).get(subscriber_id)
    outcome = "moved"
    while subscriber is not None and outcome == "moved":
        outcome = _erase(store, subscriber, now, reason="erased")
        if outcome == "moved":
            subscriber = SubscriberStore(store).get(subscriber_id)
    return outcome == "erased"


def forget_unconfirmed(store: Store, now: datetime, limit: int = 1000) -> int:
    """Erase up to `limit` of those who never confirmed in time, without a trace; return how many went."""
    subscribers = SubscriberStore(store)
    old = subscribers.unconfirmed((now - KEEP_UNCONFIRMED).timestamp(), limit)
    return sum(_erase(store, one, now, unconfirmed=True) == "erased" for one in subscribers.get_many(old))


def _erase(
    store: Store,
    subscriber: Subscriber | Reader,
    now: datetime,
    *,
    reason: str = "",
    unconfirmed: bool = False,
    reject: timedelta | None = None,
) -> str:
    (outcome,) = Scripts(store).run(
        "erase",
        id=subscriber.id,
        address=subscriber.address,
        **indexed(addresses.parse(subscriber.address)),
        now=int(now.timestamp()),
        reason=reason,
        unconfirmed=unconfirmed,
        reject_seconds=int(reject.total_seconds()) if reject else 0,
    )
    return str(outcome)


def _named(purpose: tokens.Purpose, token: str | int, settings: Settings, now: datetime) -> int | None:
    if isinstance(token, int):
        return token
    return tokens.read(purpose, token, settings.keys, now=now).subscriber_id
