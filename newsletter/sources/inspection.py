"""Look at a source before it is polled: what would be read, what would be dropped, and where the feed is."""

import asyncio
import html
import re
from dataclasses import dataclass
from datetime import datetime

from newsletter.models import Sighting, Source
from newsletter.settings import Settings
from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.fetching.fetch import Client
from newsletter.sources.fetching.politeness import HostLimiter
from newsletter.sources.fetching.responses import Answer, Validators
from newsletter.sources.formats.reading import Reading, read
from newsletter.sources.markup import charset
from newsletter.sources.markup.xml_split import Problem
from newsletter.sources.polling import Network
from newsletter.sources.text import text

_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
_TAG = re.compile(r"<(base|link|a)\s([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([A-Za-z-]{1,40})\s?=\s?(\"[^\"]*+\"|'[^']*+'|[^\s\"'<>]++)")
_LONGEST_PAGE = 1_000_000
MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a poll of an address would give now; nothing of it is stored."""

    url: str
    """Where the answer came from, after redirects."""
    kind: str
    """The reader that reads it: `arxiv`, `huggingface` or `feed`."""
    size_bytes: int
    entries: int
    sightings: tuple[Sighting, ...]
    dropped: tuple[Problem, ...]
    is_conditional: bool
    """Whether the server gave validators, so that an unchanged answer costs nothing."""


def inspect(url: str, settings: Settings, now: datetime, *, network: Network | None = None) -> Inspection:
    """Ask an address once and say what would be read, what would be dropped, and why.

    Raises `AddressRefusedError`, `UnreachableError` or `UnreadableError`.
    """
    answer = _answer(url, settings, now, network or Network())
    reading = _read(answer, now)
    return Inspection(
        url=answer.url,
        kind=reading.kind,
        size_bytes=len(answer.body),
        entries=reading.entries,
        sightings=reading.sightings,
        dropped=reading.dropped,
        is_conditional=bool(answer.validators.headers()),
    )


def discover(url: str, settings: Settings, now: datetime, *, network: Network | None = None) -> str:
    """Return the feed behind an address: itself, or the first readable one that the page links to.

    Raises what `inspect` raises, and `UnreadableError` where a page names no
    feed that can be read.
    """
    reach = network or Network()
    answer = _answer(url, settings, now, reach)
    try:
        _read(answer, now)
    except UnreadableError as error:
        if error.kind is not FaultKind.NOT_A_FEED:
            raise
    else:
        return answer.url
    candidates = feeds_behind(answer)
    for found in asyncio.run(_ask(candidates, settings, now, reach)) if candidates else ():
        if isinstance(found, Answer) and _is_readable(found, now):
            return found.url
    raise UnreadableError(
        FaultKind.NOT_A_FEED,
        f"The page names {len(candidates) or 'no'} feeds, none readable. Give the feed's own address.",
    )


def feeds_behind(answer: Answer) -> list[str]:
    """Return the feeds that a page links to with `rel=alternate`, in its order, feeds of comments last."""
    page = charset.to_utf8(answer.body[:_LONGEST_PAGE], answer.content_type).decode("utf-8", "replace")
    base = answer.url
    links: list[tuple[str, str]] = []
    for tag in _TAG.finditer(page):
        said = {name.lower(): html.unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(tag[2])}
        if tag[1].lower() == "base":
            base = text.web_link(said.get("href"), answer.url) or base
        elif _leads_to_a_feed(said):
            links.append((said.get("title", ""), said["href"]))
    ordered = sorted(links, key=lambda link: "comment" in link[0].lower())
    urls = (text.web_link(href, base) for _, href in ordered)
    return list(dict.fromkeys(url for url in urls if url))[:MAX_CANDIDATES]


def _leads_to_a_feed(said: dict[str, str]) -> bool:
    kind = said.get("type", "").partition(";")[0].strip().lower()
    return (
        "alternate" in said.get("rel", "").lower().split() and kind in _FEED_TYPES and bool(said.get("href"))
    )


def _answer(url: str, settings: Settings, now: datetime, network: Network) -> Answer:
    answer = asyncio.run(_ask([url], settings, now, network))[0]
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def _ask(
    urls: list[str], settings: Settings, now: datetime, network: Network
) -> list[Answer | BaseException]:
    limiter = HostLimiter(network.host_limits)
    async with Client(settings, limits=network.limits, resolver=network.resolver, limiter=limiter) as client:
        asked = (client.get(url, Validators(), now) for url in urls)
        return await asyncio.gather(*asked, return_exceptions=True)


def _read(answer: Answer, now: datetime) -> Reading:
    source = Source(name="inspected", url=answer.url)
    return read(
        source, answer.body, answer.content_type, answer.url, now, cap_bytes=len(answer.body) + 10_000_000
    )


def _is_readable(answer: Answer, now: datetime) -> bool:
    try:
        _read(answer, now)
    except UnreadableError:
        return False
    return True
