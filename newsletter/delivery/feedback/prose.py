"""Bounces in prose, as qmail, Exim and others write them: what the server says of which address. Pure.

Only what stands before the copy of our own mail is read, and phrases only where
they stand with an address: a digest may well announce a paper on unknown users.
"""

import re
from dataclasses import dataclass
from typing import Final

from newsletter.delivery.faults import Fault, fault_of, telling_code

_MOST_BLOCKS: Final = 20
_LONGEST_BLOCK: Final = 1000
_COPY: Final = re.compile(
    r"^(?:(?:return-path|received|message-id|dkim-signature|list-id|from|subject|mime-version): ?\S"
    r"|[ >]*-{2,} ?(?:below this line|this is a copy|original message|the header|message header)"
    r"|[ >]*-{2,} ?unsent message"
    r"|[ ]*(?:original message (?:headers|follows)|a copy of (?:the|your) message))",
    re.IGNORECASE | re.MULTILINE,
)
_DELAY: Final = re.compile(
    r"\bwarning\b|\bdelay|still (?:being|undelivered)|(?:not yet|yet to) be(?:en)? delivered|will keep trying"
    r"|will (?:continue|be retried|try again|retry)|not been able to deliver .{0,40}\byet",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"[^\s<>\"'(),:;\[\]@]{1,64}@[^\s<>\"'(),:;\[\]@]{1,253}[^\s<>\"'(),:;\[\]@.]")
_QUOTED_REPLY: Final = re.compile(r"(?<![\d.])[45]\d\d[ -]{1,2}\(?#?([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_HASHED: Final = re.compile(r"#([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
"""As qmail writes a status, where it gives no reply."""
_BARE_REPLY: Final = re.compile(r"(?<![\d.])(4[25]\d|55\d|5[23][0158]|571)[ -]")


@dataclass(frozen=True)
class Said:
    """What a server says of a failure."""

    fault: Fault
    status: str
    """The enhanced status or the reply code that it rests on, or the words."""
    addresses: tuple[str, ...] = ()
    """Those that the words stand with."""


def is_about_delay(subject: str, text: str) -> bool:
    """Whether a notice only warns that a mail is late."""
    return _DELAY.search(subject) is not None or _DELAY.search(_own_words(text)[:2000]) is not None


def failure(text: str, about: str = "") -> Said | None:
    """Return what a notice says of a failure, the clearest first; None where it says nothing of one.

    `about` is an address: only what stands with it is read then.
    """
    words = _own_words(text)
    blocks = [block for block in _blocks(words) if not about or about.casefold() in block.casefold()]
    said = [_read(block) for block in blocks]
    by_code = [one for one in said if one.status and telling_code(one.status)]
    by_words = [one for one in said if one.fault is not Fault.UNKNOWN]
    found = next(iter(by_code or by_words), None)
    if found or about:
        return found
    return _by_reply(words)


def by_reply(text: str) -> tuple[str, str]:
    """Return the first SMTP reply that a text quotes: its enhanced status or else its code, and its words."""
    if quoted := _QUOTED_REPLY.search(text) or _HASHED.search(text):
        return quoted[1], text[quoted.start() : quoted.start() + _LONGEST_BLOCK]
    if bare := _BARE_REPLY.search(text):
        return bare[1], text[bare.start() : bare.start() + _LONGEST_BLOCK]
    return "", ""


def _by_reply(words: str) -> Said | None:
    status, reply = by_reply(words)
    return Said(fault_of(reply.partition("\n\n")[0]), status) if status else None


def _read(block: str) -> Said:
    found = tuple(dict.fromkeys(_ADDRESS.findall(block)))
    quoted = _QUOTED_REPLY.search(block) or _HASHED.search(block)
    return Said(fault_of(block), quoted[1] if quoted else "", found)


def _own_words(text: str) -> str:
    copy = _COPY.search(text)
    return text[: copy.start()] if copy else text


def _blocks(words: str) -> list[str]:
    """Return the lines with an address, each with those that follow it up to an empty one."""
    kept: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", words):
        at = _ADDRESS.search(paragraph)
        if at is not None:
            kept.append(paragraph[paragraph.rfind("\n", 0, at.start()) + 1 :][:_LONGEST_BLOCK])
        if len(kept) == _MOST_BLOCKS:
            break
    return kept
