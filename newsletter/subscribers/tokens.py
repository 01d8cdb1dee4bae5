"""What stands in links: a subscriber's id and a purpose, signed.

A token holds no address. It is one run of URL-safe base64: the id (5 bytes),
for purposes with an age the instant (6 bytes), and all 128 bits of AES-CMAC
(NIST SP 800-38B) over both, under a key that HMAC-SHA256 derives from the
secret for this purpose alone: a token of one purpose is damaged for every
other. The first secret signs and all verify: a rotated one keeps old links
alive.

Unsubscribe and manage links carry no age and work for as long as their secret is kept.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC

Purpose = Literal["confirm", "manage", "unsubscribe", "move"]

CONFIRM_WITHIN = timedelta(days=7)
"""How long a confirmation link works."""
_DATED: frozenset[str] = frozenset({"confirm", "move"})
_ID_BYTES, _INSTANT_BYTES, _MAC_BYTES = 5, 6, 16
"""In threes together, with and without the instant: base64 of whole threes is written in one way alone."""
_BLOCK_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


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
    """Return a token of 28 characters (36 with an age), signed with the first key.

    `now` is needed for `confirm` and `move`, whose tokens have an age, and
    unused otherwise: the same reader's unsubscribe link never changes.
    """
    if purpose not in _DATED:
        return sign_many(purpose, [subscriber_id], keys)[0]
    if now is None:
        raise ValueError(f"a {purpose} token has an age: pass now")
    return _signed(purpose, [subscriber_id], int(now.timestamp()), keys[0])[0]


def sign_many(purpose: Purpose, ids: Sequence[int] | npt.NDArray[np.int64], keys: Sequence[str]) -> list[str]:
    """Return what `sign` does, for a thousand ids at once and a purpose without an age."""
    if purpose in _DATED:
        raise ValueError(f"a {purpose} token has an age: sign it by itself")
    return _signed(purpose, ids, None, keys[0])


def read(
    purpose: Purpose, token: str, keys: Sequence[str], *, max_age: timedelta | None = None, now: datetime
) -> TokenReading:
    """Return what `token` says, if it was signed for `purpose` with any of `keys`.

    Every key is tried and compared in constant time. `max_age` applies to
    tokens with an age alone.
    """
    is_dated = purpose in _DATED
    raw = _decoded(token, _ID_BYTES + (_INSTANT_BYTES if is_dated else 0) + _MAC_BYTES)
    said, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    subscriber_id, instant = (int.from_bytes(part, "big") for part in (said[:_ID_BYTES], said[_ID_BYTES:]))
    genuine = [hmac.compare_digest(mac, _mac(purpose, subscriber_id, instant, key)) for key in keys]
    if not any(genuine):
        return TokenReading(TokenState.DAMAGED)
    if not is_dated:
        return TokenReading(TokenState.OK, subscriber_id)
    signed_at = datetime.fromtimestamp(instant, UTC)
    is_old = max_age is not None and now - signed_at > max_age
    return TokenReading(TokenState.EXPIRED if is_old else TokenState.OK, subscriber_id, signed_at)


def _signed(
    purpose: str, ids: Sequence[int] | npt.NDArray[np.int64], instant: int | None, key: str
) -> list[str]:
    numbers = np.asarray(ids, np.int64)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < 256**_ID_BYTES:
        raise ValueError("a subscriber's id is neither negative nor above a million millions")
    blocks = np.zeros((len(numbers), 2), ">u8")
    blocks[:, 0] = numbers
    blocks[:, 1] = instant or 0
    as_bytes = blocks.view(np.uint8)
    said = [as_bytes[:, 8 - _ID_BYTES : 8]]
    if instant is not None:
        said.append(as_bytes[:, 16 - _INSTANT_BYTES :])
    written = np.hstack([*said, _macs(_purpose_key(purpose, key), as_bytes)])
    text = base64.urlsafe_b64encode(written.tobytes()).decode("ascii")
    length = written.shape[1] // 3 * 4
    return [text[at : at + length] for at in range(0, len(text), length)]


def _macs(key: bytes, blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the AES-CMAC of each row of 16 bytes.

    A message of one whole block is the block and the first subkey, encrypted
    (RFC 4493, 2.3 and 2.4): a thousand are one call.
    """
    encrypt = Cipher(AES(key), ECB()).encryptor().update  # noqa: S305 - each message is a single block
    doubled = int.from_bytes(encrypt(bytes(_BLOCK_BYTES)), "big") << 1
    subkey = (doubled ^ (0x87 if doubled >> 128 else 0)) % 2**128
    masked = blocks ^ np.frombuffer(subkey.to_bytes(_BLOCK_BYTES, "big"), np.uint8)
    return np.frombuffer(encrypt(masked.tobytes()), np.uint8).reshape(-1, _MAC_BYTES)


def _mac(purpose: str, subscriber_id: int, instant: int, key: str) -> bytes:
    mac = CMAC(AES(_purpose_key(purpose, key)))
    mac.update(subscriber_id.to_bytes(8, "big") + instant.to_bytes(8, "big"))
    return mac.finalize()


def _purpose_key(purpose: str, key: str) -> bytes:
    return hmac.digest(key.encode(), f"newsletter:token:{purpose}".encode(), "sha256")


def _decoded(token: str, length: int) -> bytes:
    """Return the bytes of a token, or as many zeros, which nobody signed."""
    if len(token) != length // 3 * 4 or _TOKEN.fullmatch(token) is None:
        return bytes(length)
    return base64.urlsafe_b64decode(token)
