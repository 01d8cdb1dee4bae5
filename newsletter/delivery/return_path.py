"""The return path of each mail, so that a bounce says by itself whose it was (VERP).

    bounces+2026-06-10.17.3.1042.mfzwizlnmfzwizln@example.org

Behind the `+` stand the request, the subscriber's number and a signature over
both and the reader's address: nobody can bounce another reader away, and what
bounced at an address that the reader has left since proves nothing any more.
The address itself is not in it. Everything is in lower case, because mail
servers on the way may fold the case of a local part.
"""

import base64
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from newsletter.errors import SettingsError
from newsletter.models import Recipient
from newsletter.settings import Settings

LONGEST_LOCAL_PART: Final = 12
"""Of the configured address: 64 octets (RFC 5321, 4.5.3.1.1) less the longest token."""
_ADDRESS: Final = re.compile(r"([a-z0-9._-]+)@([a-z0-9.-]+)", re.IGNORECASE)
_BEHIND_PLUS: Final = r"([a-z0-9-]{3,20}(?:\.\d{1,12}){2,3})\.([a-z2-7]{16})"
_MAC_BYTES: Final = 10


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
        place = (
            rf"(?<![a-z0-9.+-]){re.escape(self.local)}\+{_BEHIND_PLUS}@{re.escape(self.domain)}(?![a-z0-9.-])"
        )
        found: dict[ReturnToken, None] = {}
        for named, mac in re.findall(place, text, re.IGNORECASE):
            request_id, _, number = named.lower().rpartition(".")
            found[ReturnToken(request_id, int(number), mac.lower())] = None
        return tuple(found)

    def is_genuine(self, token: ReturnToken, address: str) -> bool:
        """Whether we signed this token, with any of the keys, for a mail to this very address."""
        named = f"{token.request_id}.{token.subscriber_id}"
        return any(hmac.compare_digest(token.mac, _mac(named, address, key)) for key in self.keys)


def _mac(named: str, address: str, key: str) -> str:
    signed = f"newsletter:return:{named}:{address}".encode()
    digest = hmac.digest(key.encode(), signed, "sha256")[:_MAC_BYTES]
    return base64.b32encode(digest).decode("ascii").lower()
