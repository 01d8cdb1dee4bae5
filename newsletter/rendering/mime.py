"""A message as bytes: encoded once, then spliced for each recipient.

Both parts are quoted-printable (RFC 2045, 6.7), written here so that each
placeholder stands between soft line breaks and a recipient's value can be put
there as bytes. No line of a body begins with a full stop or with `From `, and
every line ends with CRLF, so that an SMTP client need not look at the bytes
again. Headers that hold addresses are never folded: a folded or encoded
`List-Unsubscribe` hides the one-click button.
"""

import re
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from hashlib import blake2b

import idna

from newsletter.errors import InvalidInputError
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts

PLACEHOLDER = re.compile(r"-[a-z]+(?:_[a-z]+)*_url-")
"""What differs between recipients: `-unsubscribe_url-`. Each stands for an address in ASCII."""
PLACEHOLDER_BYTES = re.compile(PLACEHOLDER.pattern.encode())
LONGEST_LINE = 998
"""Bytes in a line of a mail, CRLF not counted (RFC 5322, 2.1.1)."""
_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f<>,;:\\\"()\[\]@]+@[^\s\x00-\x20\x7f<>,;:\\\"()@]+")
_AS_IT_IS = re.compile(r"[!-\-/-<>-~][!-<>-~]{0,71}")
"""A value that needs no encoding, wherever it stands: the usual link."""
_ESCAPED = re.compile(rb"[^ -<>-~\t]|[ \t]+(?=\Z)")
_CHUNK = re.compile(rb".{1,73}(?<!=)(?<!=.)", re.DOTALL)
_SOFT_BREAK = b"=\r\n"


def wire_address(address: str) -> str:
    """Return an address as SMTP wants it: the domain in ASCII (IDNA 2008), the local part as typed.

    Raises `InvalidInputError` for anything but a plain address; a comma or a line
    end in one would write somebody else into the headers.
    """
    if _ADDRESS.fullmatch(address) is None:
        raise InvalidInputError(f"{address!r} is not an address that can be mailed. Correct or remove it.")
    return address if address.isascii() else _with_ascii_domain(address)


@lru_cache(maxsize=1024)
def _with_ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise InvalidInputError(
            f"The domain of {address!r} does not exist in ASCII: {error}. Correct or remove it."
        ) from error


def message_id(stamp: bytes, address: str, host: bytes) -> bytes:
    """Return a mail's Message-ID without its brackets, the same however often it is sent."""
    mark = blake2b(b"%b %b" % (stamp, address.encode()), digest_size=10).hexdigest().encode()
    return b"%b.%b@%b" % (stamp, mark, host)


class Envelope:
    """One message from one sender, encoded once for any number of recipients."""

    def __init__(self, message: Message, site: SiteFacts, *, sent_at: datetime, stamp: str) -> None:
        """Encode what all recipients share.

        `stamp` names the mailing (an edition's date, a letter's number). With a
        digest of both and the address it makes the Message-ID, so a mail that
        is sent again by mistake carries the id of the first one and can be
        recognised; how many readers there are cannot.
        Raises `InvalidInputError` for a sender or header that cannot be written.
        """
        self._pieces: list[bytes] = []
        self._slots: dict[str, tuple[list[int], list[int]]] = {}
        self._stamp = (re.sub(r"[^A-Za-z0-9.-]+", "-", stamp).strip(".") or "mail").encode()
        self._host = site.host.encode()
        self._write_own_headers(message.subject, site, sent_at)
        for name, value in message.headers:
            self._add(_header(name, value), in_body=False)
        head, blank, self.body = (b"MIME-Version: 1.0\r\n" + _body(message)).partition(b"\r\n\r\n")
        """The body that all recipients share, with the placeholders in it."""
        self._add(head + blank, in_body=False)
        self.head_pieces = len(self._pieces)
        """How many of a mail's pieces are its headers, the empty line included."""
        self._add(self.body, in_body=True)

    def splice(self, recipient: Recipient) -> bytes:
        """Return the whole mail for one recipient.

        Raises `InvalidInputError` for an address that cannot be written, and
        where `pieces` does.
        """
        return b"".join(self.pieces(recipient, wire_address(recipient.address)))

    def pieces(self, recipient: Recipient, address: str) -> list[bytes]:
        """Return the mail in pieces, most of its bytes in those that all share; `address` as SMTP wants it.

        Raises `InvalidInputError` for a placeholder without a value and for a
        value that is not plain ASCII.
        """
        values = dict(zip(recipient.placeholders, recipient.values, strict=True))
        pieces = self._pieces.copy()
        pieces[1] = address.encode()
        pieces[3] = b"<%b>" % message_id(self._stamp, recipient.address, self._host)
        for name, (in_headers, in_bodies) in self._slots.items():
            if name not in values:
                raise InvalidInputError(
                    f"The message has the placeholder {name} and recipient {recipient.subscriber_id} "
                    "brings no value for it. Render the message again, or pass the value."
                )
            value = values[name]
            if _AS_IT_IS.fullmatch(value):
                plain = quoted = value.encode()
            else:
                plain = _plain(value)
                quoted = _quoted(plain)
            for index in in_headers:
                pieces[index] = plain
            for index in in_bodies:
                pieces[index] = quoted
        return pieces

    def _write_own_headers(self, subject: str, site: SiteFacts, sent_at: datetime) -> None:
        subject = " ".join(subject.split())
        if not subject.isascii():
            subject = Header(subject, "utf-8", 76, "Subject").encode(linesep="\r\n")
        between = [f"Subject: {subject}", f"Date: {format_datetime(sent_at)}"]
        if site.reply_to:
            between.append(f"Reply-To: {_mailbox(site.reply_to)}")
        shared = "\r\n".join(["", *between, "Message-ID: "])
        self._pieces = [f"From: {_mailbox(site.from_)}\r\nTo: ".encode(), b"", shared.encode(), b"", b"\r\n"]

    def _add(self, content: bytes, *, in_body: bool) -> None:
        at = 0
        for found in PLACEHOLDER_BYTES.finditer(content):
            self._pieces += [content[at : found.start()], b""]
            self._slots.setdefault(found[0].decode(), ([], []))[in_body].append(len(self._pieces) - 1)
            at = found.end()
        self._pieces.append(content[at:])


def _header(name: str, value: str) -> bytes:
    """Write a header in one line, with room for what is spliced in."""
    if not (value.isascii() and value.isprintable()) or len(name) + len(value) > LONGEST_LINE // 2:
        raise InvalidInputError(f"The header {name} cannot be written in one line of ASCII. Shorten it.")
    return f"{name}: {value}\r\n".encode()


def _body(message: Message) -> bytes:
    text = _part("text/plain", message.text)
    if message.html is None:
        return text
    html = _part("text/html", message.html)
    # "=_" cannot stand in quoted-printable text (RFC 2045, 6.7), so no part holds the boundary
    mark = b"=_" + blake2b(text + html, digest_size=16).hexdigest().encode()
    head = b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % mark
    return head + b"--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n" % (mark, text, mark, html, mark)


def _plain(value: str) -> bytes:
    if (
        not (value.isascii() and value.isprintable())
        or " " in value
        or not 0 < len(value) < LONGEST_LINE // 2
    ):
        raise InvalidInputError(f"{value!r} cannot be spliced into a mail: a link in ASCII is needed.")
    return value.encode()


def value_in_body(value: str) -> bytes:
    """Return a recipient's value as `Envelope.pieces` puts it into a body."""
    return _quoted(_plain(value))


def _quoted(value: bytes) -> bytes:
    """Encode a value that stands between two soft line breaks."""
    return _SOFT_BREAK.join(_quoted_lines(value))


def _part(kind: str, content: str) -> bytes:
    head = f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    lines = content.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    return head.encode() + b"".join(_encoded_line(line) for line in lines)


def _encoded_line(line: str) -> bytes:
    """Encode one line, each placeholder alone between soft line breaks."""
    pieces: list[bytes] = []
    at = 0
    for found in PLACEHOLDER.finditer(line):
        pieces += [*_quoted_lines(line[at : found.start()].encode()), found[0].encode()]
        at = found.end()
    pieces += _quoted_lines(line[at:].encode())
    return _SOFT_BREAK.join(pieces) + b"\r\n"


def _quoted_lines(content: bytes) -> list[bytes]:
    """Encode what stands in one line of text as lines of at most 75 bytes, to be joined by soft breaks."""
    escaped = _ESCAPED.sub(lambda found: b"".join(b"=%02X" % byte for byte in found[0]), content)
    return [_safe_start(chunk) for chunk in _CHUNK.findall(escaped)]


def _safe_start(chunk: bytes) -> bytes:
    if chunk[0] == 0x2E:
        return b"=2E" + chunk[1:]
    return b"=46" + chunk[1:] if chunk.startswith(b"From ") else chunk


def _mailbox(written: str) -> str:
    """Return `Name <address>` as a header writes it. Raises `InvalidInputError` where it holds no address."""
    name, address = parseaddr(written)
    on_wire = wire_address(address)
    if not name:
        return on_wire
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{on_wire}>'
    return f"{Header(name, 'utf-8', 70, 'From').encode(linesep=chr(13) + chr(10))} <{on_wire}>"
