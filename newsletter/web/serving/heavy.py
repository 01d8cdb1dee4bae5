"""Pages that are made with much work: a few at a time, so that the others answer meanwhile.

A server has forty threads and one core for Python. Without a bound, as many
searches would take all of them, and unsubscribing would wait behind.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE: Final = 4
WAITING: Final = 60
"""How many may wait for their turn; they hold a connection and no thread."""
_PATHS: Final = ("/search", "/preview", "/authors/")


class HeavyPages:
    """Stand before an application and let it work on `AT_ONCE` requests for such pages; others pass."""

    def __init__(self, app: ASGIApp, *, root: str, refuse: Callable[[Request], Response]) -> None:
        """`root` is the API's path, whose searches count too; `refuse` says that too many wait already."""
        self._app = app
        self._paths = (*_PATHS, *(root + path for path in _PATHS))
        self._refuse = refuse
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it is its turn, which ends with the first byte of the answer."""
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
        elif self._waiting >= WAITING:
            await self._refuse(Request(scope))(scope, receive, send)
        else:
            await self._in_turn(scope, receive, send)

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        is_working = True

        def done() -> None:
            nonlocal is_working
            if is_working:
                is_working = False
                self._turns.release()

        async def until_answered(message: Message) -> None:
            done()  # a client that reads slowly keeps nobody waiting
            await send(message)

        try:
            await self._app(scope, receive, until_answered)
        finally:
            done()
