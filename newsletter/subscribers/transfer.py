"""Whole lists, coming in and going out.

Coming in, every physical line stands for itself: a broken one is listed with
its number and the rest is imported. Nobody who is known is changed, and
nobody who is suppressed is brought back. What goes out can come in again.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, TextIO

from pydantic import ValidationError

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.store import Store
from newsletter.subscribers import addresses, records, suppression
from newsletter.subscribers.records import Reader
from newsletter.subscribers.scripts import Scripts
from newsletter.subscribers.store import SubscriberStore, chosen, indexed
from newsletter.subscribers.suppression import Reason

AT_ONCE = 500
"""Rows a round trip."""
LONGEST_LINE = 10_000
"""Characters; a longer line is a binary file, or an accident."""
_ADDRESS_COLUMNS = frozenset({"address", "email", "e-mail", "mail", "email address", "e-mail address"})
_LISTS = frozenset({"topics", "muted"})
_CHOICES = frozenset(Preferences.model_fields)
_INSTANTS = frozenset({"requested_at", "confirmed_at"})
_USED = _CHOICES | _INSTANTS | {"address", "status"}
_ON_THE_LIST = frozenset({"", "active", "subscribed", "confirmed"})
_OFF_THE_LIST = {
    "unsubscribed": Reason.UNSUBSCRIBED,
    "bounced": Reason.BOUNCED,
    "cleaned": Reason.BOUNCED,  # what Mailchimp calls it
    "complained": Reason.COMPLAINED,
}
_FORMULA_STARTS = "=+-@'\t\r"
"""A spreadsheet runs a cell that begins so (OWASP, CSV injection); an apostrophe before it keeps it text."""

COLUMNS = (
    "id",
    "address",
    "status",
    *Preferences.model_fields,
    *("requested_at", "requested_from", "confirmed_at", "confirmed_from", "how", "left_at"),
)


@dataclass(frozen=True)
class Fault:
    """A line that could not be used."""

    line: int
    """Counted from 1, the header included."""
    reason: str


@dataclass(frozen=True)
class Row:
    """A line that can be used."""

    line: int
    address: addresses.Address
    preferences: Preferences
    status: str
    requested_at: datetime | None
    confirmed_at: datetime | None


@dataclass
class ImportReport:
    """What became of each line of a file."""

    active: int = 0
    """On the list now, because consent was proven elsewhere."""
    pending: int = 0
    """A confirmation will be mailed."""
    known: int = 0
    """Left as they were; a second line with an address that came before is one of them."""
    suppressed: int = 0
    """Kept out: they bounced, complained, unsubscribed or were erased, here or in the file's own words."""
    faults: list[Fault] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many lines held somebody."""
        return self.active + self.pending + self.known + self.suppressed


def import_csv(
    store: Store,
    lines: Iterable[str],
    *,
    confirmed: bool,
    defaults: Preferences,
    now: datetime,
    on_progress: Callable[[ImportReport], None] = lambda _: None,
) -> ImportReport:
    """Put the people of a CSV file on the list and tell what became of each line.

    The first line names the columns, unless it holds an address itself; comma,
    semicolon and tab are told apart. With `confirmed` the operator vouches for
    everybody's consent; else each gets a confirmation, by and by. Importing a
    file again, or the rest of one that was interrupted, is harmless.
    """
    report, scripts = ImportReport(), Scripts(store)
    rows = _rows(lines, defaults, report)
    while batch := list(islice(rows, AT_ONCE)):
        for row in batch:
            if row.status in _OFF_THE_LIST:
                suppression.suppress(store, row.address, _OFF_THE_LIST[row.status], now=now)
                report.suppressed += 1
        wanted = [_given(row, confirmed, now) for row in batch if row.status not in _OFF_THE_LIST]
        for outcome, _, _ in scripts.run_each("import", wanted):
            setattr(report, outcome, getattr(report, outcome) + 1)
        on_progress(report)
    return report


def check_csv(lines: Iterable[str], defaults: Preferences) -> tuple[int, ImportReport]:
    """Return how many lines hold somebody, and what is wrong with the others; nothing is kept."""
    report = ImportReport()
    return sum(1 for _ in _rows(lines, defaults, report)), report


def export_csv(readers: Iterable[Reader], out: TextIO) -> int:
    """Write readers as CSV, header first, and return how many.

    Cells that a spreadsheet would run as formulas are disarmed; `import_csv` undoes it.
    """
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for count, reader in enumerate(readers, 1):  # noqa: B007 - the count is what is returned
        writer.writerow({name: _cell(value) for name, value in portrait(reader).items()})
    return count


def export_json(readers: Iterable[Reader], out: TextIO) -> int:
    """Write readers as one JSON array, a line each, and return how many."""
    count = 0
    out.write("[")
    for count, reader in enumerate(readers, 1):
        out.write(",\n " if count > 1 else "\n ")
        json.dump(portrait(reader), out, ensure_ascii=False)
    out.write("\n]\n")
    return count


def everybody(store: Store, status: str | None = None) -> Iterator[Reader]:
    """Yield the readers of a status, or all of them, in the order of their ids."""
    return (
        reader for reader in SubscriberStore(store).iterate() if status is None or reader.status == status
    )


def portrait(reader: Reader) -> dict[str, Any]:
    """Return everything that is kept about a reader, ready for JSON: what they may ask for too."""
    found = reader.whole().model_dump(mode="json")
    left = reader.left_at
    return {
        "id": found["id"],
        "address": found["address"],
        "status": found["status"],
        **found["preferences"],
        **found["consent"],
        "left_at": left.isoformat().replace("+00:00", "Z") if left else None,
    }


@dataclass(frozen=True)
class _Header:
    """How to read a file: told by its first line that is not blank."""

    delimiter: str
    columns: tuple[str, ...]
    is_line_of_people: bool
    """Whether that line holds somebody itself, as in a plain list of addresses."""


def _rows(lines: Iterable[str], defaults: Preferences, report: ImportReport) -> Iterator[Row]:
    """Yield the usable lines; the others go into the report."""
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    first = next(numbered, None)
    if first is None:
        return
    header = _header(first[1])
    report.ignored_columns = tuple(name for name in header.columns if name not in _USED | {*COLUMNS})
    for number, line in chain([first] if header.is_line_of_people else [], numbered):
        try:
            yield _row(number, _cells(line, header), defaults)
        except InvalidInputError as error:
            report.faults.append(Fault(number, str(error)))


def _header(line: str) -> _Header:
    """Read the line that names the columns. Raises `InvalidInputError` where none holds addresses."""
    delimiter = max(",;\t", key=line.count)
    names = [name.strip().casefold() for name in next(csv.reader([line[:LONGEST_LINE]], delimiter=delimiter))]
    if any("@" in name for name in names):
        return _Header(delimiter, ("address",), is_line_of_people=True)
    columns = tuple("address" if name in _ADDRESS_COLUMNS else name for name in names)
    if "address" not in columns:
        found = ", ".join(columns)[:200]
        raise InvalidInputError(f"No column is called address or email, only: {found}. Name one of them so.")
    return _Header(delimiter, columns, is_line_of_people=False)


def _cells(line: str, header: _Header) -> dict[str, str]:
    if len(line) > LONGEST_LINE:
        raise InvalidInputError(f"The line has {len(line):,} characters. Is this a CSV file?")
    if any("\ud800" <= letter <= "\udfff" for letter in line):
        raise InvalidInputError("The line is not UTF-8. Save the file as UTF-8.")
    try:
        cells = next(csv.reader([line], delimiter=header.delimiter, strict=True))
    except csv.Error as error:
        raise InvalidInputError(f"The line is not CSV: {error}. Check its quotes.") from error
    width = len(header.columns)
    if any(cells[width:]):
        raise InvalidInputError(
            f"There are {len(cells)} values for {width} columns. Quote what holds a {header.delimiter!r}."
        )
    return {name: _text(cell) for name, cell in zip(header.columns, cells, strict=False)}


def _row(line: int, cells: Mapping[str, str], defaults: Preferences) -> Row:
    address = addresses.parse(cells.get("address", ""))
    status = cells.get("status", "").casefold()
    if status not in _ON_THE_LIST | _OFF_THE_LIST.keys() | {"pending"}:
        raise InvalidInputError(
            f"The status {status[:40]!r} is not known. Use active, pending or unsubscribed."
        )
    chosen_here = {name: _value(name, cells[name]) for name in _CHOICES & cells.keys() if cells[name]}
    try:
        preferences = Preferences.model_validate(defaults.model_dump() | chosen_here)
    except ValidationError as error:
        fault = error.errors()[0]
        name, given = fault["loc"][0], str(fault["input"])[:40]
        raise InvalidInputError(f"{name} {given!r}: {fault['msg']}. Correct it or leave it empty.") from error
    chosen(preferences)  # raises for what cannot be kept
    moments = {name: _moment(name, cells[name]) for name in _INSTANTS & cells.keys() if cells[name]}
    return Row(line, address, preferences, status, moments.get("requested_at"), moments.get("confirmed_at"))


def _given(row: Row, confirmed: bool, now: datetime) -> dict[str, object]:
    """Return a row as the script takes it."""
    asked = min(row.requested_at or row.confirmed_at or now, now)
    given: dict[str, object] = {
        **indexed(row.address),
        **chosen(row.preferences),
        "address": row.address.typed,
        "from": records.source("import", ""),
        "now": int(now.timestamp()),
        "asked": int(asked.timestamp()),
        "confirmed": confirmed and row.status != "pending",
    }
    if row.confirmed_at:
        given["after"] = max(0, int((min(row.confirmed_at, now) - asked).total_seconds()))
    return given


def _value(name: str, cell: str) -> object:
    if name in _LISTS:
        return tuple(part.strip() for part in cell.replace("|", ";").split(";"))
    return cell


def _moment(name: str, cell: str) -> datetime:
    try:
        found = datetime.fromisoformat(cell)
    except ValueError as error:
        raise InvalidInputError(
            f"{name} {cell[:40]!r} is no instant. Write it like 2026-06-10T12:00:00Z or leave it empty."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _cell(value: object) -> str:
    text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(tuple(_FORMULA_STARTS)) else text


def _text(cell: str) -> str:
    """Return what a cell says, without the apostrophe that `_cell` may have put before it."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA_STARTS else cell
