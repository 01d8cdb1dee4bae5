"""Read arXiv: the daily listings as RSS and Atom, and the query API's Atom, old and new.

A listing says how it announces (`new`, `cross`, `replace`, `replace-cross`)
and when; the API gives the date of submission instead, which is no
announcement. Numbers carry their version in the entry's id.
"""

import re
from datetime import datetime

from newsletter.models import Link, Sighting, Source
from newsletter.sources.formats.feeds import Feed, Item
from newsletter.sources.markup.xml_split import Problem
from newsletter.sources.text import text
from newsletter.sources.text.identifiers import WorkId, in_address, in_identifier

ANNOUNCE_TYPES = frozenset({"new", "cross", "replace", "replace-cross"})
_HEADER = re.compile(
    r"\s*arXiv:\S{1,40}\s+Announce Type:\s*(?P<type>[a-z-]{1,20})\s+(?:Abstract:\s*)?", re.IGNORECASE
)
_CODE = re.compile(r"https?://(?:www\.)?(?:github|gitlab)\.com/[\w.-]{1,100}/[\w.-]{1,100}")


def is_arxiv(feed: Feed) -> bool:
    """Whether a feed is arXiv's own."""
    if feed.items:
        first = feed.items[0]
        return first.id.startswith("oai:arXiv.org:") or bool(_API_ID.match(first.id))
    return feed.title.endswith("updates on arXiv.org") or feed.title.lower().startswith("arxiv query:")


_API_ID = re.compile(r"https?://(?:export\.)?arxiv\.org/abs/\S+v[0-9]+$")


def sightings(feed: Feed, source: Source, now: datetime) -> tuple[list[Sighting], list[Problem]]:
    """Return a sighting for each entry with a number and a title, and what was dropped."""
    found: list[Sighting] = []
    dropped: list[Problem] = []
    for rank, item in enumerate(feed.items, 1):
        work = _work(item)
        title = text.title(item.title)
        if work is None or work.arxiv_id is None:
            dropped.append(Problem(f"entry {rank}", "it carries no arXiv number"))
        elif not title:
            dropped.append(Problem(f"entry {rank}", "it has no title"))
        else:
            found.append(_sighting(item, work, title, source=source, now=now, rank=rank))
    return found, dropped


def _work(item: Item) -> WorkId | None:
    """Return the number of an entry: the id's, with its version, unless the link leads to another paper."""
    named = in_identifier(item.id) or in_address(item.id)
    linked = in_address(item.url)
    if named and linked and named.arxiv_id != linked.arxiv_id:
        return linked
    return named or linked


def _sighting(item: Item, work: WorkId, title: str, *, source: Source, now: datetime, rank: int) -> Sighting:
    header = _HEADER.match(item.summary[:500])
    kind = (item.announce_type or (header["type"] if header else "")).strip().lower()
    abstract = text.abstract(item.summary[header.end() :] if header else item.summary)
    authors = item.authors if len(item.authors) != 1 else text.split_names(item.authors[0])
    is_announced = kind in ANNOUNCE_TYPES
    return Sighting(
        source=source.name,
        observed_at=now,
        url=f"https://arxiv.org/abs/{work.arxiv_id}",
        title=title,
        abstract=abstract,
        authors=text.names(list(authors)),
        arxiv_id=work.arxiv_id,
        version=work.version,
        doi=next((one.doi for name in item.identifiers if (one := in_identifier(name))), None),
        categories=_categories(item),
        announced=item.published if is_announced else None,
        announce_type=kind if is_announced else None,
        links=links_of(work.arxiv_id or "", abstract),
        rank=rank,
    )


def links_of(arxiv_id: str, abstract: str) -> tuple[Link, ...]:
    """Return the paper's page, its PDF, and the repository that its abstract names."""
    code = _CODE.search(abstract)
    found = [
        Link(rel="abstract", url=f"https://arxiv.org/abs/{arxiv_id}"),
        Link(rel="pdf", url=f"https://arxiv.org/pdf/{arxiv_id}"),
    ]
    if code:
        found.append(Link(rel="code", url=code.group().rstrip(".").replace("http://", "https://")))
    return tuple(found)


def _categories(item: Item) -> tuple[str, ...]:
    named = [item.primary_category, *item.categories]
    return tuple(dict.fromkeys(one for one in map(text.one_line, named) if 0 < len(one) <= 40))[:40]
