"""Rows as people: an address, choices, consent, and where each stood."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.subscribers import addresses, preferences
from newsletter.subscribers.addresses import Address
from newsletter.subscribers.importing.columns import Column, Role
from newsletter.subscribers.importing.engines import OTHER, OWN, Engine
from newsletter.subscribers.importing.standing import Judge, Standing, Unclear
from newsletter.subscribers.kept.store import chosen

_LISTS = frozenset({"topics", "muted"})
_ANGLED = re.compile(r"[^<>]*<\s*([^<>]*?)\s*>")
_INVISIBLE = re.compile("[\u00a0\u200b-\u200f\u2060\ufeff]")


class Person(NamedTuple):
    """One row that can be used."""

    line: int
    address: Address
    standing: Standing
    choices: bytes
    """Hour, zone and wishes as the script takes them, JSON."""
    asked_at: datetime | None
    confirmed_at: datetime | None
    unclear: tuple[Unclear, ...]
    unread: tuple[Unclear, ...]
    """Dates that could not be read."""


class Reading:
    """How the rows of one file are read."""

    def __init__(self, columns: tuple[Column, ...], engine: Engine, defaults: Preferences) -> None:
        self.columns, self.engine, self.defaults = columns, engine, defaults
        self._judge = Judge(columns, engine)
        self._usual = orjson.dumps(chosen(defaults))
        self._address = next(column.place for column in columns if column.role is Role.ADDRESS)

    def person(self, line: int, cells: Sequence[str]) -> Person:
        """Return whom a row holds. Raises `InvalidInputError` for what cannot be used."""
        address = parse_mailbox(cells[self._address] if self._address < len(cells) else "")
        standing, unclear = self._judge.standing(cells)
        moments = self._judge.moments(cells)
        if self.engine is OWN and moments.unread:
            column, text, _ = moments.unread[0]
            raise InvalidInputError(
                f"{column} {text!r} is not a date. Write it like 2026-06-10T12:00:00Z or leave it empty."
            )
        return Person(
            line,
            address,
            standing,
            self._choices(cells),
            moments.asked_at,
            moments.confirmed_at,
            tuple(unclear),
            moments.unread,
        )

    def used(self) -> tuple[str, ...]:
        """Return the names of the columns that are kept or decide, in their order."""
        return tuple(column.name for column in self.columns if self._is_used(column))

    def unused(self) -> tuple[str, ...]:
        """Return the names of the columns that are not kept, in their order."""
        return tuple(
            column.name
            for column in self.columns
            if not self._is_used(column) and not (self.engine is OWN and column.role is Role.NOTHING)
        )

    def _is_used(self, column: Column) -> bool:
        if column.role is Role.CHOICE:
            return self._takes(column)
        return column.role not in {Role.NOTHING, Role.UNKNOWN, Role.UNCLEAR}

    def _takes(self, column: Column) -> bool:
        """Whether a choice is ours: other engines mean other things by “format”, but a time zone is one."""
        return self.engine in {OWN, OTHER} or column.key == "timezone"

    def _choices(self, cells: Sequence[str]) -> bytes:
        given: dict[str, object] = {}
        for column in self.columns:
            if column.role is not Role.CHOICE or not self._takes(column):
                continue
            text = cells[column.place] if column.place < len(cells) else ""
            if self.engine not in {OWN, OTHER} and not preferences.is_zone(text):
                continue
            if text:
                given[column.key.replace(" ", "_")] = _value(column.key, text)
        return orjson.dumps(chosen(_checked(self.defaults, given))) if given else self._usual


def parse_mailbox(cell: str) -> Address:
    """Return the address in a cell: alone, as `Name <name@example.org>`, or as a mailto link.

    Raises `InvalidInputError` for what holds none, or several.

    >>> parse_mailbox('"Lovelace, Ada" <ada@example.org>').typed
    'ada@example.org'
    >>> parse_mailbox("mailto:ada@example.org?subject=hi").typed
    'ada@example.org'
    """
    text = _INVISIBLE.sub(" ", cell).strip()
    if angled := _ANGLED.fullmatch(text):
        text = angled[1]
    if text[:7].casefold() == "mailto:":
        text = text[7:].partition("?")[0]
    return addresses.parse(text)


def _checked(defaults: Preferences, given: Mapping[str, object]) -> Preferences:
    try:
        return Preferences.model_validate({**defaults.model_dump(), **given})
    except ValidationError as error:
        fault = error.errors()[0]
        name, value = fault["loc"][0], str(fault["input"])[:40]
        raise InvalidInputError(f"{name} {value!r}: {fault['msg']}. Correct it or leave it empty.") from error


def _value(name: str, cell: str) -> object:
    if name in _LISTS:
        return tuple(part.strip() for part in cell.replace("|", ";").split(";"))
    return cell
