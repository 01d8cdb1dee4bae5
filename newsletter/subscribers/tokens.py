"""What stands in links: a subscriber's id and a purpose, signed.

A token holds no address. It is one run of URL-safe base64: the id, for
purposes with an age the instant, and 120 bits of HMAC-SHA256 over all of it
and the purpose, so a token of one purpose is damaged for every other. The
first key signs and all keys verify: a rotated secret keeps old links alive.

Unsubscribe and manage links carry no age and work for as long as a key is kept.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Literal

Purpose = Literal["confirm", "manage", "unsubscribe", "move"]

CONFIRM_WITHIN = timedelta(days=7)
"""How long a confirmation link works."""
_DATED: frozenset[str] = frozenset({"confirm", "move"})
_MAC_BYTES = 15
_INSTANT_BYTES = 4
_LONGEST_ID_BYTES = 8
_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class TokenState(StrEnum):
    """What a token turned out to be."""

    OK = "ok"
    EXPIRED = "expired"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class TokenReading:
    """A token's state, and the subscriber it names (None where damaged)."""

    state: TokenState
    subscriber_id: int | None = None
    signed_at: datetime | None = None
    """When it was signed; None for purposes without an age."""


def sign(purpose: Purpose, subscriber_id: int, keys: Sequence[str], *, now: datetime | None = None) -> str:
    """Return a token of at most 30 characters (for ids below 16 million), signed with the first key.

    `now` is needed for `confirm` and `move`, whose tokens have an age, and
    unused otherwise: the same reader's unsubscribe link never changes.
    """
    if subscriber_id < 0:
        raise ValueError("a subscriber's id is not negative")
    payload = subscriber_id.to_bytes(max(1, (subscriber_id.bit_length() + 7) // 8), "big")
    if purpose in _DATED:
        if now is None:
            raise ValueError(f"a {purpose} token has an age: pass now")
        payload += int(now.timestamp()).to_bytes(_INSTANT_BYTES, "big")
    return base64.urlsafe_b64encode(payload + _mac(purpose, payload, keys[0])).decode().rstrip("=")


def signer(purpose: Purpose, keys: Sequence[str]) -> Callable[[int], str]:
    """Return what `sign` does for a purpose without an age, for a thousand ids at once.

    The two hashes of HMAC (RFC 2104) take the key in once; `sign` does so for each token.
    """
    if purpose in _DATED:
        raise ValueError(f"a {purpose} token has an age: sign it by itself")
    key = keys[0].encode()
    block = (key if len(key) <= _BLOCK_BYTES else sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
    inner, outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))
    inner.update(f"newsletter:{purpose}:".encode())
    start_within, start_around = inner.copy, outer.copy

    def signed(subscriber_id: int) -> str:
        payload = subscriber_id.to_bytes((subscriber_id.bit_length() + 7) // 8 or 1, "big")
        within, around = start_within(), start_around()
        within.update(payload)
        around.update(within.digest())
        token = binascii.b2a_base64(payload + around.digest()[:_MAC_BYTES], newline=False)
        return token.translate(_URL_SAFE, b"=").decode("ascii")

    return signed


def read(
    purpose: Purpose, token: str, keys: Sequence[str], *, max_age: timedelta | None = None, now: datetime
) -> TokenReading:
    """Return what `token` says, if it was signed for `purpose` with any of `keys`.

    Every key is tried and compared in constant time. `max_age` applies to
    tokens with an age alone. A text that decodes to the same bytes but is not
    what we wrote is damaged too.
    """
    raw = _decoded(token)
    payload, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    genuine = [hmac.compare_digest(mac, _mac(purpose, payload, key)) for key in keys]
    if not payload or not any(genuine):
        return TokenReading(TokenState.DAMAGED)
    if purpose not in _DATED:
        return TokenReading(TokenState.OK, int.from_bytes(payload, "big"))
    subscriber_id = int.from_bytes(payload[:-_INSTANT_BYTES], "big")
    signed_at = datetime.fromtimestamp(int.from_bytes(payload[-_INSTANT_BYTES:], "big"), UTC)
    is_old = max_age is not None and now - signed_at > max_age
    return TokenReading(TokenState.EXPIRED if is_old else TokenState.OK, subscriber_id, signed_at)


def _mac(purpose: str, payload: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), b"newsletter:%s:%s" % (purpose.encode(), payload), "sha256")[:_MAC_BYTES]


def _decoded(token: str) -> bytes:
    """Return the bytes of a token as `sign` writes it, or none at all."""
    if len(token) > 2 * (_LONGEST_ID_BYTES + _INSTANT_BYTES + _MAC_BYTES):
        return b""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == token else b""
