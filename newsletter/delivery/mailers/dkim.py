"""DKIM signatures (RFC 6376, relaxed/relaxed; RFC 8463 for Ed25519) over mails as they are spliced.

What recipients share of a body is canonicalised, and hashed up to the first
link, once a message; each mail goes on from a copy of that state. Mailbox
providers verify RSA, and many of them Ed25519 not yet, so RSA with 2,048 bits
is what to use.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from newsletter.errors import SettingsError
from newsletter.models import Message, Recipient
from newsletter.rendering.mime import PLACEHOLDER_BYTES, Envelope, value_in_body
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings

SIGNED: Final = (
    *(b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"),
    *(b"content-transfer-encoding", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
    *(b"list-archive", b"feedback-id", b"auto-submitted"),
)
"""What must not change on the way; RFC 8058 asks for both unsubscribe headers."""
SHORTEST_RSA: Final = 1024
"""Bits; verifiers take no less (RFC 8301)."""
_DOMAIN: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.IGNORECASE)
_SELECTOR: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_FOLD: Final = b"\r\n\t"

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True)
class Signer:
    """A key, and where in the DNS its other half is published."""

    domain: str
    selector: str
    key: PrivateKey

    @classmethod
    def of(cls, settings: Settings) -> "Signer | None":
        """Return the signer of these settings, if they name a key. Raises `SettingsError` for a bad one."""
        if settings.dkim_key is None:
            return None
        domain = settings.dkim_domain or SiteFacts.of(settings).sender_address.rpartition("@")[2]
        if _DOMAIN.fullmatch(domain) is None or _SELECTOR.fullmatch(settings.dkim_selector) is None:
            raise SettingsError(
                f"No DKIM record can stand at {settings.dkim_selector}._domainkey.{domain}. Correct "
                "NEWSLETTER_DKIM_SELECTOR, and NEWSLETTER_DKIM_DOMAIN or NEWSLETTER_FROM."
            )
        return cls(domain, settings.dkim_selector, _loaded(settings.dkim_key.get_secret_value()))

    @property
    def record(self) -> tuple[str, str]:
        """The name and the value of the TXT record to publish."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            kind = "rsa"
            raw = public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            kind = "ed25519"
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        value = f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode('ascii')}"
        return f"{self.selector}._domainkey.{self.domain}", value

    def signature(self, head: bytes, body_hash: bytes, at: datetime) -> bytes:
        """Return the header to put in front of a mail with these headers (CRLF at each end)."""
        fields = _by_name(head)
        named = [name for name in SIGNED if name in fields]
        # From once more than it is there: a second one, added on the way, breaks the signature
        begun = b"DKIM-Signature: v=1; a=%b; c=relaxed/relaxed; d=%b; s=%b; t=%d;%bh=%b;%bbh=%b;%bb=" % (
            b"rsa-sha256" if isinstance(self.key, RSAPrivateKey) else b"ed25519-sha256",
            self.domain.encode(),
            self.selector.encode(),
            int(at.timestamp()),
            _FOLD,
            _folded(b":".join([*named, b"from"]), b":"),
            _FOLD,
            base64.b64encode(body_hash),
            _FOLD,
        )
        signed = b"".join(fields[name] for name in named) + _relaxed_header(begun)
        raw = base64.b64encode(self._sign(signed))
        return begun + _FOLD.join(raw[start : start + 72] for start in range(0, len(raw), 72)) + b"\r\n"

    def _sign(self, content: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(content, PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(content).digest())


class SignedEnvelope(Envelope):
    """An envelope whose mails carry a signature each."""

    def __init__(
        self, message: Message, site: SiteFacts, *, sent_at: datetime, stamp: str, signer: Signer
    ) -> None:
        super().__init__(message, site, sent_at=sent_at, stamp=stamp)
        self._signer = signer
        self._sent_at = sent_at
        first, *rest = _canonical(self.body)
        self._begun = hashlib.sha256(first)
        self._rest = list(zip(rest[::2], rest[1::2], strict=True))
        """Each link's placeholder, and what stands behind it."""

    def pieces(self, recipient: Recipient, address: str) -> list[bytes]:
        """Return the mail in pieces, its signature in front."""
        mail = super().pieces(recipient, address)
        values = dict(zip(recipient.placeholders, recipient.values, strict=True))
        body = self._begun.copy()
        for placeholder, piece in self._rest:
            body.update(value_in_body(values[placeholder.decode()]))
            body.update(piece)
        head = b"".join(mail[: self.head_pieces]).removesuffix(b"\r\n")
        return [self._signer.signature(head, body.digest(), self._sent_at), *mail]


def envelope(
    message: Message, site: SiteFacts, *, sent_at: datetime, stamp: str, signer: Signer | None
) -> Envelope:
    """Return an envelope whose mails are signed where there is a signer."""
    if signer is None:
        return Envelope(message, site, sent_at=sent_at, stamp=stamp)
    return SignedEnvelope(message, site, sent_at=sent_at, stamp=stamp, signer=signer)


def _canonical(body: bytes) -> Iterator[bytes]:
    """Yield a body in its relaxed form (RFC 6376, 3.4.4), cut at the placeholders, which stand between.

    What is spliced in holds no blank and stands between soft line breaks, so
    that neither side of a cut changes the form of the other; and no line of
    quoted-printable text ends with a blank.
    """
    relaxed = re.sub(rb"[ \t]+", b" ", body)
    content = relaxed.rstrip(b"\r\n")
    relaxed = content + b"\r\n" if content else b""
    at = 0
    for found in PLACEHOLDER_BYTES.finditer(relaxed):
        yield relaxed[at : found.start()]
        yield found[0]
        at = found.end()
    yield relaxed[at:]


def _by_name(head: bytes) -> dict[bytes, bytes]:
    """Return each header in its relaxed form, by lower-case name; ours stand once each."""
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    relaxed = (_relaxed_header(line) + b"\r\n" for line in unfolded.removesuffix(b"\r\n").split(b"\r\n"))
    return {line.partition(b":")[0]: line for line in relaxed}


def _relaxed_header(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip().lower() + b":" + value


def _folded(value: bytes, at: bytes) -> bytes:
    """Break a long list into lines."""
    lines = [b""]
    for part in value.split(at):
        if len(lines[-1]) + len(part) > 70:
            lines.append(b"")
        lines[-1] += part + at
    return _FOLD.join(lines).removesuffix(at)


@lru_cache(maxsize=4)
def _loaded(given: str) -> PrivateKey:
    """Return the key that stands in a setting, or in the file that it names."""
    advice = "Make one with: openssl genrsa -out dkim.pem 2048"
    if "-----BEGIN" in given:
        pem = given.replace("\\n", "\n")
    else:
        try:
            pem = Path(given).read_text("ascii")
        except (OSError, ValueError) as error:
            raise SettingsError(f"NEWSLETTER_DKIM_KEY names a file that cannot be read. {advice}") from error
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"NEWSLETTER_DKIM_KEY is not an unencrypted private key. {advice}") from error
    if isinstance(key, RSAPrivateKey) and key.key_size >= SHORTEST_RSA:
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise SettingsError(f"NEWSLETTER_DKIM_KEY is of a kind that nobody verifies. {advice}")
