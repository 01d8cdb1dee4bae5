"""The API's search: over everything that is kept, and what one author wrote."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Self
from urllib.parse import quote, urlencode

from fastapi import Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.rendering import phrasing
from newsletter.rendering.templating import untrusted
from newsletter.search import Hit, Index, Results, by_author, parse, people
from newsletter.search import search as search_index
from newsletter.search.query import LONGEST
from newsletter.search.searching import PAGES
from newsletter.web.api.routes import ROOT, DescribedRouter
from newsletter.web.archive.search import SOON_SECONDS, asked
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Site
from newsletter.web.values import Described, Paper, facts

router: Final = DescribedRouter()

_NOT_READY = "The index of all papers is being made. Ask again in a minute; everything else works meanwhile."

Asked = Annotated[
    str,
    Query(
        min_length=1,
        max_length=LONGEST,
        description='Words, "phrases", author:names, and -words that must not be there.',
    ),
]
Page = Annotated[int, Query(ge=1, le=PAGES, description="Which page; each holds 20 papers.")]
Name = Annotated[str, Path(max_length=300, description="An author's name in addresses, as `ada-moreno`.")]


class FoundPaper(Paper):
    """A paper that a search brought."""

    snippet: str
    """Part of the abstract, with what was looked for in it if possible."""
    edition: date | None
    """Which day's edition announced it; null where none did."""
    permalink: str | None
    """Its place on that edition's page."""

    @classmethod
    def of(cls, hit: Hit, base_url: str) -> Self:
        """Return what a search found."""
        told = f"{base_url}/d/{hit.edition.isoformat()}" if hit.edition else None
        return cls(
            **facts(untrusted.paper(hit.paper)),
            snippet="".join(piece.text for piece in hit.snippet),
            edition=hit.edition,
            permalink=told and f"{told}#{phrasing.anchor(hit.paper)}",
        )


class Found(Described):
    """A page of what a search found, the best first."""

    items: tuple[FoundPaper, ...]
    total: int
    """How many papers hold what was asked for."""
    next: str | None
    """Where the next page is; null on the last one."""
    corrections: dict[str, str]
    """Words that no paper holds, with what was looked for instead."""
    suggestion: str | None
    """A query that finds far more, where a word looks mistyped."""
    is_loose: bool
    """Whether no paper holds every word, so that these hold only most of them."""

    @classmethod
    def of(cls, results: Results, base_url: str, address: str) -> Self:
        """Return a page of results; `address` is that of the query without its page."""
        is_last = results.page >= results.pages
        return cls(
            items=tuple(FoundPaper.of(hit, base_url) for hit in results.hits),
            total=results.total,
            next=None if is_last else f"{address}page={results.page + 1}",
            corrections=dict(results.corrections),
            suggestion=results.suggestion,
            is_loose=results.is_loose,
        )


@router.reads("/search", Found, problems=(422,))
def search(q: Asked, request: Request, site: CurrentSite, page: Page = 1) -> Response:
    """Find papers by title, abstract and authors, the best first.

    A word that no paper holds is corrected, and said so. What cannot be found whole is found in part.
    """
    query = parse(q)
    address = f"/search?{urlencode({'q': q})}&"
    return _told(request, site, address, _results(site, lambda index: search_index(index, query, page=page)))


@router.reads("/authors/{slug}", Found, problems=(404, 422))
def author(slug: Name, request: Request, site: CurrentSite, page: Page = 1) -> Response:
    """List the kept papers by authors of that name, the newest first."""
    if people.slug(slug) != slug:
        raise HTTPException(
            404, "No author is written like this. Names are in lower case, joined by hyphens."
        )
    results = _results(site, lambda index: by_author(index, slug, page=page))
    if not results.total:
        raise HTTPException(404, "No paper of this author is kept. /api/v1/search?q=author:… finds names.")
    return _told(request, site, f"/authors/{quote(slug, safe='')}?", results)


def _results(site: Site, ask: Callable[[Index], Results]) -> Results:
    results = asked(site, ask)
    if results is None:
        raise HTTPException(503, _NOT_READY, {"Retry-After": str(SOON_SECONDS)})
    return results


def _told(request: Request, site: Site, address: str, results: Results) -> Response:
    base = site.settings.base_url
    body = Found.of(results, base, f"{base}{ROOT}{address}")
    return caching.answer(request, body.model_dump_json().encode(), "application/json")
