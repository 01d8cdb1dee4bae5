"""Routes that describe themselves: what is registered here is also what the OpenAPI description says."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from newsletter.web.api.problems import MEDIA_TYPE, Problem
from newsletter.web.serving.site import Router

VERSION = "1.0"
ROOT = "/api/v1"
_REF = "#/components/schemas/{model}"
_INTRODUCTION = """\
The editions, topics and papers that the pages show, and subscribing. Reading needs no key and is open to
the scripts of any site. Answers carry an ETag: send it back in If-None-Match, and what did not change costs
nothing (304). Instants are in UTC, days in the newsletter's own time zone. Errors are problem details
(RFC 9457) that say what to do next. What is described here stays; fields may be added.
"""
_SAID = {
    400: "The request could not be read.",
    403: "The list takes no new readers.",
    404: "Not found.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Something in the request cannot be used.",
    429: "Too many requests came from this network; Retry-After says how many seconds to wait.",
    500: "Internal error.",
    503: "The store does not answer; nothing was changed.",
}

Endpoint = Callable[..., Response]


class DescribedRouter(Router):
    """Routes of the API; `described` holds each once, as the description tells it."""

    def __init__(self) -> None:
        super().__init__()
        self.described: Final = APIRouter()

    def reads(
        self, path: str, answer: type[BaseModel], *, problems: Iterable[int] = ()
    ) -> Callable[[Endpoint], Endpoint]:
        """Register what answers GET and HEAD, and 304 to who holds the answer already."""

        def register(endpoint: Endpoint) -> Endpoint:
            self.page(path)(endpoint)
            told = _told(endpoint, problems)
            told["responses"] |= {304: {"description": "Unchanged."}}
            self.described.get(path, response_model=answer, **told)(endpoint)
            return endpoint

        return register

    def changes(
        self,
        method: str,
        path: str,
        *,
        answer: type[BaseModel] | None = None,
        status: int,
        problems: Iterable[int] = (),
        body: type[BaseModel] | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Register what changes something; its body is read by the endpoint itself, within our limit."""

        def register(endpoint: Endpoint) -> Endpoint:
            self.api_route(path, methods=[method], response_model=None)(endpoint)
            told = _told(endpoint, problems)
            if body is not None:
                told["openapi_extra"] = {"requestBody": _required(body)}
            self.described.api_route(
                path, methods=[method], status_code=status, response_model=answer, **told
            )(endpoint)
            return endpoint

        return register


def _told(endpoint: Endpoint, problems: Iterable[int]) -> dict[str, Any]:
    """Return what the description says of an endpoint, from its name and its docstring."""
    summary, _, rest = inspect.cleandoc(endpoint.__doc__ or "").partition("\n\n")
    return {
        "operation_id": endpoint.__name__,
        "summary": summary,
        "description": rest or summary,
        "responses": {one: _problem(one) for one in (*problems, 500, 503)},
    }


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model="Problem")}
    return {"description": _SAID[status], "content": {MEDIA_TYPE: {"schema": schema}}}


def _required(body: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=body.__name__)}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def description(
    name: str, base_url: str, rooms: Iterable[DescribedRouter], bodies: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of what `rooms` answer on the site at `base_url`."""
    found = get_openapi(
        title=f"{name}: API",
        version=VERSION,
        description=_INTRODUCTION,
        servers=[{"url": f"{base_url}{ROOT}"}],
        routes=[route for room in rooms for route in room.described.routes],
    )
    _, ours = models_json_schema(
        [(Problem, "serialization"), *((body, "validation") for body in bodies)],
        ref_template=_REF,
    )
    found["components"]["schemas"] |= ours["$defs"]
    return found
