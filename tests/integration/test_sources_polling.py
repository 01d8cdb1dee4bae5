"""Polling over real HTTP, mostly with real documents: nothing is lost, nothing is believed."""

import gzip
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import NOON
from website import Website, website

from newsletter.models import Source, SourceState
from newsletter.papers.intake import poll_into
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.sources import freshness
from newsletter.sources.fetch import Limits
from newsletter.sources.memory import Memo
from newsletter.sources.politeness import Manners
from newsletter.sources.polling import Network, Outcome, Polled, poll, shards
from newsletter.sources.store import SourceStore
from newsletter.store import Store

DAY = timedelta(days=1)
RSS = "<rss version='2.0'><channel><title>x</title><lastBuildDate>{}</lastBuildDate>{}</channel></rss>"
ITEM = "<item><title>Paper {0}</title><link>https://arxiv.org/abs/2606.{0:05}</link></item>"


def a_feed(*numbers: int, built: str = "Wed, 10 Jun 2026 08:00:00 GMT") -> bytes:
    """Return a feed of these papers."""
    return RSS.format(built, "".join(map(ITEM.format, numbers))).encode()


@pytest.fixture
def site() -> Iterator[Website]:
    """Yield a running server."""
    with website() as running:
        yield running


@pytest.fixture
def private(make_settings: Callable[..., Settings]) -> Settings:
    """Return settings that let loopback be asked."""
    return make_settings(allow_private_sources=True)


class Poller:
    """Polls one source again and again, remembering as a worker would."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.source = Source(name="it", url=url)
        self.settings = settings
        self.memo: Memo | None = None

    def poll(self, now: datetime) -> Polled:
        """Poll once and remember."""
        memos = {"it": self.memo} if self.memo else {}
        (polled,) = poll([self.source], memos, self.settings, now)
        self.memo = Memo.loads(polled.memo.dumps())
        return polled

    def state(self, now: datetime) -> SourceState:
        """Return the state that lists and the coverage line would show."""
        return freshness.verdict(self.source, self.memo, now).state


def test_each_source_ends_in_a_value_of_its_own(site: Website, private: Settings) -> None:
    """One poll of good, empty, broken, absent and forbidden sources: order is kept and nothing raises."""
    sources = [
        Source(name="good", url=site.put("/good", a_feed(1, 2))),
        Source(name="empty", url=site.put("/empty", a_feed())),
        Source(name="page", url=site.put("/page", b"<html><body>Hello</body></html>")),
        Source(name="gone", url=f"{site.url}/gone"),
        Source(name="secret", url="http://169.254.169.254/"),
        Source(name="off", url=site.url, enabled=False),
    ]
    seen: list[str] = []
    polled = poll(sources, {}, private, NOON, on_progress=lambda one: seen.append(one.source.name))
    assert [(one.source.name, one.outcome.value) for one in polled] == [
        ("good", "new"),
        ("empty", "empty"),
        ("page", "failed"),
        ("gone", "failed"),
        ("secret", "failed"),
    ]
    assert [one.error.kind.value for one in polled if one.error] == ["not-a-feed", "status", "address"]
    assert sorted(seen) == sorted(one.source.name for one in polled)


def test_an_unchanged_document_is_not_read_again(site: Website, private: Settings) -> None:
    """304 by the tag; the same bytes without one by their hash."""
    for has_tag, status in ((True, 304), (False, 200)):
        poller = Poller(site.put("/feed", a_feed(1), has_tag=has_tag), private)
        assert poller.poll(NOON).outcome is Outcome.NEW
        again = poller.poll(NOON + DAY)
        assert (again.outcome, again.sightings) == (Outcome.UNCHANGED, ())
        assert site.statuses[-1] == status


def test_a_truncated_answer_hides_nothing(site: Website, private: Settings) -> None:
    """Half a document under a good tag is read for what it is worth, and asked for again in full."""
    whole = a_feed(1, 2, 3)
    site.put("/feed", whole[:-80], headers={"ETag": '"same"'}, has_tag=False)
    poller = Poller(f"{site.url}/feed", private)
    assert [one.arxiv_id for one in poller.poll(NOON).sightings] == ["2606.00001", "2606.00002"]
    site.put("/feed", whole, headers={"ETag": '"same"'}, has_tag=False)
    assert len(poller.poll(NOON + DAY).sightings) == 3
    assert "If-None-Match" not in site.requests[-1].headers


def test_a_busy_host_is_left_alone_for_as_long_as_it_says(site: Website, private: Settings) -> None:
    """Its other sources are not asked either, none is before the pause is over, and then all come back."""
    page = {"status": 503, "headers": {"Retry-After": "7200"}, "has_tag": False}
    sources = [Source(name=name, url=site.put(f"/{name}", **page)) for name in ("a", "b", "c")]
    one_by_one = Network(manners=lambda _: Manners(at_once=1))
    first = poll(sources, {}, private, NOON, network=one_by_one)
    assert {one.error.kind.value for one in first if one.error} == {"busy"}
    assert len(site.requests) == 1
    memos = {one.source.name: one.memo for one in first}
    early = poll(sources, memos, private, NOON + timedelta(hours=1), network=one_by_one)
    assert {one.outcome for one in early} == {Outcome.SKIPPED}
    assert len(site.requests) == 1
    for name in ("a", "b", "c"):
        site.put(f"/{name}", a_feed(1))
    late = poll(sources, memos, private, NOON + timedelta(hours=2), network=one_by_one)
    assert {one.outcome for one in late} == {Outcome.NEW}


def test_no_more_requests_are_under_way_than_a_host_is_owed(site: Website, private: Settings) -> None:
    """Twenty sources of one host, one at a time: none overlaps, and all are answered."""
    sources = [Source(name=f"s{number}", url=site.put(f"/{number}", a_feed(number))) for number in range(20)]
    polite = Network(manners=lambda _: Manners(at_once=1, apart=timedelta(milliseconds=2)))
    polled = poll(sources, {}, private, NOON, network=polite)
    assert [one.outcome for one in polled] == [Outcome.NEW] * 20
    assert [request.path for request in site.requests] == [f"/{number}" for number in range(20)]


def test_many_sources_go_over_few_connections_at_once(site: Website, private: Settings) -> None:
    """However many there are, the limit of requests under way holds and all end."""
    sources = [Source(name=f"s{number}", url=site.put(f"/{number}", a_feed(number))) for number in range(60)]
    polled = poll(sources, {}, private, NOON, network=Network(limits=Limits(at_once=7)))
    assert len({one.sightings[0].arxiv_id for one in polled}) == 60


def test_shards_keep_a_hosts_sources_together() -> None:
    """Two workers never share a host, so that its manners hold."""
    sources = [
        Source(name=f"{host}-{number}", url=f"https://{host}.example/{number}")
        for number in range(4)
        for host in "abc"
    ]
    cut = shards(sources, size=5)
    assert sorted(itertools.chain(*cut)) == sorted(source.name for source in sources)
    assert [len({name[0] for name in shard}) for shard in cut] == [1, 1, 1]


# ── real documents ────────────────────────────────────────────────────────────────────────────────────


def listing(shared: Path, day: int) -> bytes:
    """Return the real listing of a day of April 2026."""
    return gzip.decompress((shared / f"data/feeds/arxiv_replay/2026-04-{day}.xml.gz").read_bytes())


def at(day: int, hour: float = 5.5) -> datetime:
    """Return a moment of April 2026."""
    return datetime(2026, 4, day, tzinfo=UTC) + timedelta(hours=hour)


def numbers(document: bytes) -> set[str]:
    """Return the arXiv numbers of a listing, read naively."""
    return set(re.findall(r"<link>https://arxiv\.org/abs/([0-9.]+)</link>", document.decode()))


def test_twelve_real_days_are_fresh_or_quiet_and_nothing_is_missing(
    shared: Path, site: Website, private: Settings
) -> None:
    """Weekdays bring every paper of their listing; weekends, with their empty documents, are quiet."""
    poller = Poller(f"{site.url}/rss", private)
    states = {}
    for day in range(17, 29):
        document = listing(shared, day)
        site.put("/rss", document)
        polled = poller.poll(at(day))
        assert {one.arxiv_id for one in polled.sightings} == numbers(document)
        states[day] = poller.state(at(day, hour=20))
    assert {day for day, state in states.items() if state is SourceState.QUIET} == {18, 19, 25, 26}
    assert {day for day, state in states.items() if state is SourceState.FRESH} == {
        17,
        20,
        21,
        22,
        23,
        24,
        27,
        28,
    }


def test_yesterdays_batch_under_a_fresh_date_is_stale_until_the_real_one_comes(
    shared: Path, site: Website, private: Settings
) -> None:
    """The trap that was met: a new `lastBuildDate` over the same papers looks fresh and is not."""
    poller = Poller(f"{site.url}/rss", private)
    for day in (20, 21, 22):
        site.put("/rss", listing(shared, day))
        poller.poll(at(day))
    relabelled = listing(shared, 22).replace(b"22 Apr 2026 04:00:01", b"23 Apr 2026 04:00:01")
    site.put("/rss", relabelled)
    polled = poller.poll(at(23))
    assert (polled.outcome, poller.state(at(23, 6))) == (Outcome.REPEATED, SourceState.STALE)
    site.put("/rss", listing(shared, 23))
    polled = poller.poll(at(23, 9))
    assert (polled.outcome, poller.state(at(23, 9.1))) == (Outcome.NEW, SourceState.FRESH)
    assert {one.arxiv_id for one in polled.sightings} == numbers(listing(shared, 23))


def test_a_half_filled_day_is_known_to_be_one_and_is_completed(
    shared: Path, site: Website, private: Settings
) -> None:
    """Polled in the morning, the page has a few papers; by the evening every one was sighted."""
    poller = Poller(f"{site.url}/api", private)
    folder = shared / "data/huggingface_api"
    days = ["2026-06-08", "2026-06-09", "2026-06-10", "2026-06-11", "2026-06-12", "2026-06-15"]
    for name in days:
        now = datetime.fromisoformat(f"{name}T13:00:00+00:00")
        site.put("/api", gzip.decompress((folder / f"{name}.json.gz").read_bytes()))
        poller.poll(now)
    full = json.loads(gzip.decompress((folder / "2026-06-16.json.gz").read_bytes()))
    morning = datetime(2026, 6, 16, 6, tzinfo=UTC)
    site.put("/api", json.dumps(full[:4]).encode())
    seen = {one.arxiv_id for one in poller.poll(morning).sightings}
    assert poller.state(morning) is SourceState.LATE
    site.put("/api", json.dumps(full).encode())
    evening = poller.poll(morning + timedelta(hours=9))
    assert poller.state(morning + timedelta(hours=9)) is SourceState.FRESH
    assert seen < {one.arxiv_id for one in evening.sightings} == {item["paper"]["id"] for item in full}


def test_a_trimmed_feed_is_late_and_costs_no_paper(shared: Path, site: Website, private: Settings) -> None:
    """A listing that shows only its first entries counts as a part; the rest comes with the next poll."""
    poller = Poller(f"{site.url}/rss", private)
    for day in (17, 20, 21, 22, 23):
        site.put("/rss", listing(shared, day))
        poller.poll(at(day))
    whole = listing(shared, 24)
    trimmed = whole[: [found.end() for found in re.finditer(b"</item>", whole)][9]] + b"</channel></rss>"
    site.put("/rss", trimmed)
    first = poller.poll(at(24))
    assert (len(first.sightings), poller.state(at(24, 6))) == (10, SourceState.LATE)
    site.put("/rss", whole)
    second = poller.poll(at(24, 7))
    assert poller.state(at(24, 7.1)) is SourceState.FRESH
    assert {one.arxiv_id for one in second.sightings} == numbers(whole)


def test_three_days_of_silence_end_with_every_paper_once(
    shared: Path, site: Website, make_settings: Callable[..., Settings], store: Store
) -> None:
    """A source that is down from Tuesday to Thursday and returns with all of it: no paper lost, none twice.

    It is known to be failing since Tuesday, is asked ever more rarely, and
    comes back by itself.
    """
    source = Source(name="it", url=f"{site.url}/rss")
    settings = make_settings(allow_private_sources=True, sources=[source])
    site.put("/rss", listing(shared, 20))
    poll_into(store, settings, at(20))
    site.put("/rss", status=500)
    now, asked = at(21), 0
    while now < at(24, 0):
        if SourceStore(store).due([source], now):
            poll_into(store, settings, now)
            asked += 1
        now += timedelta(minutes=5)
    (health,) = SourceStore(store).health([source], now)
    assert (health.state, health.since, health.last_ok) == (SourceState.FAILING, at(21), at(20))
    assert 10 < asked < 25
    days = [listing(shared, day) for day in (21, 22, 23, 24)]
    entries = b"".join(b"".join(re.findall(rb"<item>.*?</item>", day, re.DOTALL)) for day in days)
    site.put("/rss", days[3][: days[3].index(b"<item>")] + entries + b"</channel></rss>")
    poll_into(store, settings, at(24, 6))
    (health,) = SourceStore(store).health([source], at(24, 6))
    assert health.state is SourceState.FRESH
    expected = set.union(numbers(listing(shared, 20)), *map(numbers, days))
    kept = PaperStore(store).recent(at(1), at(30))
    assert {paper.arxiv_id for paper in kept} == expected
    assert len(kept) == len(expected)
    assert poll_into(store, settings, at(24, 7)).new_papers == 0


KILLED = """
import os, sys
from datetime import datetime
from newsletter import settings, store
from newsletter.models import Source
from newsletter.sources.polling import poll
from newsletter.sources.store import SourceStore
url, redis_url, now = sys.argv[1:]
chosen = settings.load({}, redis_url=redis_url, allow_private_sources=True, secret_key="x")
kept = SourceStore(store.connect(chosen))
polled = poll([Source(name="it", url=url)], kept.memos(["it"]), chosen, datetime.fromisoformat(now))
assert polled[0].sightings
with store.connect(chosen).pipeline() as pipe:
    kept.record(pipe, polled)
    os.kill(os.getpid(), 9)
"""


def test_a_worker_killed_between_fetch_and_store_loses_nothing(
    site: Website, make_settings: Callable[..., Settings], store: Store, tmp_path: Path
) -> None:
    """Validators are written with the papers or not at all: the next poll brings what was in hand."""
    url = site.put("/feed", a_feed(1, 2, 3))
    settings = make_settings(allow_private_sources=True, sources=[Source(name="it", url=url)])
    assert settings.redis_url is not None
    command = [sys.executable, "-c", KILLED, url, settings.redis_url.get_secret_value(), NOON.isoformat()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert SourceStore(store).memos(["it"]) == {}
    report = poll_into(store, settings, NOON + timedelta(minutes=1))
    assert report.new_papers == 3
    assert site.statuses == [200, 200]
    assert poll_into(store, settings, NOON + DAY).polled[0].outcome is Outcome.UNCHANGED
