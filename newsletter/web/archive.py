"""Every edition: by month, by day, and as references to cite."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.editions.store import EditionStore
from newsletter.models import Edition
from newsletter.rendering import phrasing
from newsletter.web import caching, citations
from newsletter.web.site import Here, Router, Site

router: Final = Router()


@router.page("/archive")
def archive(request: Request, site: Here) -> Response:
    """List every edition, newest first, a month at a time."""
    days = EditionStore(site.store).dates()
    months = [(name, tuple(run)) for name, run in groupby(days, key=month_name)]
    return site.public_page(request, "archive.html", months=months)


@router.page("/d/{name}")
def edition(name: str, request: Request, site: Here) -> Response:
    """Show one edition whole, or hand it on as BibTeX, RIS or JSON (`/d/2026-06-10.bib`)."""
    day_name, dot, ending = name.partition(".")
    found = _edition(site, day_name)
    if not dot:
        older, newer = neighbours(EditionStore(site.store).dates(), found.date)
        return site.public_page(request, "edition.html", edition=found, older=older, newer=newer)
    if ending not in citations.FORMATS:
        raise HTTPException(404)
    form = citations.FORMATS[ending]
    answer = caching.answer(request, form.write(found, site.settings.base_url).encode(), form.media_type)
    if ending != "json":
        answer.headers["Content-Disposition"] = f'attachment; filename="{found.date.isoformat()}.{ending}"'
    return answer


def _edition(site: Site, name: str) -> Edition:
    try:
        day = date.fromisoformat(name)
    except ValueError as error:
        raise HTTPException(404) from error
    found = EditionStore(site.store).get(day) if day.isoformat() == name else None
    if found is None:
        raise HTTPException(404)
    return found


def month_name(day: date) -> str:
    """Name a day's month.

    >>> month_name(date(2026, 6, 10))
    'June 2026'
    """
    return phrasing.long_date(day).split(maxsplit=2)[2]


def neighbours(days: Sequence[date] | Iterable[date], day: date) -> tuple[date | None, date | None]:
    """Return the edition before `day` and the one after it.

    >>> first, middle, last = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 5)
    >>> neighbours((last, middle, first), middle) == (first, last)
    True
    """
    known = tuple(days)
    older = max((one for one in known if one < day), default=None)
    newer = min((one for one in known if one > day), default=None)
    return older, newer
