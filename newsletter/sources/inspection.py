"""Look at a source before it is polled: what would be read, what would be dropped, and where the feed is."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser

from newsletter.models import Sighting, Source
from newsletter.settings import Settings
from newsletter.sources import charset, text
from newsletter.sources.answers import Answer, Validators
from newsletter.sources.documents import Problem
from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.fetch import Client
from newsletter.sources.politeness import Doorman
from newsletter.sources.polling import Network
from newsletter.sources.reading import Reading, read

_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
_LONGEST_PAGE = 1_000_000
MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a poll of an address would give now; nothing of it is stored."""

    url: str
    """Where the answer came from, after redirects."""
    kind: str
    """Who reads it: `arxiv`, `huggingface` or `feed`."""
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


def discover(url: str, settings: Settings, *, network: Network | None = None) -> str:
    """Return the feed behind an address: itself, or the first readable one that the page links to.

    Raises what `inspect` raises, and `UnreadableError` where a page names no
    feed that can be read.
    """
    now = datetime.now(UTC)
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
    finder = _Alternates()
    finder.feed(page)
    base = text.web_link(finder.base, answer.url) or answer.url
    links = [(title, text.web_link(href, base)) for title, href in finder.found]
    ordered = sorted(links, key=lambda link: "comment" in link[0].lower())
    return list(dict.fromkeys(url for _, url in ordered if url))[:MAX_CANDIDATES]


class _Alternates(HTMLParser):
    """Collects what a page says its feeds are."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of `<base>` and of links that lead to a feed."""
        said = {name: value or "" for name, value in attrs}
        kind = said.get("type", "").partition(";")[0].strip().lower()
        if tag == "base" and not self.base:
            self.base = said.get("href", "")
        is_alternate = tag in {"link", "a"} and "alternate" in said.get("rel", "").lower().split()
        if is_alternate and kind in _FEED_TYPES and said.get("href"):
            self.found.append((said.get("title", ""), said["href"]))


def _answer(url: str, settings: Settings, now: datetime, network: Network) -> Answer:
    answer = asyncio.run(_ask([url], settings, now, network))[0]
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def _ask(
    urls: list[str], settings: Settings, now: datetime, network: Network
) -> list[Answer | BaseException]:
    doorman = Doorman(network.manners)
    async with Client(settings, limits=network.limits, resolver=network.resolver, doorman=doorman) as client:
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
