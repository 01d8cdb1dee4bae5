"""The best of a week and of a month: the same value that weekly readers are mailed, once it is bound."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.editions.periods import Period
from newsletter.rendering.site import period_path
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Router, Site

router: Final = Router()

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


@router.page("/week/{name}")
def week(name: str, request: Request, site: CurrentSite) -> Response:
    """Show the best of an ISO week (`/week/2026-W47`)."""
    return _page(request, site, week_named(name), Period.week_of)


@router.page("/month/{name}")
def month(name: str, request: Request, site: CurrentSite) -> Response:
    """Show the best of a month (`/month/2026-11`)."""
    return _page(request, site, month_named(name), Period.month_of)


def week_named(name: str) -> Period | None:
    """Return the ISO week that a name means; None where there is none.

    >>> str(week_named("2026-W47").first), week_named("2026-W54")
    ('2026-11-16', None)
    """
    found = _WEEK.fullmatch(name)
    return found and _read(lambda: Period.week_of(date.fromisocalendar(int(found[1]), int(found[2]), 1)))


def month_named(name: str) -> Period | None:
    """Return the month that a name means; None where there is none.

    >>> str(month_named("2026-11").last), month_named("2026-13")
    ('2026-11-30', None)
    """
    found = _MONTH.fullmatch(name)
    return found and _read(lambda: Period.month_of(date(int(found[1]), int(found[2]), 1)))


def _read(make: Callable[[], Period]) -> Period | None:
    try:
        return make()
    except (ValueError, OverflowError):  # no such week, or one beyond the calendar
        return None


def _page(
    request: Request, site: Site, period: Period | None, period_of: Callable[[date], Period]
) -> Response:
    """Show a period between the first edition's and today's; of others nothing can be said, so 404."""
    days = site.dates()
    today = period_of(site.now().astimezone(site.settings.zone).date())
    known = [today, *(period_of(day) for day in (days[:1] + days[-1:]))]
    firsts = [one.first for one in known]
    if period is None or not min(firsts) <= period.first <= max(firsts):
        raise HTTPException(404)
    held = tuple(day for day in reversed(days) if day in period)
    is_bound = site.published.is_bound(site.store, period)
    older = max((day for day in days if day < period.first), default=None)
    newer = min((day for day in days if day > period.last), default=None)

    def make() -> str:
        return site.render(
            "period.html",
            period=period,
            place=period_path(period.first, period.last),
            kind="week" if period_of == Period.week_of else "month",
            edition=site.published.period(site.store, period) if held else None,
            days=held,
            is_bound=is_bound,
            is_over=period.last <= (days[0] if days else period.first),
            older=older and _link(period_of(older)),
            newer=newer and _link(period_of(newer)),
        )

    body = site.shelf.get(("period", period, held, is_bound, older, newer), make)
    return caching.answer(request, body.encode(), "text/html")


def _link(period: Period) -> tuple[str, Period]:
    return period_path(period.first, period.last), period
