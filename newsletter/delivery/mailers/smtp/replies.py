"""What a server's replies mean: for one recipient, for the sender, for the mail and for the connection. Pure.

The second digit of a reply decides as much as the first (RFC 5321, 4.2.1):
`x0z` is about how we spoke, `x2z` and `x3z` are about the server and who may
use it, and only `x5z` can be about a mailbox.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

CLOSING: Final = 421
GOES_ON: Final = 354
_OUT_OF_STEP: Final = frozenset({500, 502, 503})
"""The server is somewhere else in the conversation than we are, or knows no such command."""
_TOO_LARGE: Final = re.compile(
    r"\b5\.3\.4\b|\bmessage\b.{0,20}\b(size|too (big|large|long))\b", re.IGNORECASE
)


class Reply(NamedTuple):
    """What the server said: a code, and its words in one line."""

    code: int
    text: str

    @property
    def words(self) -> str:
        """Code and text, as a person reads them."""
        return f"{self.code} {self.text}".strip()

    @property
    def is_good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.code < 300

    @property
    def is_too_large(self) -> bool:
        """Whether the server takes no mail of this size from anybody."""
        return self.code >= 500 and _TOO_LARGE.search(self.text) is not None


class Verdict(Enum):
    """What the first reply that is not good means."""

    RECIPIENT = "this recipient is refused, or cannot be taken now"
    BUSY = "the server wants no mail at all for a while"
    SENDER = "the server takes no mail from this sender"
    SIZE = "the server takes no mail of this size"
    CONNECTION = "the connection is of no more use, and nothing is said of the mail"


class Judgement(NamedTuple):
    """What stands against one envelope, and the reply that says so."""

    verdict: Verdict
    reply: Reply
    is_about_mail: bool = True
    """False where the server said it before it knew whom the mail is for."""


def judge(replies: Sequence[Reply]) -> Judgement | None:
    """Return what stands against an envelope by the replies to MAIL, RCPT and DATA, as far as they have come.

    The first one that is not good decides: those behind it only follow from
    it, such as `554 no valid recipients` from a refused one. None where
    nothing speaks against the mail so far.

    >>> found = judge([Reply(250, "ok"), Reply(550, "no such user"), Reply(554, "no valid recipients")])
    >>> found.verdict.name, found.reply.words
    ('RECIPIENT', '550 no such user')
    >>> judge([Reply(503, "nested MAIL command")]).verdict.name
    'CONNECTION'
    """
    for place, reply in enumerate(replies):
        if not (reply.code == GOES_ON if place == 2 else reply.is_good):
            return Judgement(_verdict(reply, is_of_sender=place == 0), reply, place > 0)
    return None


def _verdict(reply: Reply, *, is_of_sender: bool) -> Verdict:
    code = reply.code
    if code == CLOSING or code < 400 or code in _OUT_OF_STEP:
        return Verdict.CONNECTION
    if is_of_sender and code < 500:
        return Verdict.BUSY
    if reply.is_too_large:
        return Verdict.SIZE
    if is_of_sender or 520 <= code < 540 or code == 504:
        return Verdict.SENDER
    return Verdict.RECIPIENT


def is_for_good(reply: Reply) -> bool:
    """Return whether to try no more: 5yz, unless it is about how we spoke.

    >>> [is_for_good(Reply(code, "")) for code in (550, 503, 452)]
    [True, False, False]
    """
    return reply.code >= 500 and reply.code not in _OUT_OF_STEP
