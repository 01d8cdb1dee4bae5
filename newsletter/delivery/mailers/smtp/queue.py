"""The mails of one call, shared by the connections that carry them, and what became of each."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from newsletter.delivery.mailers.smtp.replies import Judgement, Reply, Verdict, is_for_good
from newsletter.errors import InvalidInputError
from newsletter.models import Recipient

FIRST_REPLY_WITHIN_SECONDS: Final = 75.0
"""To MAIL, RCPT and DATA of a recipient who is tried among others."""
REPLY_WITHIN_SECONDS: Final = 300.0
"""To the same of one who is tried alone (RFC 5321, 4.5.3.2)."""
STOOD_STILL_SECONDS: Final = 30.0
"""Shorter than a lease."""


class Mail(NamedTuple):
    """A mail that a connection was given."""

    recipient: Recipient
    address: str
    """As the wire has it: beyond ASCII in the local part at most."""
    sender: str
    content: Sequence[bytes]
    """The whole mail in pieces, most of them shared by all: CRLF, no line that begins with a full stop."""

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server that announces SMTPUTF8 (RFC 6531) can take it."""
        return not self.address.isascii()

    @property
    def envelope(self) -> bytes:
        """The commands that come before the content, for one write."""
        option = " SMTPUTF8" if self.needs_utf8 else ""
        return f"MAIL FROM:<{self.sender}>{option}\r\nRCPT TO:<{self.address}>\r\nDATA\r\n".encode()


@dataclass
class Queue:
    """The recipients of one call, and what became of them, while connections work side by side."""

    waiting: deque[Recipient]
    write: Callable[[Recipient], Mail]
    """Makes a recipient's mail when its turn comes; raises `InvalidInputError` where it cannot be written."""
    closes_at: float
    """By the loop's clock: after it nothing is handed out any more."""
    begins_until: float
    """By the loop's clock: after it no content is begun any more."""
    slow: set[int] = field(default_factory=set)
    """Subscriber ids about whom the server was silent for long, now or earlier; added to."""
    accepted: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    """By the server, for good."""
    unwritable: dict[int, str] = field(default_factory=dict)
    """By us, before anything left."""
    deferred: dict[int, str] = field(default_factory=dict)
    uncertain: set[int] = field(default_factory=set)
    stopped: str | None = None
    """Why no mail at all can be taken until a person acts."""
    busy: str | None = None
    """The server's words, where it wants no mail at all for a while."""
    _tried: set[int] = field(default_factory=set)
    """Whose envelope a connection ended with before the server had judged it."""
    _awake_at: float = 0.0

    @property
    def ended(self) -> int:
        """How many mails have an end, of whatever kind."""
        known = (self.accepted, self.refused, self.unwritable, self.deferred, self.uncertain)
        return sum(map(len, known))

    @property
    def is_over(self) -> bool:
        """Whether nothing more is handed out: nothing waits, time is up, or the server wants no more."""
        return (
            not self.waiting
            or self.stopped is not None
            or self.busy is not None
            or asyncio.get_running_loop().time() > self.closes_at
        )

    def take(self, *, takes_utf8: bool, is_alone: bool = True) -> Mail | None:
        """Hand out the next mail that can be written and that the server's extensions suffice for.

        A mail that was slow before goes only to a connection that waits for no other
        mail's end (`is_alone`): a server may keep that answer back meanwhile.
        """
        while not self.is_over and (is_alone or self.waiting[0].subscriber_id not in self.slow):
            recipient = self.waiting.popleft()
            try:
                mail = self.write(recipient)
            except InvalidInputError as error:
                self.unwritable[recipient.subscriber_id] = str(error)
                continue
            if takes_utf8 or not mail.needs_utf8:
                return mail
            self.refused[recipient.subscriber_id] = "the mail server takes no such address (no SMTPUTF8)"
        return None

    async def stay_awake(self) -> None:
        """Note again and again that this process has not stood still; until cancelled."""
        while True:
            self._awake_at = asyncio.get_running_loop().time()
            await asyncio.sleep(STOOD_STILL_SECONDS / 10)

    def may_begin(self, now: float) -> bool:
        """Whether a mail's content may still be sent.

        Not after this process stood still: it may have been given up meanwhile,
        and its mails been given to another.
        """
        return now < self.begins_until and now - self._awake_at < STOOD_STILL_SECONDS

    def patience(self, mail: Mail) -> float:
        """Return how many seconds a server may think about an envelope; the longest of one tried alone."""
        is_slow = mail.recipient.subscriber_id in self.slow
        return REPLY_WITHIN_SECONDS if is_slow else FIRST_REPLY_WITHIN_SECONDS

    def note_slow(self, mail: Mail) -> None:
        """Note that a server was silent for long about a recipient; twice is enough to put that one off."""
        one = mail.recipient.subscriber_id
        if one in self.slow:
            self._tried.add(one)
        self.slow.add(one)

    def give_back(self, mail: Mail, why: str | None = None) -> None:
        """Take back a mail whose content was not begun; it goes to the end, so that it holds up nobody.

        `why` is given where the mail itself may have ended the connection. It
        is tried once more then, and afterwards put off.
        """
        one = mail.recipient.subscriber_id
        if why is not None and one in self._tried:
            self.deferred[one] = why
            return
        if why is not None:
            self._tried.add(one)
        self.waiting.append(mail.recipient)

    def turn_away(self, mail: Mail, judgement: Judgement) -> None:
        """Put a mail where what stands against its envelope says, and note what that says of all others."""
        verdict, reply, is_about_mail = judgement
        match verdict:
            case Verdict.RECIPIENT:
                self._fail(mail, reply)
                return
            case Verdict.BUSY:
                self.busy = reply.words
            case Verdict.SENDER:
                self.stopped = f"The mail server refuses this sender: {reply.words}."
            case Verdict.SIZE:
                self.stopped = f"The mail server takes no mail of this size: {reply.words}."
        self.give_back(mail, reply.words if verdict is Verdict.CONNECTION and is_about_mail else None)

    def finish(self, mail: Mail, reply: Reply) -> bool:
        """Put a mail where the answer to its last byte says, and return whether it was accepted."""
        if 200 <= reply.code < 300:
            self.accepted.add(mail.recipient.subscriber_id)
            return True
        if reply.is_too_large:
            self.turn_away(mail, Judgement(Verdict.SIZE, reply))
        else:
            self._fail(mail, reply)
        return False

    def _fail(self, mail: Mail, reply: Reply) -> None:
        kept = self.refused if is_for_good(reply) else self.deferred
        kept[mail.recipient.subscriber_id] = reply.words

    def doubt(self, mail: Mail) -> None:
        """Note a mail whose last byte may have left and whose answer did not come."""
        self.uncertain.add(mail.recipient.subscriber_id)
