"""A file of people as a table: its encoding, its delimiter, its columns, and one record at a time.

One CSV reader goes over the whole stream, so that a quoted cell may hold line
breaks (RFC 4180), and what stands on them is never a record of its own.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, NamedTuple, TextIO

from newsletter.errors import InvalidInputError

LONGEST_RECORD = 65_536
"""Characters; what is longer is a binary file, or an accident."""
ADDRESS = "address"
"""What the column of a plain list of addresses is called."""

_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)
"""Excel's first line, which says what separates the columns."""
_MAILBOX_LINE = re.compile(
    r"""\s* (?: [^<>]* < \s* (?:mailto:)? [^<>\s]+@[^<>\s]+ \s* >
              | (?:mailto:)? [^\s,;|\t<>"]+@[^\s,;|\t<>"]+ )
        \s* [,;]? \s*""",
    re.VERBOSE | re.IGNORECASE,
)
_FORMULA_STARTS = "=+-@'\t\r"
"""A spreadsheet runs a cell that begins so; `transfer` writes an apostrophe before it, left out here."""


class Record(NamedTuple):
    """One row of a table."""

    line: int
    """Where it begins, counted from 1."""
    cells: Sequence[str]
    fault: str = ""
    """Why it cannot be used, and what to do; else empty."""


@dataclass(frozen=True)
class Table:
    """The columns of a file, and its records as they are read."""

    columns: tuple[str, ...]
    """As the file names them; `column 2` where it names none."""
    records: Iterator[Record]
    is_mailbox_list: bool = False
    """Whether each line is an address, or a name and an address, and nothing else."""


@contextmanager
def open_text(binary: BinaryIO) -> Iterator[TextIO]:
    """Yield a file's text, whether it is UTF-8 or UTF-16, with or without a byte order mark.

    Bytes that are not UTF-8 come through as surrogates, for `read_table` to name their records.
    """
    buffered = binary if isinstance(binary, io.BufferedReader) else io.BufferedReader(binary)  # type: ignore[type-var]
    head = buffered.peek(4)[:4]
    encoding = "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif len(head) == 4 and head[0] and not head[1]:
        encoding = "utf-16-le"
    elif len(head) == 4 and head[1] and not head[0]:
        encoding = "utf-16-be"
    errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    text = io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline="")
    try:
        yield text
    finally:
        text.detach()  # the file is its owner's to close


def bounded_lines(text: TextIO) -> Iterator[str]:
    """Yield a file's lines. Raises `InvalidInputError` for an endless one, before it fills the memory."""
    while line := text.readline(LONGEST_RECORD + 1):
        if len(line) > LONGEST_RECORD:
            raise InvalidInputError(
                f"A line has more than {LONGEST_RECORD:,} characters. Is this a CSV file? Export it as CSV."
            )
        yield line


def read_table(lines: Iterable[str]) -> Table | None:
    """Return the table that `lines` hold, or None where all are blank.

    The first line names the columns, unless it holds an address itself; comma,
    semicolon, tab and bar are told apart. Raises `InvalidInputError` where the
    first line cannot be read or holds several addresses.
    """
    source = _Source(iter(lines))
    first = source.next_filled()
    if first is not None and (named := _SEPARATOR_LINE.fullmatch(first.rstrip("\r\n"))):
        delimiter: str | None = named[1]
        first = source.next_filled()
    else:
        delimiter = None
    if first is None:
        return None
    if delimiter is None and _MAILBOX_LINE.fullmatch(first):
        return Table((ADDRESS,), source.mailboxes(first), is_mailbox_list=True)
    delimiter = delimiter or max(",;\t|", key=first.count)
    records = source.records(first, delimiter)
    header = next(records)
    if header.fault:
        raise InvalidInputError(f"line {header.line}: {header.fault}")
    cells = list(enumerate(header.cells))
    people = [place for place, cell in cells if _MAILBOX_LINE.fullmatch(cell)]
    people = people or [place for place, cell in cells if "@" in cell][:1]
    if len(people) > 1:
        raise InvalidInputError(
            "The first line holds more than one address. Put each on its own line, or name the columns."
        )
    if people:
        columns = tuple(
            ADDRESS if place in people else f"column {place + 1}" for place in range(len(header.cells))
        )
        return Table(columns, _fitting(chain([header], records), len(columns), delimiter))
    columns = tuple(" ".join(cell.split()) for cell in header.cells)
    return Table(columns, _fitting(records, len(columns), delimiter))


class _Source:
    """Lines that are counted while a reader takes them."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.line += 1
        return line

    def next_filled(self) -> str | None:
        """Return the next line that is not blank, or None at the end."""
        return next((line.lstrip("\ufeff") for line in self if line.strip("\ufeff \t\r\n")), None)

    def mailboxes(self, first: str) -> Iterator[Record]:
        """Yield each line that is not blank, whole."""
        for line in chain([first], self):
            if text := line.strip():
                yield Record(self.line, (text.rstrip(",;"),), _wrong_letters(text))

    def records(self, first: str, delimiter: str) -> Iterator[Record]:
        """Yield the records from `first` on.

        After quotes that are not those of CSV nobody can tell what is a record
        and what is somebody's note, which may name addresses: the record is
        told, and nothing further is read.
        """
        before = self.line - 1
        reader = csv.reader(chain([first], self), delimiter=delimiter, strict=True, skipinitialspace=True)
        while True:
            start = before + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(
                    start,
                    (),
                    f"The quotes in this record are not those of CSV ({error}), so nothing from here on was "
                    "read. Double each quote inside a quoted value, and import the file again.",
                )
                return
            if any(cell and not cell.isspace() for cell in cells):
                cells = [_text(cell) for cell in cells]
                yield Record(start, cells, _wrong_letters("".join(cells)))


def _fitting(records: Iterable[Record], width: int, delimiter: str) -> Iterator[Record]:
    for record in records:
        if not record.fault and any(record.cells[width:]):
            count = len(record.cells)
            fault = f"There are {count} values for {width} columns. Quote what holds a {delimiter!r}."
            yield Record(record.line, (), fault)
        else:
            yield record


def _wrong_letters(text: str) -> str:
    if len(text) > LONGEST_RECORD:
        return f"The record has {len(text):,} characters. Is this a CSV file?"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "The record is not UTF-8. Save the file as UTF-8."
    return ""


def _text(cell: str) -> str:
    """Return what a cell says, without the apostrophe that an export may have put before it."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA_STARTS else cell
