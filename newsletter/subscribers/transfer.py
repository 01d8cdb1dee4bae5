"""Whole lists, going out; `importing` reads them in again."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from newsletter.models import Preferences
from newsletter.store import Store
from newsletter.subscribers.kept.records import Reader
from newsletter.subscribers.kept.store import SubscriberStore

_FORMULA_STARTS = "=+-@'\t\r"
"""A spreadsheet runs a cell that begins so (OWASP, CSV injection); an apostrophe before it keeps it text."""

COLUMNS = (
    "id",
    "address",
    "status",
    *Preferences.model_fields,
    *("requested_at", "requested_from", "confirmed_at", "confirmed_from", "how", "left_at"),
)


def export_csv(readers: Iterable[Reader], out: TextIO) -> int:
    """Write readers as CSV, header first, and return how many.

    Cells that a spreadsheet would run as formulas are disarmed; importing undoes it.
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


def _cell(value: object) -> str:
    text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(tuple(_FORMULA_STARTS)) else text
