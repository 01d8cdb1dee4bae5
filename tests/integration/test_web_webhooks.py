"""The door that SendGrid knocks at: only what it signed comes in, and coming twice changes nothing."""

from collections.abc import Callable

import orjson
import pytest
from sendgrid_server import PUBLIC_KEY, signature
from visitor import Visitor

from newsletter.delivery.feedback import events
from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store

DOOR = "/webhooks/sendgrid"


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """SendGrid, before a site that knows its key."""
    return Visitor(make_settings(sendgrid_webhook_key=PUBLIC_KEY))


def post(visitor: Visitor, body: bytes, *, signed: bytes | None = None) -> int:
    """Post `body` under a signature of `signed` (of itself where None) and return the status."""
    stamp = str(int(visitor.now.timestamp()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature(stamp, body if signed is None else signed),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return int(visitor.web.post(DOOR, content=body, headers=headers).status_code)


def test_a_signed_bounce_ends_the_mails_to_an_address_once(visitor: Visitor):
    """The reader is marked as bounced, also when the same post comes again."""
    reader = visitor.reader("ada@example.org")
    at = int(visitor.now.timestamp())
    body = orjson.dumps([{"event": "bounce", "type": "bounce", "email": "ada@example.org", "timestamp": at}])
    assert [post(visitor, body), post(visitor, body)] == [200, 200]
    assert visitor.subscribers.get(reader.id).status is SubscriberStatus.BOUNCED


def test_what_sendgrid_did_not_sign_changes_nothing(visitor: Visitor):
    """Other bytes under a genuine signature, and none at all: 403."""
    reader = visitor.reader("ada@example.org")
    at = int(visitor.now.timestamp())
    body = orjson.dumps([{"event": "bounce", "type": "bounce", "email": "ada@example.org", "timestamp": at}])
    assert post(visitor, body, signed=b"[]") == 403
    assert visitor.web.post(DOOR, content=body).status_code == 403
    assert visitor.subscribers.get(reader.id).status is SubscriberStatus.ACTIVE


@pytest.mark.parametrize(
    "stamp",
    [
        "999999999999",
        "253402300800",
        "99999999999999999999",
        "-1",
        "0",
        "",
        "1e9",
        "nan",
        "٣٣٣",
        "1 ",
        "x" * 5_000,
    ],
)
@pytest.mark.parametrize("signed", ["", "AAAA", "not base64", "é", "=", "A" * 10_000])
def test_no_header_of_a_stranger_breaks_the_door(visitor: Visitor, stamp: str, signed: str):
    """403 for any timestamp and any signature that SendGrid would not send."""
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signed.encode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp.encode(),
    }
    assert visitor.web.post(DOOR, content=b"[]", headers=headers).status_code == 403


def test_a_genuine_signature_of_an_instant_that_is_no_date_is_refused(visitor: Visitor):
    """Even what the key signed must have been signed lately."""
    for stamp in ("999999999999", "0"):
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": signature(stamp, b"[]"),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        assert visitor.web.post(DOOR, content=b"[]", headers=headers).status_code == 403


def test_bad_bodies_get_their_own_answers(visitor: Visitor):
    """Signed nonsense is 400, more than a post may hold 413, a GET 405."""
    assert post(visitor, b"{") == 400
    assert post(visitor, b"x" * (events.LARGEST + 1)) == 413
    assert visitor.web.get(DOOR).status_code == 405


def test_without_a_key_there_is_no_door(make_settings: Callable[..., Settings], store: Store):
    """Who did not configure the webhook has none."""
    assert Visitor(make_settings()).web.post(DOOR, content=b"[]").status_code == 404
