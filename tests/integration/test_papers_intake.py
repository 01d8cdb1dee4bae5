"""A poll over real HTTP, from the feed to the stored paper."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from builders import NOON

from newsletter.models import Source
from newsletter.papers.intake import poll_into
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.sources.polling import Outcome
from newsletter.sources.store import SourceStore
from newsletter.store import Store

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Lab</title>
<id>urn:lab</id><updated>2026-06-10T09:00:00Z</updated>{entries}</feed>"""
ENTRY = """<entry><title>{title}</title><id>urn:{number}</id><updated>2026-06-10T09:00:00Z</updated>
<link href="https://arxiv.org/abs/{number}"/><summary>About it.</summary></entry>"""


def a_feed(**titles: str) -> bytes:
    """Return an Atom feed of papers, by number (`n` before it, `_` for its point)."""
    entries = (ENTRY.format(title=title, number=name[1:].replace("_", ".")) for name, title in titles.items())
    return ATOM.format(entries="".join(entries)).encode()


class Host:
    """A web server whose pages a test may change; honest about what has not changed."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.statuses: list[int] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = host.pages.get(self.path)
                etag = f'"{hash(body)}"'
                status = 404 if body is None else 304 if self.headers["If-None-Match"] == etag else 200
                host.statuses.append(status)
                self.send_response(status)
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(body) if body and status == 200 else 0))
                self.end_headers()
                if body and status == 200:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def host() -> Iterator[Host]:
    """Yield a running server."""
    host = Host()
    thread = Thread(target=host.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield host
    host.server.shutdown()
    host.server.server_close()
    thread.join()


@pytest.fixture
def polled(host: Host, make_settings: Callable[..., Settings]) -> Settings:
    """Return settings with two sources on that server."""
    sources = [Source(name=name, url=f"{host.url}/{name}") for name in ("one", "two")]
    return make_settings(sources=sources, allow_private_sources=True)


def test_a_poll_keeps_papers_and_validators_together(store: Store, host: Host, polled: Settings) -> None:
    """Two sources' word on a work makes one paper; a second poll asks with validators and changes none."""
    host.pages = {
        "/one": a_feed(n2606_00001="On counting", n2606_00002="On weighing"),
        "/two": a_feed(n2606_00001="On Counting!"),
    }
    report = poll_into(store, polled, NOON)
    assert (report.new_papers, report.updated_papers) == (2, 0)
    paper = PaperStore(store).get(["arxiv:2606.00001"])["arxiv:2606.00001"]
    assert [mention.source for mention in paper.mentions] == ["one", "two"]
    again = poll_into(store, polled, NOON + timedelta(hours=1))
    assert [one.outcome for one in again.polled] == [Outcome.UNCHANGED] * 2
    assert (again.new_papers, again.updated_papers) == (0, 0)
    assert host.statuses == [200, 200, 304, 304]


def test_a_dry_run_tells_the_same_and_keeps_nothing(store: Store, host: Host, polled: Settings) -> None:
    """Counts are those of the real poll that follows; until then not a key is written."""
    host.pages = {"/one": a_feed(n2606_00001="On counting"), "/two": a_feed(n2606_00003="On sorting")}
    report = poll_into(store, polled, NOON, dry_run=True)
    assert store.keys("*") == []
    real = poll_into(store, polled, NOON)
    assert (report.new_papers, report.updated_papers) == (real.new_papers, real.updated_papers) == (2, 0)


def test_only_the_named_sources_are_asked(store: Store, host: Host, polled: Settings) -> None:
    """The other source is left alone, and each poll reports as it ends."""
    host.pages = {"/one": a_feed(n2606_00001="On counting"), "/two": a_feed(n2606_00003="On sorting")}
    seen: list[str] = []
    report = poll_into(store, polled, NOON, ["two"], on_progress=lambda one: seen.append(one.source.name))
    assert [one.source.name for one in report.polled] == seen == ["two"]
    assert PaperStore(store).count() == 1


def test_a_failing_source_does_not_stop_the_others(store: Store, host: Host, polled: Settings) -> None:
    """One answers 404: the other's papers are kept, and the failure is remembered."""
    host.pages = {"/two": a_feed(n2606_00003="On sorting")}
    report = poll_into(store, polled, NOON)
    assert [one.outcome for one in report.polled] == [Outcome.FAILED, Outcome.NEW]
    assert report.new_papers == 1
    assert SourceStore(store).memos(["one"])["one"].fault


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from newsletter import settings, store
from newsletter.papers.intake import poll_into
from newsletter.papers.store import PaperStore
chosen = settings.load({}, directory=Path(sys.argv[1]), redis_url=sys.argv[2], allow_private_sources=True,
    secret_key="x", sources=[{"name": "one", "url": sys.argv[3]}])
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
when = sys.argv[5]
if when == "as papers are stored":
    PaperStore.absorb = die
poll_into(store.connect(chosen), chosen, datetime.fromisoformat(sys.argv[4]),
    on_progress=die if when == "after the fetch" else None)
"""


@pytest.mark.parametrize("when", ["after the fetch", "as papers are stored"])
def test_a_worker_killed_between_fetch_and_store_loses_nothing(
    store: Store, host: Host, polled: Settings, when: str
) -> None:
    """The killed poll leaves neither papers nor validators, so the next one gets the whole feed."""
    host.pages = {"/one": a_feed(n2606_00001="On counting")}
    assert polled.redis_url is not None
    where = [str(polled.data_dir), polled.redis_url.get_secret_value(), f"{host.url}/one"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *where, NOON.isoformat(), when], check=False, timeout=60
    )
    assert killed.returncode == -9
    assert (host.statuses, store.keys("*")) == ([200], [])
    report = poll_into(store, polled, NOON + timedelta(minutes=5), ["one"])
    assert (host.statuses, report.new_papers) == ([200, 200], 1)
