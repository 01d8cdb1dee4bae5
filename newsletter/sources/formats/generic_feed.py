"""Read any other feed: journals and preprint servers, lab blogs, Hacker News, Reddit.

An entry that *is* a paper (its own address or identifier is one) gives that
paper. One that *speaks of* papers gives each of the n that it names 1/n of its
weight. One that names none is dropped, unless the operator said that this
feed's entries are works themselves (`keeps = "all"`).
"""

import re
from collections.abc import Iterable
from datetime import datetime

from newsletter.models import Link, Sighting, Source
from newsletter.sources.formats.arxiv import links_of
from newsletter.sources.formats.feeds import Feed, Item
from newsletter.sources.markup.xml_split import Problem
from newsletter.sources.text import registrants, text
from newsletter.sources.text.identifiers import WorkId, distinct, in_address, in_identifier, in_text

MAX_WORKS = 100
"""Papers that one entry may name; a longer list says nothing of any of them."""
_LONGEST_READ = 200_000
_POINTS = re.compile(r"\bPoints?:\s*([0-9]{1,7})\b|\b([0-9]{1,7}) points?\b", re.IGNORECASE)
_COMMENTS = re.compile(r"#\s*Comments?:\s*([0-9]{1,7})\b|\b([0-9]{1,7}) comments?\b", re.IGNORECASE)
_ANCHOR = re.compile(
    r"<a\s[^<>]{0,1000}?href\s?=\s?[\"']([^\"'<>]{1,1000})[\"'][^<>]{0,1000}>(.{0,500}?)</a>",
    re.DOTALL | re.IGNORECASE,
)
_INITIALS = re.compile(r"(?:[A-Z][a-z]?\.?[ -]?){1,5}")
_SITE_TAIL = re.compile(r"\s*(?:\[pdf\]|\(pdf\)|\[[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?\])\s*", re.IGNORECASE)


def sightings(
    feed: Feed, source: Source, now: datetime, base_url: str
) -> tuple[list[Sighting], list[Problem]]:
    """Return the sightings of each entry, and what was dropped."""
    found: list[Sighting] = []
    dropped: list[Problem] = []
    for rank, item in enumerate(feed.items, 1):
        one = _Reading(item, source, now, rank, base_url)
        if one.reason:
            dropped.append(Problem(f"entry {rank}", one.reason))
        else:
            found += one.sightings()
    return found, dropped


class _Reading:
    """One entry, on its way to sightings."""

    def __init__(self, item: Item, source: Source, now: datetime, rank: int, base_url: str) -> None:
        self.item, self.source, self.now, self.rank = item, source, now, rank
        self.url = text.web_link(item.url or _as_address(item.id), base_url)
        self.title = _SITE_TAIL.sub(" ", text.title(item.title, is_html=item.title_is_html)).strip()
        self.own = _own(item)
        self.prose = f"{item.title}\n{item.summary}\n{item.content}"[:_LONGEST_READ]
        self.works = (self.own,) if self.own else _named(item, self.prose)
        self.reason = self._reason()

    def _reason(self) -> str | None:
        if not self.works and self.source.keeps != "all":
            return 'it names no paper (no arXiv number, no DOI); keeps = "all" would take it as a work itself'
        if len(self.works) > MAX_WORKS:
            return f"it names {len(self.works)} papers, which says nothing of any of them"
        if not self.title and (self.own or not self.works):
            return "it has no title"
        return None if self.url or self.works else "it has no web address"

    def sightings(self) -> list[Sighting]:
        if not self.works:
            return [self._sighting(WorkId(), self.title, is_the_work=True)]
        anchors = {} if self.own or len(self.works) == 1 else _anchors(self.prose)
        return [
            self._sighting(work, self._title_of(work, anchors), is_the_work=bool(self.own))
            for work in self.works
        ]

    def _title_of(self, work: WorkId, anchors: dict[tuple[str | None, str | None], str]) -> str:
        if len(self.works) == 1 and self.title:
            return self.title
        return anchors.get((work.arxiv_id, work.doi)) or (
            f"arXiv:{work.arxiv_id}" if work.arxiv_id else f"doi:{work.doi}"
        )

    def _sighting(self, work: WorkId, title: str, *, is_the_work: bool) -> Sighting:
        item = self.item
        abstract = text.abstract(item.summary, is_html=item.summary_is_html) if is_the_work else ""
        comments = item.comments if item.comments is not None else _count(_COMMENTS, item.summary)
        return Sighting(
            source=self.source.name,
            observed_at=self.now,
            url=self.url or _address(work),
            title=title,
            abstract=abstract,
            authors=_people(item) if is_the_work else (),
            arxiv_id=work.arxiv_id,
            version=work.version,
            doi=work.doi,
            categories=tuple(text.one_line(one)[:80] for one in item.categories[:20]) if is_the_work else (),
            announced=item.published,
            links=self._links(work, abstract, is_the_work=is_the_work),
            rank=self.rank,
            votes=_count(_POINTS, item.summary),
            comments=comments,
            weight=1 / max(1, len(self.works)),
        )

    def _links(self, work: WorkId, abstract: str, *, is_the_work: bool) -> tuple[Link, ...]:
        links = list(links_of(work.arxiv_id, abstract)) if work.arxiv_id else []
        if work.doi:
            links.append(Link(rel="abstract", url=registrants.address(work.doi)))
        if self.url and not self.own:
            links.append(Link(rel="abstract" if is_the_work else "post", url=self.url))
        if discussion := text.web_link(self.item.discussion):
            links.append(Link(rel="discussion", url=discussion))
        return tuple(dict.fromkeys(link for link in links if text.web_link(link.url)))


def _own(item: Item) -> WorkId | None:
    """Return the work that the entry is: by what it says its identifier is, else by its address."""
    named = distinct([work for one in item.identifiers if (work := in_identifier(one))])
    addressed = next((work for one in (item.url, item.id) if one and (work := in_address(one))), None)
    stated = {
        "arxiv_id": _only(work.arxiv_id for work in named),
        "doi": _only(work.doi for work in named),
    }
    if not any(stated.values()):
        return addressed
    version = max((work.version or 0 for work in named), default=0) or (
        addressed.version if addressed else None
    )
    if addressed and addressed.arxiv_id:
        stated["arxiv_id"] = addressed.arxiv_id
    return WorkId(stated["arxiv_id"], stated["doi"], version)


def _only(names: Iterable[str | None]) -> str | None:
    """Return the one name that is given, or None where there is none or several."""
    given = {name for name in names if name}
    return given.pop() if len(given) == 1 else None


def _named(item: Item, prose: str) -> tuple[WorkId, ...]:
    linked = [work for address in item.links if (work := in_address(address))]
    return distinct([*linked, *in_text(prose)])


def _anchors(prose: str) -> dict[tuple[str | None, str | None], str]:
    """Return the words that link to each work, where they look like a title."""
    found: dict[tuple[str | None, str | None], str] = {}
    for address, words in _ANCHOR.findall(prose):
        work = in_address(address)
        title = text.title(words, is_html=True) if work else ""
        if work and _looks_like_a_title(title):
            found.setdefault((work.arxiv_id, work.doi), title)
    return found


def _looks_like_a_title(words: str) -> bool:
    """Whether a link's words are a title, rather than “in earlier work” or “Szegedy et al., 2014”."""
    long = [word for word in words.split() if len(word) > 3 and word[0].isalpha()]
    capital = sum(word[0].isupper() for word in long)
    return len(words.split()) >= 4 and "et al" not in words and 2 * capital > len(long)


def _people(item: Item) -> tuple[str, ...]:
    if len(item.authors) != 1:
        return text.names(list(item.authors))
    parts = [part.strip() for part in item.authors[0].split(",")]
    if len(parts) >= 2 and len(parts) % 2 == 0 and all(_INITIALS.fullmatch(one) for one in parts[1::2]):
        return text.names(
            [f"{given} {family}" for family, given in zip(parts[::2], parts[1::2], strict=True)]
        )
    return text.names(text.split_names(item.authors[0]))


def _count(pattern: re.Pattern[str], summary: str) -> int | None:
    found = pattern.search(summary[:5_000])
    return int(found.group(1) or found.group(2)) if found else None


def _as_address(identifier: str) -> str:
    return identifier if identifier.startswith(("http://", "https://")) else ""


def _address(work: WorkId) -> str:
    return f"https://arxiv.org/abs/{work.arxiv_id}" if work.arxiv_id else registrants.address(work.doi or "")
