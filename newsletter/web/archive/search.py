"""Search over everything that is kept, and what one author wrote."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.errors import InvalidInputError
from newsletter.rendering.templating import untrusted
from newsletter.search import Index, IndexFaultError, Results, by_author, parse, people, search
from newsletter.search.query import LONGEST
from newsletter.topics.matching import query
from newsletter.web.serving.forms import Fields
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import preference_form

router: Final = Router()

SOON_SECONDS = 20
_NOT_INDEXED = {"X-Robots-Tag": "noindex"}


@router.page("/search")
def searched(request: Request, site: CurrentSite) -> Response:
    """Show what a query finds; any text is one, and a page that does not exist is the first or the last.

    Only the index is asked, so this answers while the store is down.
    """
    fields = Fields(request.query_params.multi_items())
    wanted = parse(fields.shown("q", longest=LONGEST + 1))
    typed = untrusted.line(fields.shown("q", longest=LONGEST), LONGEST)
    if wanted.is_empty:
        return _shown(request, site, "search.html", typed=typed, query=wanted, results=None)
    page = _page(fields)
    results = asked(site, lambda index: search(index, wanted, page=page))
    if results is None:
        return _not_ready(site)
    links = _turns(site, "/search?" + urlencode({"q": typed}) + "&", results)
    topic, fault = _as_topic(typed)
    return _shown(
        request,
        site,
        "search.html",
        typed=typed,
        query=wanted,
        results=results,
        topic=topic,
        not_understood=fault,
        **links,
    )


@router.page("/authors/{slug}")
def author(slug: str, request: Request, site: CurrentSite) -> Response:
    """List the kept papers by authors of that name, the newest first; 404 if there are none."""
    if people.slug(slug) != slug:
        raise HTTPException(404)
    page = _page(Fields(request.query_params.multi_items()))
    results = asked(site, lambda index: by_author(index, slug, page=page))
    if results is None:
        return _not_ready(site)
    if not results.total:
        raise HTTPException(404)
    written = [one.name for hit in results.hits for one in hit.authors if one.is_match]
    links = _turns(site, f"/authors/{quote(slug)}?", results)
    name = max(written, key=written.count) if written else slug.replace("-", " ").title()
    return _shown(request, site, "author.html", name=name, slug=slug, results=results, **links)


def _as_topic(typed: str) -> tuple[str, str]:
    """Return a search as a topic to follow, or nothing and why it cannot be one.

    >>> _as_topic("tides, currents “of course”")
    ('tides currents “of course”', '')
    """
    topic = " ".join(preference_form.phrases(typed))
    try:
        query.parse(topic)
    except InvalidInputError as error:
        return "", str(error)
    return topic, ""


def asked(site: Site, ask: Callable[[Index], Results]) -> Results | None:
    """Return what the index answers; None where there is none that is fit to be asked (yet)."""
    index = site.index_store.index()
    try:
        return ask(index) if index else None
    except IndexFaultError:
        site.index_store.doubt()
        return None


def _page(fields: Fields) -> int:
    typed = fields.shown("page")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 1


def _turns(site: Site, path: str, results: Results) -> dict[str, str]:
    """Return the addresses of the page before and the one after, empty at the ends."""
    before, after = results.page - 1, results.page + 1
    return {
        "before": site.path(f"{path}page={before}") if before else "",
        "after": site.path(f"{path}page={after}") if after <= results.pages else "",
    }


def _shown(request: Request, site: Site, template: str, **context: Any) -> Response:
    answer = site.public_page(request, template, **context)
    answer.headers.update(_NOT_INDEXED)
    return answer


def _not_ready(site: Site) -> Response:
    answer = site.page(
        "message.html",
        status=503,
        title="Not ready to search yet",
        text="The index of all papers is being made, as after a first start or a new version. "
        "Please try again in a minute; the archive and every other page work meanwhile.",
    )
    answer.headers.update(_NOT_INDEXED | {"Retry-After": str(SOON_SECONDS)})
    return answer
