"""What every answer carries, and what no log may hold.

The headers follow the OWASP Secure Headers list, cut to what a site without
scripts of others needs. A page whose address holds a token is never stored,
indexed or named to another site.
"""

import logging
import re
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.settings import Settings
from newsletter.subscribers import networks

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""`connect-src` is for the one line of the landing page that follows the chosen hour."""
_TOKEN_PATH = re.compile(r"^/(confirm|reject|move|u|manage|api/v1/subscriptions)/[^/?#]+")


def holds_token(path: str) -> bool:
    """Return whether an address opens something for everyone who knows it."""
    return _TOKEN_PATH.match(path) is not None


def masked(path: str) -> str:
    """Return a path as a log may hold it: without token and without query.

    >>> masked("/manage/MTIz.abc/export.json?x=1"), masked("/archive?month=2026-06")
    ('/manage/…/export.json', '/archive')
    >>> masked("/api/v1/subscriptions/MTIz.abc")
    '/api/v1/subscriptions/…'
    """
    return _TOKEN_PATH.sub(r"/\1/…", urlsplit(path).path if path.startswith("/") else "")


async def refuse_other_sites(request: Request) -> None:
    """Raise 403 where a page of another site posts: it could make a reader's browser act without the reader.

    Browsers say whose page it is in `Sec-Fetch-Site`; older ones in `Origin`,
    which is `null` from our own pages, because they name no referrer. A
    request with neither does not come from a browser.
    """
    if request.method in {"GET", "HEAD"}:
        return
    site, origin = (request.headers.get(name, "") for name in ("sec-fetch-site", "origin"))
    ours = {request.headers.get("host", ""), urlsplit(request.app.state.site.settings.base_url).netloc}
    is_foreign = site == "cross-site" if site else origin not in {"", "null"} and _host(origin) not in ours
    if is_foreign:
        raise HTTPException(403)


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return origin


class SecurityHeaders:
    """Add the headers to every answer, those of errors included."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
        }
        if settings.base_url.startswith("https://"):
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if holds_token(scope["path"]):
                    headers["Cache-Control"] = "no-store"
                    headers["X-Robots-Tag"] = "noindex, nofollow"
            await send(message)

        await self._app(scope, receive, complete)


class MaskedAccess(logging.Filter):
    """Keep tokens, queries and whole client addresses out of uvicorn's access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the line's arguments; a line of unknown shape is dropped rather than shown."""
        if not (isinstance(record.args, tuple) and len(record.args) == 5):
            return False
        client, method, path, version, status = record.args
        host = str(client).rpartition(":")[0].strip("[]")
        record.args = (networks.network(host) or "-", method, masked(str(path)), version, status)
        return True


def mask_access_log() -> None:
    """Install the mask on uvicorn's access log, once however often it is called."""
    logger = logging.getLogger("uvicorn.access")
    if not any(isinstance(one, MaskedAccess) for one in logger.filters):
        logger.addFilter(MaskedAccess())
