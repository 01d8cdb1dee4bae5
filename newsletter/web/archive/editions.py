"""Every edition: by month, by day, and as references to cite."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.editions.periods import Period
from newsletter.models import Edition
from newsletter.rendering.dates import month_name
from newsletter.rendering.site import period_path
from newsletter.web.archive import citations
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Router, Site

router: Final = Router()


@router.page("/archive")
def archive(request: Request, site: CurrentSite) -> Response:
    """List the newest month's editions, and the months before."""
    days = site.dates()
    return _month(request, site, days, days[0] if days else None)


@router.page("/archive/{month}")
def month(month: str, request: Request, site: CurrentSite) -> Response:
    """List one month's editions (`/archive/2026-06`)."""
    days = site.dates()
    first = next((day for day in days if day.isoformat()[:7] == month), None)
    if first is None:
        raise HTTPException(404)
    return _month(request, site, days, first)


def _month(request: Request, site: Site, days: Sequence[date], one: date | None) -> Response:
    shown = [day for day in days if one and (day.year, day.month) == (one.year, one.month)]
    months = {day.isoformat()[:7]: month_name(day) for day in days}
    weeks = dict.fromkeys(Period.week_of(day) for day in shown)

    def make() -> str:
        found = [(day, site.edition(day)) for day in shown]
        return site.render(
            "archive.html",
            days=found,
            months=months,
            shown=one and one.isoformat()[:7],
            weeks=[(period_path(week.first, week.last), week) for week in weeks],
        )

    body = site.shelf.get(("archive", tuple(shown), tuple(months)), make)
    return caching.answer(request, body.encode(), "text/html")


@router.page("/d/{name}")
def edition(name: str, request: Request, site: CurrentSite) -> Response:
    """Show one edition whole, or hand it on as BibTeX, RIS or JSON (`/d/2026-06-10.bib`)."""
    day_name, dot, ending = name.partition(".")
    day = _day(day_name)
    if dot:
        return cited(request, site, day, ending)
    days = site.dates()
    if day not in days:
        raise HTTPException(404)
    older, newer = neighbours(days, day)

    def make() -> str:
        return site.render("edition.html", edition=_edition(site, day), older=older, newer=newer)

    body = site.shelf.get(("edition", day, older, newer), make)
    return caching.answer(request, body.encode(), "text/html")


def cited(request: Request, site: Site, day: date, ending: str) -> Response:
    """Hand on an edition in one of `citations.FORMATS`, by its ending; 404 for what there is not."""
    form = citations.FORMATS.get(ending)
    if form is None:
        raise HTTPException(404)

    def make() -> str:
        return form.write(_edition(site, day), site.settings.base_url)

    body = site.shelf.get(("cited", day, ending), make)
    answer = caching.answer(request, body.encode(), form.media_type)
    if ending != "json":
        answer.headers["Content-Disposition"] = f'attachment; filename="{day.isoformat()}.{ending}"'
    return answer


def _day(name: str) -> date:
    try:
        day = date.fromisoformat(name)
    except ValueError as error:
        raise HTTPException(404) from error
    if day.isoformat() != name:  # 2026-W24-3 and 20260610 are dates too, but no addresses of ours
        raise HTTPException(404)
    return day


def _edition(site: Site, day: date) -> Edition:
    found = site.edition(day)
    if found is None:
        raise HTTPException(404)
    return found


def neighbours(days: Sequence[date], day: date) -> tuple[date | None, date | None]:
    """Return the edition before `day` and the one after it.

    >>> first, middle, last = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 5)
    >>> neighbours((last, middle, first), middle) == (first, last)
    True
    """
    older = max((one for one in days if one < day), default=None)
    newer = min((one for one in days if one > day), default=None)
    return older, newer
