"""Links from mails as mail programs and people leave them: a full stop, a bracket or a slash too many."""

import re
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

_PAGES = "confirm|reject|move|u|manage|api/v1/subscriptions(?=/+[^/])"
_LINK = re.compile(rf"/+({_PAGES})(?:/+([^/]*)(.*))?", re.DOTALL)
_NO_PART = re.compile(r"[^A-Za-z0-9_-]+")
"""What a token never holds: a line end from a copied line, and all that stands around a link in a text."""
_NONE = "-"
"""Stands for no token at all, and is read as a damaged one: the page offers new links."""


def mended(path: str) -> str:
    r"""Return the path that a link was written with, as far as that can be told; other paths as they are.

    >>> mended("/manage/abc."), mended("/u/abc//"), mended("//u/a\nbc>)"), mended("/manage/abc/export.json.")
    ('/manage/abc', '/u/abc', '/u/abc', '/manage/abc/export.json')
    >>> mended("/u/"), mended("/archive/2026-06."), mended("/u/abc/x")
    ('/u/-', '/archive/2026-06.', '/u/abc/x')
    """
    found = _LINK.fullmatch(path)
    if found is None:
        return path
    page, token, rest = found.groups(default="")
    rest = "/export.json" if rest.startswith("/export.json") else rest
    return f"/{page}/{_NO_PART.sub('', token) or _NONE}{rest if re.search('[A-Za-z0-9]', rest) else ''}"


class MangledLinks:
    """Stand before an application and mend the paths of links that hold a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and (path := mended(scope["path"])) != scope["path"]:
            scope = {**scope, "path": path, "raw_path": quote(path).encode()}
        await self._app(scope, receive, send)
