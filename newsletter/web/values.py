"""What the API answers, field by field: the same facts as the pages, in a shape that stays.

These values are apart from those that the rooms hand on, so that a change
there breaks nobody's program. The strings below the fields are what the
OpenAPI description says of them.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from newsletter import models
from newsletter.rendering import phrasing
from newsletter.rendering.site import edition_path
from newsletter.rendering.templating import untrusted
from newsletter.web.serving.published import Outline

_LONGEST_NAME = 80


class Described(BaseModel):
    """A frozen value whose fields are described by the strings below them."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Link(Described):
    """Where more of a paper is to be found."""

    rel: Literal["abstract", "pdf", "code", "project", "discussion", "post"]
    """What is behind it."""
    url: str
    """An http or https address, as the source gave it."""


class Reason(Described):
    """One term of a paper's score."""

    term: str
    """What the published definition (`/about/trending`) calls it, such as `votes` or `breadth`."""
    points: float
    """What it added to the score, or took away."""
    detail: str
    """The same in words, with the numbers; may be empty."""


class Paper(Described):
    """A work, whatever sources, versions and titles it came with."""

    id: str
    """`arxiv:2606.13681`, `doi:10.1101/…` or `title:…`; given at first sight and kept for good."""
    url: str | None
    """Where its title leads: the abstract, or else the first address that any source gave."""
    title: str
    authors: tuple[str, ...]
    """All of them, in the order of the paper."""
    abstract: str
    """As a source gave it, without markup; empty where none did."""
    categories: tuple[str, ...]
    """arXiv's or the publisher's own, the primary one first."""
    arxiv_id: str | None
    """Without version."""
    doi: str | None
    """In lower case, without a resolver."""
    links: tuple[Link, ...]


class Entry(Paper):
    """A paper as an edition announces it."""

    permalink: str
    """Its place on the page of its day's edition."""
    score: float
    """0 to 100, by the published definition; compares papers of one edition."""
    why: str
    """The largest reasons as one sentence with numbers; may be empty."""
    reasons: tuple[Reason, ...]
    """Every term of the score, the largest first."""
    summary: tuple[str, ...]
    """A sentence of the abstract, verbatim; none where none tells what is new."""

    @classmethod
    def of(cls, entry: models.Entry, address: str) -> Self:
        """Return an entry of the edition whose page is at `address`."""
        return cls(
            **facts(entry.paper),
            permalink=f"{address}#{phrasing.anchor(entry.paper)}",
            score=round(entry.score, 2),
            why=phrasing.reason(entry),
            reasons=tuple(Reason(**one.model_dump()) for one in entry.reasons),
            summary=entry.summary,
        )


class Trend(Described):
    """What a topic was doing on a day."""

    movement: Literal["new", "up", "down", "steady", "followed"]
    """Against the day before; `new`: on the chart for the first time."""
    streak_days: int
    """Publishing days in a row, this one included."""
    series: tuple[float, ...]
    """Its share of the day's papers (0 to 1) on the last publishing days, the oldest first, this one last."""
    ratio: float | None
    """This day's share over its usual share; null while the usual share is not known."""


class Topic(Described):
    """A topic of an edition with its papers."""

    slug: str
    """Names the topic for good: `/topics/{slug}`."""
    label: str
    keywords: tuple[str, ...]
    trend: Trend
    papers: tuple[Entry, ...]
    """The best first."""


class Coverage(Described):
    """What one source gave to an edition, or why it gave nothing."""

    source: str
    """Its short name."""
    title: str
    state: models.SourceState
    """`fresh` and `quiet` sources answered; the others were missing when the edition was composed."""
    papers: int
    """How many it gave."""
    since: datetime | None
    """Since when it has been late, stale or failing."""
    note: str


class Edition(Described):
    """What a day, a week or a month announced; frozen when it was composed."""

    since: date | None
    """The first day of several; null in the edition of one."""
    date: date
    """The day, or the last of them."""
    url: str
    """Its page."""
    composed_at: datetime
    candidates: int
    """How many papers were weighed."""
    topics: tuple[Topic, ...]
    """The best first."""
    also: tuple[Entry, ...]
    """What fits no topic, the best first."""
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    """What the edition says of itself, such as that its memory is short."""

    @classmethod
    def of(cls, edition: models.Edition, base_url: str) -> Self:
        """Return an edition as its page shows it."""

        def told(entries: Iterable[models.Entry]) -> tuple[Entry, ...]:
            days = [(entry, entry.edition_of or edition.date) for entry in entries]
            return tuple(Entry.of(entry, f"{base_url}/d/{day.isoformat()}") for entry, day in days)

        return cls(
            since=edition.since,
            date=edition.date,
            url=base_url + edition_path(edition),
            composed_at=edition.composed_at,
            candidates=edition.candidates,
            topics=tuple(
                Topic(
                    slug=section.slug,
                    label=section.label,
                    keywords=section.keywords,
                    trend=Trend(**section.trend.model_dump()),
                    papers=told(section.entries),
                )
                for section in edition.sections
            ),
            also=told(edition.also),
            coverage=tuple(Coverage(**one.model_dump()) for one in edition.coverage),
            notes=edition.notes,
        )


class EditionOutline(Described):
    """An edition as a list names it."""

    date: date
    url: str
    """Its page."""
    api_url: str
    """All of it, as JSON."""
    composed_at: datetime
    topics: tuple[str, ...]
    """The labels of its topics, the best first."""
    papers: int
    """How many it announces; 0 on a quiet day."""

    @classmethod
    def of(cls, outline: Outline, base_url: str) -> Self:
        """Return what a list says of an edition."""
        day = outline.day.isoformat()
        return cls(
            date=outline.day,
            url=f"{base_url}/d/{day}",
            api_url=f"{base_url}/api/v1/editions/{day}",
            composed_at=outline.composed_at,
            topics=outline.labels,
            papers=outline.papers,
        )


class Editions(Described):
    """Editions, the newest first."""

    items: tuple[EditionOutline, ...]
    total: int
    """How many there are in all."""
    next: str | None
    """Where the older ones are; null on the last page."""


class Sighting(Described):
    """That a source showed a paper."""

    source: str
    """The source's short name, as in an edition's coverage."""
    url: str
    """The entry at the source."""
    first_seen: datetime


class Announcement(Described):
    """That an edition announced a paper."""

    date: date
    permalink: str
    """Its place on the page of its day's edition."""
    why: str
    """The largest reasons as one sentence with numbers; may be empty."""


class KnownPaper(Paper):
    """A paper that is kept: all that was polled for ninety days, and for good what an edition announced."""

    first_seen: datetime
    """When it was first polled."""
    announced: datetime | None
    """The earliest announcement that any source gave."""
    sightings: tuple[Sighting, ...]
    """One an entry, ordered by source."""
    edition: Announcement | None
    """Null where no edition announced it."""

    @classmethod
    def of(cls, paper: models.Paper, base_url: str, day: date | None, entry: models.Entry | None) -> Self:
        """Return a paper, and the edition of `day` that announced it as `entry`."""
        told = None
        if day is not None:
            told = Announcement(
                date=day,
                permalink=f"{base_url}/d/{day.isoformat()}#{phrasing.anchor(paper)}",
                why=phrasing.reason(entry) if entry else "",
            )
        return cls(
            **facts(paper),
            first_seen=paper.first_seen,
            announced=paper.announced,
            sightings=tuple(
                Sighting(source=one.source, url=one.url, first_seen=one.first_seen) for one in paper.mentions
            ),
            edition=told,
        )


def facts(paper: models.Paper) -> dict[str, Any]:
    """Return the fields of `Paper`."""
    return {
        "id": paper.id,
        "url": phrasing.home(paper),
        "title": paper.title,
        "authors": tuple(untrusted.line(name, _LONGEST_NAME) for name in paper.authors),
        "abstract": paper.abstract,
        "categories": paper.categories,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "links": tuple(Link(**link.model_dump()) for link in paper.links),
    }
