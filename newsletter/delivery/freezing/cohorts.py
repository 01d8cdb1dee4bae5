"""Choose who is addressed and when: a cohort is frozen when its local hour comes.

`due` says which editions a reader is owed; here it is asked of everybody whose
hour has come, and of nobody else. Hours missed while everything was down are
caught up, and a late edition still reaches the hours that waited for it. A
reader who was addressed for an edition is never addressed for it again: not after
changing the hour or the frequency, and not after a welcome that carried it.
What a reader's mail brings, one day or several, is said in `copies`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import numpy as np

from newsletter.delivery.freezing import calendar
from newsletter.delivery.freezing import steps as freezing
from newsletter.delivery.freezing.addressees import AddresseeSet, AddresseeSets
from newsletter.delivery.freezing.calendar import Calendar
from newsletter.delivery.freezing.due import Table
from newsletter.delivery.freezing.steps import Addressee, Cohort, Days, Frozen
from newsletter.delivery.freezing.variants import period_of_days
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.editions.periods import Period
from newsletter.editions.store import EditionStore
from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.kept.records import Reader
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.subscribers.schedule import Slot

READ_AT_ONCE = 2000
"""Readers fetched in one round trip, so that the server is not held up."""

_UNCHANGED = (0, 0)


def due(store: Store, settings: Settings, now: datetime) -> bool:
    """Whether a slot has come whose readers were not looked at yet."""
    del settings
    return bool(Calendar.read(store, now).came(SubscriberStore(store).slots()))


def days(store: Store, now: datetime) -> tuple[date, ...]:
    """Return the days whose edition may still be due to somebody, oldest first."""
    return Calendar.read(store, now).days


def freeze_due(store: Store, settings: Settings, now: datetime) -> tuple[BatchRef, ...]:
    """Address every reader whose hour has come, and return the batches that this makes."""
    return tuple(batch for step in freeze_in_steps(store, settings, now) for batch in step.batches)


def freeze_in_steps(store: Store, settings: Settings, now: datetime) -> Iterator[Frozen]:
    """Address every reader whose hour has come, in steps of seconds.

    Each step is atomic. A caller that stops asking for the next, or dies, leaves
    the rest due: a crash repeats nothing, and two callers at once address
    nobody twice. Readers without phrases come first, whatever the others cost.
    """
    seen = Calendar.read(store, now)
    slots = seen.came(SubscriberStore(store).slots())
    if slots:
        table = Table(calendar.may_be_due(store, seen), now)
        cohort = Cohort.of(_owed(store, table, slots), seen.reached, now)
        yield from freezing.freeze(store, settings, cohort)


def freeze_everyone(store: Store, settings: Settings, day: date) -> tuple[BatchRef, ...]:
    """Address every active reader who has not had the edition of `day`, whatever their hour.

    For `edition send` by hand. Pauses are kept; weekly readers are addressed
    too. Raises `NotFoundError` without such an edition, and
    `InvalidInputError` where who had it is forgotten.
    """
    _refuse_forgotten(store, day)
    if EditionStore(store).get(day) is None:
        raise NotFoundError(f"No edition for {day} yet. Build it first: newsletter edition build {day}")
    everyone = Cohort.of((reader.id, reader.preferences, (day,), None) for reader in _everyone(store, day))
    return tuple(batch for step in freezing.freeze(store, settings, everyone) for batch in step.batches)


def everyone_waiting(store: Store, day: date) -> tuple[int, ...]:
    """Return the ids of those whom `freeze_everyone` would look at: active, and without the edition.

    Raises `InvalidInputError` where who had it is forgotten.
    """
    _refuse_forgotten(store, day)
    return tuple(sorted({reader.id for reader in _everyone(store, day)}))


def _owed(store: Store, table: Table, slots: Iterable[Slot]) -> Iterator[Addressee]:
    """Yield who of some slots is due, and for which days; `due.due` says the same of one reader."""
    subscribers, sets = SubscriberStore(store), AddresseeSets(store)
    days = [edition.day for edition in table.editions]
    values = 1 << np.arange(len(days), dtype=np.int64)
    known: dict[tuple[int, int, float], list[tuple[Days, Period | None]]] = {}
    for readers in _by_portions(subscribers, (one for slot in slots for one in subscribers.ids_due(slot))):
        ids, wishes = [reader.id for reader in readers], [reader.preferences for reader in readers]
        rows = [table.row(wish) for wish in wishes]
        changes = subscribers.changes(ids, table.now)
        pairs = [changes.get(one, _UNCHANGED) for one in ids]
        joined = [max(pair[0], reader.confirmed) for pair, reader in zip(pairs, readers, strict=True)]
        changed = [pair[1] for pair in pairs]
        codes = (table.owed(rows, joined, changed) & sets.missing(np.array(ids, np.int64), days)) @ values
        for one, wish, *mail in zip(ids, wishes, rows, codes.tolist(), changed, strict=True):
            row, code, at = mail
            if not code:
                continue
            if (row, code, at) not in known:
                places = [place for place in range(len(days)) if code >> place & 1]
                known[row, code, at] = [
                    (portion.days, period_of_days(wish.frequency, portion))
                    for portion in table.portions(row, places, at)
                ]
            for brought, period in known[row, code, at]:
                yield one, wish, brought, period


def _by_portions(subscribers: SubscriberStore, ids: Iterable[int]) -> Iterator[list[Reader]]:
    every = list(ids)
    for start in range(0, len(every), READ_AT_ONCE):
        found = subscribers.get_many(every[start : start + READ_AT_ONCE])
        if readers := [reader for reader in found if reader.is_active]:
            yield readers


def _everyone(store: Store, day: date) -> Iterator[Reader]:
    subscribers, addressee_set = SubscriberStore(store), AddresseeSet(store, day)
    every = (one for slot in subscribers.slots() for one in subscribers.ids_due(slot))
    for readers in _by_portions(subscribers, every):
        had = addressee_set.holds(np.array([reader.id for reader in readers], np.int64)).tolist()
        for reader, has_had in zip(readers, had, strict=True):
            until = reader.preferences.paused_until
            if not has_had and (until is None or day >= until):
                yield reader


def _refuse_forgotten(store: Store, day: date) -> None:
    if keys.is_forgotten(store, day):
        raise InvalidInputError(
            f"The edition of {day} was sent so long ago that who had it is not remembered: "
            "they would get it again. Send the newest: newsletter edition send"
        )
