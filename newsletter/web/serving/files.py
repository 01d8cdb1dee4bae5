"""Files that are served as they are."""

from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.rendering.templating import templates
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Router

router: Final = Router()

_FOR_EVER = "public, max-age=31536000, immutable"
"""For links that carry the file's tag."""


@router.page("/static/{name}")
def static(name: str, request: Request, site: CurrentSite) -> Response:
    """Serve a file of `templates/web/static`; a name has no folder in it, so nothing else is reached."""
    kind = templates.SERVED.get(name.rpartition(".")[2])
    if kind is None or name.startswith("."):
        raise HTTPException(404)
    try:
        body = site.file(name)
    except KeyError as error:
        raise HTTPException(404) from error
    has_tag = request.url.query and site.asset(name).endswith(f"?{request.url.query}")
    return caching.answer(request, body, kind, control=_FOR_EVER if has_tag else caching.PUBLIC)


@router.page("/robots.txt")
def robots(request: Request, site: CurrentSite) -> Response:
    """Keep well-behaved robots out of the pages whose address holds a token, and out of endless searches."""
    private = ("/confirm/", "/reject/", "/u/", "/manage/", "/search?")
    closed = "".join(f"Disallow: {site.path(one)}\n" for one in private)
    body = f"User-agent: *\n{closed}"
    return caching.answer(request, body.encode(), "text/plain")


@router.page("/favicon.ico")
def favicon(request: Request, site: CurrentSite) -> Response:
    """Answer browsers that ask before reading the page."""
    return caching.answer(request, site.file("mark.svg"), "image/svg+xml")
