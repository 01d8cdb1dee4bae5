"""What a mail that came back says: pure, in time linear in its size, whatever was put into it.

Delivery reports are `multipart/report` with a `message/delivery-status` part
(RFC 3464, RFC 6533), complaints have a `message/feedback-report` (RFC 5965).
They are read at the top of a message alone: what is nested deeper was forwarded
by somebody, and nesting is how parsers are made to work for hours. Servers that
write prose instead are understood as far as `prose` reads it.

A status tells whether the address is gone or the mail was turned away (RFC
3463). Where it only says that something failed (`5.0.0`), the diagnostic is
asked, and then the words for people. Of several recipients in one report the
mildest end counts: an alias of three people, one of whom has moved, is not gone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from newsletter.delivery.faults import Fault, fault_of, telling_code
from newsletter.delivery.feedback import prose
from newsletter.delivery.feedback.mail_parts import LARGEST, Part, decoded, first, headers_of, parts_of, plain

__all__ = ["LARGEST", "Returned", "Verdict", "read"]

_LARGEST_HEAD: Final = 64 * 1024
_MOST_GROUPS: Final = 20
_DAEMON: Final = re.compile(
    r"(?<![a-z0-9._+-])(?:mailer[-_]?daemon|postmaster|mdaemon|microsoftexchange[0-9a-f]*)@"
    r"|mail (?:delivery )?(?:sub)?system",
    re.IGNORECASE,
)
_HOLIDAY: Final = re.compile(
    r"\s*(?:auto(?:matic|mated|-?mati\w+)?[-: ]*(?:reply|response|antwort|svar)|out of (?:the )?office"
    r"|abwesen|vacation|away|r[ée]ponse automatique|absence|respuesta autom|risposta autom|resposta autom"
    r"|automatisch antwoord|autosvar|automatyczna)",
    re.IGNORECASE,
)
_ADDRESSED: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")
_COMPLAINTS: Final = re.compile(r"\s*(?:abuse|fraud|opt-out(?:-list)?)\s*$", re.IGNORECASE)
_STATUS_PART: Final = re.compile(r"\s*message/(?:global-)?delivery-status\b", re.IGNORECASE)
_FEEDBACK_PART: Final = re.compile(r"\s*message/feedback-report\b", re.IGNORECASE)

_FOR_PEOPLE: Final = re.compile(r"\s*(?:$|text/(?!rfc))", re.IGNORECASE)


class Verdict(IntEnum):
    """What a report means for the address; ordered from the mildest."""

    NOTHING = 0
    """It arrived, is still being tried, or this is not a report at all."""
    TURNED_AWAY = 1
    """Not now, not this mail, or not from us: to be counted."""
    GONE = 2
    """The mailbox does not exist."""
    COMPLAINT = 3
    """Its reader says that the mail is not wanted."""


@dataclass(frozen=True)
class Returned:
    """A mail to the return address, as far as we care."""

    addressed: str
    """The headers that say where it was sent, in lines; of a complaint also what it says of the original."""
    subject: str
    verdict: Verdict
    status: str = ""
    """The status or reply that the verdict rests on."""
    recipients: tuple[str, ...] = ()
    """Whom it is about, as it says itself; empty where it does not say."""
    fault: Fault = Fault.UNKNOWN
    """The party at fault, as far as the words tell."""


@dataclass(frozen=True)
class _End:
    """What became of a mail, by one recipient's fields or by prose."""

    verdict: Verdict
    status: str = ""
    recipients: tuple[str, ...] = ()
    fault: Fault = Fault.UNKNOWN


def read(mail: bytes) -> Returned:
    """Read a mail, hostile ones included; never raises."""
    text = mail[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head, _, body = text.partition(b"\n\n")
    headers = headers_of(head[:_LARGEST_HEAD])
    parts = parts_of(first(headers, "content-type"), body)
    addressed = "\n".join(value for name in _ADDRESSED for value in headers.get(name.lower(), []))
    subject = decoded(first(headers, "subject"))
    complaint = _complaint(parts)
    if complaint is not None:
        return Returned(f"{addressed}\n{complaint}", subject, Verdict.COMPLAINT)
    end = _of_report(parts) or _of_prose(headers, parts, body)
    return Returned(addressed, subject, end.verdict, end.status, end.recipients, end.fault)


def _complaint(parts: list[Part]) -> str | None:
    """Return what a complaint says of the mail that it is about; None where this is none (RFC 5965)."""
    for part in parts:
        if _FEEDBACK_PART.match(part.kind):
            fields = headers_of(plain(part)[:_LARGEST_HEAD])
            if not _COMPLAINTS.match(first(fields, "feedback-type")):
                return None
            return "\n".join(fields.get("original-mail-from", []))
    return None


def _of_report(parts: list[Part]) -> _End | None:
    """Read the `message/delivery-status` part; None where there is none, or it names no recipient."""
    for part in parts:
        if _STATUS_PART.match(part.kind):
            ends = list(_ends(plain(part), parts))
            return min(ends, key=lambda end: end.verdict, default=None)
    return None


def _ends(content: bytes, parts: list[Part]) -> Iterator[_End]:
    """Read the fields of each recipient, which stand in groups of lines behind those of the message."""
    for group in re.split(rb"\n[ \t]*\n", content.strip(b"\n"), maxsplit=_MOST_GROUPS):
        fields = headers_of(group, charset="utf-8")
        if "action" in fields or ("status" in fields and "final-recipient" in fields):
            yield _end(fields, parts)


def _end(fields: Mapping[str, list[str]], parts: list[Part]) -> _End:
    status, diagnostic = first(fields, "status"), first(fields, "diagnostic-code")
    said = status or diagnostic[:100]
    final, original = (_address(first(fields, f"{which}-recipient")) for which in ("final", "original"))
    about = tuple(one for one in (final or original,) if one)
    if first(fields, "action", "failed").strip().lower() != "failed":
        return _End(Verdict.NOTHING, said, about)
    fault = _fault(status, diagnostic, final or original, parts)
    is_other = bool(final and original) and not is_same_mailbox(final, original)
    is_gone = fault is Fault.ADDRESS and not _is_passing(status, diagnostic) and not is_other
    return _End(Verdict.GONE if is_gone else Verdict.TURNED_AWAY, said, about, fault)


def _fault(status: str, diagnostic: str, address: str, parts: list[Part]) -> Fault:
    """Ask the status and the diagnostic, and the words for people where both say nothing."""
    fault = fault_of(f"{status} {diagnostic}")
    if fault is not Fault.UNKNOWN:
        return fault
    said = prose.failure(_for_people(parts, b""), about=address)
    return said.fault if said else fault


def _is_passing(status: str, diagnostic: str) -> bool:
    """Whether the code that tells most is of the fourth class: it was given up, not refused for good."""
    return (telling_code(status) or telling_code(diagnostic) or status.strip()).startswith("4")


def _of_prose(headers: Mapping[str, list[str]], parts: list[Part], body: bytes) -> _End:
    """Read a bounce in prose, as some servers write it; holiday notes and people's answers are none."""
    sender = " ".join(headers.get("from", []) + headers.get("return-path", []))
    subject = decoded(first(headers, "subject"))
    is_note = "x-autoreply" in headers or "x-autorespond" in headers or _HOLIDAY.match(subject) is not None
    is_report = "multipart/report" in first(headers, "content-type").lower()
    if is_note or is_report or _DAEMON.search(sender) is None:
        return _End(Verdict.NOTHING)
    text = _for_people(parts, plain(Part(first(headers, "content-type"), headers, body)))
    said = None if prose.is_about_delay(subject, text) else prose.failure(text)
    if said is None:
        return _End(Verdict.NOTHING)
    is_gone = said.fault is Fault.ADDRESS and not said.status.startswith("4")
    return _End(Verdict.GONE if is_gone else Verdict.TURNED_AWAY, said.status, said.addresses, said.fault)


def _for_people(parts: list[Part], otherwise: bytes) -> str:
    """Return the words of a report that are written for people."""
    part = next((part for part in parts if _FOR_PEOPLE.match(part.kind)), None)
    content = (plain(part) if part else otherwise)[:_LARGEST_HEAD].decode("utf-8", "replace")
    if part and "html" in part.kind.lower():
        content = re.sub(r"<(?:br|/?p|/?div|/?td|/?tr)\b[^<>]{0,500}>", "\n", content, flags=re.IGNORECASE)
        content = re.sub(r"</?[a-z][^<>@]{0,500}>", "", content, flags=re.IGNORECASE)
    return content


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether two spellings name one mailbox: folded case, a detail behind `+`, a host within the domain.

    >>> is_same_mailbox("Ada+papers@example.net", "ada@mx1.example.net")
    True
    """
    (local, _, domain), (other_local, _, other_domain) = (
        address.casefold().rstrip(".").rpartition("@") for address in (one, other)
    )
    is_near = domain == other_domain or f".{domain}".endswith(f".{other_domain}")
    is_near = is_near or f".{other_domain}".endswith(f".{domain}")
    return is_near and (local == other_local or local.partition("+")[0] == other_local.partition("+")[0])


def _address(field: str) -> str:
    """Return the address of a recipient's field, RFC 6533's escapes undone; empty where it holds none."""
    _, _, value = field.rpartition(";")
    value = re.sub(r"\([^()]*\)", "", value).strip().strip("<>")
    value = re.sub(r"\\x\{([0-9A-Fa-f]{2,6})\}", lambda found: _character(found[1]), value)
    return value if re.fullmatch(r"\S{1,64}@\S{1,253}", value) else ""


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number <= 0x10FFFF else ""
