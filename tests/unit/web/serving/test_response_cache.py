"""What was said to everybody within the last second is said again without asking."""

import asyncio
from collections.abc import Mapping

import pytest
from asgi import Answer, asked
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from newsletter.web.serving.response_cache import LARGEST_BYTES, PLACES, SECONDS, Recent

PUBLIC = {
    "Cache-Control": "public, max-age=60",
    "ETag": 'W/"1"',
    "Content-Security-Policy": "default-src 'none'",
}


class Application:
    """Counts how often it is asked, and says so."""

    def __init__(self, headers: Mapping[str, str] = PUBLIC, status: int = 200, more: bytes = b"") -> None:
        self.times, self.now = 0, 0.0
        self.headers, self.status, self.more = headers, status, more
        self.front = Recent(self, clock=lambda: self.now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say how often it was asked."""
        self.times += 1
        body = f"{self.times}".encode() + self.more
        await Response(body, self.status, headers=dict(self.headers))(scope, receive, send)

    def ask(self, path: str = "/", method: str = "GET", held: str = "") -> Answer:
        """Ask through the front."""
        headers = ((b"if-none-match", held.encode()),) if held else ()
        return asyncio.run(asked(self.front, method, path, headers=headers))


def test_a_crowd_is_answered_once_a_second() -> None:
    """The same bytes and headers; then the application is asked again."""
    application = Application()
    first = application.ask()
    assert [application.ask() for _ in range(5)] == [first] * 5
    application.now += SECONDS
    assert application.ask().body == b"2"
    assert application.ask("/other").body == b"3"


def test_who_holds_the_page_gets_304_with_every_header_but_the_bodys() -> None:
    """The security headers stay."""
    application = Application()
    first = application.ask()
    answer = application.ask(held='W/"1"')
    assert (answer.status, answer.body, application.times) == (304, b"", 1)
    assert set(first.headers) - set(answer.headers) == {(b"content-length", b"1")}
    assert application.ask(held='"2"').status == 200


def test_what_was_not_modified_is_so_for_a_second() -> None:
    """For who holds it; who does not gets it from the application."""
    application = Application(status=304, headers=PUBLIC)
    for _ in range(3):
        assert application.ask(held='W/"1"').status == 304
    assert application.times == 1
    application.status = 200
    assert application.ask().status == 200
    assert application.times == 2
    application.now -= 60
    application.ask()
    assert application.times == 3, "a clock that was set back keeps nothing for longer"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (PUBLIC | {"Cache-Control": "no-store"}, 200),
        (PUBLIC | {"Cache-Control": "private"}, 200),
        (PUBLIC | {"Set-Cookie": "a=b"}, 200),
        (PUBLIC | {"Vary": "Accept"}, 200),
        ({"Cache-Control": "public"}, 200),
        (PUBLIC, 404),
        (PUBLIC, 500),
    ],
    ids=["no-store", "private", "cookie", "varies", "no-tag", "missing", "broken"],
)
def test_what_is_not_the_same_for_everybody_is_never_kept(headers: Mapping[str, str], status: int) -> None:
    """Each request is asked anew."""
    application = Application(headers, status)
    for _ in range(3):
        application.ask()
    assert application.times == 3


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_only_plain_reading_is_answered_from_memory(method: str) -> None:
    """Whatever may change something reaches the application."""
    application = Application()
    for _ in range(2):
        application.ask()
        application.ask(method=method)
    assert application.times == 3


def test_memory_is_bounded() -> None:
    """In pages, the oldest going first, and in the size of each."""
    application = Application()
    for number in range(PLACES + 1):
        application.ask(f"/{number}")
    application.ask(f"/{PLACES}")
    assert application.times == PLACES + 1
    application.ask("/0")
    assert application.times == PLACES + 2
    large = Application(more=b"x" * LARGEST_BYTES)
    assert large.ask() != large.ask()
