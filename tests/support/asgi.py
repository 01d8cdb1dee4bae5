"""Ask an application straight, without a client's own costs."""

from typing import Any, NamedTuple

from starlette.types import ASGIApp


class Answer(NamedTuple):
    """An answer to the byte, but for its cookie."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    cookie: int
    """Its length: what it holds may differ."""


async def asked(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    client: str = "203.0.113.9",
) -> Answer:
    """Return what `app` answers."""
    said: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
        "client": (client, 4711),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    start, *rest = said
    assert [one.get("more_body", False) for one in rest] == [True] * (len(rest) - 1) + [
        False
    ]  # or clients wait
    plain = tuple((name, value) for name, value in start["headers"] if name != b"set-cookie")
    cookie = sum(len(value) for name, value in start["headers"] if name == b"set-cookie")
    return Answer(start["status"], plain, b"".join(one.get("body", b"") for one in rest), cookie)
