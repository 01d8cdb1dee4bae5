"""One SMTP connection (RFC 5321): opened, encrypted, logged in, and what is said on it.

Where the server announces PIPELINING, mails are carried by `smtp_pipeline`.
Where it does not, each command waits for its answer. Every reply is read.
"""

import asyncio
import base64
import ssl
from collections import deque
from functools import lru_cache
from typing import Final

from newsletter.delivery.mailers.smtp_pipeline import (
    END_OF_MAIL,
    LAST_REPLY_WITHIN_SECONDS,
    MOST_FAILURES,
    REPLY_WITHIN_SECONDS,
    RESET,
    Pipeline,
    SessionLostError,
)
from newsletter.delivery.mailers.smtp_queue import Mail, Queue
from newsletter.delivery.mailers.smtp_replies import CLOSING, Reply, Verdict, judge
from newsletter.errors import PermanentError

CONNECT_WITHIN_SECONDS: Final = 10.0
_READ_AT_ONCE: Final = 16 * 1024
_LONGEST_LINE: Final = 64 * 1024
"""Bytes; RFC 5321, 4.5.3.1.5 allows 512."""
_MOST_LINES: Final = 1000
"""Of one reply."""


class LogInRefusedError(PermanentError):
    """The server does not take this user and password."""


class Session(asyncio.BufferedProtocol):
    """A connection that has said EHLO, and TLS and AUTH where asked."""

    def __init__(self) -> None:
        self.extensions: dict[str, str] = {}
        self.replies: deque[Reply] = deque()
        """What was said and not yet read."""
        self.taken = 0
        """Mails that it was given since it opened."""
        self.failures = 0
        """Mails in a row that it was turned away with."""
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(_READ_AT_ONCE))
        self._rest = b""
        self._lines: list[bytes] = []
        self._last_lines: list[bytes] = []
        """Of the last reply that had several."""
        self._waiter: asyncio.Future[None] | None = None
        self._pipeline: Pipeline | None = None
        self._lost: str | None = None
        self._most = 0

    # ── what asyncio calls ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put what comes in: replies are short, so one small place does."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Cut what came in into replies; a line whose code is followed by `-` goes on in the next."""
        *lines, self._rest = (self._rest + self._buffer[:nbytes]).split(b"\r\n")
        if len(self._rest) > _LONGEST_LINE or len(self._lines) > _MOST_LINES:
            self.hang_up("its reply does not end")
            return
        for line in lines:
            reply = _read(line)
            if reply is None or self._lines:
                if not line[:3].isdigit():
                    self.hang_up("what it says is not SMTP")
                    return
                self._lines.append(line)
                if line[3:4] == b"-":
                    continue
                reply = Reply(int(line[:3]), _text(self._lines))
                self._last_lines, self._lines = self._lines, []
            self.replies.append(reply)
        if self._pipeline is not None:
            self._pipeline.replied()
        elif self.replies:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember why."""
        self.hang_up(str(exc) if exc else "the server closed the connection")

    # ── opening ──

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._lost is None

    @property
    def is_open(self) -> bool:
        """Whether it may still be spoken to; a reply that nobody asked for is a goodbye."""
        return self._lost is None and not self.replies

    async def greet(
        self, name: str, *, starttls: tuple[ssl.SSLContext, str] | None, must_encrypt: bool
    ) -> None:
        """Read the greeting, say EHLO, and begin TLS where it is offered."""
        self._expect(await self._next(REPLY_WITHIN_SECONDS), {220}, "greets")
        await self._hello(name)
        if starttls is None:
            return
        if "STARTTLS" not in self.extensions:
            if must_encrypt:
                raise LogInRefusedError("It offers no STARTTLS, and a password must not travel in clear.")
            return
        self._expect(await self._ask(b"STARTTLS\r\n"), {220}, "answers STARTTLS")
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        context, host = starttls
        transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise SessionLostError("The connection ended while TLS began.")
        self._transport = transport
        await self._hello(name)

    async def log_in(self, user: str, password: str) -> None:
        """Authenticate by PLAIN or LOGIN. Raises `LogInRefusedError` where the server says no."""
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered or "LOGIN" not in offered:
            token = base64.b64encode(f"\0{user}\0{password}".encode())
            reply = await self._ask(b"AUTH PLAIN " + token + b"\r\n")
        else:
            reply = await self._ask(b"AUTH LOGIN\r\n")
            for secret in (user, password):
                if reply.code == 334:
                    reply = await self._ask(base64.b64encode(secret.encode()) + b"\r\n")
        if reply.code != 235:
            raise LogInRefusedError(f"{reply.words}. Correct the user and password in SMTP_URL.")

    def close(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def hang_up(self, why: str) -> None:
        """End the connection at once: what was said last cannot be relied on."""
        self._lost = self._lost or why
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()
        if self._pipeline is not None:
            self._pipeline.lost(self._lost)
        self._wake()

    # ── carrying ──

    @property
    def takes_utf8(self) -> bool:
        """Whether addresses may go beyond ASCII (RFC 6531)."""
        return "SMTPUTF8" in self.extensions

    async def carry(self, queue: Queue, most: int) -> None:
        """Send what waits until nothing does, or this connection has taken `most` mails.

        Raises `SessionLostError` where the connection ends. The mail whose
        last byte may have left is uncertain then, and no other: a mail whose
        content was not begun waits again.
        """
        self._most = most
        if "PIPELINING" not in self.extensions:
            await self._carry_in_turn(queue)
            return
        self._check()
        self._pipeline = Pipeline(self, queue)
        try:
            await self._pipeline.run()
        finally:
            self._pipeline = None

    def take(self, queue: Queue) -> Mail | None:
        """Return the next mail, unless this connection has had its share."""
        if not self.may_carry(self._most):
            return None
        mail = queue.take(takes_utf8=self.takes_utf8)
        self.taken += mail is not None
        return mail

    def may_carry(self, most: int) -> bool:
        """Whether it may be given more mails, of `most` in all; none where the server would lose patience."""
        return self.is_alive and self.taken < most and self.failures < MOST_FAILURES

    async def _carry_in_turn(self, queue: Queue) -> None:
        while (mail := self.take(queue)) is not None:
            if not await self._is_admitted(mail, queue):
                continue
            self.write(*mail.content, END_OF_MAIL)
            try:
                reply = await self._next(LAST_REPLY_WITHIN_SECONDS)
            except SessionLostError:
                queue.doubt(mail)
                raise
            queue.finish(mail, reply)
            self.failures = 0 if reply.is_good else self.failures + 1
            self._leave_on(reply)

    async def _is_admitted(self, mail: Mail, queue: Queue) -> bool:
        """Whether the server waits for the mail's content; otherwise note why not."""
        replies: list[Reply] = []
        for command in mail.envelope.splitlines(keepends=True):
            try:
                replies.append(await self._ask(command))
            except SessionLostError as error:
                queue.give_back(mail, str(error))
                raise
            judgement = judge(replies)
            if judgement is None:
                continue
            queue.turn_away(mail, judgement)
            self.failures += 1
            self._leave_on(judgement.reply, is_useless=judgement.verdict is not Verdict.RECIPIENT)
            await self._ask(RESET)
            return False
        return True

    def _leave_on(self, reply: Reply, *, is_useless: bool = False) -> None:
        if is_useless or reply.code == CLOSING:
            self.hang_up(f"the server says {reply.words}")
            self._check()

    # ── speaking ──

    def write(self, *pieces: bytes) -> None:
        """Send, in one write."""
        assert self._transport is not None
        self._transport.write(b"".join(pieces))

    async def _hello(self, name: str) -> None:
        self._last_lines = []
        self._expect(await self._ask(f"EHLO {name}\r\n".encode()), {250}, "answers EHLO")
        lines = [line[4:].decode("ascii", "replace") for line in self._last_lines[1:]]
        self.extensions = {word.upper(): rest for word, _, rest in (line.partition(" ") for line in lines)}

    async def _ask(self, command: bytes) -> Reply:
        self.write(command)
        return await self._next(REPLY_WITHIN_SECONDS)

    async def _next(self, within: float) -> Reply:
        if not self.replies:
            self._check()
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            alarm = loop.call_later(within, self.hang_up, "it fell silent")
            try:
                await self._waiter
            finally:
                alarm.cancel()
                self._waiter = None
            if not self.replies:
                self._check()
        return self.replies.popleft()

    def _check(self) -> None:
        if self._lost is not None:
            raise SessionLostError(f"The connection ended: {self._lost}.")

    def _expect(self, reply: Reply, codes: set[int], does: str) -> None:
        if reply.code not in codes:
            raise SessionLostError(f"The server {does} with {reply.words}.")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


@lru_cache(maxsize=256)
def _read(line: bytes) -> Reply | None:
    """Read a reply of one line, which most servers say a thousand times alike; None where it is none."""
    if not line[:3].isdigit() or line[3:4] == b"-":
        return None
    return Reply(int(line[:3]), _text([line]))


def _text(lines: list[bytes]) -> str:
    return b" ".join(line[4:] for line in lines).decode("utf-8", "replace")
