"""The API's readings: editions, topics and papers, to anybody."""

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.editions.periods import Period
from newsletter.editions.store import EditionStore
from newsletter.papers.store import PaperStore
from newsletter.rendering.templating import untrusted
from newsletter.web.api.history import TopicHistory, TopicOutline, Topics
from newsletter.web.api.routes import ROOT, DescribedRouter
from newsletter.web.archive import editions as archive
from newsletter.web.archive import periods
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Site
from newsletter.web.values import Edition, EditionOutline, Editions, KnownPaper

router: Final = DescribedRouter()

_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_NO_EDITION = "No edition for that day. /api/v1/editions lists all of them."

Day = Annotated[str, Path(pattern=_DAY, description="A day, as `2026-06-10`.")]
Week = Annotated[str, Path(pattern=r"^[0-9]{4}-W[0-9]{2}$", description="An ISO week, as `2026-W47`.")]
Month = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}$", description="A month, as `2026-11`.")]
Before = Annotated[str, Query(pattern=_DAY, description="Only editions older than this day.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many to list at most.")]
Offset = Annotated[int, Query(ge=0, le=100_000, description="How many to pass over.")]
Slug = Annotated[str, Path(max_length=300, description="A topic's name in addresses, as `flow-matching`.")]
Identifier = Annotated[
    str,
    Path(
        max_length=2000,
        description="A paper's `id`, or another that it is known by: `arxiv:2606.13681`, `doi:10.1101/…`.",
    ),
]


@router.reads("/editions", Editions, problems=(422,))
def editions(
    request: Request, site: CurrentSite, before: Before = "9999-12-31", limit: Limit = 30
) -> Response:
    """List editions, the newest first.

    `next` leads to older ones; a new edition does not shift what stands on a page.
    """
    days = site.dates()
    older = [day for day in days if day.isoformat() < before]
    shown = older[:limit]

    base = site.settings.base_url
    following = {"before": shown[-1].isoformat(), "limit": limit} if len(older) > limit else None
    body = Editions(
        items=tuple(EditionOutline.of(one, base) for one in site.published.outlines(site.store, shown)),
        total=len(days),
        next=following and f"{base}{ROOT}/editions?{urlencode(following)}",
    )
    return _answer(request, body)


@router.reads("/editions/latest", Edition, problems=(404,))
def latest_edition(request: Request, site: CurrentSite) -> Response:
    """Return the newest edition whole."""
    newest = next(iter(site.dates()), None)
    if newest is None:
        raise HTTPException(404, "No edition has been composed yet. Ask again after the next cut-off.")
    return archive.cited(request, site, newest, "json")


@router.reads("/editions/{day}", Edition, problems=(404, 422))
def edition(day: Day, request: Request, site: CurrentSite) -> Response:
    """Return one day's edition whole, with the numbers behind each choice.

    It is frozen: it says the same for ever. `/d/{day}.json` is the same document.
    """
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise HTTPException(404, _NO_EDITION) from error
    if wanted not in site.dates():
        raise HTTPException(404, _NO_EDITION)
    return archive.cited(request, site, wanted, "json")


@router.reads("/weeks/{week}", Edition, problems=(404, 422))
def week(week: Week, request: Request, site: CurrentSite) -> Response:
    """Return the best of an ISO week.

    Once the week is over, this is what weekly readers are mailed; until then, the best so far.
    """
    return _of_period(request, site, periods.week_named(week))


@router.reads("/months/{month}", Edition, problems=(404, 422))
def month(month: Month, request: Request, site: CurrentSite) -> Response:
    """Return the best of a month; until it is over, the best so far."""
    return _of_period(request, site, periods.month_named(month))


@router.reads("/topics", Topics, problems=(422,))
def topics(request: Request, site: CurrentSite, limit: Limit = 30, offset: Offset = 0) -> Response:
    """List topics that stood on a chart, those seen last first.

    Of the last 400 editions; within a day they stand in the order of its chart.
    """
    charted_topics = site.published.charted_topics(site.store)
    base = site.settings.base_url
    following = urlencode({"limit": limit, "offset": offset + limit})
    body = Topics(
        items=tuple(TopicOutline.of(one, base) for one in charted_topics[offset : offset + limit]),
        total=len(charted_topics),
        next=f"{base}{ROOT}/topics?{following}" if offset + limit < len(charted_topics) else None,
    )
    return _answer(request, body)


@router.reads("/topics/{slug}", TopicHistory, problems=(404, 422))
def topic(slug: Slug, request: Request, site: CurrentSite) -> Response:
    """Return on which days a topic charted, how high, and with which papers."""
    charted = next((one for one in site.published.charted_topics(site.store) if one.slug == slug), None)
    if charted is None:
        raise HTTPException(404, "No topic has that name. /api/v1/topics lists those there are.")
    days = site.published.appearances(site.store, slug)
    body = TopicHistory.over(charted, days, site.settings.base_url)
    return _answer(request, body)


@router.reads("/papers/{identifier:path}", KnownPaper, problems=(404, 422))
def paper(identifier: Identifier, request: Request, site: CurrentSite) -> Response:
    """Return what is known of one paper, and which edition announced it.

    Everything that was polled is kept for ninety days; what an edition announced is kept for good.
    """
    kept = PaperStore(site.store).get([identifier]).get(identifier)
    name = kept.id if kept else identifier
    day = EditionStore(site.store).announced_on([name]).get(name)
    announced = site.edition(day) if day else None
    entries = announced.entries if announced else ()
    entry = next((one for one in entries if one.paper.id == name), None)
    found = kept or (entry.paper if entry else None)
    if found is None:
        raise HTTPException(
            404, "No such paper is kept. Papers that no edition announced go after ninety days."
        )
    body = KnownPaper.of(untrusted.paper(found), site.settings.base_url, day, entry)
    return _answer(request, body)


def _of_period(request: Request, site: Site, period: Period | None) -> Response:
    found = None
    if period and (held := tuple(day for day in site.dates() if day in period)):
        state = ("api", period, held, site.published.is_bound(site.store, period))
        found = site.shelf.get(state, lambda: _best_of(site, period))
    if not found:
        raise HTTPException(404, "No day of it has an edition. /api/v1/editions lists those there are.")
    return caching.answer(request, found.encode(), "application/json")


def _best_of(site: Site, period: Period) -> str:
    edition = site.published.period(site.store, period)
    return Edition.of(edition, site.settings.base_url).model_dump_json() if edition else ""


def _answer(request: Request, body: BaseModel) -> Response:
    return caching.answer(request, body.model_dump_json().encode(), "application/json")
