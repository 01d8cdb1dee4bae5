"""Public answers that know when nothing changed (RFC 9110, conditional requests)."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

PUBLIC = "public, max-age=60"
CHECK_EACH_TIME = "public, no-cache"


def entity_tag(*parts: str | bytes) -> str:
    """Return a weak tag of what an answer depends on.

    Weak, because a compressing proxy in front of us may change the bytes but not what they say.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return f'W/"{digest.hexdigest()[:24]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the client says that it holds this very answer (weak comparison, as for GET and HEAD)."""
    held = request.headers.get("if-none-match", "")
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
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
