"""Mails over one connection without waiting between them (RFC 2920).

The end of one mail and the envelope of the next leave in one write, so a mail
costs one round trip. Nothing runs between two answers but this: no task is
woken and no timer set for a mail, because a thousand mails would pay for it.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

from newsletter.delivery.mailers.smtp.queue import Mail, Queue
from newsletter.delivery.mailers.smtp.replies import CLOSING, GOES_ON, Reply, Verdict, judge
from newsletter.errors import TransientError

LAST_REPLY_WITHIN_SECONDS: Final = 600.0
"""To the final dot (RFC 5321, 4.5.3.2.6): servers scan the mail before they answer."""
_ENVELOPE_REPLIES: Final = 3
"""To MAIL, RCPT and DATA."""
SILENCE: Final = "the server fell silent"
END_OF_MAIL: Final = b".\r\n"
RESET: Final = b"RSET\r\n"
MOST_FAILURES: Final = 4
"""Mails in a row that one connection is turned away with.

Postfix slows a client down after ten errors without a mail between them, and
each refused recipient makes two (RCPT and the DATA behind it); Exim hangs up
after ten RSETs.
"""


class SessionLostError(TransientError):
    """The connection ended, or the server fell silent."""


class Line(Protocol):
    """The connection, as the pipeline sees it."""

    replies: deque[Reply]
    """What was said and not yet read."""
    failures: int
    """Mails in a row that it was turned away with."""

    def write(self, *pieces: bytes) -> None:
        """Send, in one write."""

    def take(self, queue: Queue, *, is_alone: bool = True) -> Mail | None:
        """Return the next mail, unless this connection has had its share."""

    def hang_up(self, why: str) -> None:
        """End the connection; `lost` is called."""


class Pipeline:
    """The mails of one call on their way over one connection.

    At most two are under way: the content of one has left, and the envelope
    of the next behind it. Where the connection ends, the first is uncertain
    and the second waits again.
    """

    def __init__(self, line: Line, queue: Queue) -> None:
        self._line = line
        self._queue = queue
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.create_future()
        self._finishing: Mail | None = None
        """Its last byte has left; the next reply is its end."""
        self._asking: Mail | None = None
        """Its envelope has left."""
        self._ignored = 0
        """How many of the next replies say nothing."""
        self._silent_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Carry mails until none is handed out. Raises `SessionLostError` where the connection ends."""
        self._asking = self._line.take(self._queue)
        if self._asking is None:
            return
        self._line.write(self._asking.envelope)
        self._be_patient()
        self._watch()
        try:
            await self._end
        finally:
            if self._alarm is not None:
                self._alarm.cancel()

    def replied(self) -> None:
        """Read what there is to read and answer it; called whenever replies have come."""
        replies = self._line.replies
        while not self._end.done():
            if self._ignored or self._finishing:
                if not replies:
                    break
                self._read_end(replies.popleft())
            elif self._asking is None:
                self._end.set_result(None)
            elif len(replies) >= _ENVELOPE_REPLIES:
                self._answer(self._asking, (replies.popleft(), replies.popleft(), replies.popleft()))
            elif any(reply.code == CLOSING for reply in replies):
                self._line.hang_up(_saying(next(reply for reply in replies if reply.code == CLOSING)))
            else:
                break
        self._be_patient()

    def lost(self, why: str) -> None:
        """Note what the end of the connection leaves in doubt, and what it does not."""
        if self._end.done():
            return
        if self._finishing is not None:
            self._queue.doubt(self._finishing)
        if self._asking is not None:
            if why == SILENCE:
                self._queue.note_slow(self._asking)
            self._let_go(self._asking, is_first=not (self._finishing or self._ignored), why=why)
        self._end.set_exception(SessionLostError(f"The connection ended: {why}."))

    def _let_go(self, mail: Mail, *, is_first: bool, why: str) -> None:
        """Put a mail where the replies to its envelope say that came before the end."""
        replies = list(self._line.replies) if is_first else []
        judgement = judge(replies)
        if judgement is None:
            # whose envelope stood behind something else that broke the connection has done nothing
            self._queue.give_back(mail, why if is_first else None)
        else:
            self._queue.turn_away(mail, judgement)

    def _read_end(self, reply: Reply) -> None:
        if self._ignored:
            self._ignored -= 1
        elif self._finishing is not None:
            mail, self._finishing = self._finishing, None
            if self._queue.finish(mail, reply):
                self._line.failures = 0
                return
            self._line.failures += 1
        if reply.code == CLOSING:
            self._line.hang_up(_saying(reply))

    def _begin(self, mail: Mail) -> None:
        """Send a mail's content, and the next envelope behind it."""
        if not self._queue.may_begin(self._loop.time()):
            self._line.hang_up("it is too late to begin")
            return
        self._asking, self._finishing = self._line.take(self._queue, is_alone=False), mail
        self._line.write(*mail.content, END_OF_MAIL, self._asking.envelope if self._asking else b"")

    def _answer(self, mail: Mail, replies: tuple[Reply, Reply, Reply]) -> None:
        """Send the content where the server waits for it, and the next envelope in any case."""
        to_sender, to_recipient, to_data = replies
        if to_data.code == GOES_ON and 200 <= to_sender.code < 300 > to_recipient.code >= 200:
            self._begin(mail)
            return
        judgement = judge(replies)
        assert judgement is not None
        goodbye = next((reply for reply in replies if reply.code == CLOSING), None)
        if goodbye or judgement.verdict is not Verdict.RECIPIENT:
            self._line.replies.extendleft(reversed(replies))  # `lost` reads them
            self._line.hang_up(_saying(goodbye or judgement.reply))
            return
        self._queue.turn_away(mail, judgement)
        self._line.failures += 1
        self._asking = self._line.take(self._queue)
        # the transaction goes on, and a second MAIL would be out of step (RFC 5321, 3.3): it is ended first;
        # where DATA was taken although nobody is named, nothing is sent before (RFC 2920, 3.1)
        is_waiting = replies[-1].code == GOES_ON
        self._ignored = 2 if is_waiting else 1
        envelope = self._asking.envelope if self._asking else b""
        self._line.write(END_OF_MAIL if is_waiting else b"", RESET, envelope)

    def _be_patient(self) -> None:
        """Wait from now on; a server may hold a mail's end back until it has judged the next envelope."""
        asking = None if self._finishing else self._asking
        patience = self._queue.patience(asking) if asking else LAST_REPLY_WITHIN_SECONDS
        self._silent_at = self._loop.time() + patience
        if self._alarm is not None and self._silent_at < self._alarm.when():
            self._alarm.cancel()
            self._watch()

    def _watch(self) -> None:
        """Hang up on a server that falls silent; looks when it may have, not at every mail."""
        if self._loop.time() >= self._silent_at:
            self._line.hang_up(SILENCE)
        else:
            self._alarm = self._loop.call_at(self._silent_at, self._watch)


def _saying(reply: Reply) -> str:
    return f"the server says {reply.words}"
