"""Where each person of a file stands: the least consent that any of their cells tells of is believed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.importing.columns import BY_SURENESS, Column, Role
from newsletter.subscribers.importing.engines import OTHER, WHOLE_FILE, Engine
from newsletter.subscribers.importing.moments import read_moment
from newsletter.subscribers.importing.words import (
    ANSWERS,
    NO,
    OUT,
    PENDING,
    STATUS_WORDS,
    UNMISTAKABLE,
    YES,
    Word,
    folded_word,
)

RANKS = {Reason.UNSUBSCRIBED: 2, Reason.BOUNCED: 3, Reason.COMPLAINED: 4}
"""Reasons by their strength; 1 is a person who never confirmed, and 0 one on the list."""
_ZEROS = re.compile(r"[0\W_]*")
_SHOWN = 30
"""Characters of a value that are shown."""


class Standing(NamedTuple):
    """Where somebody stood, and which cell says so."""

    rank: int
    """0 on the list, 1 never confirmed, then as in `RANKS`."""
    because: str
    left_at: datetime | None = None

    @property
    def has_left(self) -> bool:
        """Whether mail must not be sent."""
        return self.rank > 1


class Unclear(NamedTuple):
    """A cell that may decide about consent and is not understood."""

    column: str
    value: str
    is_whole_column: bool = False
    """Whether the column is not known at all, whatever its values."""


class Moments(NamedTuple):
    """When somebody agreed; None where the file does not tell."""

    asked_at: datetime | None
    confirmed_at: datetime | None
    unread: tuple[Unclear, ...]
    """Dates that could not be read."""


class Judge:
    """Reads what the rows of one file say about consent."""

    def __init__(self, columns: Iterable[Column], engine: Engine) -> None:
        columns = tuple(columns)
        self._engine = engine
        self._words = {**STATUS_WORDS, **engine.words}
        self._deciding = [column for column in columns if column.role in _READ]
        self._others = [column for column in columns if column.role in {Role.UNKNOWN, Role.UNCLEAR}]
        self._dates = {
            role: sorted(
                (column for column in columns if column.role is role),
                key=lambda column: BY_SURENESS.get(column.key, len(BY_SURENESS)),
            )
            for role in (Role.ASKED_AT, Role.CONFIRMED_AT)
        }

    def standing(self, cells: Sequence[str]) -> tuple[Standing, list[Unclear]]:
        """Return where a row's person stands, and the cells that are not understood."""
        found, unclear = _whole_file(self._engine), []
        for column in self._deciding:
            text = cells[column.place] if column.place < len(cells) else ""
            said = _READ[column.role](column, text, self._words)
            if said is None:
                unclear.append(Unclear(column.name, text[:_SHOWN]))
            elif (said.rank, said.left_at is not None) > (found.rank, found.left_at is not None):
                found = said
        if self._engine.confirms and found.rank == 0 and not self._is_dated(cells, Role.CONFIRMED_AT):
            found = Standing(1, "no date of confirmation")
        for column in self._others:
            text = cells[column.place] if column.place < len(cells) else ""
            if not text:
                continue
            is_whole = column.role is Role.UNCLEAR or self._may_answer(text)
            if is_whole or folded_word(text) in UNMISTAKABLE:
                unclear.append(Unclear(column.name, text[:_SHOWN], is_whole))
        return found, unclear

    def _may_answer(self, text: str) -> bool:
        """Whether a cell says yes or no to what is not known; where the engine is known, it is no consent."""
        return self._engine is OTHER and folded_word(text) in ANSWERS

    def moments(self, cells: Sequence[str]) -> Moments:
        """Return when a row's person asked and confirmed."""
        unread: list[Unclear] = []
        return Moments(
            self._moment(cells, Role.ASKED_AT, unread),
            self._moment(cells, Role.CONFIRMED_AT, unread),
            tuple(unread),
        )

    def _is_dated(self, cells: Sequence[str], role: Role) -> bool:
        return any(not _is_empty(_cell(cells, column)) for column in self._dates[role])

    def _moment(self, cells: Sequence[str], role: Role, unread: list[Unclear]) -> datetime | None:
        for column in self._dates[role]:
            text = _cell(cells, column)
            if _is_empty(text):
                continue
            if (found := read_moment(text)) is not None:
                return found
            unread.append(Unclear(column.name, text[:_SHOWN]))
        return None


def _whole_file(engine: Engine) -> Standing:
    word = WHOLE_FILE.get(engine.name)
    return _of_word(word, engine.name) if word else Standing(0, "on the list there")


def _of_word(word: Word, because: str) -> Standing:
    if word.standing == OUT:
        return Standing(RANKS[word.reason], because)
    return Standing(1 if word.standing == PENDING else 0, because)


def _status(column: Column, text: str, words: Mapping[str, Word]) -> Standing | None:
    """Read a word; an empty cell says nothing."""
    if not text:
        return Standing(0, "on the list there")
    word = words.get(folded_word(text))
    return _of_word(word, f"{column.name}: {text[:_SHOWN]}") if word else None


def _state(column: Column, text: str, words: Mapping[str, Word]) -> Standing | None:
    """Read where somebody stands, unless the word may as well be where they live."""
    return _status(column, text if folded_word(text) in UNMISTAKABLE else "", words)


def _on(column: Column, text: str, words: Mapping[str, Word]) -> Standing | None:
    """Read whether mail is wanted; an empty cell is nobody's yes."""
    if not text:
        return Standing(1, f"{column.name} is empty")
    said = _yes_or_no(text)
    if said is None:
        return _status(column, text, words)
    return Standing(0, f"{column.name}: yes") if said else Standing(2, f"{column.name}: {text[:_SHOWN]}")


def _confirmed(column: Column, text: str, words: Mapping[str, Word]) -> Standing | None:
    said = _yes_or_no(text)
    if said is None:
        return _status(column, text, words)
    if said:
        return Standing(0, f"{column.name}: yes")
    return Standing(1, f"{column.name}: {text[:_SHOWN] or 'empty'}")


def _off(column: Column, text: str, words: Mapping[str, Word]) -> Standing | None:
    said = _yes_or_no(text)
    if said is None:
        word = words.get(folded_word(text))
        return _of_word(word, f"{column.name}: {text[:_SHOWN]}") if word and word.standing == OUT else None
    if not said:
        return Standing(0, "on the list there")
    return Standing(RANKS[column.reason], f"{column.name}: {_short(text)}", read_moment(text))


def _gone(column: Column, text: str, words: Mapping[str, Word]) -> Standing | None:
    """Read when or why somebody left: whatever stands there, they did."""
    if _is_empty(text):
        return Standing(0, "on the list there")
    word = words.get(folded_word(text))
    rank = RANKS[column.reason]
    if word and word.standing == OUT:
        rank = max(rank, RANKS[word.reason])
    return Standing(rank, f"{column.name} is set", read_moment(text))


_READ: dict[Role, Callable[[Column, str, Mapping[str, Word]], Standing | None]] = {
    Role.STATUS: _status,
    Role.STATE: _state,
    Role.ON: _on,
    Role.CONFIRMED: _confirmed,
    Role.OFF: _off,
    Role.GONE: _gone,
}


def _yes_or_no(text: str) -> bool | None:
    """Return what a cell answers; a number is a yes unless it is 0, and so is a date."""
    word = folded_word(text)
    if word in NO or _is_empty(text):
        return False
    if word in YES or text == "✓" or word.isdecimal() or read_moment(text) is not None:
        return True
    return None


def _is_empty(text: str) -> bool:
    """Whether a cell holds nothing, in one of the ways in which databases write it."""
    return _ZEROS.fullmatch(text) is not None or folded_word(text) in NO


def _short(text: str) -> str:
    return "yes" if read_moment(text) is None else "a date"


def _cell(cells: Sequence[str], column: Column) -> str:
    return cells[column.place] if column.place < len(cells) else ""
