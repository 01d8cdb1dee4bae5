"""What an endpoint is given: settings, store, queue, clock and pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

from newsletter import queue, store
from newsletter.models import Edition
from newsletter.rendering import pages
from newsletter.rendering.templating import templates
from newsletter.search import IndexStore
from newsletter.settings import Settings
from newsletter.subscribers import networks
from newsletter.web.serving import caching
from newsletter.web.serving.published import TAIL_SHOWN, PublishedEditions
from newsletter.web.serving.turnstile import Turnstile

SHELF_PLACES = 200
"""Pages of at most some 100 KB: 20 MB a process."""


def utc_now() -> datetime:
    """Return the clock's time; the only place where the site looks at a clock."""
    return datetime.now(UTC)


@dataclass
class Site:
    """One newsletter's site; connections are opened when first used, so that pages can say when they fail."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    environment: Environment = field(init=False)
    root: str = field(init=False)
    """The path of BASE_URL, empty at the top of a host. Every link on our pages begins with it."""

    published: PublishedEditions = field(init=False, default_factory=PublishedEditions)
    index_store: IndexStore = field(init=False)
    """The search index of this machine."""
    shelf: caching.PageCache = field(init=False)
    """Pages made from frozen editions; empty outside production, where templates change under it."""
    turnstile: Turnstile = field(init=False)
    """How often a network may ask for a page that is made for it alone."""
    _links: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.root = urlsplit(self.settings.base_url).path.rstrip("/")
        self.index_store = IndexStore(self.settings.data_dir)
        self.shelf = caching.PageCache(SHELF_PLACES if self.settings.is_production else 0)
        self.turnstile = Turnstile(self.settings.previews_per_network_minute)
        self.environment = pages.environment(self.settings)
        self.environment.globals |= {
            "path": self.path,
            "asset": self.asset,
            "absolute": self.absolute,
            "TAIL_SHOWN": TAIL_SHOWN,
            "signup": self.settings.signup,
            "signup_domains": self.settings.signup_domains,
        }

    @property
    def store(self) -> store.Store:
        """The process's connection. Raises `StoreUnavailableError` or `StoreRefusedError`."""
        return store.connect(self.settings)

    @property
    def queue(self) -> queue.Queue:
        """The process's queue. Raises as `store` does."""
        return queue.connect(self.settings)

    @property
    def keys(self) -> tuple[str, ...]:
        """The secrets of forms and cookies; the first signs, all verify."""
        return self.settings.keys

    def now(self) -> datetime:
        """Return the present."""
        return self.clock()

    def dates(self) -> tuple[date, ...]:
        """Return the days that have an edition, newest first."""
        return self.published.dates(self.store)

    def edition(self, day: date) -> Edition | None:
        """Return a day's edition, fit to be shown."""
        return self.published.edition(self.store, day)

    def path(self, path: str) -> str:
        """Return a link within the site: a path, so that it stays on the host the reader came to."""
        return self.root + path

    def absolute(self, path: str) -> str:
        """Return the public address of a link within the site, for who shows it elsewhere."""
        return self.settings.base_url.removesuffix(self.root) + path

    def file(self, name: str) -> bytes:
        """Return a file that is served as it is, the operator's first. Raises `KeyError`."""
        for folder in templates.folders("web", self.settings.templates_dir):
            if (found := Path(folder) / "static" / name).is_file():
                return found.read_bytes()
        raise KeyError(name)

    def asset(self, name: str) -> str:
        """Return the link of such a file, which changes with the file (in production, with the process)."""
        if name not in self._links or not self.settings.is_production:
            tag = caching.entity_tag(self.file(name)).strip('W/"')[:12]
            self._links[name] = self.path(f"/static/{name}?{tag}")
        return self._links[name]

    def render(self, template: str, **context: Any) -> str:
        """Fill in a page."""
        return self.environment.get_template(template).render(**context)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Return a page that is made for one reader, and kept by nobody."""
        return HTMLResponse(
            self.render(template, **context), status_code=status, headers={"Cache-Control": "no-store"}
        )

    def public_page(
        self, request: Request, template: str, *, control: str = caching.PUBLIC, **context: Any
    ) -> Response:
        """Return a page that is the same for everybody, or 304."""
        body = self.render(template, **context).encode()
        return caching.answer(request, body, "text/html", control=control)

    def client(self, request: Request) -> str:
        """Return the network that the request came from; `unknown` is one, too."""
        return networks.network(request.client.host if request.client else "") or networks.UNKNOWN


async def _site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


CurrentSite = Annotated[Site, Depends(_site_of)]
"""The site that answers this request."""


Answering = Callable[..., Response] | Callable[..., Awaitable[Response]]


class Router(APIRouter):
    """Routes on which GET always brings HEAD along."""

    def page(self, path: str) -> Callable[[Answering], Answering]:
        """Register what answers GET and HEAD of `path`; it must change nothing."""
        return self.api_route(path, methods=["GET", "HEAD"], response_model=None)
