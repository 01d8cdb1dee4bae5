"""Plain text set in 72 columns: widths, wrapping, and lines with two ends.

A column is a terminal's: a CJK character takes two, a combining mark none
(Unicode annex 11). Addresses are never broken, so that they can be clicked.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

COLUMNS = 72
"""What survives three levels of quoting in a terminal of 80."""
_ADDRESS = re.compile(r"https?://|-[a-z_]+_url-")
_BLANKS = re.compile(r"[^\S\N{NO-BREAK SPACE}]+")
_CLOSING = frozenset("、。，．・：；？！」』）］｝〉》】”’…ー々")
"""What may not begin a line in CJK text (JIS X 4051)."""


def width(text: str) -> int:
    """Return how many columns a text takes.

    >>> width("flow"), width("流れ"), width("é")
    (4, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(maxsize=1 << 14)
def _columns(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


@lru_cache(maxsize=1 << 12)  # mails of one day are made of the same paragraphs
def wrap(text: str, indent: int | str = 0, hanging: int | None = None, columns: int = COLUMNS) -> str:
    """Set a paragraph: white space collapsed, lines of at most `columns`, no newline at the end.

    `indent` is a number of spaces or what the first line begins with; the
    other lines begin with `hanging` spaces (as wide as the indent, if not
    given). A word longer than a line is cut, an address is not. A no-break
    space holds words together, and comes out as a space.

    >>> print(wrap("Title: one two three", hanging=2, columns=11))
    Title: one
      two three
    """
    first = " " * indent if isinstance(indent, int) else indent
    rest = " " * (width(first) if hanging is None else hanging)
    room = columns - max(width(first), len(rest))
    lines, line, taken, is_empty = [], first, width(first), True
    for word in _BLANKS.split(text.strip()):
        for glue, piece, wide in _breakable(word, room):
            space = "" if is_empty else glue
            if not is_empty and taken + len(space) + wide > columns:
                lines.append(line.rstrip())
                line, taken, space = rest, len(rest), ""
            line, taken, is_empty = line + space + piece, taken + len(space) + wide, False
    return "\n".join([*lines, line.rstrip()]).replace("\N{NO-BREAK SPACE}", " ")


def _breakable(word: str, room: int) -> Iterator[tuple[str, str, int]]:
    """Yield the pieces between which a word may break, each with what joins it on, and its width."""
    if word.isascii() and (len(word) <= room or _ADDRESS.search(word)):
        yield " ", word, len(word)
        return
    glue, piece, wide = " ", "", 0
    for letter in word:
        columns = _columns(letter)
        is_joined = not piece or letter in _CLOSING or (columns < 2 and _columns(piece[-1]) < 2)
        if not is_joined or wide + columns > room:
            yield glue, piece, wide
            glue, piece, wide = "", "", 0
        piece, wide = piece + letter, wide + columns
    yield glue, piece, wide


def spread(left: str, right: str, columns: int = COLUMNS) -> str:
    """Set two ends of a line, the right one flush right; it takes a line of its own where both do not fit.

    >>> spread("left", "right", 12)
    'left   right'
    """
    gap = columns - width(left) - width(right)
    if gap >= 2:
        return f"{left}{' ' * gap}{right}".rstrip()
    return f"{left}\n{' ' * max(0, columns - width(right))}{right}"


def cell(text: str, columns: int) -> str:
    """Fill a table's cell, cutting what is too wide with an ellipsis.

    >>> cell("ab", 4) + "|", cell("abcdef", 4)
    ('ab  |', 'abc…')
    """
    if width(text) > columns:
        while width(text) >= columns:
            text = text[:-1]
        text = text.rstrip() + "…"
    return text + " " * (columns - width(text))


FILTERS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (width, wrap, spread, cell)}
"""What templates of plain text can say."""
