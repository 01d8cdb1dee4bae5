"""A topic over time: on which days it stood on the chart, how high, and with which papers."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.web.serving import caching
from newsletter.web.serving.published import Appearance
from newsletter.web.serving.site import CurrentSite, Router

router: Final = Router()

DAYS_DRAWN = 60
APPEARANCES_LISTED = 30
TOPICS_LISTED = 300


class Bar(NamedTuple):
    """A day of the drawing."""

    day: date
    share: float
    """Of the day's papers; 0 where the topic was not on the chart."""
    place: int | None


@router.page("/topics")
def index(request: Request, site: CurrentSite) -> Response:
    """List the topics that stood on a chart, those seen last first."""
    days = site.dates()

    def make() -> str:
        charted_topics = site.published.charted_topics(site.store)
        return site.render("topics.html", charted=charted_topics[:TOPICS_LISTED], total=len(charted_topics))

    body = site.shelf.get(("topics", days[:1], len(days)), make)
    return caching.answer(request, body.encode(), "text/html")


@router.page("/topics/{slug}")
def topic(slug: str, request: Request, site: CurrentSite) -> Response:
    """Show a topic that stood on a chart once; 404 for one that never did."""
    days = site.dates()
    found = site.published.appearances(site.store, slug)
    if not found:
        raise HTTPException(404)

    def make() -> str:
        return site.render(
            "topic.html",
            slug=slug,
            at=found[0].path,
            label=found[0].section.label,
            newest=found[0],
            appearances=found[:APPEARANCES_LISTED],
            times=len(found),
            best=min(one.place for one in found),
            first=found[-1].day,
            bars=bars(days[:DAYS_DRAWN], found),
        )

    body = site.shelf.get(("topic", slug, days[:DAYS_DRAWN]), make)
    return caching.answer(request, body.encode(), "text/html")


def bars(days: Sequence[date], found: Sequence[Appearance]) -> tuple[Bar, ...]:
    """Return a bar for each of `days` (newest first), oldest first."""
    on_chart = {one.day: one for one in found}
    drawn = []
    for day in reversed(days):
        one = on_chart.get(day)
        share = one.section.trend.series[-1] if one and one.section.trend.series else 0.0
        drawn.append(Bar(day, share, one.place if one else None))
    return tuple(drawn)
