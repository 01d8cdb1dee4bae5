"""From the bytes of an answer to sightings: what kind of document it is, and who reads it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from newsletter.models import Sighting, Source
from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.fetching.compression import unzipped
from newsletter.sources.formats import arxiv, feeds, generic_feed, huggingface, jsonfeed
from newsletter.sources.markup import charset
from newsletter.sources.markup.xml_split import Problem
from newsletter.sources.text import notices

VERSION = 2
"""Goes up when the same bytes are read differently, so that a body that has not changed is read anew once."""

_AHEAD = timedelta(days=2)
"""How far a listing may be dated ahead of us: time zones, and clocks that are wrong."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer holds."""

    kind: str
    """The reader that read it: `arxiv`, `huggingface` or `feed`."""
    sightings: tuple[Sighting, ...]
    entries: int
    """Entries in the document, dropped ones included."""
    dropped: tuple[Problem, ...]
    """What was left out, and why, in the order of the document."""
    built: datetime | None
    """When the document says that it was made."""
    is_whole: bool
    """False where part of the document is broken: it is asked for again without conditions."""


def read(
    source: Source, body: bytes, content_type: str, url: str, now: datetime, *, cap_bytes: int
) -> Reading:
    """Read an answer as `source.adapter` says, or as what it is.

    An empty feed is a valid answer (arXiv's Sundays). Raises
    `UnreadableError` where the document is none that can be read, or where
    nothing of it is whole.
    """
    body = unzipped(body, cap_bytes)
    text = charset.to_utf8(body, content_type)
    if text.lstrip()[:1] in {b"{", b"["}:
        return _from_json(source, jsonfeed.parsed(text), now, url)
    feed = feeds.read(text, url)
    if not feed.items and feed.problems:
        what, why = feed.problems[0]
        raise UnreadableError(
            FaultKind.MALFORMED, f"Nothing in the document can be read: {what}: {why}. Ask the site's owner."
        )
    return _from_feed(source, feed, now, url)


def _from_json(source: Source, document: Any, now: datetime, url: str) -> Reading:
    if jsonfeed.is_json_feed(document):
        return _from_feed(source, jsonfeed.read(document), now, url)
    if huggingface.is_daily_papers(document):
        found, dropped = huggingface.sightings(document, source, now)
        papers, no_papers = notices.sorted_out(found)
        dropped += no_papers
        return Reading(
            "huggingface", _plausible(papers, now), len(document), tuple(dropped), None, is_whole=True
        )
    raise UnreadableError(
        FaultKind.NOT_A_FEED,
        "The answer is JSON, but neither a JSON Feed nor daily papers. Correct the source's url.",
    )


def _from_feed(source: Source, feed: feeds.Feed, now: datetime, url: str) -> Reading:
    wanted = source.adapter
    if wanted == "arxiv" or (wanted == "auto" and arxiv.is_arxiv(feed)):
        kind, (found, dropped) = "arxiv", arxiv.sightings(feed, source, now)
    elif wanted == "huggingface" or (wanted == "auto" and huggingface.is_daily_papers_feed(feed)):
        kind, (found, dropped) = "huggingface", huggingface.feed_sightings(feed, source, now)
    else:
        kind, (found, dropped) = "feed", generic_feed.sightings(feed, source, now, url)
    papers, no_papers = notices.sorted_out(found)
    return Reading(
        kind=kind,
        sightings=_plausible(papers, now),
        entries=len(feed.items) + sum(problem.what.startswith("entry ") for problem in feed.problems),
        dropped=(*feed.problems, *dropped, *no_papers),
        built=feed.built,
        is_whole=feed.is_whole,
    )


def _plausible(found: list[Sighting], now: datetime) -> tuple[Sighting, ...]:
    """Return sightings without announcements from the future, which would stay new for ever."""
    return tuple(
        one.model_copy(update={"announced": None}) if one.announced and one.announced > now + _AHEAD else one
        for one in found
    )
