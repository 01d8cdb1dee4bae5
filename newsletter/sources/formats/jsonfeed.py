"""Read JSON Feed (jsonfeed.org/version/1.1) into the same items as XML feeds."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import orjson

from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.formats.feeds import Feed, Item
from newsletter.sources.markup.xml_split import Problem

MAX_VALUES = 400_000
"""Values in a document: each takes some hundred bytes of memory."""
MAX_ITEMS = 3_000
_MAX_DAMAGED = 20
"""Entries that may be damaged before the rest is left."""
_ESCAPED = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A whole pair of surrogates or an escaped backslash, else half a character."""
_NEXT = re.compile(r"[\s,]*\{")
_BETWEEN = re.compile(r"\}\s*,\s*(?=\{)")


def parsed(body: bytes) -> Any:
    """Return what a JSON document holds, or raise `UnreadableError`.

    Half an emoji, NaN and a line break inside a text are mended; where more is
    damaged the entries that are whole are read, and the others stand as None.
    """
    if body.count(b",") + body.count(b"{") + body.count(b"[") > MAX_VALUES:
        raise UnreadableError(
            FaultKind.TOO_COSTLY,
            f"The document holds more than {MAX_VALUES:,} values, as no feed does. Ask the site's owner.",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if (mended := _mended(body)) is not None:
            return mended
        raise UnreadableError(
            FaultKind.MALFORMED, f"The answer is damaged JSON ({error}). It is tried again."
        ) from error


def _mended(body: bytes) -> Any:
    """Return what can be read of damaged JSON, or None."""
    text = _ESCAPED.sub(
        lambda found: found.group() if found.lastindex else "\\ufffd", body.decode("utf-8-sig", "replace")
    )
    decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
    try:
        return decoder.decode(text)
    except (ValueError, RecursionError):
        entries = _whole_entries(text, decoder)
    if not any(isinstance(entry, dict) for entry in entries):
        return None
    return entries if text.lstrip().startswith("[") else {"items": entries}


def _whole_entries(text: str, decoder: json.JSONDecoder) -> list[Any]:
    """Return the entries of the document's list, None for each that is damaged; few may be."""
    opening = re.match(r"\s*\[", text) or re.search(r"\"items\"\s*:\s*\[", text)
    entries: list[Any] = []
    at, damaged = (opening.end() if opening else len(text)), 0
    while damaged < _MAX_DAMAGED and (start := _NEXT.match(text, at)):
        try:
            entry, at = decoder.raw_decode(text, start.end() - 1)
        except (ValueError, RecursionError):
            entry, damaged = None, damaged + 1
            after = _BETWEEN.search(text, start.end())
            at = after.end() if after else len(text)
        entries.append(entry)
    return entries


def is_json_feed(document: Any) -> bool:
    """Whether a JSON document says that it is a feed."""
    return isinstance(document, dict) and isinstance(document.get("items"), list)


def read(document: dict[str, Any]) -> Feed:
    """Read a JSON Feed; items that are no objects are named and left out."""
    items = []
    problems = too_many(document["items"])
    for number, one in enumerate(document["items"][:MAX_ITEMS], 1):
        if isinstance(one, dict):
            items.append(_item(one))
        else:
            problems.append(Problem(f"entry {number}", "it is not an object"))
    return Feed(
        title=text_in(document, "title"),
        url=text_in(document, "home_page_url"),
        items=tuple(items),
        problems=tuple(problems),
    )


def too_many(items: list[Any]) -> list[Problem]:
    """Name the items beyond `MAX_ITEMS`, which are not read."""
    left = len(items) - MAX_ITEMS
    return (
        [Problem(f"{left} entries from number {MAX_ITEMS + 1} on", "no feed is as long")] if left > 0 else []
    )


def _item(entry: dict[str, Any]) -> Item:
    people = [*list_in(entry, "authors"), entry.get("author")]
    published = moment(entry.get("date_published"))
    content = text_in(entry, "content_html")
    return Item(
        id=text_in(entry, "id"),
        url=text_in(entry, "url") or text_in(entry, "external_url"),
        title=text_in(entry, "title"),
        summary=text_in(entry, "summary") or text_in(entry, "content_text") or content,
        summary_is_html=not (text_in(entry, "summary") or text_in(entry, "content_text")),
        content=content or text_in(entry, "content_text"),
        authors=tuple(text_in(one, "name") for one in people if isinstance(one, dict)),
        categories=tuple(one for one in list_in(entry, "tags") if isinstance(one, str)),
        published=published,
        updated=moment(entry.get("date_modified")) or published,
        links=tuple(filter(None, (text_in(entry, "url"), text_in(entry, "external_url")))),
    )


def text_in(mapping: dict[str, Any], name: str) -> str:
    """Return a text of a JSON object, or an empty one where there is none."""
    found = mapping.get(name)
    return found if isinstance(found, str) else ""


def list_in(mapping: dict[str, Any], name: str) -> list[Any]:
    """Return a list of a JSON object, or an empty one where there is none."""
    found = mapping.get(name)
    return found if isinstance(found, list) else []


def count_in(mapping: dict[str, Any], name: str) -> int | None:
    """Return a count of a JSON object; what is negative, huge or no whole number is unknown."""
    found = mapping.get(name)
    is_count = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1_000_000_000
    return found if is_count else None


def moment(value: Any) -> datetime | None:
    """Return an ISO 8601 date and time as an instant; one without zone is in UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
