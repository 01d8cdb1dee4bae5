"""How long a client may take to send a request, and how many may be connected at once.

uvicorn waits for ever for the second half of a request. A few hundred
connections that never finish one would use up what a process may open.
"""

import asyncio
import resource
import time
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS: Final = 20.0
"""For head and body together, from the connection or from the first byte of the next request on."""
MOST_CONNECTIONS: Final = 1_000
_UNFINISHED = (h11.IDLE, h11.SEND_BODY)


def bound() -> int:
    """Return how many connections are held at once: half of what the process may open, at most a thousand."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 with a deadline for requests; of too many connections the longest unfinished one goes."""

    seconds = SECONDS
    most = MOST_CONNECTIONS
    _deadline: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request, and make room for it."""
        super().connection_made(transport)
        self._since = time.monotonic()
        self._expect()
        if len(self.connections) > self.most:
            waiting = [one for one in self.connections if isinstance(one, ImpatientProtocol)]
            unfinished = [one for one in waiting if one is not self and one.conn.their_state in _UNFINISHED]
            if unfinished:
                min(unfinished, key=lambda one: one._since).give_up()  # noqa: SLF001 - of our own class

    def data_received(self, data: bytes) -> None:
        """Read on; a request that is whole has all the time that the answer takes."""
        super().data_received(data)
        if self.conn.their_state in _UNFINISHED:
            self._expect()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._rest()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Hang up on a client that did not finish its request."""
        self._rest()
        self.transport.abort()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self.give_up)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
