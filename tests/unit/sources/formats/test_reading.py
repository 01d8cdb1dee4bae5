"""Reading: every document ends in sightings or in a named reason, and nothing hostile gets through."""

import json
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import NOON
from hostile import BOMBS, rss

from newsletter.models import Sighting, Source
from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.formats.reading import Reading, read

CAP = 10_000_000
URL = "https://feeds.example/feed"


def a_reading(body: bytes, **values: object) -> Reading:
    """Read a document as a poll would."""
    return read(Source(name="x", url=URL, **values), body, "", URL, NOON, cap_bytes=CAP)  # type: ignore[arg-type]


def documents(shared: Path, *folders: str) -> Iterator[Path]:
    """Yield every document of these folders."""
    for folder in folders:
        yield from sorted(path for path in (shared / "data" / folder).rglob("*") if path.is_file())


def is_harmless(sighting: Sighting) -> bool:
    """Whether a title could stand in a Subject, and every link in a page."""
    texts = [sighting.title, sighting.abstract, *sighting.authors, *sighting.categories]
    categories = {unicodedata.category(one) for text in texts for one in text}
    addresses = [sighting.url, *(link.url for link in sighting.links)]
    return (
        not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and not any(mark in text.lower() for text in texts for mark in ("<script", "javascript:", "onerror="))
        and all(url.isascii() and url.startswith(("http://", "https://")) for url in addresses)
        and not any(one in url for url in addresses for one in " \"'<>\\\r\n")
    )


@pytest.mark.parametrize(
    ("keeps", "folders"), [("named", ("hostile", "feeds", "huggingface_api")), ("all", ("hostile",))]
)
def test_every_document_ends_in_sightings_or_a_named_reason(
    shared: Path, keeps: str, folders: tuple[str, ...]
) -> None:
    """No crash and no hang over the hostile set and every real feed, and nothing hostile in what is kept."""
    for path in documents(shared, *folders):
        started = time.thread_time()
        try:
            reading = a_reading(path.read_bytes(), keeps=keeps)
        except UnreadableError as error:
            said = f"{error.kind}: {error}"
            reading = None
        assert time.thread_time() - started < 2, path
        if reading is None:
            assert said.split(": ", maxsplit=1)[0] in set(FaultKind), path
            assert said.endswith("."), path
            continue
        assert all(is_harmless(sighting) for sighting in reading.sightings), path
        assert len(reading.sightings) >= reading.entries - len(reading.dropped), path
        assert all(problem.what and problem.why for problem in reading.dropped), path


MEASURE = """
import re, sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.models import Source
from newsletter.sources.faults import UnreadableError
from newsletter.sources.formats.reading import read

def largest():  # not getrusage: there a child starts with its parent's peak
    return int(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text("utf-8"))[1])

source = Source(name="x", url="https://feeds.example/")
start = None
for line in sys.stdin.read().splitlines():
    try:
        read(source, Path(line).read_bytes(), "", source.url, datetime.now(UTC), cap_bytes=10_000_000)
    except UnreadableError:
        pass
    start = start or largest()  # after the first, which is small: the modules are there
print((largest() - start) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it")
def test_no_document_takes_much_memory(shared: Path, tmp_path: Path) -> None:
    """The hostile set and what was made here, one after another, stay within 150 MB above the start."""
    for number, bomb in enumerate(BOMBS.values()):
        (tmp_path / str(number)).write_bytes(bomb)
    small = shared / "data/feeds/arxiv/rss_cs.AI_2026-04-27_trimmed.xml"
    largest = shared / "data/feeds/arxiv_replay/2026-04-21.xml.gz"
    paths = [small, largest, *documents(shared, "hostile"), *sorted(tmp_path.iterdir())]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[4],
    )
    assert int(done.stdout) < 150


def test_an_empty_feed_is_a_valid_answer(shared: Path) -> None:
    """A Sunday of arXiv's has no entries and no error."""
    body = (shared / "data/feeds/arxiv/atom_cs_2025-11-23_EMPTY_sunday.xml").read_bytes()
    reading = a_reading(body)
    assert (reading.kind, reading.entries, reading.sightings, reading.dropped) == ("arxiv", 0, (), ())
    assert reading.built == datetime(2025, 11, 23, 5, 0, 4, tzinfo=UTC)


def test_a_truncated_listing_gives_its_whole_entries_and_asks_again(shared: Path) -> None:
    """The first paper is kept, the second is named, and the document does not count as read."""
    body = (shared / "data/hostile/handmade/truncated_real_arxiv_rss.xml").read_bytes()
    reading = a_reading(body)
    assert [sighting.arxiv_id for sighting in reading.sightings] == ["2609.26811"]
    assert not reading.is_whole
    assert ("entry 2", "it never ends") in reading.dropped


def test_one_guid_on_every_entry_makes_no_two_papers_one(shared: Path) -> None:
    """Where the id lies, the link decides."""
    body = (shared / "data/hostile/handmade/same_guid_every_item.xml").read_bytes()
    body = body.replace(b"0000.00000v1", b"2601.00001v1")
    numbers = [sighting.arxiv_id for sighting in a_reading(body).sightings]
    assert numbers == ["2609.26811", "2609.26820", "2205.06398", "2009.13987"]


def test_json_that_is_no_feed_is_named() -> None:
    """An API's error object is not an empty day."""
    with pytest.raises(UnreadableError) as caught:
        a_reading(json.dumps({"error": "rate limited"}).encode())
    assert caught.value.kind is FaultKind.NOT_A_FEED


def test_a_json_feed_that_names_papers_gives_them() -> None:
    """The third dialect of feeds goes the same way."""
    body = {"items": [{"url": "https://arxiv.org/abs/2601.00001", "title": "<b>A</b>\r\nBcc: x", "id": "1"}]}
    (sighting,) = a_reading(json.dumps(body).encode()).sightings
    assert (sighting.arxiv_id, sighting.title) == ("2601.00001", "A Bcc: x")


@pytest.mark.parametrize(("year", "is_kept"), [(2026, True), (2199, False)])
def test_nothing_is_announced_from_the_future(year: int, is_kept: bool) -> None:
    """A date that is years ahead would keep a paper new for ever; it is unknown instead."""
    listed = f"<item><title>T</title><link>https://arxiv.org/abs/2601.00001</link><pubDate>{year}-06-10</pubDate></item>"
    (found,) = a_reading(rss(listed)).sightings
    assert (found.announced is not None) is is_kept
