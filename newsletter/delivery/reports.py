"""What a mail that came back says: pure, in time linear in its size, whatever was put into it.

Delivery reports are `multipart/report` with a `message/delivery-status` part
(RFC 3464, RFC 6533). They are read at the top of a message alone: what is
nested deeper was forwarded by somebody, and nesting is how parsers are made
to work for hours. Servers that write prose instead are understood as far as
they quote the SMTP reply.

A status tells whether the address is gone or the mail was turned away (RFC
3463). Where it only says that something failed (`5.0.0`), the reply that it
quotes is asked. Of several recipients in one report the mildest end counts: an
alias of three people, one of whom has moved, is not gone.
"""

import base64
import quopri
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from enum import IntEnum
from typing import Final

from newsletter.delivery.faults import ENHANCED, GONE_CODES

LARGEST: Final = 512 * 1024
"""Bytes that are read of a mail; a report stands before the message that it reports on."""
_LARGEST_HEAD: Final = 64 * 1024
_MOST_PARTS: Final = 20
_LONGEST_SUBJECT: Final = 1000

_QUOTED_REPLY: Final = re.compile(r"(?<![\d.])[45]\d\d[ -]{1,2}\(?#?([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_BARE_REPLY: Final = re.compile(r"(?<![\d.])(4[25]\d|5[5]\d)[ -]")
_BOUNDARY: Final = re.compile(r"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_DAEMON: Final = re.compile(r"(?<![a-z0-9._+-])(?:mailer[-_]?daemon|postmaster)@", re.IGNORECASE)
_HOLIDAY: Final = re.compile(
    r"\s*(?:auto(?:matic|mated)?[- ]?(?:reply|response)|out of (?:the )?office|abwesen|vacation|away)",
    re.IGNORECASE,
)
_ADDRESSED: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")


class Verdict(IntEnum):
    """What a report means for the address; ordered from the mildest."""

    NOTHING = 0
    """It arrived, is still being tried, or this is no report at all."""
    TURNED_AWAY = 1
    """Not now, not this mail, or not from us: to be counted."""
    GONE = 2
    """There is no such mailbox."""


@dataclass(frozen=True)
class Returned:
    """A mail to the return address, as far as we care."""

    addressed: str
    """The headers that say where it was sent, in lines."""
    subject: str
    verdict: Verdict
    status: str = ""
    """The status or reply that the verdict rests on."""


def read(mail: bytes) -> Returned:
    """Read a mail, hostile ones included; never raises."""
    text = mail[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head, _, body = text.partition(b"\n\n")
    headers = _headers(head[:_LARGEST_HEAD])
    kind = headers.get("content-type", [""])[0]
    verdict, status = _of_report(kind, body) or _of_prose(headers, kind, body)
    addressed = "\n".join(value for name in _ADDRESSED for value in headers.get(name.lower(), []))
    return Returned(addressed, _decoded(headers.get("subject", [""])[0]), verdict, status)


def verdict_of(action: str, status: str, diagnostic: str) -> Verdict:
    """Return what one recipient's fields mean.

    >>> verdict_of("failed", "5.1.1", ""), verdict_of("failed", "5.2.2", "")
    (<Verdict.GONE: 2>, <Verdict.TURNED_AWAY: 1>)
    """
    if action.strip().lower() != "failed":
        return Verdict.NOTHING
    found = ENHANCED.search(status)
    code = found[1] if found else ""
    if code in {"", "5.0.0", "5.5.0"} and (quoted := ENHANCED.search(diagnostic)):
        code = quoted[1]
    return Verdict.GONE if code in GONE_CODES else Verdict.TURNED_AWAY


def verdict_of_reply(text: str) -> tuple[Verdict, str]:
    """Return what the first SMTP reply in a text means, and the code that says so.

    >>> verdict_of_reply("550 5.1.1 no such user")
    (<Verdict.GONE: 2>, '5.1.1')
    """
    if quoted := _QUOTED_REPLY.search(text):
        return verdict_of("failed", quoted[1], ""), quoted[1]
    if bare := _BARE_REPLY.search(text):
        return Verdict.TURNED_AWAY, bare[1]
    return Verdict.NOTHING, ""


def _of_report(kind: str, body: bytes) -> tuple[Verdict, str] | None:
    """Read the `message/delivery-status` part; None where there is none, or it names no recipient."""
    boundary = _BOUNDARY.search(kind)
    if not kind.lower().lstrip().startswith("multipart/") or boundary is None:
        return None
    mark = (boundary[1] or boundary[2]).encode("ascii", "replace")
    for part in (b"\n" + body).split(b"\n--" + mark, _MOST_PARTS)[1:]:
        head, _, content = part.lstrip(b" \t-").removeprefix(b"\n").partition(b"\n\n")
        headers = _headers(head)
        if re.match(
            r"\s*message/(?:global-)?delivery-status\b", headers.get("content-type", [""])[0], re.IGNORECASE
        ):
            return _of_status(_plain(content, headers))
    return None


def _of_status(content: bytes) -> tuple[Verdict, str] | None:
    """Read the fields of each recipient, which stand in groups of lines behind those of the message."""
    ends: list[tuple[Verdict, str]] = []
    for group in re.split(rb"\n[ \t]*\n", content.strip(b"\n"), maxsplit=_MOST_PARTS):
        fields = _headers(group)
        if "action" in fields:
            status = fields.get("status", [""])[0]
            diagnostic = fields.get("diagnostic-code", [""])[0]
            ends.append((verdict_of(fields["action"][0], status, diagnostic), status or diagnostic[:100]))
    return min(ends, default=None)


def _of_prose(headers: dict[str, list[str]], kind: str, body: bytes) -> tuple[Verdict, str]:
    """Read a bounce in prose, as some servers write it; holiday notes and people's answers are none."""
    sender = " ".join(headers.get("from", []) + headers.get("return-path", []))
    subject = _decoded(headers.get("subject", [""])[0])
    is_note = "x-autoreply" in headers or "x-autorespond" in headers or _HOLIDAY.match(subject) is not None
    if is_note or "multipart/report" in kind.lower() or _DAEMON.search(sender) is None:
        return Verdict.NOTHING, ""
    return verdict_of_reply(body[:_LARGEST_HEAD].decode("latin-1"))


def _headers(head: bytes) -> dict[str, list[str]]:
    """Return header lines unfolded, by lower-case name; bytes that are no ASCII come as Latin-1."""
    lines = head.decode("latin-1")
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\n[ \t]+", " ", lines.strip("\n")).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _plain(content: bytes, headers: dict[str, list[str]]) -> bytes:
    """Undo a transfer encoding, which some servers put on a part that needs none."""
    encoding = headers.get("content-transfer-encoding", [""])[0].lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(content)
    if encoding != "base64":
        return content
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    return base64.b64decode(kept[: len(kept) // 4 * 4]).replace(b"\r\n", b"\n")


def _decoded(value: str) -> str:
    """Return a header's words with their RFC 2047 encoding undone, or as they are where it is broken."""
    try:
        parts = decode_header(value[:_LONGEST_SUBJECT])
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "latin-1", "replace")
            for part, charset in parts
        )
    except (ValueError, LookupError, MessageError):
        return value
