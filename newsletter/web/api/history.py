"""What the API answers of a topic over time."""

from datetime import date
from typing import Self

from newsletter.rendering import phrasing
from newsletter.web.serving.published import Appearance, ChartedTopic
from newsletter.web.values import Described, Trend


class TopicOutline(Described):
    """A topic as a list names it."""

    slug: str
    label: str
    """As it was called last."""
    url: str
    """Its page."""
    api_url: str
    """Its history, as JSON."""
    feed_url: str
    """Its days as an Atom feed."""
    first: date
    """When it first charted."""
    last: date
    """When it last did."""
    days: int
    """On how many days it did, of those that are remembered."""
    best_place: int
    """1 is the top."""

    @classmethod
    def of(cls, charted: ChartedTopic, base_url: str) -> Self:
        """Return what a list says of a topic."""
        return cls(**_outline(charted, base_url))


class Topics(Described):
    """Topics, those seen last first."""

    items: tuple[TopicOutline, ...]
    total: int
    """How many there are in all."""
    next: str | None
    """Where the others are; null on the last page."""


class NamedPaper(Described):
    """A paper by its name alone."""

    id: str
    title: str
    url: str | None
    """Where its title leads."""


class TopicDay(Described):
    """A topic on one day's chart."""

    date: date
    url: str
    """Its place on the edition's page."""
    place: int
    """1 is the top."""
    trend: Trend
    papers: tuple[NamedPaper, ...]
    """The best first."""

    @classmethod
    def of(cls, one: Appearance, base_url: str) -> Self:
        """Return one day of a topic."""
        papers = [entry.paper for entry in one.section.entries]
        return cls(
            date=one.day,
            url=f"{base_url}/d/{one.day.isoformat()}#topic-{one.section.slug}",
            place=one.place,
            trend=Trend(**one.section.trend.model_dump()),
            papers=tuple(NamedPaper(id=p.id, title=p.title, url=phrasing.home(p)) for p in papers),
        )


class TopicHistory(TopicOutline):
    """A topic over time."""

    appearances: tuple[TopicDay, ...]
    """Each remembered day on which it charted, the newest first."""

    @classmethod
    def over(cls, charted: ChartedTopic, days: tuple[Appearance, ...], base_url: str) -> Self:
        """Return a topic with its days."""
        return cls(
            **_outline(charted, base_url), appearances=tuple(TopicDay.of(one, base_url) for one in days)
        )


def _outline(charted: ChartedTopic, base_url: str) -> dict[str, object]:
    path = charted.path
    return {
        "slug": charted.slug,
        "label": charted.label,
        "url": f"{base_url}{path}",
        "api_url": f"{base_url}/api/v1{path}",
        "feed_url": f"{base_url}{path}/feed.xml",
        "first": charted.first,
        "last": charted.last,
        "days": charted.days,
        "best_place": charted.best,
    }
