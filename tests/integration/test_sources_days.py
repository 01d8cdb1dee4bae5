"""Polling real listings day after day: fresh, quiet, stale, half-filled, trimmed, back after an outage."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from poller import Poller
from website import Website

from newsletter.models import Source, SourceState
from newsletter.papers.intake import poll_into
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.sources.polling import Outcome
from newsletter.sources.store import SourceStore
from newsletter.store import Store


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
