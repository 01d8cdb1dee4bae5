"""A loopback server that shows the sample's sources as they stand at a moment of one's choice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from newsletter.models import Source
from newsletter.sample import feeds
from newsletter.sample.facts import Facts, facts

_LISTING, _ROBOTICS, _PAGE, _BLOG = "/rss/cs.CV", "/rss/cs.RO", "/api/daily_papers", "/blog/feed.xml"


def sources(base_url: str) -> tuple[Source, ...]:
    """Return the sample's sources, as an operator would configure them."""
    return (
        Source(name="arxiv-cs-cv", title="arXiv cs.CV", url=base_url + _LISTING, adapter="arxiv"),
        Source(name="arxiv-cs-ro", title="arXiv cs.RO", url=base_url + _ROBOTICS, adapter="arxiv"),
        Source(
            name="huggingface", title="Hugging Face daily papers", url=base_url + _PAGE, adapter="huggingface"
        ),
        Source(name="lab-notebook", title="A laboratory's notebook", url=base_url + _BLOG, adapter="feed"),
    )


class SampleSite:
    """The running server: one address, and a clock that its caller turns."""

    def __init__(self, now: datetime, sample: Facts | None = None) -> None:
        self.now = now
        """The moment whose feeds are served; set it to an earlier day to see what that day showed."""
        self._first_now = now
        self._facts = facts() if sample is None else sample
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def page(self, path: str) -> tuple[str, str] | None:
        """Return content type and text of a page at the set moment, or None where there is none."""
        at = (self._first_now, self.now)
        if path == _LISTING:
            return "application/rss+xml", feeds.arxiv_rss("cs.CV", self._facts.listing, *at)
        if path == _ROBOTICS:
            return "application/rss+xml", feeds.arxiv_rss("cs.RO", self._facts.robotics, *at)
        if path == _PAGE:
            return "application/json", feeds.daily_papers(self._facts, *at)
        if path == _BLOG:
            return "application/atom+xml", feeds.blog_atom(self._facts.posts, self.base_url, *at)
        return None

    @contextmanager
    def running(self) -> Iterator["SampleSite"]:
        """Answer requests until the block ends; the port is free again then."""
        thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="sample", daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version = "sample"

            def do_GET(self) -> None:
                found = site.page(self.path)
                if found is None:
                    self._answer(404, "text/plain", b"No such page in the sample.\n", "")
                    return
                content_type, text = found
                body = text.encode()
                tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
                is_known = self.headers.get("If-None-Match") == tag
                self._answer(304 if is_known else 200, content_type, b"" if is_known else body, tag)

            def _answer(self, status: int, content_type: str, body: bytes, tag: str) -> None:
                self.send_response(status)
                if tag:
                    self.send_header("ETag", tag)
                self.send_header("Content-Type", f"{content_type}; charset=utf-8")
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
                """Say nothing: the demo has a display of its own."""

        return Handler


@contextmanager
def serve(now: datetime, sample: Facts | None = None) -> Iterator[SampleSite]:
    """Serve the sample on a free loopback port while the block runs; `now` is the sample's today.

    `sample` replaces the shipped facts, which tests use.
    """
    with SampleSite(now, sample).running() as site:
        yield site
