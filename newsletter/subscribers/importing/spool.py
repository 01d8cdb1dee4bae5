"""The people of a file on disk, once each, so that a list of any length takes the same memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from newsletter.errors import NewsletterError

CACHE_KIBIBYTES = 65_536
"""What SQLite keeps in memory before it writes."""


class Entry(NamedTuple):
    """One person as they are kept until the operator has agreed."""

    key: str
    """The address as it is compared."""
    line: int
    rank: int
    because: str
    """Which cell says where they stand."""
    left_at: int | None
    address: str
    choices: bytes
    asked_at: int | None
    confirmed_at: int | None


class Stored(NamedTuple):
    """An entry with its place in the file's order."""

    id: int
    entry: Entry


class Group(NamedTuple):
    """People of whom the same becomes for the same reason."""

    becomes: str
    because: str
    people: int
    examples: tuple[str, ...]
    """Their first addresses, whole."""


_TABLES = """
CREATE TABLE people (
  id INTEGER PRIMARY KEY, key TEXT UNIQUE, line INTEGER, rank INTEGER, because TEXT, left_at INTEGER,
  address TEXT, choices BLOB, asked_at INTEGER, confirmed_at INTEGER, clash INTEGER DEFAULT 0,
  becomes TEXT DEFAULT '', why TEXT DEFAULT '');
CREATE TABLE faults (id INTEGER PRIMARY KEY, line INTEGER, reason TEXT);
"""
_ADD = """
INSERT INTO people (key, line, rank, because, left_at, address, choices, asked_at, confirmed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
  clash = clash OR rank <> excluded.rank,
  because = CASE WHEN excluded.rank > rank THEN excluded.because ELSE because END,
  left_at = CASE WHEN excluded.rank > rank THEN excluded.left_at ELSE left_at END,
  rank = max(rank, excluded.rank)
"""
"""Of two rows with one address the one with less consent is believed; choices are the first one's."""
_FIELDS = ", ".join(Entry._fields)


class Spool:
    """A private file without a name: it is gone when it is closed, also by a crash."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIBIBYTES};"
            + _TABLES
        )
        self._rows.execute("BEGIN")

    def close(self) -> None:
        """Forget everybody."""
        self._rows.close()

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep people; of an address that is there already the stricter standing stays."""
        try:
            self._rows.executemany(_ADD, entries)
        except sqlite3.OperationalError as error:
            raise NewsletterError(
                f"The list does not fit into the folder for temporary files ({error}). "
                "Free some room, or name another folder in SQLITE_TMPDIR."
            ) from error

    def add_fault(self, line: int, reason: str) -> None:
        """Keep a record that cannot be used."""
        self._rows.execute("INSERT INTO faults (line, reason) VALUES (?, ?)", (line, reason))

    def faults(self) -> Iterator[tuple[int, str]]:
        """Yield the line and the fault of each record that cannot be used."""
        yield from self._rows.execute("SELECT line, reason FROM faults ORDER BY id")

    def count_faults(self) -> int:
        """Return how many records cannot be used."""
        return int(self._rows.execute("SELECT count(*) FROM faults").fetchone()[0])

    def count(self) -> int:
        """Return how many people there are."""
        return int(self._rows.execute("SELECT count(*) FROM people").fetchone()[0])

    def count_clashes(self) -> int:
        """Return of how many people the file's rows contradict each other."""
        return int(self._rows.execute("SELECT count(*) FROM people WHERE clash").fetchone()[0])

    def batches(self, size: int) -> Iterator[list[Stored]]:
        """Yield everybody in the file's order, `size` at a time."""
        last = 0
        while found := self._rows.execute(
            f"SELECT id, {_FIELDS} FROM people WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - our own names
            (last, size),
        ).fetchall():
            yield [Stored(row[0], Entry(*row[1:])) for row in found]
            last = found[-1][0]

    def decide(self, decisions: Iterable[tuple[str, str, int]]) -> None:
        """Keep what becomes of people: (becomes, why, id)."""
        self._rows.executemany("UPDATE people SET becomes = ?, why = ? WHERE id = ?", decisions)

    def groups(self, examples: int) -> tuple[Group, ...]:
        """Return what becomes of how many people, and why, the largest groups first."""
        counted = self._rows.execute(
            "SELECT becomes, why, count(*) FROM people GROUP BY becomes, why ORDER BY count(*) DESC, why"
        ).fetchall()
        return tuple(
            Group(becomes, why, count, self._first(becomes, why, examples)) for becomes, why, count in counted
        )

    def _first(self, becomes: str, why: str, limit: int) -> tuple[str, ...]:
        found = self._rows.execute(
            "SELECT address FROM people WHERE becomes = ? AND why = ? ORDER BY id LIMIT ?",
            (becomes, why, limit),
        )
        return tuple(address for (address,) in found)
