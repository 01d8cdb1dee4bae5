"""The site as one application: `uvicorn newsletter.web.app:create --factory`."""

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter import settings as settings_module
from newsletter.errors import NewsletterError, NotFoundError
from newsletter.settings import Settings
from newsletter.web import public
from newsletter.web.api import application as api
from newsletter.web.api import problems
from newsletter.web.archive import editions, feeds, periods, search, topics
from newsletter.web.operator import status, webhooks
from newsletter.web.serving import files, heavy, indexing, mangled, response_cache, security
from newsletter.web.serving.forms import FieldError
from newsletter.web.serving.site import Site, utc_now
from newsletter.web.subscriber import confirming, links, manage, moving, preview, subscribing, unsubscribing

log = logging.getLogger(__name__)

_ROOMS = (
    *(public, preview, subscribing, confirming, unsubscribing, manage, moving, links),
    *(editions, periods, search, topics, feeds, api, status, files, webhooks),
)
_OPEN_TO_OTHERS = (unsubscribing, webhooks)
"""What mail programs and mail providers post to, webmail of other sites included."""
_WORDS = {
    400: ("That request could not be read", "Go back and try it again."),
    403: ("That came from another site", "Open the page here and press its own button."),
    404: (
        "Page not found",
        "The archive has every edition; the address may lack its last characters.",
    ),
    405: ("This address does not take that", "Go back and use the page's own buttons."),
    413: ("That was too much", "A form may hold 64 KB. Shorten what you typed and send it again."),
}


def create(settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """Return the site. Nothing is connected yet: a page says so when the store is down.

    Raises `SettingsError` where a setting is wrong or production lacks a secret.
    """
    settings = settings_module.load() if settings is None else settings
    security.mask_access_log()
    app = FastAPI(
        title=settings.name,
        openapi_url=None,  # and with it the pages that load scripts from elsewhere
        redirect_slashes=False,  # such a redirect would be built from the Host header
        telemetry={"auto_configure": False},
        lifespan=indexing.alongside,
    )
    app.state.site = Site(settings, clock)
    app.state.site.keys  # noqa: B018  # fail at the start, not at the first form
    for room in _ROOMS:
        guards = [] if room in _OPEN_TO_OTHERS else [Depends(security.refuse_other_sites)]
        app.include_router(room.router, dependencies=guards)
    app.mount(api.ROOT, api.create(app.state.site))
    app.add_middleware(heavy.HeavyPages, root=api.ROOT, refuse=_busy)
    app.add_middleware(security.SecurityHeaders, settings=settings)
    app.add_middleware(mangled.MangledLinks)
    if settings.is_production:  # elsewhere a page follows its template at once
        app.add_middleware(response_cache.Recent, clock=lambda: clock().timestamp())
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_found)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(FieldError, _bad_field)
    for down in problems.STORE_DOWN:
        app.add_exception_handler(down, _store_down)
    app.add_exception_handler(Exception, _broken)
    return app


def _message(
    request: Request, status: int, title: str, text: str, headers: dict[str, str] | None = None
) -> Response:
    if f"{request.url.path}/".startswith(f"{api.ROOT}/"):  # a line end keeps a path from the mounted API
        return problems.problem(status, headers=headers)
    site: Site = request.app.state.site
    answer = site.page("message.html", status=status, title=title, text=text)
    answer.headers.update(headers or {})
    return answer


def _busy(request: Request) -> Response:
    text = "Many are searching at this moment. Please try again in a few seconds."
    return _message(request, 503, "Too many at once", text, {"Retry-After": "5"})


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    title, text = _WORDS.get(error.status_code, (phrase, "Go back and try it again."))
    return _message(request, error.status_code, title, text, dict(error.headers or {}))


def _not_found(request: Request, _error: Exception) -> Response:
    return _message(request, 404, *_WORDS[404])


def _bad_field(request: Request, error: Exception) -> Response:
    return _message(request, 422, "That form could not be used", f"{error} Nothing was changed.")


def _store_down(request: Request, error: Exception) -> Response:
    log.error("the store does not answer: %s", error)
    is_change = request.method not in {"GET", "HEAD"}
    text = (
        "Nothing was saved. Please try again in a minute." if is_change else "Please try again in a minute."
    )
    return _message(request, 503, "Back in a minute", text, {"Retry-After": "60"})


def _broken(request: Request, error: Exception) -> Response:
    # the trace is logged by the server; a NewsletterError says itself what to do, but to the operator
    if isinstance(error, NewsletterError):
        log.error("%s %s: %s", request.method, security.masked(request.url.path), error)
    text = "It is our fault, and it has been noted. Please try again in a few minutes."
    return _message(request, 500, "Something broke here", text)
