"""What an import would do, decided before anything is kept, and then done.

People who are known here stay as they are, and people who are suppressed here
stay out. A file's own word that somebody left, bounced or complained is kept as a
suppression, vouched for or not; people who never confirmed there are asked here.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Self

import orjson

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.store import Store
from newsletter.subscribers import addresses
from newsletter.subscribers.consent import suppression
from newsletter.subscribers.importing.columns import folded, understand
from newsletter.subscribers.importing.doubts import Doubts
from newsletter.subscribers.importing.engines import MAILBOXES, Engine, recognise
from newsletter.subscribers.importing.people import Person, Reading
from newsletter.subscribers.importing.presence import Presence, presences
from newsletter.subscribers.importing.report import Fault, ImportReport
from newsletter.subscribers.importing.spool import Entry, Group, Spool
from newsletter.subscribers.importing.standing import RANKS
from newsletter.subscribers.importing.table import Record, Table, read_table
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import indexed

AT_ONCE = 500
"""People a round trip."""
ACTIVE, PENDING, SUPPRESSED, SKIPPED = "active", "pending", "suppressed", "skipped"
_REASONS = {rank: reason for reason, rank in RANKS.items()}

Progress = Callable[[int], None]


class Plan:
    """The people of one file and what would become of them. Close it, or use it in a `with`."""

    def __init__(self, store: Store, *, confirmed: bool, now: datetime) -> None:
        self._store, self._confirmed, self._now = store, confirmed, now
        self._spool = Spool()
        self._doubts = Doubts()
        self._rows = 0
        self.reading: Reading | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()

    @property
    def people(self) -> int:
        """How many people the file holds, each address once."""
        return self._spool.count()

    @property
    def engine(self) -> str:
        """The engine that wrote the file."""
        return self.reading.engine.name if self.reading else ""

    @property
    def unused_columns(self) -> tuple[str, ...]:
        """Names of the columns that are not kept."""
        return self.reading.unused() if self.reading else ()

    def groups(self, examples: int = 3) -> tuple[Group, ...]:
        """Return what becomes of how many, why, and the first of them."""
        return self._spool.groups(examples)

    def faults(self) -> Iterator[Fault]:
        """Yield the records that cannot be used."""
        return (Fault(line, reason) for line, reason in self._spool.faults())

    def count_faults(self) -> int:
        """Return how many records cannot be used."""
        return self._spool.count_faults()

    def notes(self) -> tuple[str, ...]:
        """Return what the operator should know besides, a sentence each."""
        notes = []
        if self.reading and (caution := _caution(self.reading)):
            notes.append(caution)
        if repeated := self._rows - self.people:
            told = f"{repeated:,} {'row repeats' if repeated == 1 else 'rows repeat'} an address"
            if clashes := self._spool.count_clashes():
                told += (
                    f"; {clashes:,} of the addresses with another status, of which the one that left holds"
                )
            notes.append(f"{told}.")
        notes.extend(self._doubts.unread_dates())
        return tuple(notes)

    def require_clear(self) -> None:
        """Raise `InvalidInputError` where consent is vouched for, and words not known may deny it."""
        if self._confirmed:
            self._doubts.require_none()

    def read(
        self, lines: Iterable[str], file_name: str, defaults: Preferences, ignored: Iterable[str]
    ) -> None:
        """Read a whole file, and decide what becomes of its people.

        Raises `InvalidInputError` for a file without addresses.
        """
        table = read_table(lines)
        if table is None:
            return
        self.reading = _reading(table, file_name, defaults, ignored)
        people = self._people(table.records, self.reading)
        while batch := list(islice(people, AT_ONCE)):
            self._spool.add(map(_entry, batch))
            self._rows += len(batch)
        for stored in self._spool.batches(AT_ONCE):
            here = presences(self._store, [one.entry.key for one in stored])
            self._spool.decide(
                (*self._decided(one.entry, presence), one.id)
                for one, presence in zip(stored, here, strict=True)
            )

    def apply(self, on_progress: Progress = lambda _: None) -> ImportReport:
        """Do what was planned, and tell what became of whom.

        Importing a file again, or the rest of one that was interrupted, is harmless.
        """
        self.require_clear()
        report, scripts = ImportReport(ignored_columns=self.unused_columns), Scripts(self._store)
        for stored in self._spool.batches(AT_ONCE):
            entries = [one.entry for one in stored]
            left = [entry for entry in entries if entry.rank in _REASONS]
            suppression.suppress_each(
                self._store, [(_address(entry), _REASONS[entry.rank], self._left(entry)) for entry in left]
            )
            report.suppressed += len(left)
            wanted = [self._given(entry) for entry in entries if entry.rank not in _REASONS]
            for outcome, _, _ in scripts.run_each("import", wanted):
                setattr(report, outcome, getattr(report, outcome) + 1)
            on_progress(report.rows)
        return report

    def _people(self, records_: Iterable[Record], reading: Reading) -> Iterator[Person]:
        """Yield the usable rows; the others are kept as faults."""
        for record in records_:
            if record.fault:
                self._spool.add_fault(record.line, record.fault)
                continue
            try:
                person = reading.person(record.line, record.cells)
            except InvalidInputError as error:
                self._spool.add_fault(record.line, str(error))
                continue
            fault = self._doubts.note(person)
            if fault:
                self._spool.add_fault(record.line, fault)
            else:
                yield person

    def _decided(self, entry: Entry, here: Presence) -> tuple[str, str]:
        if entry.rank in _REASONS:
            ending = "; a reader here until now" if here.is_active else ""
            return SUPPRESSED, f"{_REASONS[entry.rank]} ({entry.because}){ending}"
        if here.status:
            return SKIPPED, f"known here as {here.status}; stays so"
        if here.suppressed:
            return SUPPRESSED, f"{here.suppressed} here; stays so"
        if entry.rank:
            return PENDING, f"never confirmed ({entry.because}); is asked by mail"
        return (
            (ACTIVE, "on the list there, and you vouch for it")
            if self._confirmed
            else (PENDING, "is asked by mail")
        )

    def _left(self, entry: Entry) -> datetime:
        return (
            self._now if entry.left_at is None else min(datetime.fromtimestamp(entry.left_at, UTC), self._now)
        )

    def _given(self, entry: Entry) -> dict[str, object]:
        """Return a person as the script takes them."""
        now = int(self._now.timestamp())
        told = entry.confirmed_at if entry.asked_at is None else entry.asked_at
        asked = now if told is None else min(told, now)
        given: dict[str, object] = {
            **indexed(_address(entry)),
            **orjson.loads(entry.choices),
            "address": entry.address,
            "from": records.source("import", ""),
            "now": now,
            "asked": asked,
            "confirmed": self._confirmed and not entry.rank,
        }
        if entry.confirmed_at is not None:
            given["after"] = max(0, min(entry.confirmed_at, now) - asked)
        return given


def import_csv(
    store: Store,
    lines: Iterable[str],
    *,
    confirmed: bool,
    defaults: Preferences,
    now: datetime,
    file_name: str = "",
    ignored: Iterable[str] = (),
) -> ImportReport:
    """Put the people of a file on the list and tell what became of them, without asking anybody."""
    with Plan(store, confirmed=confirmed, now=now) as plan:
        plan.read(lines, file_name, defaults, ignored)
        report = plan.apply()
        report.faults = list(plan.faults())
        return report


def _reading(table: Table, file_name: str, defaults: Preferences, ignored: Iterable[str]) -> Reading:
    engine = (
        MAILBOXES if table.is_mailbox_list else recognise(frozenset(map(folded, table.columns)), file_name)
    )
    return Reading(understand(table.columns, engine.columns, ignored), engine, defaults)


def _caution(reading: Reading) -> str:
    """Return what the engine's export does not tell, where that matters for this file."""
    engine: Engine = reading.engine
    tells = engine.status & {column.key for column in reading.columns}
    return "" if tells else engine.caution


def _entry(person: Person) -> Entry:
    return Entry(
        person.address.key,
        person.line,
        person.standing.rank,
        person.standing.because,
        _seconds(person.standing.left_at),
        person.address.typed,
        person.choices,
        _seconds(person.asked_at),
        _seconds(person.confirmed_at),
    )


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _address(entry: Entry) -> addresses.Address:
    return addresses.Address(typed=entry.address, key=entry.key)
