"""Servers that only take, each a process of its own on loopback: what is measured is the sender.

They answer what a sender waits for and keep nothing, so that the receiver's
pace changes little; its CPU counts for nobody.
"""

import os
import re
import selectors
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

READ_AT_ONCE: Final = 1 << 20
LAST_OF_A_MAIL: Final = 4096
"""Bytes that hold a mail's end and the commands behind it; nobody looks at those before."""
ADDRESS: Final = re.compile(rb'"to": ?\[\{"email": ?"([^"]+)"')


def discarding() -> AbstractContextManager[int]:
    """Read and throw away, answering nothing; enters with the port."""
    return _process(_Discarding)


def smtp() -> AbstractContextManager[int]:
    """Accept every mail; enters with the port."""
    return _process(_Smtp)


@contextmanager
def sendgrid(log: Path) -> Iterator[int]:
    """Accept every request, a line of the log for each recipient before the answer; enters with the port."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        with _process(partial(_SendGrid, descriptor)) as port:
            yield port
    finally:
        os.close(descriptor)


@contextmanager
def _process(begin: Callable[[], "_Discarding"]) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            _serve(listener, begin)
        finally:
            os._exit(1)
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _serve(listener: socket.socket, begin: Callable[[], "_Discarding"]) -> None:
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    place = memoryview(bytearray(READ_AT_ONCE))
    while True:
        for key, _ in selector.select():
            if key.data is None:
                line, _ = listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                conversation = begin()
                line.sendall(conversation.greeting)
                selector.register(line, selectors.EVENT_READ, conversation)
            elif not _answer(key.fileobj, key.data, place):  # type: ignore[arg-type]  # it is a socket
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]


def _answer(line: socket.socket, conversation: "_Discarding", place: memoryview) -> bool:
    try:
        size = line.recv_into(place)
        line.sendall(conversation.hear(place[:size]))
    except ConnectionError:
        return False
    return size > 0


class _Discarding:
    """Says nothing."""

    greeting = b""

    def hear(self, data: memoryview) -> bytes:
        """Take what came, and return the answer."""
        del data
        return b""


class _Smtp(_Discarding):
    """Says yes to everything, and looks at contents for their end alone."""

    greeting = b"220 sink\r\n"
    _ANSWERS: Final = {
        b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n",
        b"DATA": b"354 go on\r\n",
        b"QUIT": b"221 bye\r\n",
    }

    def __init__(self) -> None:
        self._is_content = False
        self._rest = b""

    def hear(self, data: memoryview) -> bytes:
        """Take what came, and return the answers to all of it."""
        said, heard = b"", self._rest + data[-LAST_OF_A_MAIL:]
        if self._is_content:
            _, dot, heard = heard.rpartition(b"\r\n.\r\n")
            if not dot:
                self._rest = heard[-4:]
                return b""
            self._is_content, said = False, b"250 2.0.0 queued\r\n"
        *lines, self._rest = heard.split(b"\r\n")
        for command in lines:
            verb = command[:4].upper()
            self._is_content = verb == b"DATA"
            said += self._ANSWERS.get(verb, b"250 2.1.0 ok\r\n")
        return said


class _SendGrid(_Discarding):
    """HTTP as far as our client and the package's speak it."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._heard = bytearray()
        self._wanted = 0

    def hear(self, data: memoryview) -> bytes:
        """Take what came, and return 202 for each request that is whole."""
        self._heard += data
        if not self._wanted:
            head, blank, _ = self._heard.partition(b"\r\n\r\n")
            if not blank:
                return b""
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            self._wanted = len(head) + 4 + int(length[1] if length else 0)
        if len(self._heard) < self._wanted:
            return b""
        named = ADDRESS.findall(self._heard, 0, self._wanted)
        os.write(self._log, b"".join(address + b"\n" for address in named))
        del self._heard[: self._wanted]
        self._wanted = 0
        return b"HTTP/1.1 202 Accepted\r\nX-Message-Id: sink\r\nContent-Length: 0\r\n\r\n"
