"""SendGrid's personalizations, written for a thousand recipients at once.

Recipients of one message differ in a few values at the same places, so the
JSON of one is made once, as a template, and the values of each are put in.
Where a value is not plain (an address beyond ASCII, a quotation mark), it is
escaped by itself; the usual batch is checked as a whole.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from operator import attrgetter
from typing import Final

import orjson

from newsletter.errors import InvalidInputError
from newsletter.models import Recipient
from newsletter.rendering.mime import PLACEHOLDER, wire_address

REQUEST_ARGUMENT: Final = "newsletter_request"
"""The custom argument that brings a request's id back in every event; events merge it at their top level."""
_PLAIN: Final = b"abcdefghijklmnopqrstuvwxyz0123456789!#$&'*+/=?^_`{|}~.-"
"""What an address in lower case may hold beside its @ without being looked at more closely."""
_ESCAPED: Final = bytes(range(0x20)) + b'"\\'
"""What JSON wants escaped (RFC 8259, 7)."""
_SLOT: Final = re.compile(r"<<([^<>]*)>>")


def named_once(recipients: Sequence[Recipient]) -> tuple[list[Recipient], dict[int, str]]:
    """Return recipients with the address as SendGrid wants it, and who cannot be written to, with the reason.

    Each address stands once (SendGrid's own rule); who shares one with an
    earlier recipient is in neither, and waits for another request.
    """
    if _are_plain_and_distinct([recipient.address for recipient in recipients]):
        return list(recipients), {}
    return _one_by_one(recipients)


def _are_plain_and_distinct(addresses: Sequence[str]) -> bool:
    """Whether nobody need be looked at alone; sure where it says yes, and quick for a thousand."""
    lines = ["", *addresses, ""]
    text = "\n".join(lines).lower().encode("utf-8", "replace")
    is_plain = text.translate(None, _PLAIN) == b"\n" + b"@\n" * len(addresses)
    is_whole = b"\n@" not in text and b"@\n" not in text
    return is_plain and is_whole and len(set(text.split(b"\n"))) == len(addresses) + 1


def _one_by_one(recipients: Sequence[Recipient]) -> tuple[list[Recipient], dict[int, str]]:
    seen: set[str] = set()
    named: list[Recipient] = []
    refused: dict[int, str] = {}
    for recipient in recipients:
        try:
            address = wire_address(recipient.address)
        except InvalidInputError as error:
            refused[recipient.subscriber_id] = str(error)
            continue
        if (key := address.casefold()) not in seen:
            seen.add(key)
            named.append(recipient._replace(address=address))
    return named, refused


def personalizations(named: Sequence[Recipient], own_headers: Mapping[str, str], request_id: str) -> str:
    """Return the JSON of every recipient's personalization, commas between them.

    `own_headers` are those whose values hold placeholders. Raises
    `InvalidInputError` where a recipient brings no value for one.
    """
    alike = groupby(named, key=attrgetter("placeholders"))
    return ",".join(_written(names, [*people], own_headers, request_id) for names, people in alike)


def _written(
    names: Sequence[str], people: Sequence[Recipient], own_headers: Mapping[str, str], request_id: str
) -> str:
    """Write people who bring values for the same placeholders in the same order."""
    template, slots = _template(names, own_headers, request_id)
    columns = [[one.address for one in people], *zip(*[one.values for one in people], strict=True)]
    if not _is_plain("".join(chain.from_iterable(columns))):
        columns = [tuple([orjson.dumps(value).decode()[1:-1] for value in column]) for column in columns]
    rows = zip(*(columns[slot] for slot in slots), strict=True)
    return ",".join([template] * len(people)) % tuple(chain.from_iterable(rows))


def _is_plain(text: str) -> bool:
    """Whether nothing in a text needs an escape in JSON."""
    return text.isascii() and len(text.encode().translate(None, _ESCAPED)) == len(text)


def _template(names: Sequence[str], headers: Mapping[str, str], request_id: str) -> tuple[str, list[int]]:
    """Return one recipient's JSON with `%s` where values go, and which value goes where: 0 is the address."""
    place = {name: f"<<{index}>>" for index, name in enumerate(names, 1)}

    def filled(value: str) -> str:
        missing = next((found[0] for found in PLACEHOLDER.finditer(value) if found[0] not in place), None)
        if missing:
            raise InvalidInputError(f"No value was given for {missing}. Render the message again.")
        return PLACEHOLDER.sub(lambda found: place[found[0]], value)

    one: dict[str, object] = {"to": [{"email": "<<0>>"}], "custom_args": {REQUEST_ARGUMENT: request_id}}
    if names:
        one["substitutions"] = place
    if headers:
        one["headers"] = {name: filled(value) for name, value in headers.items()}
    text = orjson.dumps(one).decode().replace("%", "%%")
    return _SLOT.sub("%s", text), [int(found[1]) for found in _SLOT.finditer(text)]
