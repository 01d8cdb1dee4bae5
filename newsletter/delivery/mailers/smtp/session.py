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

from newsletter.delivery.mailers.smtp.in_turn import carry_in_turn
from newsletter.delivery.mailers.smtp.pipeline import MOST_FAILURES, SILENCE, Pipeline, SessionLostError
from newsletter.delivery.mailers.smtp.queue import Mail, Queue
from newsletter.delivery.mailers.smtp.replies import Reply
from newsletter.errors import PermanentError

OPENING_REPLY_WITHIN_SECONDS: Final = 60.0
"""To the greeting, EHLO, STARTTLS and AUTH: some servers let unknown clients wait."""
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
        self.lost_because: str | None = None
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
        return self.lost_because is None

    @property
    def is_open(self) -> bool:
        """Whether it may still be spoken to; a reply that nobody asked for is a goodbye."""
        return self.lost_because is None and not self.replies

    async def greet(
        self, name: str, *, starttls: tuple[ssl.SSLContext, str] | None, must_encrypt: bool
    ) -> None:
        """Read the greeting, say EHLO, and begin TLS where it is offered."""
        try:
            self._expect(await self.next_reply(OPENING_REPLY_WITHIN_SECONDS), {220}, "greets")
        except SessionLostError as error:
            if self.lost_because != SILENCE:
                raise
            hint = "" if starttls is None else " A port that begins with TLS, such as 465, needs smtps://."
            raise SessionLostError(f"The server does not greet.{hint}") from error
        await self._hello(name)
        if starttls is None:
            return
        if "STARTTLS" not in self.extensions:
            if must_encrypt:
                raise LogInRefusedError("It offers no STARTTLS, and a password must not travel in clear")
            return
        self._expect(await self.ask(b"STARTTLS\r\n"), {220}, "answers STARTTLS")
        if self.replies or self._lines or self._rest:
            # somebody on the way may have said it, and it would be believed as if it had come encrypted
            self.hang_up("it goes on in clear after it agreed to TLS")
            self._check()
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        context, host = starttls
        transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise SessionLostError("The connection ended while TLS began.")
        self._transport = transport
        await self._hello(name)

    async def log_in(self, user: str, password: str) -> None:
        """Authenticate by PLAIN or LOGIN.

        Raises `LogInRefusedError` where the server says no or offers neither,
        and `SessionLostError` where it cannot tell now.
        """
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered:
            token = base64.b64encode(f"\0{user}\0{password}".encode())
            reply = await self.ask(b"AUTH PLAIN " + token + b"\r\n")
        elif "LOGIN" in offered:
            reply = await self.ask(b"AUTH LOGIN\r\n")
            for secret in (user, password):
                if reply.code == 334:
                    reply = await self.ask(base64.b64encode(secret.encode()) + b"\r\n")
        else:
            found = (
                f"It offers only {', '.join(offered)} to log in" if offered else "It offers no log-in (AUTH)"
            )
            raise LogInRefusedError(
                f"{found}, and SMTP_URL has a user. Use its port for submission (587, or 465 with smtps://)"
            )
        if reply.code == 235:
            return
        if reply.code < 500:
            raise SessionLostError(f"The server answers AUTH with {reply.words}.")
        raise LogInRefusedError(f"{reply.words}. Correct the user and password in SMTP_URL")

    def close(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def hang_up(self, why: str) -> None:
        """End the connection at once: what was said last cannot be relied on."""
        self.lost_because = self.lost_because or why
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()
        if self._pipeline is not None:
            self._pipeline.lost(self.lost_because)
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
            await carry_in_turn(self, queue)
            return
        self._check()
        self._pipeline = Pipeline(self, queue)
        try:
            await self._pipeline.run()
        finally:
            self._pipeline = None

    def take(self, queue: Queue, *, is_alone: bool = True) -> Mail | None:
        """Return the next mail, unless this connection has had its share."""
        if not self.may_carry(self._most):
            return None
        mail = queue.take(takes_utf8=self.takes_utf8, is_alone=is_alone)
        self.taken += mail is not None
        return mail

    def may_carry(self, most: int) -> bool:
        """Whether it may be given more mails, of `most` in all; none where the server would lose patience."""
        return self.is_alive and self.taken < most and self.failures < MOST_FAILURES

    # ── speaking ──

    def write(self, *pieces: bytes) -> None:
        """Send, in one write."""
        assert self._transport is not None
        self._transport.write(b"".join(pieces))

    async def _hello(self, name: str) -> None:
        self._last_lines = []
        self._expect(await self.ask(f"EHLO {name}\r\n".encode()), {250}, "answers EHLO")
        lines = [line[4:].decode("ascii", "replace") for line in self._last_lines[1:]]
        self.extensions = {word.upper(): rest for word, _, rest in (line.partition(" ") for line in lines)}

    async def ask(self, command: bytes, within: float | None = None) -> Reply:
        """Send a command and wait for the answer, as long as an opening takes unless said."""
        self.write(command)
        return await self.next_reply(within or OPENING_REPLY_WITHIN_SECONDS)

    async def next_reply(self, within: float) -> Reply:
        """Wait for the next reply. Raises `SessionLostError` where none comes."""
        if not self.replies:
            self._check()
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            alarm = loop.call_later(within, self.hang_up, SILENCE)
            try:
                await self._waiter
            finally:
                alarm.cancel()
                self._waiter = None
            if not self.replies:
                self._check()
        return self.replies.popleft()

    def _check(self) -> None:
        if self.lost_because is not None:
            raise SessionLostError(f"The connection ended: {self.lost_because}.")

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
