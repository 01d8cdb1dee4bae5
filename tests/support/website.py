"""A real web server on loopback whose pages a test sets, and which remembers what it was asked."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Page:
    """One page: what is sent, and how."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    has_tag: bool = True
    """Whether it carries an ETag of its body, and answers 304 to who has it."""
    repeat: int = 1
    """How often the body is sent over."""
    length: int | None = None
    """What Content-Length claims; the truth where None, nothing (until the end) where -1."""
    hold: Event | None = None
    """Waited for before the first byte."""


@dataclass(frozen=True)
class Request:
    """What somebody asked."""

    path: str
    headers: dict[str, str]
    status: int


class Website:
    """A server on 127.0.0.1; see `website`."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self.server = _QuietServer(("127.0.0.1", 0), _handler(self))
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def put(self, path: str, body: bytes = b"", **values: Any) -> str:
        """Set a page and return its address."""
        self.pages[path] = Page(body, **values)
        return self.url + path

    @property
    def statuses(self) -> list[int]:
        """What was answered, in order."""
        return [request.status for request in self.requests]


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up: tests make them."""


@contextmanager
def website() -> Iterator[Website]:
    """Run a server for the length of a block."""
    site = Website()
    thread = Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        for page in site.pages.values():
            if page.hold:
                page.hold.set()
        site.server.shutdown()
        site.server.server_close()
        thread.join()


def _handler(site: Website) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = site.pages.get(self.path, Page(status=404))
            tag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
            is_known = page.has_tag and page.status == 200 and self.headers["If-None-Match"] == tag
            status = 304 if is_known else page.status
            site.requests.append(Request(self.path, dict(self.headers.items()), status))
            if page.hold:
                page.hold.wait(30)
            self.send_response(status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.has_tag:
                self.send_header("ETag", tag)
            body = b"" if is_known else page.body
            if page.length == -1:
                self.close_connection = True
            else:
                claimed = len(body) * page.repeat if page.length is None or is_known else page.length
                self.send_header("Content-Length", str(claimed))
            self.end_headers()
            try:
                for _ in range(page.repeat):
                    self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            if page.length not in {None, -1}:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
