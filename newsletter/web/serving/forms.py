"""What browsers, mail clients and strangers post, read without trust.

A body is read up to a limit, urlencoded or multipart; files are dropped. A
field comes out clean or not at all: a repeated, over-long or control-ridden
one is refused by name, so that nothing half-understood is ever saved.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.types import Message

from newsletter.errors import InvalidInputError

LARGEST_BODY_BYTES = 65_536
_DRAINED_BYTES = 4_194_304
"""How much of a body that is too large is read and thrown away, so that its sender sees the answer."""
_UNSHOWN = frozenset("\N{REPLACEMENT CHARACTER}\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What was not readable, and what turns the direction of all that follows it."""


class FieldError(InvalidInputError):
    """A field of a form cannot be used."""


class Fields:
    """The posted fields, in order."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)

    def __contains__(self, name: str) -> bool:
        """Whether the field was posted with something in it."""
        return any(given == name and value.strip() for given, value in self._pairs)

    def mentions(self, name: str) -> bool:
        """Whether the field was posted at all, be it empty."""
        return any(given == name for given, _ in self._pairs)

    def text(self, name: str, default: str = "", *, longest: int = 200, lines: bool = False) -> str:
        """Return a field's only value, trimmed; `default` where it was not posted.

        `lines` lets it hold line breaks. Raises `FieldError`.
        """
        found = {value for given, value in self._pairs if given == name}
        if len(found) > 1:
            raise FieldError(f"The field “{name}” came more than once. Go back and send the form again.")
        return _clean(name, found.pop(), longest, lines=lines) if found else default

    def number(self, name: str, default: int) -> int:
        """Return a field's whole number. Raises `FieldError`."""
        value = self.text(name, str(default), longest=9)
        if not (value.isascii() and value.isdigit()):
            raise FieldError(f"The field “{name}” must be a number. Go back and correct it.")
        return int(value)

    def shown(self, name: str, *, longest: int = 320) -> str:
        """Return what was typed, fit to be shown again: harmless, whatever it was."""
        typed = next((value for given, value in self._pairs if given == name), "")
        return "".join(sign for sign in typed[:longest] if not _is_control(sign)).strip()


def _is_control(sign: str, *, lines: bool = False) -> bool:
    if lines and sign in "\n\r\t":
        return False
    return sign in _UNSHOWN or unicodedata.category(sign) in {"Cc", "Cs", "Co"}


def _clean(name: str, value: str, longest: int, *, lines: bool = False) -> str:
    if len(value) > longest:
        raise FieldError(f"The field “{name}” is too long (at most {longest} characters). Shorten it.")
    if any(_is_control(sign, lines=lines) for sign in value):
        raise FieldError(f"The field “{name}” holds characters that cannot be read. Type it again.")
    return value.strip()


async def body(request: Request) -> bytes:
    """Return what was posted; 413 beyond `LARGEST_BODY_BYTES`."""
    received = bytearray()
    drained = 0
    async for chunk in request.stream():
        if len(received) + len(chunk) <= LARGEST_BODY_BYTES and not drained:
            received += chunk
            continue
        drained += len(chunk)
        if drained > _DRAINED_BYTES:
            break
    if drained:
        raise HTTPException(413)
    return bytes(received)


@contextmanager
def _unreadable_as_empty() -> Iterator[None]:
    try:
        yield
    except (HTTPException, ValueError, UnicodeError, LookupError):
        return


async def _read(request: Request) -> Fields:
    posted = await body(request)
    pairs: list[tuple[str, str]] = []

    async def replay() -> Message:
        return {"type": "http.request", "body": posted, "more_body": False}

    with _unreadable_as_empty():
        async with Request(request.scope, replay).form(max_files=4, max_fields=100) as form:
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return Fields(pairs)


Posted = Annotated[Fields, Depends(_read)]
"""The request's fields; an unreadable body is one without fields, an over-large one ends in 413."""
