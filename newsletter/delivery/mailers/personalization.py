"""SendGrid's personalizations, written for a thousand recipients at once.

Recipients of one message differ in a few values at the same places, so the
JSON of one is made once, as a template, and the values of each are put in.
Where a value is not plain (an address beyond ASCII, a quotation mark), it is
escaped by itself; the usual batch is checked as a whole.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Final

import orjson

from newsletter.errors import InvalidInputError
from newsletter.models import Recipient
from newsletter.rendering.mime import PLACEHOLDER, wire_address

REQUEST_ARGUMENT: Final = "newsletter_request"
"""The custom argument that brings a request's id back in every event; events merge it at their top level."""
_ALL_PLAIN: Final = re.compile(r"(?:[a-z0-9!#$&'*+/=?^_`{|}~.-]+@[a-z0-9.-]+\n)*", re.IGNORECASE)
_SLOT: Final = re.compile(r"<<([^<>]*)>>")


def named_once(recipients: Sequence[Recipient]) -> tuple[list[tuple[str, Recipient]], dict[int, str]]:
    """Return recipients with the address as SendGrid wants it, and who cannot be written to, with the reason.

    Each address stands once (SendGrid's own rule); who shares one with an
    earlier recipient is in neither, and waits for another request.
    """
    addresses = [recipient.address for recipient in recipients]
    is_plain = _ALL_PLAIN.fullmatch("".join(f"{address}\n" for address in addresses)) is not None
    if is_plain and len(set(map(str.lower, addresses))) == len(addresses):
        return list(zip(addresses, recipients, strict=True)), {}
    return _one_by_one(recipients)


def _one_by_one(recipients: Sequence[Recipient]) -> tuple[list[tuple[str, Recipient]], dict[int, str]]:
    seen: set[str] = set()
    named: list[tuple[str, Recipient]] = []
    refused: dict[int, str] = {}
    for recipient in recipients:
        try:
            address = wire_address(recipient.address)
        except InvalidInputError as error:
            refused[recipient.subscriber_id] = str(error)
            continue
        if (key := address.casefold()) not in seen:
            seen.add(key)
            named.append((address, recipient))
    return named, refused


def personalizations(
    named: Sequence[tuple[str, Recipient]], own_headers: Mapping[str, str], request_id: str
) -> str:
    """Return the JSON of every recipient's personalization, commas between them.

    `own_headers` are those whose values hold placeholders. Raises
    `InvalidInputError` where a recipient brings no value for one.
    """
    written: list[str] = []
    for names, group in groupby(named, key=_placeholders):
        template, slots = _template(names, own_headers, request_id)
        pick = itemgetter(*slots, 0)  # one more, so that it is a tuple where there is one slot
        values = [(address, *(value for _, value in one.substitutions)) for address, one in group]
        if not _is_plain("".join(chain.from_iterable(values))):
            values = [tuple(orjson.dumps(value).decode()[1:-1] for value in row) for row in values]
        rows = [pick(row)[:-1] for row in values]
        written.append(",".join([template] * len(rows)) % tuple(chain.from_iterable(rows)))
    return ",".join(written)


def _placeholders(one: tuple[str, Recipient]) -> tuple[str, ...]:
    return tuple([name for name, _ in one[1].substitutions])


def _is_plain(text: str) -> bool:
    """Whether nothing in a text needs an escape in JSON."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


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
