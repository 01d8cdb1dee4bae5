"""The editions as feeds: Atom (RFC 4287) and JSON Feed 1.1."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.models import Edition, Section
from newsletter.rendering import phrasing
from newsletter.rendering.coverage import without_papers
from newsletter.rendering.dates import short_date
from newsletter.web.serving import caching
from newsletter.web.serving.published import Appearance
from newsletter.web.serving.site import CurrentSite, Router, Site

router: Final = Router()

EDITIONS_IN_A_FEED = 10
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not (section 2.2)."""


def headline(edition: Edition) -> str:
    """Name an edition by its day, its top paper and its top topic.

    >>> from datetime import UTC, date, datetime
    >>> noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    >>> headline(Edition(date=date(2026, 6, 10), composed_at=noon, cut_off=noon))
    '10 Jun: a quiet day'
    """
    front = edition.front
    named = [entry.paper.title for entry in front.top[:1]] + [section.label for section in front.sections[:1]]
    return f"{short_date(edition.date)}: {' · '.join(named) or without_papers(edition)}"


class Item(NamedTuple):
    """One entry of a feed; its address is also its id, and never changes."""

    address: str
    title: str
    moment: datetime
    """When its edition was frozen, so that nothing is ever updated."""
    content: str
    """HTML."""
    sections: tuple[Section, ...]


class Feed(NamedTuple):
    """A feed in whichever form."""

    title: str
    subtitle: str
    home: str
    """The path of the page that says the same."""
    at: str
    """Its own path, without the ending."""
    items: tuple[Item, ...]


Form = Literal["xml", "json"]
_MEDIA_TYPES: dict[Form, str] = {"xml": "application/atom+xml", "json": "application/feed+json"}


@router.page("/feed.xml")
def atom(request: Request, site: CurrentSite) -> Response:
    """Serve the last editions as Atom."""
    return _editions(request, site, "xml")


@router.page("/feed.json")
def json_feed(request: Request, site: CurrentSite) -> Response:
    """Serve the last editions as JSON Feed."""
    return _editions(request, site, "json")


@router.page("/topics/{slug}/feed.xml")
def topic_atom(slug: str, request: Request, site: CurrentSite) -> Response:
    """Serve the last days of one topic as Atom; 404 for one that never stood on a chart."""
    return _topic(request, site, slug, "xml")


@router.page("/topics/{slug}/feed.json")
def topic_json_feed(slug: str, request: Request, site: CurrentSite) -> Response:
    """Serve the last days of one topic as JSON Feed; 404 for one that never stood on a chart."""
    return _topic(request, site, slug, "json")


def _editions(request: Request, site: Site, form: Form) -> Response:
    days = site.dates()[:EDITIONS_IN_A_FEED]

    def make() -> str:
        items = tuple(_edition_item(site, edition) for edition in _latest(site, days))
        subtitle = "The papers that people will talk about, with the reason for each."
        return _written(site, Feed(site.settings.name, subtitle, "/", "/feed", items), form)

    return _answer(request, site.shelf.get(("feed", form, days), make), form)


def _topic(request: Request, site: Site, slug: str, form: Form) -> Response:
    found = site.published.appearances(site.store, slug)[:EDITIONS_IN_A_FEED]
    if not found:
        raise HTTPException(404)
    label, home = found[0].section.label, found[0].path

    def make() -> str:
        items = tuple(item for one in found if (item := _topic_item(site, one)))
        subtitle = f"The days on which {label} trended, with the papers of each."
        feed = Feed(f"{label} – {site.settings.name}", subtitle, home, f"{home}/feed", items)
        return _written(site, feed, form)

    days = tuple(one.day for one in found)
    return _answer(request, site.shelf.get(("topic feed", slug, form, days), make), form)


def _latest(site: Site, days: Iterable[date]) -> list[Edition]:
    found = (site.edition(day) for day in days)
    return [edition for edition in found if edition is not None]


def _edition_item(site: Site, edition: Edition) -> Item:
    return Item(
        f"{site.settings.base_url}/d/{edition.date.isoformat()}",
        headline(edition),
        edition.composed_at,
        site.render("feed_content.html", edition=edition),
        edition.front.sections,
    )


def _topic_item(site: Site, one: Appearance) -> Item | None:
    edition = site.edition(one.day)
    sections = edition.sections if edition else ()
    section = next((section for section in sections if section.slug == one.section.slug), None)
    if edition is None or section is None:
        return None
    return Item(
        f"{site.settings.base_url}/d/{one.day.isoformat()}#topic-{section.slug}",
        f"{short_date(one.day)}: {section.label}, {phrasing.ordinal(one.place)} place",
        edition.composed_at,
        site.render("feed_topic.html", day=one.day, place=one.place, section=section),
        (section,),
    )


def _written(site: Site, feed: Feed, form: Form) -> str:
    if form == "xml":
        return _NOT_XML.sub("", site.render("feed.xml", feed=feed))
    return json.dumps(_members(site, feed), ensure_ascii=False, indent=1)


def _members(site: Site, feed: Feed) -> dict[str, Any]:
    base = site.settings.base_url
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{base}{feed.home}",
        "feed_url": f"{base}{feed.at}.json",
        "description": feed.subtitle,
        "authors": [{"name": site.settings.name, "url": f"{base}/"}],
        "language": "en",
        "items": [
            {
                "id": item.address,
                "url": item.address,
                "title": item.title,
                "content_html": item.content,
                "date_published": item.moment.isoformat(),
                "tags": [section.label for section in item.sections],
            }
            for item in feed.items
        ],
    }


def _answer(request: Request, body: str, form: Form) -> Response:
    return caching.answer(request, body.encode(), _MEDIA_TYPES[form])
