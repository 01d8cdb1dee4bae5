"""Two small signed values: when a form was shown, and which browser filled it in.

Both are signed with the site's keys (the first signs, all verify) and hold
neither address nor id. Wrong, old and forged ones are told apart by values,
never by exceptions.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from itsdangerous import BadSignature, Signer

from newsletter.errors import InvalidInputError
from newsletter.subscribers import addresses
from newsletter.subscribers.consent import tokens

CONFIRM_COOKIE = "confirm"
COOKIE_LIFE = tokens.CONFIRM_WITHIN
"""As long as the link in the confirmation mail lives."""
FASTEST_FILL = timedelta(seconds=2)
"""Nobody reads a form, types an address and presses the button in less; scripts do."""
LONGEST_FILL = timedelta(hours=48)


class Fill(StrEnum):
    """How long somebody took to fill in a form."""

    HUMAN = "human"
    TOO_FAST = "too fast"
    TOO_OLD = "too old"
    FORGED = "forged"


def _signer(keys: tuple[str, ...], purpose: str) -> Signer:
    # itsdangerous signs with the last key and verifies with all
    return Signer(
        list(reversed(keys)), salt=f"newsletter.web.{purpose}", digest_method=hashlib.sha256, sep="."
    )


def stamp(keys: tuple[str, ...], now: datetime) -> str:
    """Return what the form carries to say when it was shown."""
    return _signer(keys, "form").sign(str(int(now.timestamp()))).decode("ascii")


def fill(value: str, keys: tuple[str, ...], now: datetime) -> Fill:
    """Judge how long the form that carried `value` took."""
    try:
        shown = datetime.fromtimestamp(int(_signer(keys, "form").unsign(value)), UTC)
    except (BadSignature, ValueError, OverflowError, OSError):
        return Fill.FORGED
    if now - shown > LONGEST_FILL:
        return Fill.TOO_OLD
    # stamps count whole seconds: a form shown at .9 must not look a second older
    return Fill.TOO_FAST if now.replace(microsecond=0) - shown < FASTEST_FILL else Fill.HUMAN


def _fingerprint(address: str, key: str) -> str:
    try:
        folded = addresses.parse(address).key
    except InvalidInputError:  # a honeypot's catch: as long as any other
        folded = ""
    return hmac.digest(key.encode(), b"newsletter.web.address:" + folded.encode(), "sha256").hex()[:32]


def browser_cookie(address: str, keys: tuple[str, ...], now: datetime) -> str:
    """Return the cookie's value for the browser that gave `address` in the form."""
    body = f"{_fingerprint(address, keys[0])}-{int(now.timestamp())}"
    return _signer(keys, "browser").sign(body).decode("ascii")


def is_same_browser(value: str, address: str, keys: tuple[str, ...], now: datetime) -> bool:
    """Whether the cookie says that this very browser gave this very address, not too long ago."""
    try:
        mark, _, given = _signer(keys, "browser").unsign(value).decode("ascii").partition("-")
        age = now - datetime.fromtimestamp(int(given), UTC)
    except (BadSignature, ValueError, OverflowError, OSError):
        return False
    is_known = any(hmac.compare_digest(mark, _fingerprint(address, key)) for key in keys)
    return is_known and timedelta(seconds=-60) <= age <= COOKIE_LIFE
