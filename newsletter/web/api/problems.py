"""What the API answers where something is wrong: problem details (RFC 9457), each saying what to do next."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import redis
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.errors import InvalidInputError, NewsletterError, StoreRefusedError, StoreUnavailableError
from newsletter.web.serving.security import masked
from newsletter.web.values import Described

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
STORE_DOWN = (StoreUnavailableError, StoreRefusedError, redis.ConnectionError, redis.TimeoutError)
"""What a request ends with where the store does not answer or takes nothing, here and on the pages."""
_NEXT = {
    400: "Write the request as /api/v1/openapi.json describes it.",
    404: "Nothing stands at this address. /api/v1/openapi.json lists what there is.",
    405: "This address does not take that method; the Allow header names those it takes.",
    413: "A body may hold 64 KB. Send less.",
    415: "Send JSON, with Content-Type: application/json.",
}


class Fault(Described):
    """What is wrong with one part of a request."""

    field: str
    """Its name, with dots between what stands within what."""
    message: str


class Problem(Described):
    """Why a request was not done (RFC 9457)."""

    type: str = "about:blank"
    title: str
    """The status in words."""
    status: int
    detail: str
    """What happened, and what to do next."""
    errors: tuple[Fault, ...] = ()
    """Which parts of the request are wrong, where that can be told."""
    suggestion: str | None = None
    """The address that was probably meant."""


def problem(
    status: int,
    detail: str = "",
    *,
    errors: Sequence[Fault] = (),
    suggestion: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem that nobody keeps; without `detail` it says what holds for any such status."""
    phrase = HTTPStatus(status).phrase
    body = Problem(
        title=phrase,
        status=status,
        detail=detail or _NEXT.get(status, f"{phrase}. {_NEXT[400]}"),
        errors=tuple(errors),
        suggestion=suggestion,
    )
    kept_by_nobody = {"Cache-Control": "no-store"} | dict(headers or {})
    return Response(body.model_dump_json(), status, kept_by_nobody, MEDIA_TYPE)


def faults(errors: Sequence[Any]) -> tuple[Fault, ...]:
    """Return what pydantic found wrong, without what was sent.

    >>> faults([{"loc": ("query", "limit"), "msg": "Input should be less than 101", "input": "x"}])
    (Fault(field='limit', message='Input should be less than 101'),)
    """
    return tuple(
        Fault(field=".".join(str(part) for part in _within(error["loc"])), message=error["msg"])
        for error in errors
    )


def _within(location: Sequence[str | int]) -> Sequence[str | int]:
    return location[1:] if location and location[0] in {"query", "path", "body"} else location


def install(app: FastAPI) -> None:
    """Have an application answer everything that goes wrong in it as a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InvalidInputError, _unusable)
    for down in STORE_DOWN:
        app.add_exception_handler(down, _store_down)
    app.add_exception_handler(Exception, _broken)


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    is_ours = error.detail != HTTPStatus(error.status_code).phrase
    return problem(error.status_code, error.detail if is_ours else "", headers=error.headers)


def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(422, "Correct what `errors` names and ask again.", errors=faults(error.errors()))


def _unusable(_request: Request, error: Exception) -> Response:
    return problem(422, str(error))


def _store_down(request: Request, error: Exception) -> Response:
    log.error("the store does not answer: %s", error)
    is_change = request.method not in {"GET", "HEAD"}
    text = "Nothing was saved. Try again in a minute." if is_change else "Try again in a minute."
    return problem(503, text, headers={"Retry-After": "60"})


def _broken(request: Request, error: Exception) -> Response:
    # the trace is logged by the server; a NewsletterError says itself what to do, but to the operator
    if isinstance(error, NewsletterError):
        log.error("%s %s: %s", request.method, masked(request.url.path), error)
    return problem(500, "It is our fault, and it has been noted. Try again in a few minutes.")
