"""The parts at the top of a mail, its headers, and what is in them: just enough to read reports. Pure.

Python's own parser goes into every level of a mail; nobody needs that here, and
a stranger could make it last.
"""

import base64
import quopri
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from typing import Final

LARGEST: Final = 512 * 1024
"""Bytes that are read of a mail; a report stands before the message that it reports on."""
_MOST_PARTS: Final = 20
_LONGEST_SUBJECT: Final = 1000
_BOUNDARY: Final = re.compile(r"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part of a multipart."""

    kind: str
    """Its content type; empty where it names none."""
    headers: Mapping[str, list[str]]
    content: bytes


def parts_of(kind: str, body: bytes) -> list[Part]:
    """Return the parts of a multipart, not what is nested in them; empty for anything else."""
    boundary = _BOUNDARY.search(kind)
    if not kind.lower().lstrip().startswith("multipart/") or boundary is None:
        return []
    mark = (boundary[1] or boundary[2]).encode("ascii", "replace")
    found: list[Part] = []
    for part in (b"\n" + body).split(b"\n--" + mark, _MOST_PARTS)[1:]:
        after_mark = part.lstrip(b" \t-")
        has_headers = not after_mark.startswith(b"\n\n")
        head, _, content = after_mark.removeprefix(b"\n").partition(b"\n\n")
        headers = headers_of(head) if has_headers else {}
        found.append(Part(first(headers, "content-type"), headers, content))
    return found


def headers_of(head: bytes, charset: str = "latin-1") -> dict[str, list[str]]:
    """Return header lines unfolded, by lower-case name; bytes beyond ASCII come as `charset` says."""
    lines = head.decode(charset, "replace")
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\n[ \t]+", " ", lines.strip("\n")).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def first(headers: Mapping[str, list[str]], name: str, otherwise: str = "") -> str:
    """Return the first header of a name."""
    return headers.get(name, [otherwise])[0]


def plain(part: Part) -> bytes:
    """Return a part's content, its transfer encoding undone."""
    encoding = first(part.headers, "content-transfer-encoding").lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(part.content)
    if encoding != "base64":
        return part.content
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", part.content)
    return base64.b64decode(kept[: len(kept) // 4 * 4]).replace(b"\r\n", b"\n")


def decoded(value: str) -> str:
    """Return a header's words with their RFC 2047 encoding undone, or as they are where it is broken."""
    try:
        parts = decode_header(value[:_LONGEST_SUBJECT])
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "latin-1", "replace")
            for part, charset in parts
        )
    except (ValueError, LookupError, MessageError):
        return value
