"""Freeze cohorts in steps of at most some seconds, the cheapest mails first.

Readers without phrases of their own share a few renderings, so all of them
together cost less than a hundred others. They are frozen first, whatever day
they are due for; readers with phrases follow, the copies that most of
them share first, a portion of these a step.

Each step is atomic and enters those it addresses in the day's addressee set. A
process that is killed between two steps repeats nobody and loses nobody:
the next one finds in that set who is done, and how far in time an edition has
come is written after all steps.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np

from newsletter.delivery.freezing.addressees import AddresseeSets, Ids
from newsletter.delivery.freezing.variants import DigestVariant, edition_of, shape_of
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.editions import is_quiet_for
from newsletter.editions.periods import Period
from newsletter.editions.store import EditionStore
from newsletter.errors import NotFoundError
from newsletter.models import Edition, Preferences
from newsletter.settings import Settings
from newsletter.store import Store

COPIES_A_STEP: Final = 200
"""With phrases of their own: less than a second of work on a long week."""

log = logging.getLogger(__name__)

Days = tuple[date, ...]
Addressee = tuple[int, Preferences, Days, Period | None]
"""The id of a reader who is due, their choices, the days (oldest first), and the variant's period or None."""


class Group(NamedTuple):
    """Readers who get the same copy."""

    wish: Preferences
    days: Days
    period: Period | None
    members: list[int]

    @property
    def has_phrases(self) -> bool:
        """Whether its papers must be looked for by phrases."""
        return bool(self.wish.topics or self.wish.muted)

    @property
    def copy(self) -> DigestVariant:
        """What they get."""
        return DigestVariant(preferences=shape_of(self.wish), period=self.period)

    @property
    def ids(self) -> Ids:
        """Their ids, ascending."""
        return np.unique(np.array(self.members, np.int64))


@dataclass(frozen=True)
class Cohort:
    """Readers who are due together, in the order in which they are."""

    groups: tuple[Group, ...]
    reached: Days = ()
    """Which editions come further in time once all are frozen."""
    through: datetime | None = None
    """How far; None where no slot is behind it."""

    @classmethod
    def of(
        cls, addressees: Iterable[Addressee], reached: Days = (), through: datetime | None = None
    ) -> "Cohort":
        """Group readers by what they get."""
        groups: dict[tuple[object, ...], Group] = {}
        for one, wish, days, period in addressees:
            agreed = (
                wish.topics,
                wish.followed_until,
                wish.muted,
                wish.limit,
                wish.format,
                wish.frequency,
                period,
                days,
            )
            if agreed not in groups:
                groups[agreed] = Group(wish, days, period, [])
            groups[agreed].members.append(one)
        return cls(tuple(groups.values()), reached, through)

    @property
    def first(self) -> list["Step"]:
        """The step for readers without phrases."""
        alike = tuple(group for group in self.groups if not group.has_phrases)
        return [Step(alike)] if alike else []

    @property
    def rest(self) -> list["Step"]:
        """The steps for readers with phrases."""
        dear = sorted(
            (group for group in self.groups if group.has_phrases), key=lambda group: -len(group.members)
        )
        return [
            Step(tuple(dear[start : start + COPIES_A_STEP])) for start in range(0, len(dear), COPIES_A_STEP)
        ]


class Step(NamedTuple):
    """Groups that are frozen together or not at all."""

    groups: tuple[Group, ...] = ()
    reached: Days = ()
    through: datetime | None = None


class Frozen(NamedTuple):
    """What one step did."""

    batches: tuple[BatchRef, ...]
    is_turn: bool = False
    """Whether dearer mails come next, so that its batches had better be sent before these are frozen."""


def freeze(store: Store, settings: Settings, cohort: Cohort) -> Iterator[Frozen]:
    """Address a cohort, a step whenever the caller asks for the next.

    Where somebody else froze or welcomed readers of a step meanwhile, it is
    looked at again. Readers whose own edition would be empty are not mailed.
    """
    first, rest = cohort.first, cohort.rest
    if cohort.through is not None:
        (rest or first).append(Step(reached=cohort.reached, through=cohort.through))
    shelf = _Shelf(store, settings)
    for number, step in enumerate([*first, *rest], 1):
        while (batches := _freeze(store, shelf, step)) is None:
            pass  # another freeze or a welcome came between: look again
        yield Frozen(batches, is_turn=bool(rest) and number == len(first))


def _freeze(store: Store, shelf: "_Shelf", step: Step) -> tuple[BatchRef, ...] | None:
    """Freeze a step; None where somebody else changed an addressee set that it rests on meanwhile."""
    sets = AddresseeSets(store, step.reached)
    for group in step.groups:
        copy = group.copy
        brought = shelf.days(copy.period)
        for had, new in sets.parted(group.ids, group.days):
            fresh = [day for day in group.days if day not in had]
            own = copy.model_copy(update={"had": tuple(day for day in brought if day not in fresh)})
            for day in fresh:
                sets[day].enter(new)
            if shelf.is_quiet(fresh[-1], own):
                sets[fresh[-1]].pass_over(new)
            else:
                made_from = own.model_dump_json(exclude_defaults=True)
                sets[fresh[-1]].mail(new, shelf.rendering(fresh[-1], own), made_from)
    return sets.freeze(step.through)


class _Shelf:
    """The editions that a freeze looks at, each read once."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._dates = sorted(EditionStore(store).dates())
        self._read: dict[tuple[date | Period, bool], tuple[Edition, str]] = {}

    def days(self, period: Period | None) -> Days:
        """Return the days of a period that have an edition, oldest first."""
        return tuple(day for day in self._dates if period is not None and day in period)

    def is_quiet(self, day: date, copy: DigestVariant) -> bool:
        """Whether a copy delivered under `day` would be empty, or all that it is made from is lost."""
        try:
            return is_quiet_for(self._whole(day, copy)[0], copy.preferences, had=copy.had)
        except NotFoundError:
            log.exception("a mail of several days is left out")
            return True

    def rendering(self, day: date, copy: DigestVariant) -> str:
        """Name a rendering by all that goes into it, so that workers may keep what they rendered."""
        content = self._whole(day, copy)[1] + copy.model_dump_json()
        return blake2b(content.encode(), digest_size=6).hexdigest()

    def _whole(self, day: date, copy: DigestVariant) -> tuple[Edition, str]:
        key = copy.period or day, bool(copy.preferences.topics)
        if key not in self._read:
            whole = edition_of(self._store, self._settings, day, copy)
            self._read[key] = whole, blake2b(whole.model_dump_json().encode()).hexdigest()
        return self._read[key]
