"""An SMTP server of our own on loopback: it pipelines, refuses, hangs up, and logs what it accepted.

Runs in a thread (`SmtpListener`) or as a process of its own for benchmarks and
chaos: `python tests/support/smtp_listener.py '{"log": "…"}'`.
"""

import asyncio
import base64
import json
import os
import random
import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass
class Manners:
    """How this server behaves."""

    log: str = ""
    """Where a line an accepted mail goes: its recipient and its Message-ID."""
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME")
    refused: dict[str, str] = field(default_factory=dict)
    """Recipient → the whole reply to RCPT, such as `550 no such user`."""
    sender_reply: str = "250 ok"
    user: str = ""
    password: str = ""
    hang_up_in_data: float = 0.0
    """Probability that the connection drops while a mail's content arrives."""
    hang_up_after_dot: float = 0.0
    """Probability that it drops after the final dot, the mail accepted, the reply not said."""
    hang_up_before_accepting: float = 0.0
    """Probability that it drops after the final dot, the mail not accepted."""
    stall_after_dot: float = 0.0
    """Probability that it accepts a mail and answers only after `stall_seconds`."""
    stall_before_accepting: float = 0.0
    """Probability that it takes a mail's content, accepts nothing and answers nothing for `stall_seconds`."""
    stall_seconds: float = 60.0
    deferring: float = 0.0
    """Probability that a recipient is told to come again later."""
    fault_log: str = ""
    """Where a line a fault goes."""
    most_mails: int = 10**9
    """Mails of one connection, after which 421 is said."""
    seed: int = 1
    takes_data_for_nobody: bool = False
    """Whether DATA is answered with 354 although every recipient was refused (RFC 2920, 3.1)."""
    round_trip_seconds: float = 0.0
    """Delay of every answer: what distance does."""


class SmtpListener:
    """The server; `with` runs it in a thread."""

    def __init__(self, manners: Manners | None = None, context: ssl.SSLContext | None = None) -> None:
        self.manners = manners or Manners()
        self.accepted: list[tuple[str, bytes]] = []
        """Recipient and content of each accepted mail, in a thread only."""
        self.connections = 0
        self.commands: list[str] = []
        self.keeps = True
        self.hung_up = 0
        self.port = 0
        self.context = context
        self._random = random.Random(self.manners.seed)
        self._log: int | None = None
        if self.manners.log:
            self._log = os.open(self.manners.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @property
    def url(self) -> str:
        """Its address."""
        login = f"{self.manners.user}:{self.manners.password}@" if self.manners.user else ""
        return f"smtp://{login}127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._log is not None:
            os.close(self._log)

    def _run(self, started: threading.Event) -> None:
        async def serve() -> None:
            self._stop = asyncio.Event()
            await self.start()
            started.set()
            await self._stop.wait()
            self._server.close()
            for conversation in list(self.open):
                conversation.transport.abort()
            await asyncio.sleep(0.01)

        self._loop.run_until_complete(serve())
        self._loop.close()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self.open: set[Conversation] = set()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Conversation(self), "127.0.0.1", port, ssl=self.context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def chance(self, fault: str) -> bool:
        """Draw whether a fault happens now."""
        probability = getattr(self.manners, fault)
        happens = bool(probability > 0 and self._random.random() < probability)
        if happens:
            self.note(fault)
        return happens

    def note(self, fault: str) -> None:
        """Write a fault down."""
        if self.manners.fault_log:
            with Path(self.manners.fault_log).open("a", encoding="utf-8") as log:
                log.write(f"{fault}\n")

    def take(self, recipient: str, content: bytes) -> None:
        """Accept a mail: it is in the log before anybody is told."""
        if self.keeps:
            self.accepted.append((recipient, content))
        if self._log is not None:
            os.write(self._log, f"{recipient}\n".encode())

    def drop(self, conversation: "Conversation") -> None:
        """Hang up."""
        self.hung_up += 1
        conversation.transport.abort()


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: SmtpListener) -> None:
        self.server = server
        self.buffer = bytearray()
        self.recipient: str | None = None
        self.has_sender = False
        self.is_in_data = False
        self.will_drop = False
        self.is_silent = False
        self.mails = 0
        self.scanned = 0

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self.transport = transport
        self.server.connections += 1
        self.server.open.add(self)
        self.say("220 listener")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.server.open.discard(self)

    def say(self, *lines: str) -> None:
        """Answer, after as long as the way takes."""
        data = "".join(f"{line}\r\n" for line in lines).encode()
        delay = self.server.manners.round_trip_seconds
        if delay:
            asyncio.get_running_loop().call_later(delay, self._write, data)
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Take commands and contents as they come, several at once where they are pipelined."""
        self.buffer += data
        while not self.transport.is_closing() and not self.is_silent:
            if self.is_in_data:
                if not self._end_of_data():
                    return
                continue
            line, found, rest = bytes(self.buffer[:2000]).partition(b"\r\n")
            if not found:
                return
            del self.buffer[: len(line) + 2]
            del rest
            self.command(line.decode("utf-8", "replace"))

    def _end_of_data(self) -> bool:
        if self.will_drop and len(self.buffer) > 200:
            self.server.drop(self)
            return False
        start = max(0, self.scanned - 5)
        if self.buffer[:3] == b".\r\n":
            at, length = 0, 3
        else:
            at, length = self.buffer.find(b"\r\n.\r\n", start), 5
        if at < 0:
            self.scanned = len(self.buffer)
            return False
        content = bytes(self.buffer[: at + 2]) if length == 5 else b""
        del self.buffer[: at + length]
        self.is_in_data, self.scanned = False, 0
        self._finish(content)
        return True

    def _finish(self, content: bytes) -> None:
        server, self.has_sender = self.server, False
        if server.chance("hang_up_before_accepting"):
            server.drop(self)
            return
        if server.chance("stall_before_accepting"):
            self.stall(None)
            return
        if self.recipient is None and not content:
            self.say("554 no valid recipients")
            return
        self.mails += 1
        server.take(self.recipient or "", content)
        self.recipient = None
        if server.chance("hang_up_after_dot"):
            server.drop(self)
        elif server.chance("stall_after_dot"):
            self.stall("250 accepted")
        else:
            self.say("250 accepted")

    def stall(self, reply: str | None) -> None:
        """Fall silent for a while, then say the reply, or hang up where there is none."""
        self.is_silent = True
        asyncio.get_running_loop().call_later(self.server.manners.stall_seconds, self._wake, reply)

    def _wake(self, reply: str | None) -> None:
        if reply is None:
            self.transport.abort()
            return
        self.is_silent = False
        self.say(reply)
        self.data_received(b"")

    def command(self, line: str) -> None:  # noqa: C901, PLR0912 - SMTP has so many verbs
        """Answer one command."""
        manners = self.server.manners
        if self.server.keeps:
            self.server.commands.append(line)
        verb = line.upper()
        if verb.startswith("EHLO"):
            extensions = list(manners.extensions)
            if manners.user:
                extensions.append("AUTH PLAIN LOGIN")
            lines = ["listener", *extensions]
            self.say(*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}")
        elif verb.startswith("AUTH PLAIN "):
            given = base64.b64decode(line[11:]).decode().split("\0")[1:]
            self.say("235 ok" if given == [manners.user, manners.password] else "535 5.7.8 bad credentials")
        elif verb.startswith("MAIL FROM"):
            if self.has_sender:
                self.say("503 5.5.1 nested MAIL command")
            elif self.mails >= manners.most_mails:
                self.server.note("421")
                self.say("421 enough for one connection")
                self.transport.close()
            else:
                self.has_sender = manners.sender_reply.startswith("2")
                self.say(manners.sender_reply)
        elif verb.startswith("RCPT TO:"):
            address = line[9 : line.index(">")]
            reply = manners.refused.get(address, "250 ok")
            if reply.startswith("2") and self.server.chance("deferring"):
                reply = "450 come again later"
            if reply.startswith("2"):
                self.recipient = address
            self.say(reply)
        elif verb == "DATA":
            if self.recipient is None and not manners.takes_data_for_nobody:
                self.say("554 5.5.1 no valid recipients")  # and the transaction goes on, as Postfix has it
                return
            self.will_drop = self.server.chance("hang_up_in_data")
            self.is_in_data = True
            self.say("354 go on")
        elif verb in {"RSET", "NOOP"}:
            self.recipient, self.has_sender = None, False
            self.say("250 ok")
        elif verb == "QUIT":
            self.say("221 bye")
            self.transport.close()
        else:
            self.say("500 what?")


def _announce(ready: str, port: int) -> None:
    """Say in a file, whole at once, that we listen and where."""
    draft = Path(ready + ".draft")
    draft.write_text(str(port), encoding="utf-8")
    draft.rename(ready)


async def _main(values: dict[str, Any]) -> None:
    ready, port = values.pop("ready", ""), values.pop("port", 0)
    server = SmtpListener(Manners(**values))
    server.keeps = False
    await server.start(port)
    if ready:
        _announce(ready, server.port)
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
