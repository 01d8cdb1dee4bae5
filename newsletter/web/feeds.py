"""The editions as feeds: Atom (RFC 4287) and JSON Feed 1.1."""

import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from newsletter.models import Edition
from newsletter.rendering import phrasing
from newsletter.web import caching
from newsletter.web.site import Here, Router, Site

router: Final = Router()

EDITIONS_IN_A_FEED = 10
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not (section 2.2)."""


def headline(edition: Edition) -> str:
    """Name an edition by its day and its first topics.

    >>> from datetime import UTC, date, datetime
    >>> noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    >>> headline(Edition(date=date(2026, 6, 10), composed_at=noon, cut_off=noon))
    '10 Jun: a quiet day'
    """
    labels = ", ".join(section.label for section in edition.sections[:3])
    what = labels or ("a quiet day" if edition.is_quiet else phrasing.count(len(edition.entries), "paper"))
    return f"{phrasing.short_date(edition.date)}: {what}"


def _latest(site: Site, days: Iterable[date]) -> list[Edition]:
    found = (site.edition(day) for day in days)
    return [edition for edition in found if edition is not None]


@router.page("/feed.xml")
def atom(request: Request, site: Here) -> Response:
    """Serve the last editions as Atom."""
    days = site.dates()[:EDITIONS_IN_A_FEED]

    def make() -> str:
        return _NOT_XML.sub("", site.render("feed.xml", editions=_latest(site, days), headline=headline))

    return caching.answer(request, site.shelf.get(("atom", days), make).encode(), "application/atom+xml")


@router.page("/feed.json")
def json_feed(request: Request, site: Here) -> Response:
    """Serve the last editions as JSON Feed."""
    days = site.dates()[:EDITIONS_IN_A_FEED]

    def make() -> str:
        return json.dumps(_feed(site, _latest(site, days)), ensure_ascii=False, indent=1)

    return caching.answer(request, site.shelf.get(("json", days), make).encode(), "application/feed+json")


def _feed(site: Site, editions: Iterable[Edition]) -> dict[str, Any]:
    base = site.settings.base_url
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.settings.name,
        "home_page_url": f"{base}/",
        "feed_url": f"{base}/feed.json",
        "description": "The papers that people will talk about, with the reason for each.",
        "language": "en",
        "items": [_item(site, edition) for edition in editions],
    }


def _item(site: Site, edition: Edition) -> dict[str, Any]:
    address = f"{site.settings.base_url}/d/{edition.date.isoformat()}"
    return {
        "id": address,
        "url": address,
        "title": headline(edition),
        "content_html": site.render("feed_content.html", edition=edition),
        "date_published": edition.composed_at.isoformat(),
        "tags": [section.label for section in edition.sections],
    }
