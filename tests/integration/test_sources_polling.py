"""Polling over real HTTP, mostly with real documents: nothing is lost, nothing is believed."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event

from builders import NOON
from poller import Poller
from website import Website

from newsletter.models import Source
from newsletter.papers.intake import poll_into
from newsletter.settings import Settings
from newsletter.sources.fetching.fetch import Limits
from newsletter.sources.fetching.politeness import HostLimits
from newsletter.sources.polling import Network, Outcome, Polled, poll, shards
from newsletter.sources.store import SourceStore
from newsletter.store import Store

DAY = timedelta(days=1)
RSS = "<rss version='2.0'><channel><title>x</title><lastBuildDate>{}</lastBuildDate>{}</channel></rss>"
ITEM = "<item><title>Paper {0}</title><link>https://arxiv.org/abs/2606.{0:05}</link></item>"


def a_feed(*numbers: int, built: str = "Wed, 10 Jun 2026 08:00:00 GMT") -> bytes:
    """Return a feed of these papers."""
    return RSS.format(built, "".join(map(ITEM.format, numbers))).encode()


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
    one_by_one = Network(host_limits=lambda _: HostLimits(at_once=1))
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
    polite = Network(host_limits=lambda _: HostLimits(at_once=1, apart=timedelta(milliseconds=2)))
    polled = poll(sources, {}, private, NOON, network=polite)
    assert [one.outcome for one in polled] == [Outcome.NEW] * 20
    assert [request.path for request in site.requests] == [f"/{number}" for number in range(20)]


def test_many_sources_go_over_few_connections_at_once(site: Website, private: Settings) -> None:
    """However many there are, the limit of requests under way holds and all end."""
    sources = [Source(name=f"s{number}", url=site.put(f"/{number}", a_feed(number))) for number in range(60)]
    polled = poll(sources, {}, private, NOON, network=Network(limits=Limits(at_once=7)))
    assert len({one.sightings[0].arxiv_id for one in polled}) == 60


def test_a_slow_host_holds_up_no_other(site: Website, private: Settings) -> None:
    """Sources that wait for their host's turn take no place from others: the quick one ends first."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    opened = Event()
    slow = [
        Source(name=f"slow{n}", url=f"http://slow.example:{site.port}/slow{n}")
        for n in range(5)
        if site.put(f"/slow{n}", a_feed(n), hold=opened)
    ]
    site.put("/quick", a_feed(9))
    quick = Source(name="quick", url=f"http://quick.example:{site.port}/quick")
    order: list[str] = []

    def ended(polled: Polled) -> None:
        order.append(polled.source.name)
        opened.set()

    network = Network(limits=Limits(at_once=3, silence_seconds=10), resolver=resolve)
    polled = poll([*slow, quick], {}, private, NOON, on_progress=ended, network=network)
    assert order[0] == "quick"
    assert {one.outcome for one in polled} == {Outcome.NEW}


def test_shards_keep_a_hosts_sources_together() -> None:
    """Two workers never share a host, so that its limits hold."""
    sources = [
        Source(name=f"{host}-{number}", url=f"https://{host}.example/{number}")
        for number in range(4)
        for host in "abc"
    ]
    cut = shards(sources, size=5)
    assert sorted(itertools.chain(*cut)) == sorted(source.name for source in sources)
    assert [len({name[0] for name in shard}) for shard in cut] == [1, 1, 1]


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
