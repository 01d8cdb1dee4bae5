"""Webhook posts: genuine or not, and what is read from them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sendgrid_server import PUBLIC_KEY, signature

from newsletter.delivery.feedback import events
from newsletter.delivery.feedback.events import is_genuine, parse
from newsletter.errors import InvalidInputError, SettingsError

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = '[{"event":"delivered","email":"zoë@example.org","timestamp":1}]\r\n'.encode()


def test_a_post_that_sendgrid_signed_is_genuine() -> None:
    """The signature covers the timestamp and the raw bytes, line end and umlauts included."""
    assert is_genuine(BODY, signature(STAMP, BODY), STAMP, PUBLIC_KEY, now=NOW)


@pytest.mark.parametrize(
    ("body", "signed", "stamp"),
    [
        (BODY + b" ", signature(STAMP, BODY), STAMP),
        (BODY, signature(STAMP, BODY), str(int(STAMP) + 1)),
        (BODY, signature(STAMP, BODY)[:-8], STAMP),
        (BODY, "not base64!", STAMP),
        (BODY, "", STAMP),
        (BODY, None, STAMP),
        (BODY, signature("", BODY), None),
        (BODY, signature("", BODY), ""),
        (BODY, signature("soon", BODY), "soon"),
        (BODY, signature("1" * 400, BODY), "1" * 400),
        (b"x" * 2_000_001, signature(STAMP, b"x" * 2_000_001), STAMP),
    ],
    ids=[
        *("body changed", "time changed", "cut", "not base64", "empty", "missing", "no time", "empty time"),
        *("not a time", "absurd time", "too large"),
    ],
)
def test_anything_wrong_with_a_post_is_told(body: bytes, signed: str | None, stamp: str | None) -> None:
    """The answer is no, never an exception: the site says 403."""
    assert not is_genuine(body, signed, stamp, PUBLIC_KEY, now=NOW)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=24), True),
        (timedelta(hours=26), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
    ids=["retried for a day", "replayed later", "clock ahead", "from the future"],
)
def test_a_post_is_good_for_as_long_as_sendgrid_retries(age: timedelta, expected: bool) -> None:
    """Twenty-four hours and some."""
    stamp = str(int((NOW - age).timestamp()))
    assert is_genuine(BODY, signature(stamp, BODY), stamp, PUBLIC_KEY, now=NOW) is expected


def test_a_key_of_another_kind_names_the_setting() -> None:
    """A public key that is no elliptic curve's, and text that is no key at all."""
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for wrong in ("secret", __import__("base64").b64encode(der).decode()):
        with pytest.raises(SettingsError, match="WEBHOOK_KEY"):
            is_genuine(BODY, signature(STAMP, BODY), STAMP, wrong, now=NOW)


def test_a_post_is_read_into_events() -> None:
    """A bounce that is a block is called one, custom arguments come merged at the top level."""
    body = json.dumps(
        [
            {
                "event": "delivered",
                "email": "a@b.c",
                "timestamp": 1780000000,
                "newsletter_request": "2026-06-10.1.2",
            },
            {
                "event": "bounce",
                "type": "blocked",
                "email": "a@b.c",
                "timestamp": 1780000000,
                "reason": "busy",
            },
            {
                "event": "bounce",
                "type": "bounce",
                "email": "a@b.c",
                "timestamp": 1780000000.5,
                "attempt": "5",
            },
        ]
    )
    first, second, third = parse(body.encode())
    assert (first.kind, first.request_id) == ("delivered", "2026-06-10.1.2")
    assert first.at == datetime.fromtimestamp(1780000000, UTC)
    assert (second.kind, second.reason, second.request_id) == ("blocked", "busy", "")
    assert third.kind == "bounce"


COMPLAINT = b'{"event":"spamreport","email":"a@b.c","timestamp":1780000000}'
BROKEN = {
    "half an emoji": rb'{"event":"bounce","email":"x@b.c","timestamp":1780000000,"reason":"no \ud83d"}',
    "half an emoji in the address": rb'{"event":"bounce","email":"\ud83d@b.c","timestamp":1780000000}',
    "not a number": b'{"event":"bounce","email":"x@b.c","timestamp":NaN}',
    "infinity": b'{"event":"bounce","email":"x@b.c","timestamp":-Infinity}',
    "a raw line break": b'{"event":"bounce","email":"x@b.c","timestamp":1780000000,"reason":"no\nno"}',
    "a number without end": b'{"event":"bounce","email":"x@b.c","timestamp":1' + b"0" * 6000 + b"}",
    "a byte that is no UTF-8": b'{"event":"bounce","email":"x\xff@b.c","timestamp":1780000000}',
    "no value": b'{"event":"bounce","email":}',
    "no comma": b'{"event":"bounce" "email":"x@b.c"}',
    "nested without end": b'{"event":' * 3000,
    "a string": b'"bounce"',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_event_takes_no_other_with_it(name: str) -> None:
    """A complaint before and one behind it are read, and everything that is read can be written."""
    post = b"[" + b",\r\n".join([COMPLAINT, BROKEN[name], COMPLAINT]) + b"]"
    found = parse(post)
    assert [event.kind for event in found if event.address == "a@b.c"] == ["spamreport"] * 2
    for event in found:
        f"{event.kind}{event.address}{event.reason}{event.request_id}".encode()


def test_a_post_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    """The half event at its end is lost; nobody can know it."""
    assert len(parse(b"[" + COMPLAINT + b"," + COMPLAINT[:30])) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[", b'"x"', b"\xff"])
def test_what_is_no_list_of_events_is_refused(body: bytes) -> None:
    """With a message, for the operator's log."""
    with pytest.raises(InvalidInputError):
        parse(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["event", "email", "timestamp", "type", "newsletter_request", "x"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_stands_in_a_list_is_read_without_failing(found: object) -> None:
    """Strangers may not, but SendGrid may send kinds that we do not know."""
    assert isinstance(parse(json.dumps([found]).encode()), tuple)


@pytest.mark.parametrize(
    "text", ["", "x", "2026-06-10", "2026-06-10.1", "2026-06-10.x.1", "letter-1.2", "2026-13-10.1.1"]
)
def test_an_id_that_is_none_of_ours_is_nobody(text: str) -> None:
    """Other systems share an account's webhook."""
    assert events.read_request_id(text) is None
