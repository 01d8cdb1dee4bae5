"""Twelve real days, from the feeds to the inboxes of two hundred readers.

The listings are arXiv's cs.CV of 17 to 28 April 2026, weekends included; the
votes are those of the daily page in the same weeks. They are served over HTTP
on loopback and polled day by day; mails go to a real SMTP listener, and what
was delivered is counted from its log and never from our ledger.
"""

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import links
import pytest
from aiosmtpd.controller import Controller
from free_port import free_port

from newsletter import queue
from newsletter.delivery import mailers
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import sweep
from newsletter.delivery.sending import batches, notices
from newsletter.editions import compose
from newsletter.models import Edition, Preferences, Source
from newsletter.papers import intake
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup
from newsletter.subscribers.kept.store import SubscriberStore

DAYS = tuple(date(2026, 4, 17) + timedelta(days=number) for number in range(12))
READERS = 200
WEEKEND = 5
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland")


@dataclass
class Inbox:
    """What the listener accepted: the other side's log."""

    mails: list[tuple[str, str]] = field(default_factory=list)
    """Recipient and subject, in order."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept a mail and note whom it is for."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.extend((recipient, str(mail["Subject"])) for recipient in envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """Run a real SMTP listener, and yield its log and port."""
    handler = Inbox()
    port = free_port()  # the controller looks at the port it was given, so 0 will not do
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


class Archive:
    """The real documents of a day, served over HTTP."""

    def __init__(self, shared: Path) -> None:
        feeds = shared / "data" / "feeds"
        self.day = DAYS[0]
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = f"{archive.day.isoformat()}.xml.gz"
                votes = next((feeds / "huggingface").glob(f"{archive.day:%Y%m%d}T*.xml.gz"))
                file = feeds / "arxiv_replay" / name if self.path == "/rss/cs.CV" else votes
                body = gzip.decompress(file.read_bytes())
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"

    def sources(self) -> tuple[Source, ...]:
        """Return the two sources."""
        return (
            Source(name="arxiv-cs-cv", url=f"{self.base_url}/rss/cs.CV", adapter="arxiv"),
            Source(name="huggingface", url=f"{self.base_url}/papers.xml"),
        )


@pytest.fixture
def archive(shared: Path) -> Iterator[Archive]:
    """Serve the documents until the test ends."""
    served = Archive(shared)
    thread = Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


def subscribe_readers(store: Store, settings: Settings, now: datetime) -> None:
    """Let two hundred people ask and confirm, at hours all over the world."""
    asked = queue.connect(settings)
    for number in range(READERS):
        wish = Preferences(hour=number % 24, timezone=ZONES[number % len(ZONES)])
        origin = f"10.{number}.0.1"
        address = f"reader{number}@example.org"
        signup.request(store, asked, settings, address, preferences=wish, origin=origin, now=now)
        found = SubscriberStore(store).find(address)
        assert found is not None
        token = links.token(store, settings, "confirm", found.id, now)
        assert (
            signup.confirm(store, asked, settings, token, origin=origin, now=now)
            is signup.Confirmed.CONFIRMED
        )


def deliver(store: Store, settings: Settings, now: datetime) -> None:
    """Do what the workers do at a moment: letters, cohorts, batches."""
    for letter in sweep.open_letters(store, now):
        notices.send_letter(store, settings, letter, lambda: now)
    cohorts.freeze_due(store, settings, now)
    for ref in sweep.open_batches(store):
        batches.send_batch(store, settings, ref.day, ref.batch, lambda: now)


@pytest.mark.timeout(240)
def test_twelve_real_days_reach_every_reader_once(
    archive: Archive,
    inbox: tuple[Inbox, int],
    store: Store,
    make_settings: Callable[..., Settings],
    request: pytest.FixtureRequest,
) -> None:
    """Twelve editions or honest quiet days; no paper twice; each edition once in each inbox."""
    log, port = inbox
    settings = make_settings(
        sources=archive.sources(),
        allow_private_sources=True,
        mailer="smtp",
        smtp_url=f"smtp://127.0.0.1:{port}",
        from_="Papers <papers@example.org>",
        signups_per_network_hour=10_000,
        signup_mails_per_hour=10_000,
    )
    request.addfinalizer(mailers.make(settings).close)
    start = datetime.combine(DAYS[0], time(3), UTC)
    subscribe_readers(store, settings, start)
    deliver(store, settings, start)
    letters_sent = len(log.mails)

    editions: list[Edition] = []
    for day in DAYS:
        archive.day = day
        cut_off = datetime.combine(day, settings.cut_off, UTC)
        intake.poll_into(store, settings, cut_off - timedelta(minutes=10))
        editions.append(compose.build(store, settings, day, cut_off))
        for hour in range(25):  # to the full day, so that the last edition's last hour comes as well
            deliver(store, settings, cut_off + timedelta(hours=hour, minutes=1))

    published = [edition for edition in editions if not edition.is_quiet]
    assert [edition.date for edition in editions] == list(DAYS)
    assert {edition.date for edition in editions if edition.date.weekday() < WEEKEND} <= {
        e.date for e in published
    }
    assert_no_paper_twice(published)
    assert_merged_across_sources(store)
    assert (
        letters_sent >= READERS
    )  # at the least the welcome of each; a link that was used is not sent any more

    got = Counter(log.mails[letters_sent:])
    assert max(got.values()) == 1
    assert len({subject for _, subject in got}) == len(published)
    assert Counter(address for address, _ in got) == {
        f"reader{number}@example.org": len(published) for number in range(READERS)
    }


def assert_no_paper_twice(editions: list[Edition]) -> None:
    """A paper is announced once, by number as well as by title."""
    announced = [entry.paper for edition in editions for entry in edition.entries]
    assert announced
    assert max(Counter(paper.arxiv_id or paper.id for paper in announced).values()) == 1
    titles = Counter(re.sub(r"\W+", "", paper.title.lower()) for paper in announced)
    assert max(titles.values()) == 1


def assert_merged_across_sources(store: Store) -> None:
    """Papers that both sources showed are one paper with both mentions."""
    everything = PaperStore(store).recent(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    in_both = [p for p in everything if {m.source for m in p.mentions} == {"arxiv-cs-cv", "huggingface"}]
    numbers = Counter(paper.arxiv_id for paper in everything if paper.arxiv_id)
    assert len(in_both) > 50
    assert max(numbers.values()) == 1
