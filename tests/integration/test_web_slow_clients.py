"""Clients that never finish a request keep nobody else out."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from free_port import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from newsletter.web import serve
from newsletter.web.serving.impatience import ImpatientProtocol, bound

HALVES = {
    "nothing": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ",
    "half a body": b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nemail=",
    "half of a second request": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /h",
}
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def _form(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())}")


async def _ok(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


@contextmanager
def running(seconds: float, most: int) -> Iterator[int]:
    """Serve as the site is served, with its own patience; yield the port."""
    routes = [Route("/healthz", _ok), Route("/form", _form, methods=["POST"])]
    config = serve.configured(Starlette(routes=routes))
    config.http = type("Quick", (ImpatientProtocol,), {"seconds": seconds, "most": most})
    port = free_port()
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port), backlog=512) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


def said(port: int, sent: bytes) -> bytes:
    """Return all that comes back until the server hangs up."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(sent)
        try:
            while piece := client.recv(65_536):
                found += piece
        except ConnectionResetError:
            pass
    return found


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_a_request_that_is_never_finished_ends_by_itself(half: bytes) -> None:
    """The server hangs up; a whole request before it was answered."""
    with running(seconds=0.2, most=100) as port:
        assert said(port, half).count(b"200 OK") == half.count(b"\r\n\r\nGET")
        assert said(port, WHOLE).startswith(b"HTTP/1.1 200 OK")


def test_three_hundred_unfinished_requests_leave_room_for_others() -> None:
    """Where too many are connected, the longest unfinished ones go, long before their deadline."""
    with running(seconds=600, most=50) as port, ExitStack() as open_ones:
        for number in range(300):
            client = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(list(HALVES.values())[number % 3])
            if number % 50 == 0:
                assert said(port, WHOLE).startswith(b"HTTP/1.1 200 OK")
        assert said(port, WHOLE).startswith(b"HTTP/1.1 200 OK")


def test_the_bound_leaves_descriptors_for_the_rest() -> None:
    """At most half of what the process may open."""
    assert 0 < bound() <= 1_000
