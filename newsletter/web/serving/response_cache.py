"""Public pages given a moment ago, given again: without routing, a thread or a look into the store.

A page that a crowd asks for is looked up once a second. Nothing is kept that
is not the same for everybody: an answer that says `public` itself, to a plain
GET without a query, with a tag and without a cookie.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.web.serving import caching

SECONDS = 1.0
PLACES = 64
LARGEST_BYTES = 262_144

_OF_THE_BODY = frozenset({b"content-length", b"content-type"})
RawHeaders = Sequence[tuple[bytes, bytes]]


class _Page(NamedTuple):
    headers: RawHeaders
    body: bytes | None
    """None where a client held it already: then it is known that it is still the same, and no more."""
    tag: str
    at: float


class Recent:
    """Stand before an application and answer for it what it said within the last second."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock
        self._pages: OrderedDict[str, _Page] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or pass the request on and keep what comes back."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        page = self._recent(scope["path"])
        held = Headers(raw=scope["headers"]).get("if-none-match", "")
        if page and held and caching.is_known(held, page.tag):
            headers = [one for one in page.headers if one[0] not in _OF_THE_BODY]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        elif page and page.body is not None:
            await send({"type": "http.response.start", "status": 200, "headers": page.headers})
            await send({"type": "http.response.body", "body": page.body})
        else:
            listening = _Listener(send)
            await self._app(scope, receive, listening)
            self._keep(scope["path"], listening)

    def _recent(self, path: str) -> _Page | None:
        page = self._pages.get(path)
        return page if page and page.at <= self._clock() < page.at + SECONDS else None

    def _keep(self, path: str, answer: "_Listener") -> None:
        headers = Headers(raw=list(answer.headers))
        tag = headers.get("etag", "")
        is_public = headers.get("cache-control", "").startswith("public")
        is_for_all = is_public and "set-cookie" not in headers and "vary" not in headers
        if answer.status not in (200, 304) or not tag or not is_for_all or len(answer.body) > LARGEST_BYTES:
            return
        body = bytes(answer.body) if answer.status == 200 else None
        self._pages[path] = _Page(answer.headers, body, tag, self._clock())
        self._pages.move_to_end(path)
        while len(self._pages) > PLACES:
            self._pages.popitem(last=False)


class _Listener:
    """Passes an answer on and remembers it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.headers: RawHeaders = ()
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], tuple(message["headers"])
        elif self.status == 200 and len(self.body) <= LARGEST_BYTES:
            self.body += message.get("body", b"")
        await self._send(message)
