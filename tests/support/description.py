"""What SendGrid wants of a request: its own OpenAPI description, and the limits that it lacks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from sendgrid_server import LARGEST, MOST_RECIPIENTS, RESERVED
from werkzeug.datastructures import Headers

MOST_ARGUMENT_BYTES = 10_000
"""Of one recipient's custom arguments, and of one recipient's substitutions."""


class Posted:
    """A request as openapi-core wants to see it."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        self.parameters = RequestParameters(header=Headers(dict(headers)))
        self.host_url = "https://api.sendgrid.com"
        self.path = "/v3/mail/send"
        self.path_pattern = self.path
        self.method = "post"
        self.body = body
        self.content_type = headers["content-type"]


def load(shared: Path) -> OpenAPI:
    """Read SendGrid's own description; its type of message-level custom_args is wrong, and we send none."""
    return OpenAPI.from_dict(orjson.loads((shared / "spec" / "tsg_mail_v3.json").read_bytes()))


def faults(description: OpenAPI, body: bytes) -> list[Exception]:
    """Return what the description does not allow in a body."""
    headers = {"content-type": "application/json", "authorization": "Bearer SG.test"}
    return list(description.unmarshal_request(Posted(headers, body)).errors)


def overstepped(body: bytes) -> list[str]:
    """Return the limits that a body oversteps and that the description does not know."""
    return list(_overstepped(body, orjson.loads(body)))


def _overstepped(body: bytes, request: Mapping[str, Any]) -> Iterator[str]:
    people = request["personalizations"]
    addresses = [one["email"].casefold() for person in people for one in person["to"]]
    if len(body) > LARGEST:
        yield "larger than 30 MB"
    if max(len(people), len(addresses)) > MOST_RECIPIENTS:
        yield "more than 1,000 recipients"
    if any(times > 1 for times in Counter(addresses).values()):
        yield "an address twice"
    places = [request, *people]
    if any(RESERVED & {name.lower() for name in place.get("headers", {})} for place in places):
        yield "a reserved header"
    for part in ("custom_args", "substitutions"):
        if any(len(orjson.dumps(place.get(part, {}))) > MOST_ARGUMENT_BYTES for place in places):
            yield f"{part} larger than 10,000 bytes"
