"""The API as an application of its own, mounted at `/api/v1`: described, and open to any site's script."""

import json
from functools import lru_cache
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.settings import Settings
from newsletter.web.api import problems, reading, routes, searching, subscribing
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Router, Site

router: Final = Router()
"""The page that describes the API to people."""

ROOT = routes.ROOT
_ROOMS = (reading.router, searching.router, subscribing.router)


def create(site: Site) -> FastAPI:
    """Return the API of a site."""
    app = FastAPI(openapi_url=None, redirect_slashes=False, telemetry={"auto_configure": False})
    app.state.site = site
    for room in _ROOMS:
        app.include_router(room)
    app.include_router(_description)
    app.add_middleware(OpenToScripts)
    problems.install(app)
    return app


def described(settings: Settings) -> dict[str, Any]:
    """Return the OpenAPI description of a newsletter's API."""
    return _described(settings.name, settings.base_url)


@lru_cache(maxsize=4)
def _described(name: str, base_url: str) -> dict[str, Any]:
    return routes.description(name, base_url, _ROOMS, (subscribing.SubscriptionRequest,))


_description: Final = Router()


@_description.page("/openapi.json")
def openapi(request: Request, site: CurrentSite) -> Response:
    """Serve the description."""
    return caching.answer(
        request, json.dumps(described(site.settings), indent=1).encode(), "application/json"
    )


@router.page("/api")
def reference(request: Request, site: CurrentSite) -> Response:
    """Show the description to people; the page is made from it, so that the two cannot differ."""
    return site.public_page(request, "api.html", api=described(site.settings), root=ROOT)


class OpenToScripts:
    """Let scripts of any site read (Fetch standard, CORS), and nothing more; no cookie is involved.

    The header stands on each answer, asked from elsewhere or not: a shared cache keeps one for both.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight for reading; pass on anything else."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT | _OPEN)(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_OPEN)
            await send(message)

        await self._app(scope, receive, complete)


_OPEN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Retry-After"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}
