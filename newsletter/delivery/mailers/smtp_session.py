"""One SMTP connection, pipelined (RFC 5321, RFC 2920).

Where the server announces PIPELINING, the end of one mail and the envelope of
the next leave in one write, so a mail costs one round trip; every reply is
read. Where it does not, each command waits for its answer.
"""

import asyncio
import base64
import ssl
from collections import deque
from collections.abc import Awaitable
from typing import Final

from newsletter.delivery.mailers.smtp_queue import Mail, Queue, Reply
from newsletter.errors import PermanentError, TransientError

CONNECT_WITHIN_SECONDS: Final = 10.0
REPLY_WITHIN_SECONDS: Final = 15.0
LAST_REPLY_WITHIN_SECONDS: Final = 45.0
"""After the final dot servers scan the mail before they answer."""


class SessionLostError(TransientError):
    """The connection ended, or the server fell silent."""


class LogInRefusedError(PermanentError):
    """The server does not take this user and password."""


class Session(asyncio.Protocol):
    """A connection that has said EHLO, and TLS and AUTH where asked."""

    def __init__(self) -> None:
        self.extensions: dict[str, str] = {}
        self.taken = 0
        """Mails that it was given since it opened."""
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[bytes] = []
        self._last_lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._lost: str | None = None
        self._most = 0

    # ── what asyncio calls ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Cut what came into replies; a line whose code is followed by `-` goes on in the next."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if not line[:3].isdigit():
                self._end("what it says is not SMTP")
                return
            self._lines.append(line[4:])
            if line[3:4] != b"-":
                self._replies.append(Reply(int(line[:3]), b" ".join(self._lines).decode("utf-8", "replace")))
                self._last_lines, self._lines = self._lines, []
        if len(self._replies) >= self._wanted:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember why."""
        self._end(str(exc) if exc else "the server closed the connection")

    # ── opening ──

    @property
    def is_open(self) -> bool:
        """Whether it may still be spoken to; a reply that nobody asked for is a goodbye."""
        return self._lost is None and not self._replies

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

    def drop(self) -> None:
        """Hang up: what was said last cannot be relied on."""
        self._end("we hung up")

    # ── carrying ──

    async def carry(self, queue: Queue, most: int) -> None:
        """Send what waits until nothing does, or this connection has taken `most` mails.

        Raises `SessionLostError` where the connection ends. The mail whose
        last byte may have left is uncertain then, and no other: a mail whose
        content was not begun waits again.
        """
        self._most = most
        step = self._carry_pipelined if "PIPELINING" in self.extensions else self._carry_in_turn
        await step(queue)

    async def _carry_pipelined(self, queue: Queue) -> None:
        mail = self._take(queue)
        if mail is not None:
            self._write(self._envelope(mail))
        while mail is not None:
            following = None
            if await self._is_admitted(mail, self._several(3, REPLY_WITHIN_SECONDS), queue):
                following = self._take(queue)
                self._write(mail.content + b".\r\n" + (self._envelope(following) if following else b""))
                await self._finish(mail, following, queue)
            else:
                following = self._take(queue)
                if following is not None:
                    self._write(self._envelope(following))
            mail = following

    async def _carry_in_turn(self, queue: Queue) -> None:
        while (mail := self._take(queue)) is not None:
            if await self._is_admitted(mail, self._one_by_one(mail), queue):
                self._write(mail.content + b".\r\n")
                await self._finish(mail, None, queue)
            else:
                await self._ask(b"RSET\r\n")

    def _take(self, queue: Queue) -> Mail | None:
        while self.taken < self._most and (mail := queue.take()) is not None:
            if mail.needs_utf8 and "SMTPUTF8" not in self.extensions:
                queue.refused[mail.subscriber_id] = "the mail server takes no such address (no SMTPUTF8)"
                continue
            self.taken += 1
            return mail
        return None

    async def _one_by_one(self, mail: Mail) -> list[Reply]:
        said: list[Reply] = []
        for command in self._envelope(mail).splitlines(keepends=True):
            said.append(await self._ask(command))
            if said[-1].code >= 400:
                break
        return said

    async def _finish(self, mail: Mail, following: Mail | None, queue: Queue) -> None:
        """Read the answer to the final dot; without one, nobody knows whether the mail was accepted."""
        try:
            reply = await self._next(LAST_REPLY_WITHIN_SECONDS)
        except SessionLostError:
            queue.uncertain.add(mail.subscriber_id)
            if following is not None:
                queue.give_back(following)
            raise
        if 200 <= reply.code < 300:
            queue.accepted.add(mail.subscriber_id)
        else:
            queue.note(mail, reply)

    async def _is_admitted(self, mail: Mail, asked: Awaitable[list[Reply]], queue: Queue) -> bool:
        """Whether the server waits for the mail's content; otherwise note why not."""
        try:
            said = await asked
        except SessionLostError:
            queue.give_back(mail)
            raise
        goodbye = next((reply for reply in said if reply.code == 421), None)
        if goodbye is not None or said[0].code >= 500:
            queue.give_back(mail)
            if goodbye is None:
                queue.sender_refused = said[0].words
            raise SessionLostError(f"The server says {(goodbye or said[0]).words}.")
        refusal = next((reply for reply in said if reply.code >= 400), None)
        if refusal is None and said[-1].code == 354:
            return True
        queue.note(mail, refusal or said[-1])
        if said[-1].code == 354:
            await self._ask(b".\r\n")  # RFC 2920, 3.1: DATA was taken although nobody is named; send nothing
        return False

    def _envelope(self, mail: Mail) -> bytes:
        option = " SMTPUTF8" if mail.needs_utf8 else ""
        return f"MAIL FROM:<{mail.sender}>{option}\r\nRCPT TO:<{mail.address}>\r\nDATA\r\n".encode()

    # ── speaking ──

    async def _hello(self, name: str) -> None:
        self._expect(await self._ask(f"EHLO {name}\r\n".encode()), {250}, "answers EHLO")
        lines = [line.decode("ascii", "replace") for line in self._last_lines[1:]]
        self.extensions = {word.upper(): rest for word, _, rest in (line.partition(" ") for line in lines)}

    async def _ask(self, command: bytes) -> Reply:
        self._write(command)
        return await self._next(REPLY_WITHIN_SECONDS)

    async def _next(self, within: float) -> Reply:
        return (await self._several(1, within))[0]

    async def _several(self, wanted: int, within: float) -> list[Reply]:
        if len(self._replies) < wanted:
            if self._lost is not None:
                raise SessionLostError(f"The connection ended: {self._lost}.")
            self._wanted = wanted
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            alarm = loop.call_later(within, self._end, "it fell silent")
            try:
                await self._waiter
            finally:
                alarm.cancel()
                self._waiter, self._wanted = None, 0
            if len(self._replies) < wanted:
                raise SessionLostError(f"The connection ended: {self._lost}.")
        return [self._replies.popleft() for _ in range(wanted)]

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _expect(self, reply: Reply, codes: set[int], does: str) -> None:
        if reply.code not in codes:
            raise SessionLostError(f"The server {does} with {reply.words}.")

    def _end(self, why: str) -> None:
        self._lost = self._lost or why
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
