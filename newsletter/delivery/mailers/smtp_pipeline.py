"""Mails over one connection without waiting between them (RFC 2920).

The end of one mail and the envelope of the next leave in one write, so a mail
costs one round trip. Nothing runs between two answers but this: no task is
woken and no timer set for a mail, because a thousand mails would pay for it.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

from newsletter.delivery.mailers.smtp_queue import Mail, Queue, Reply
from newsletter.errors import TransientError

REPLY_WITHIN_SECONDS: Final = 15.0
LAST_REPLY_WITHIN_SECONDS: Final = 45.0
"""After the final dot servers scan the mail before they answer."""
_ENVELOPE_REPLIES: Final = 3
"""To MAIL, RCPT and DATA."""
_GOES_ON: Final = 354
END_OF_MAIL: Final = b".\r\n"


class SessionLostError(TransientError):
    """The connection ended, or the server fell silent."""


class Line(Protocol):
    """The connection, as the pipeline sees it."""

    replies: deque[Reply]
    """What was said and not yet read."""

    def write(self, *pieces: bytes) -> None:
        """Send, in one write."""

    def take(self, queue: Queue) -> Mail | None:
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
        self._silent_at = self._loop.time() + REPLY_WITHIN_SECONDS

    async def run(self) -> None:
        """Carry mails until none is handed out. Raises `SessionLostError` where the connection ends."""
        self._asking = self._line.take(self._queue)
        if self._asking is None:
            return
        self._line.write(self._asking.envelope)
        self._watch()
        try:
            await self._end
        finally:
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
                self._answer(self._asking, replies.popleft(), replies.popleft(), replies.popleft())
            else:
                break
        patience = LAST_REPLY_WITHIN_SECONDS if self._finishing else REPLY_WITHIN_SECONDS
        self._silent_at = self._loop.time() + patience

    def lost(self, why: str) -> None:
        """Note what the end of the connection leaves in doubt, and what it does not."""
        if self._end.done():
            return
        if self._finishing is not None:
            self._queue.doubt(self._finishing)
        if self._asking is not None:
            self._queue.give_back(self._asking)
        self._end.set_exception(SessionLostError(f"The connection ended: {why}."))

    def _read_end(self, reply: Reply) -> None:
        if self._ignored:
            self._ignored -= 1
        elif self._finishing is not None:
            self._queue.finish(self._finishing, reply)
            self._finishing = None

    def _answer(self, mail: Mail, to_sender: Reply, to_recipient: Reply, to_data: Reply) -> None:
        """Send the content where the server waits for it, and the next envelope in any case."""
        is_admitted = to_sender.code < 400 and to_recipient.code < 400
        is_waiting = to_data.code == _GOES_ON
        if is_admitted and is_waiting:
            self._asking, self._finishing = self._line.take(self._queue), mail
            self._line.write(*mail.content, END_OF_MAIL, self._asking.envelope if self._asking else b"")
            return
        said = (to_sender, to_recipient, to_data)
        goodbye = next((reply for reply in said if reply.code == 421), None)
        if goodbye is not None or to_sender.code >= 500:
            if goodbye is None:
                self._queue.sender_refused = to_sender.words
            self._line.hang_up(f"the server says {(goodbye or to_sender).words}")
            return
        self._queue.turn_away(mail, next((reply for reply in said if reply.code >= 400), to_data))
        self._asking = self._line.take(self._queue)
        # RFC 2920, 3.1: DATA was taken although nobody is named; nothing is sent then
        self._ignored = 1 if is_waiting else 0
        envelope = self._asking.envelope if self._asking else b""
        self._line.write(END_OF_MAIL if is_waiting else b"", envelope)

    def _watch(self) -> None:
        """Hang up on a server that falls silent; looks when it may have, not at every mail."""
        if self._loop.time() >= self._silent_at:
            self._line.hang_up("it fell silent")
        else:
            self._alarm = self._loop.call_at(self._silent_at, self._watch)
