"""The return path of each mail, so that a bounce says by itself whose it was (VERP).

    bounces+2026-06-10.17.3.1042.mfzwizlnmfzwizln@example.org

Behind the `+` stand the request, the subscriber's number and a signature over
both and the reader's address: nobody can bounce another reader away, and what
bounced at an address that the reader has left since proves nothing any more.
The address itself is not in it. Everything is in lower case, because mail
servers on the way may fold the case of a local part.

The address that a reader leaves by mail at is made alike; see `leaving`.
"""

import base64
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from newsletter.errors import SettingsError
from newsletter.models import Recipient
from newsletter.settings import Settings

LONGEST_LOCAL_PART: Final = 12
"""Of the configured address: 64 octets (RFC 5321, 4.5.3.1.1) less the longest token."""
_ADDRESS: Final = re.compile(r"([a-z0-9._-]+)@([a-z0-9.-]+)", re.IGNORECASE)
_BEHIND_PLUS: Final = r"([a-z0-9-]{3,20}(?:\.\d{1,12}){2,3})\.([a-z2-7]{16})"
_LEAVING: Final = r"u-([a-z2-7]{16,51})"
_MAC_BYTES: Final = 10
_BASE32: Final = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)


@dataclass(frozen=True)
class ReturnToken:
    """What stands behind the `+` of a return path; not to be believed before `is_genuine`."""

    request_id: str
    subscriber_id: int
    mac: str


@dataclass(frozen=True)
class ReturnPath:
    """The address that mails come back to, and the keys that its tokens are signed with."""

    local: str
    domain: str
    keys: tuple[str, ...]

    @classmethod
    def at(cls, address: str, keys: Sequence[str]) -> "ReturnPath":
        """Return the return path at an address. Raises `SettingsError` where tokens do not fit there."""
        found = _ADDRESS.fullmatch(address)
        if found is None or len(found[1]) > LONGEST_LOCAL_PART:
            raise SettingsError(
                f"NEWSLETTER_BOUNCE_ADDRESS ({address}) cannot carry a token. Write a plain address with at "
                f"most {LONGEST_LOCAL_PART} characters before the @, such as bounces@example.org."
            )
        return cls(found[1].lower(), found[2].lower(), tuple(keys))

    @classmethod
    def of(cls, settings: Settings) -> "ReturnPath | None":
        """Return the return path of these settings; None where mails come back to the sender."""
        return cls.at(settings.bounce_address, settings.keys) if settings.bounce_address else None

    def writer(self, request_id: str) -> Callable[[Recipient], str]:
        """Return what writes the return path of each mail of a request."""
        local, domain, key = self.local, self.domain, self.keys[0]

        def written(recipient: Recipient) -> str:
            named = f"{request_id}.{recipient.subscriber_id}"
            return f"{local}+{named}.{_mac(named, recipient.address, key)}@{domain}"

        return written

    def read(self, text: str) -> tuple[ReturnToken, ...]:
        """Return the tokens of the return paths in a text (some headers), each once, in their order.

        >>> path = ReturnPath.at("bounces@example.org", ["key"])
        >>> ada = Recipient(subscriber_id=7, address="ada@example.org")
        >>> path.read(f"To: <{path.writer('2026-06-10.17.3')(ada).upper()}>")[0].request_id
        '2026-06-10.17.3'
        """
        found: dict[ReturnToken, None] = {}
        for named, mac in re.findall(self._place(_BEHIND_PLUS), text, re.IGNORECASE):
            request_id, _, number = named.lower().rpartition(".")
            found[ReturnToken(request_id, int(number), mac.lower())] = None
        return tuple(found)

    def read_leaving(self, text: str) -> tuple[str, ...]:
        """Return the unsubscribe tokens in a text's addresses (some headers), as `leaving` wrote them."""
        found = re.findall(self._place(_LEAVING), text, re.IGNORECASE)
        return tuple(dict.fromkeys(_token(written) for written in found))

    def _place(self, behind_plus: str) -> str:
        local, domain = re.escape(self.local), re.escape(self.domain)
        return rf"(?<![a-z0-9.+-]){local}\+{behind_plus}@{domain}\.?(?![a-z0-9.-])"

    def is_genuine(self, token: ReturnToken, address: str) -> bool:
        """Whether we signed this token, with any of the keys, for a mail to this very address."""
        named = f"{token.request_id}.{token.subscriber_id}"
        return any(hmac.compare_digest(token.mac, _mac(named, address, key)) for key in self.keys)


def leaving(address: str, tokens: Sequence[str]) -> list[str]:
    """Return where a mail unsubscribes a reader, whatever its subject is: for each token, an address with it.

        bounces+u-mfzwizlnmfzwizlnmfzwizlnmfzwizlnmfzwizlnmfzwizln@example.org

    A token's bytes are written in base32, in lower case. `address` is the
    bounce address; the tokens are alike long, in URL-safe base64.
    """
    local, _, domain = address.lower().rpartition("@")
    if not tokens:
        return []
    raw = np.frombuffer(base64.urlsafe_b64decode("".join(tokens)), np.uint8).reshape(len(tokens), -1)
    bits = np.unpackbits(raw, axis=1)
    bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 5)))
    fives = np.packbits(bits.reshape(len(tokens), -1, 5), axis=2)[:, :, 0] >> 3
    written, length = _BASE32[fives].tobytes().decode("ascii"), fives.shape[1]
    start, end = f"{local}+u-", f"@{domain}"
    return [start + written[at : at + length] + end for at in range(0, len(written), length)]


def _token(written: str) -> str:
    """Return the token that `leaving` wrote; something that nobody signed for anything else."""
    padded = written.upper() + "=" * (-len(written) % 8)
    try:
        return base64.urlsafe_b64encode(base64.b32decode(padded)).decode("ascii").rstrip("=")
    except ValueError:
        return "damaged"


def _mac(named: str, address: str, key: str) -> str:
    signed = f"newsletter:return:{named}:{address}".encode()
    digest = hmac.digest(key.encode(), signed, "sha256")[:_MAC_BYTES]
    return base64.b32encode(digest).decode("ascii").lower()
