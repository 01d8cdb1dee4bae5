"""Public answers that know when nothing changed (RFC 9110, conditional requests)."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from starlette.requests import Request
from starlette.responses import Response

PUBLIC = "public, max-age=60"
CHECK_EACH_TIME = "public, no-cache"


class PageCache:
    """Pages that were made already, the least used thrown away first; safe between threads.

    What a page depends on is its whole key, so nothing here ever has to be
    taken back: frozen editions do not change.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._kept: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], str]) -> str:
        """Return the page under `key`, made now if need be (by several threads at once, at worst)."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        if self._places:
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > self._places:
                    self._kept.popitem(last=False)
        return made


def entity_tag(*parts: str | bytes) -> str:
    """Return a weak tag of what an answer depends on.

    Weak, because a compressing proxy in front of us may change the bytes but not what they say.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return f'W/"{digest.hexdigest()[:24]}"'


def is_known(held: str, tag: str) -> bool:
    """Whether an If-None-Match says that the client holds this very answer (weak comparison, as for GET)."""
    bare = tag.removeprefix("W/")
    return held.strip() == "*" or bare in {one.strip().removeprefix("W/") for one in held.split(",")}


def answer(
    request: Request, body: bytes, media_type: str, *, tag: str | None = None, control: str = PUBLIC
) -> Response:
    """Return 200 with the body, or 304 without where the client holds it already.

    `tag` stands for the body where parts of it (a form's stamp) are not what it says.
    """
    tag = tag or entity_tag(body)
    headers = {"ETag": tag, "Cache-Control": control}
    if is_known(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
