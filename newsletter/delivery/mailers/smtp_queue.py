"""The mails of one call, shared by the connections that carry them, and what became of each."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple


class Reply(NamedTuple):
    """What the server said: a code, and its words in one line."""

    code: int
    text: str

    @property
    def words(self) -> str:
        """Code and text, as a person reads them."""
        return f"{self.code} {self.text}".strip()


class Mail(NamedTuple):
    """A mail that waits for a connection."""

    subscriber_id: int
    address: str
    sender: str
    needs_utf8: bool
    content: bytes
    """The whole mail: CRLF, no line that begins with a full stop."""


@dataclass
class Queue:
    """The mails of one call, and what became of them, while connections work side by side."""

    waiting: deque[Mail]
    closes_at: float
    """By the loop's clock: after it nothing is handed out any more."""
    accepted: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    deferred: dict[int, str] = field(default_factory=dict)
    uncertain: set[int] = field(default_factory=set)
    sender_refused: str | None = None
    """The server will not take mail from this sender at all."""

    @property
    def ended(self) -> int:
        """How many mails have an end, of whatever kind."""
        return len(self.accepted) + len(self.refused) + len(self.deferred) + len(self.uncertain)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is handed out: nothing waits, time is up, or the sender is refused."""
        return (
            not self.waiting
            or self.sender_refused is not None
            or asyncio.get_running_loop().time() > self.closes_at
        )

    def take(self) -> Mail | None:
        """Hand out the next mail."""
        return None if self.is_over else self.waiting.popleft()

    def give_back(self, mail: Mail) -> None:
        """Take back a mail whose content was not begun."""
        self.waiting.appendleft(mail)

    def note(self, mail: Mail, reply: Reply) -> None:
        """Put one recipient's failure where it belongs: 5xx for good, 4xx for now."""
        kept = self.refused if reply.code >= 500 else self.deferred
        kept[mail.subscriber_id] = reply.words
