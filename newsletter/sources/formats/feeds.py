"""Read feeds into items; the only module that sees `feedparser`.

Its dictionary, its guesses and its flags end here: an item is a plain value,
dates are aware, and what was wrong with a document is listed beside it.
feedparser's own HTML passes are off (nh3 does that better and faster), and it
is given bytes in memory only, never an address.
"""

import calendar
import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import feedparser

from newsletter.sources.markup.xml_split import Document, Problem, dissect

MAX_PROBLEMS = 100
"""Entries at which the parser may fail before the rest is left."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed as it was written: nothing in it is trusted or cleaned yet."""

    id: str = ""
    url: str = ""
    title: str = ""
    title_is_html: bool = False
    summary: str = ""
    summary_is_html: bool = False
    content: str = ""
    """The longest full text, as HTML."""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    links: tuple[str, ...] = ()
    """Every address that the entry gives outside its text."""
    announce_type: str = ""
    primary_category: str = ""
    identifiers: tuple[str, ...] = ()
    """What stands in `dc:identifier`, `prism:doi` and `arxiv:doi`."""
    discussion: str = ""
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says of itself, and its items in its own order."""

    title: str = ""
    url: str = ""
    built: datetime | None = None
    """When it says that it was made (`lastBuildDate`, `updated`)."""
    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_whole: bool = True
    """False where part of the document is broken."""


def read(document: bytes, base_url: str = "") -> Feed:
    """Read an XML feed in UTF-8 (RSS 0.9x to 2.0, RDF, Atom, CDF).

    Raises `UnreadableError` as `documents.dissect` does.
    """
    pieces = dissect(document)
    problems: list[Problem] = []
    items = [item for batch in pieces.slices() for item in _items(pieces, batch, base_url, problems)]
    if len(problems) > MAX_PROBLEMS:
        problems.append(Problem("the entries after them", "the feed parser fails at too many"))
    about: Any = {}
    try:
        about = _parsed(pieces.head, base_url).feed
    except _ParserFailedError as error:
        problems.append(Problem("what the feed says of itself", str(error)))
    return Feed(
        title=_text(about, "title"),
        url=_text(about, "link"),
        built=_moment(dict.get(about, "updated_parsed") or dict.get(about, "published_parsed")),
        items=tuple(items),
        problems=(*pieces.problems, *problems),
        is_whole=pieces.is_whole,
    )


class _ParserFailedError(Exception):
    """feedparser raised, as it does at some elements in odd places."""


def _items(pieces: Document, batch: list[bytes], base_url: str, problems: list[Problem]) -> list[Item]:
    """Return the items of a batch; where the parser fails at one, the others are read without it."""
    if len(problems) > MAX_PROBLEMS:
        return []
    try:
        found = [_item(entry) for entry in _parsed(pieces.around(batch), base_url).entries]
    except _ParserFailedError as error:
        if len(batch) == 1:
            problems.append(Problem("an entry", str(error)))
            return []
        middle = len(batch) // 2
        halves = (batch[:middle], batch[middle:])
        return [item for half in halves for item in _items(pieces, half, base_url, problems)]
    if len(found) < len(batch):
        problems.append(
            Problem(f"{len(batch) - len(found)} entries", "the feed parser found nothing in them")
        )
    return found


def _parsed(document: bytes, base_url: str) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base_url}
    try:
        return feedparser.parse(
            io.BytesIO(document), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # its handlers raise whatever Python raises
        raise _ParserFailedError(f"the feed parser fails at it ({type(error).__name__}: {error})") from error


def _item(entry: Any) -> Item:
    title = dict.get(entry, "title_detail") or {}
    summary = dict.get(entry, "summary_detail") or {}
    contents = [str(one.get("value") or "") for one in dict.get(entry, "content") or ()]
    published = dict.get(entry, "published_parsed")
    return Item(
        id=_text(entry, "id"),
        url=_text(entry, "link"),
        title=_text(entry, "title"),
        title_is_html="html" in str(title.get("type")),
        summary=_text(entry, "summary"),
        summary_is_html="html" in str(summary.get("type")),
        content=max(contents, key=len, default=""),
        authors=_authors(entry),
        categories=tuple(str(tag["term"]) for tag in dict.get(entry, "tags") or () if tag.get("term")),
        published=_moment(published or dict.get(entry, "updated_parsed")),
        updated=_moment(dict.get(entry, "updated_parsed")),
        links=tuple(str(link["href"]) for link in dict.get(entry, "links") or () if link.get("href")),
        announce_type=_text(entry, "arxiv_announce_type"),
        primary_category=_primary(entry),
        identifiers=tuple(
            found for name in ("dc_identifier", "prism_doi", "arxiv_doi") if (found := _text(entry, name))
        ),
        discussion=_text(entry, "comments"),
        comments=_number(_text(entry, "slash_comments")),
    )


def _authors(entry: Any) -> tuple[str, ...]:
    listed = [str(one.get("name") or "") for one in dict.get(entry, "authors") or ()]
    found = tuple(name for name in listed if name)
    line = _text(entry, "author")
    return found or ((line,) if line else ())


def _primary(entry: Any) -> str:
    found = dict.get(entry, "arxiv_primary_category")
    return str(found.get("term") or "") if isinstance(found, dict) else ""


def _text(mapping: Any, name: str) -> str:
    found = dict.get(mapping, name)
    return found if isinstance(found, str) else ""


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _moment(parsed: time.struct_time | None) -> datetime | None:
    """Return feedparser's UTC tuple as an instant; years that no feed is from are no date."""
    if parsed is None or not 1990 <= parsed.tm_year <= 2200:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None
