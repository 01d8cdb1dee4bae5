"""SendGrid's signed event webhook: what came of the mails, applied to the ledger and the suppressions.

Events come late, out of order, more than once, and again under another
`sg_event_id`. So nothing here counts by adding: a request is proved or it is
not, an address is suppressed or it is not, and totals are cardinalities.

* Any event of a request proves that SendGrid accepted that request.
* A hard bounce, a complaint, an unsubscription and a drop for one of these
  suppress the address. A deferral does nothing, and a block is counted: see
  `reputation`.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.delivery import reputation
from newsletter.delivery.faults import Fault, fault_of
from newsletter.delivery.ledger import tallies
from newsletter.delivery.ledger.ledger import Ending, Ledger, read_request_id
from newsletter.delivery.mailers.sendgrid.personalization import REQUEST_ARGUMENT
from newsletter.errors import InvalidInputError, SettingsError
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.notices import Letterbox

LARGEST: Final = 2_000_000
"""Bytes of one post; SendGrid sends at most 768 KB."""
OLDEST: Final = timedelta(hours=25)
"""SendGrid tries again for 24 hours; older posts are replays."""
EARLIEST: Final = timedelta(minutes=5)
"""How far the other side's clock may be ahead."""

HEARD = Key("delivery:heard", "zset", "seconds in which SendGrid made events that we have; six hours of them")
KEYS = (HEARD,)

_DROPPED: Final = {
    "bounced address": Reason.BOUNCED,
    "invalid": Reason.BOUNCED,
    "spam reporting address": Reason.COMPLAINED,
    "unsubscribed address": Reason.UNSUBSCRIBED,
}
_SUPPRESSING: Final = {
    "spamreport": Reason.COMPLAINED,
    "unsubscribe": Reason.UNSUBSCRIBED,
    "group_unsubscribe": Reason.UNSUBSCRIBED,
}
_HEARD_KEPT: Final = timedelta(hours=6)


@dataclass(frozen=True)
class Event:
    """What happened to one mail, as far as we care."""

    kind: str
    """SendGrid's name: `processed`, `delivered`, `bounce`, `dropped`, …; a block is `blocked`."""
    address: str
    at: datetime
    request_id: str
    """What our request was called; empty for mails that are none of ours."""
    reason: str = ""


@dataclass(frozen=True)
class Applied:
    """What a post changed."""

    events: int = 0
    settled: int = 0
    """Uncertain recipients who turned out to be accepted."""
    suppressed: int = 0


def is_genuine(
    body: bytes, signature: str | None, timestamp: str | None, public_key: str, *, now: datetime
) -> bool:
    """Whether SendGrid signed these very bytes, and recently enough. Pure.

    `signature` and `timestamp` are the values of the headers
    `X-Twilio-Email-Event-Webhook-Signature` and `…-Timestamp`; whatever is
    wrong with them, the answer is no: 403. Raises `SettingsError` where the
    configured key is none.
    """
    key = read_key(public_key)
    if not signature or not timestamp or len(body) > LARGEST or not _is_recent(timestamp, now):
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def parse(body: bytes) -> tuple[Event, ...]:
    """Read a post. Anything but events is left out; raises `InvalidInputError` unless it is a list. Pure.

    Events are read one by one: one that is broken takes no other with it.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = _whole_objects(body)
        if not found:
            raise InvalidInputError("The body is not JSON. SendGrid sends a list of events.") from error
    if not isinstance(found, list):
        raise InvalidInputError("The body must be a list of events, as SendGrid sends it.")
    return tuple(event for one in found if (event := _event(one)) is not None)


def apply(store: Store, events: Iterable[Event], now: datetime) -> Applied:
    """Apply events, in any order and any number of times, with one result."""
    known = tuple(events)
    requests = {event.request_id: event for event in known if event.request_id}
    settled = sum(_prove(store, request_id, now) for request_id in requests)
    _count(store, known, now)
    softened = _soften(store, known)
    suppressed = sum(_suppress(store, event, softened, now) for event in known)
    return Applied(len(known), settled, suppressed)


def was_heard_about(store: Store, ended: datetime, until: datetime) -> bool:
    """Whether events came that SendGrid made right after `ended`, and some that it made after `until`.

    Both together show that the webhook still worked when a request had ended
    and has caught up beyond the limit; a request that no event names was silent.
    """
    soon = ended + min((until - ended) / 2, _MINUTE)
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        pipe.zcount(HEARD(), int(ended.timestamp()), int(soon.timestamp()))
        pipe.zcount(HEARD(), int(until.timestamp()) + 1, "+inf")
        near, after = pipe.execute()
    return bool(near and after)


_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=4)
def read_key(public_key: str) -> ec.EllipticCurvePublicKey:
    """Return the public key of the signed webhook. Raises `SettingsError` for what is none."""
    try:
        key = load_der_public_key(base64.b64decode("".join(public_key.split()), validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SettingsError(
            "NEWSLETTER_SENDGRID_WEBHOOK_KEY is not a valid public key. Copy the verification key from "
            "SendGrid: Settings, Mail Settings, Event Webhooks, Security."
        )
    return key


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    age = now.timestamp() - int(timestamp)  # as a number: some are out of the range of dates
    return -EARLIEST.total_seconds() <= age <= OLDEST.total_seconds()


_LENIENT: Final = json.JSONDecoder(strict=False)


def _whole_objects(body: bytes) -> list[Any]:
    """Return what can be read of a list that is not JSON as a whole.

    NaN, numbers without end, half an emoji and raw line breaks are put up
    with; after an object that cannot be read, it goes on at the next.
    """
    text = body.decode("utf-8", "replace")
    if not text.lstrip().startswith("["):
        return []
    found: list[Any] = []
    at = text.find("{")
    while at >= 0:
        try:
            one, end = _LENIENT.raw_decode(text, at)
            found.append(one)
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return found


def _event(found: Any) -> Event | None:
    if not isinstance(found, Mapping):
        return None
    kind, address, at = found.get("event"), found.get("email"), found.get("timestamp")
    if not isinstance(kind, str) or not isinstance(address, str) or not isinstance(at, int | float):
        return None
    if kind == "bounce" and found.get("type") != "bounce":
        kind = "blocked"
    request_id = found.get(REQUEST_ARGUMENT)
    kind, address = _storable(kind), _storable(address)
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return Event(
        kind,
        address,
        moment,
        _storable(request_id) if isinstance(request_id, str) else "",
        _storable(str(found.get("reason") or "")),
    )


def _storable(text: str) -> str:
    """Return a text without halves of characters, which cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _prove(store: Store, request_id: str, now: datetime) -> int:
    """Tell the ledger, or the letterbox, that SendGrid accepted a request."""
    read = read_request_id(request_id)
    if read is not None:
        return Ledger(store).settle(*read, Ending.PROVED)
    name, _, _ = request_id.partition(".")
    number = name.removeprefix("letter-")
    if (
        name != number
        and number.isdecimal()
        and len(number) < 20
        and Letterbox(store).get(int(number)) is not None
    ):
        Letterbox(store).sent(int(number), now)
    return 0


def _count(store: Store, events: Iterable[Event], now: datetime) -> None:
    oldest = int((now - _HEARD_KEPT).timestamp())
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for event in events:
            if (second := int(event.at.timestamp())) > oldest and event.at <= now + EARLIEST:
                pipe.zadd(HEARD(), {str(second): second})
            tallies.note(pipe, event.request_id, event.kind, event.address)
        pipe.zremrangebyscore(HEARD(), "-inf", oldest)
        pipe.execute()


def _soften(store: Store, events: Iterable[Event]) -> frozenset[str]:
    """Note blocks and deliveries; return who was blocked too often in a row."""
    return reputation.count_soft(
        store,
        [
            (event.address, event.request_id, event.kind == "delivered")
            for event in sorted(events, key=lambda one: one.at)
            if event.request_id and _says_something_of_the_mailbox(event)
        ],
    )


def _says_something_of_the_mailbox(event: Event) -> bool:
    is_ours = event.kind == "blocked" and fault_of(event.reason) is Fault.SENDER
    return event.kind in {"blocked", "delivered"} and not is_ours


def _suppress(store: Store, event: Event, softened: frozenset[str], now: datetime) -> int:
    reason = _reason(event) or (Reason.BOUNCED if event.address in softened else None)
    return 0 if reason is None else reputation.end(store, event.address, reason, now)


def _reason(event: Event) -> Reason | None:
    if event.kind == "bounce":
        return Reason.BOUNCED
    if event.kind == "dropped":
        return _DROPPED.get(event.reason.casefold())
    return _SUPPRESSING.get(event.kind)
