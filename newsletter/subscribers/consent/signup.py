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

from newsletter.models import Preferences, Subscriber, SubscriberStatus
from newsletter.queue import Queue
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import addresses, networks, notices
from newsletter.subscribers.addresses import Address
from newsletter.subscribers.consent import keyring, tokens
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.consent.tokens import TokenReading, TokenState
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept.records import Reader
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import REJECTED, WISH, SubscriberStore, chosen, indexed, placed
from newsletter.subscribers.notices import LetterKind

UNDO_WITHIN = timedelta(days=1)
"""How long the button on the goodbye page works; later, one subscribes and confirms."""
assert WISH.expires is not None
KEEP_UNCONFIRMED = WISH.expires
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
    LEFT = "left"
    """They left here, and the operator asked, not they: nothing is sent."""
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

    A reader who left or bounced stays as they were, with what they chose, until
    they confirm: what was asked for is kept beside it for two weeks.
    """
    parsed = addresses.parse(address)
    passes = is_invited or how == "command"
    if settings.signup == "closed" and not passes:
        return Requested.CLOSED
    network = networks.network(origin)
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
        kept=int(KEEP_UNCONFIRMED.total_seconds()),
    )
    notices.enqueue(queue, letter_id)
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
    """Make the reader named by a `confirm` token active, once: the consent and a welcome are recorded.

    Only for the very address that the token was mailed to, and only since its owner last left.
    """
    reading = tokens.read(
        "confirm", token, keyring.known(store, settings), max_age=tokens.CONFIRM_WITHIN, now=now
    )
    if reading.state is not TokenState.OK:
        return Confirmed(reading.state)
    outcome, letter_id = "moved", 0
    while outcome == "moved":
        subscriber = SubscriberStore(store).asked(reading.subscriber_id or 0)
        if subscriber is None or not reading.is_for(subscriber.address):
            return Confirmed.EXPIRED
        outcome, letter_id = Scripts(store).run(
            "confirm",
            id=subscriber.id,
            instant=reading.instant,
            address=subscriber.address,
            **indexed(addresses.parse(subscriber.address)),
            **{"from": networks.shortened(networks.network(origin))},
            now=int(now.timestamp()),
        )
    notices.enqueue(queue, letter_id)
    return Confirmed(outcome)


def reject(store: Store, settings: Settings, token: str, now: datetime) -> Left:
    """Take “this wasn't me” by a `reject` token, however old.

    A reader who never confirmed is erased; an active one is unsubscribed, which
    they can undo. Where nobody is active, no form can have that address mailed for
    30 days, and no import brings it in, ever.
    """
    reading = tokens.read("reject", token, keyring.known(store, settings), now=now)
    if reading.state is not TokenState.OK:
        return Left.DAMAGED
    assert REJECTED.expires is not None
    subscriber = SubscriberStore(store).at(reading.mailbox)
    if subscriber is not None and subscriber.status is SubscriberStatus.PENDING:
        erased = _erase(
            store, subscriber, now, reason=Reason.REJECTED, unconfirmed=True, reject=REJECTED.expires
        )
        if erased == "erased":
            return Left.LEFT
    if _leave(store, reading, now) is Left.LEFT:
        return Left.LEFT
    bucket, digest = reading.mailbox
    with unavailable_store():
        store.set(REJECTED(bucket=bucket, digest=digest), "1", ex=REJECTED.expires)
    return Left.ALREADY


def unsubscribe(store: Store, settings: Settings, token: str | int, now: datetime) -> Left:
    """Stop mailing the reader named by an `unsubscribe` token or an id; takes effect at once.

    A token stops the mail to its mailbox: of who has that address now, or
    moved away from it; where that is nobody, the address is suppressed. The
    record stays, so that an import does not bring them back. Repeats are
    harmless.
    """
    if isinstance(token, int):
        outcome, _ = Scripts(store).run(
            "leave", id=token, status=records.UNSUBSCRIBED, reason="", now=int(now.timestamp())
        )
        return Left.LEFT if outcome == "left" else Left.ALREADY
    reading = tokens.read("unsubscribe", token, keyring.known(store, settings), now=now)
    return _leave(store, reading, now) if reading.state is TokenState.OK else Left.DAMAGED


def _leave(store: Store, reading: TokenReading, now: datetime) -> Left:
    outcome, _ = Scripts(store).run(
        "leave",
        id=0,
        status=records.UNSUBSCRIBED,
        reason="",
        now=int(now.timestamp()),
        follow=True,
        **placed(reading.mailbox),
    )
    return Left.LEFT if outcome == "left" else Left.ALREADY


def resubscribe(store: Store, settings: Settings, token: str, now: datetime) -> Returned:
    """Undo an unsubscription that is at most a day old, by its own page's token: without a new confirmation.

    Nobody undoes it by a link that was mailed to another address than the reader's own.
    """
    reading = tokens.read("unsubscribe", token, keyring.known(store, settings), now=now)
    if reading.state is not TokenState.OK:
        return Returned.DAMAGED
    (outcome,) = Scripts(store).run(
        "return",
        **placed(reading.mailbox),
        now=int(now.timestamp()),
        within=UNDO_WITHIN.total_seconds(),
    )
    return Returned(outcome)


def erase(store: Store, subscriber_id: int, now: datetime) -> bool:
    """Erase a reader. Return whether one existed: record and address go, a digest stays suppressed."""
    subscriber = SubscriberStore(store).get(subscriber_id)
    outcome = "moved"
    while subscriber is not None and outcome == "moved":
        outcome = _erase(store, subscriber, now, reason="erased")
        if outcome == "moved":
            subscriber = SubscriberStore(store).get(subscriber_id)
    return outcome == "erased"


def forget_unconfirmed(store: Store, now: datetime) -> int:
    """Erase those who never confirmed in time, without a trace, however many; return how many went."""
    subscribers, gone = SubscriberStore(store), 0
    before = (now - KEEP_UNCONFIRMED).timestamp()
    while old := subscribers.unconfirmed(before):
        went = sum(_erase(store, one, now, unconfirmed=True) == "erased" for one in subscribers.get_many(old))
        gone += went
        if not went:
            break
    return gone


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
