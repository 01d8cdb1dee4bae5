"""What stands in links: for whom, for what, and to which address it was mailed; sealed.

A token is one run of URL-safe base64: AES-SIV (RFC 5297) over the subscriber's
id (4 bytes), 80 bits of the SHA-256 of the address, and in tokens with an age
an instant in milliseconds (6 bytes). The key is derived for the purpose alone,
so a token of one purpose is damaged for every other. Nothing in it can be
read or guessed from outside: neither id, nor address, nor how many there are.

A yes counts for the very address that it was mailed to, as it was typed; a no
counts for the mailbox, in whatever spelling.

    confirm      in a confirmation or an invitation; subscribes the address that it was
                 mailed to, for 7 days. Ends when its owner leaves or says “this wasn't
                 me”, and when another spelling was typed since.
    move         in the question to a new address, and in the notice to the old one; has
                 the reader's mail go to the address that it was mailed to, for 7 days.
                 Ends when the wish is stopped or replaced, when the reader leaves or is
                 erased, and when that address says no.
    manage       in every digest; shows and changes preferences, asks for a move, leaves,
                 erases, for ever, and never makes anybody active. Ends when the reader
                 changes the address or is erased, and with its secret.
    unsubscribe  in every digest; stops the mail to its mailbox, wherever its reader moved
                 to, for ever: nothing ends it. For one day it undoes that too, until the
                 reader changes the address.
    reject       in a confirmation or an invitation; forgets an address that was never
                 confirmed, unsubscribes one that was, and keeps forms from asking for 30
                 days, for ever: nothing ends it.

A stranger who holds a forwarded digest can read and change that reader's
preferences, stop the mail, undo that within a day, ask that the mail go to
another address (the reader is told at once, and has a week to have it back),
and erase. They can bring back nobody who left more than a day ago. A forwarded
confirmation confirms its own address and no other, for seven days.

Yes-links are signed with the first of the operator's secrets and verified with
all. No-links are signed with a key that the store made for itself (`keyring`):
they work after every rotation, without an operator's memory.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from newsletter.subscribers import addresses

Purpose = Literal["confirm", "manage", "unsubscribe", "move", "reject"]

CONFIRM_WITHIN = timedelta(days=7)
"""How long a confirmation link works."""
LAST_ID = 2**32 - 1
"""Four bytes hold it."""
_DATED: frozenset[str] = frozenset({"confirm", "move"})
_NO: frozenset[str] = frozenset({"unsubscribe", "reject"})
_ID_BYTES, _WHO_BYTES, _INSTANT_BYTES, _BLOCK = 4, 10, 6, 16
"""Id, address and a block's tag in threes together, with and without the instant: base64 of whole threes
is written in one way alone."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class Keys(NamedTuple):
    """What links are sealed with."""

    secrets: tuple[str, ...]
    """The operator's: the first signs, all verify."""
    leaving: str
    """The store's own, for links that must work for ever; empty where none was signed yet."""

    def of(self, purpose: Purpose) -> tuple[str, ...]:
        """Return the keys of a purpose, the one that signs first; none where the store made none."""
        if purpose in _NO:
            return (self.leaving,) if self.leaving else ()
        return self.secrets


class TokenState(StrEnum):
    """What a token turned out to be."""

    OK = "ok"
    EXPIRED = "expired"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class TokenReading:
    """A token's state, and what it says (nothing where it is damaged)."""

    state: TokenState
    subscriber_id: int | None = None
    who: bytes = b""
    """Names the address; see `is_for` and `mailbox`."""
    instant: int = 0
    """In milliseconds; 0 for purposes without an age."""

    def is_for(self, address: str) -> bool:
        """Whether it was mailed to this very address. Only for a yes: a no is for a mailbox."""
        return hmac.compare_digest(self.who, _exactly(address))

    @property
    def mailbox(self) -> tuple[int, int]:
        """Where the address is indexed, in whatever spelling. Only for a no: a yes is for one spelling."""
        return addresses.place(self.who)


def sign(
    purpose: Purpose, subscriber_id: int, address: str, keys: Keys, *, instant: int | None = None
) -> str:
    """Return a token of 40 characters (48 with an age) for a link that is mailed to `address`.

    `instant` is needed for `confirm` and `move`, in milliseconds, one that no
    other token has. Without it the same reader's link never changes.
    """
    if purpose not in _DATED:
        return sign_many(purpose, [subscriber_id], [address], keys)[0]
    if instant is None:
        raise ValueError(f"a {purpose} token has an age: pass its instant")
    _check(np.asarray([subscriber_id]))
    said = subscriber_id.to_bytes(_ID_BYTES, "big") + _exactly(address)
    sealed = _sealer(purpose, keys.of(purpose)[0]).encrypt(
        said + instant.to_bytes(_INSTANT_BYTES, "big"), None
    )
    return base64.urlsafe_b64encode(sealed).decode("ascii")


def sign_many(
    purpose: Purpose, ids: Sequence[int] | npt.NDArray[np.int64], to: Sequence[str], keys: Keys
) -> list[str]:
    """Return what `sign` does, for a thousand readers at once and a purpose without an age."""
    if purpose in _DATED:
        raise ValueError(f"a {purpose} token has an age: sign it by itself")
    numbers = np.asarray(ids, np.int64)
    _check(numbers)
    who = b"".join(map(_anyhow if purpose in _NO else _exactly, to))
    said = np.zeros((len(numbers), _BLOCK), np.uint8)
    said[:, :_ID_BYTES] = numbers.astype(">u4")[:, None].view(np.uint8)
    said[:, _ID_BYTES : _ID_BYTES + _WHO_BYTES] = np.frombuffer(who, np.uint8).reshape(-1, _WHO_BYTES)
    sealed = _sealed(_purpose_key(purpose, keys.of(purpose)[0]), said, _ID_BYTES + _WHO_BYTES)
    text = base64.urlsafe_b64encode(sealed.tobytes()).decode("ascii")
    length = sealed.shape[1] // 3 * 4
    return [text[at : at + length] for at in range(0, len(text), length)]


def read(
    purpose: Purpose, token: str, keys: Keys, *, max_age: timedelta | None = None, now: datetime
) -> TokenReading:
    """Return what `token` says, if it was signed for `purpose` with any of its keys.

    `max_age` applies to tokens with an age alone.
    """
    is_dated = purpose in _DATED
    raw = _decoded(token, _BLOCK + _ID_BYTES + _WHO_BYTES + (_INSTANT_BYTES if is_dated else 0))
    said = next((found for key in keys.of(purpose) if (found := _opened(purpose, raw, key))), None)
    if said is None:
        return TokenReading(TokenState.DAMAGED)
    subscriber_id = int.from_bytes(said[:_ID_BYTES], "big")
    who = said[_ID_BYTES : _ID_BYTES + _WHO_BYTES]
    if not is_dated:
        return TokenReading(TokenState.OK, subscriber_id, who)
    instant = int.from_bytes(said[_ID_BYTES + _WHO_BYTES :], "big")
    is_old = max_age is not None and now.timestamp() - instant / 1000 > max_age.total_seconds()
    return TokenReading(TokenState.EXPIRED if is_old else TokenState.OK, subscriber_id, who, instant)


def _exactly(address: str) -> bytes:
    return hashlib.sha256(address.encode()).digest()[:_WHO_BYTES]


def _anyhow(address: str) -> bytes:
    return _exactly(addresses.key_of(address))


def _check(ids: npt.NDArray[np.int64]) -> None:
    if ids.size and not 0 <= ids.min() <= ids.max() <= LAST_ID:
        raise ValueError("a subscriber's id is neither negative nor above four thousand millions")


def _sealed(key: bytes, said: npt.NDArray[np.uint8], length: int) -> npt.NDArray[np.uint8]:
    """Return AES-SIV of each row: `length` bytes of a block whose rest is zero.

    What is shorter than a block is one block for the tag and one for the
    cipher (RFC 5297, 2.4 and 2.6): a thousand are two calls.
    """
    tag, mask = (
        Cipher(AES(half), ECB()).encryptor().update  # noqa: S305 - each message is a single block
        for half in (key[:_BLOCK], key[_BLOCK:])
    )
    subkey = _doubled(tag(bytes(_BLOCK)))
    start = _doubled(tag(subkey))  # doubled CMAC of a block of zeros
    padded = said.copy()
    padded[:, length] = 0x80
    padded ^= np.frombuffer(start, np.uint8) ^ np.frombuffer(subkey, np.uint8)
    tags = np.frombuffer(tag(padded.tobytes()), np.uint8).reshape(-1, _BLOCK)
    counters = tags.copy()
    counters[:, [8, 12]] &= 0x7F
    masks = np.frombuffer(mask(counters.tobytes()), np.uint8).reshape(-1, _BLOCK)
    return np.hstack([tags, said[:, :length] ^ masks[:, :length]])


def _doubled(block: bytes) -> bytes:
    twice = int.from_bytes(block, "big") << 1
    return ((twice ^ (0x87 if twice >> 128 else 0)) % 2**128).to_bytes(_BLOCK, "big")


def _opened(purpose: str, raw: bytes, key: str) -> bytes | None:
    try:
        return _sealer(purpose, key).decrypt(raw, None)
    except InvalidTag:
        return None


def _sealer(purpose: str, key: str) -> AESSIV:
    return AESSIV(_purpose_key(purpose, key))


def _purpose_key(purpose: str, key: str) -> bytes:
    return hmac.digest(key.encode(), f"newsletter:token:{purpose}".encode(), "sha256")


def _decoded(token: str, length: int) -> bytes:
    """Return the bytes of a token, or as many zeros, which nobody signed."""
    if len(token) != length // 3 * 4 or _TOKEN.fullmatch(token) is None:
        return bytes(length)
    return base64.urlsafe_b64decode(token)
