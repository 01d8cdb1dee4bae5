"""Which editions are due to a reader: one pure function of the reader, the editions and the clock.

Every edition has one hour for a reader: the first hour of theirs, on a day of
their rhythm, from its cut-off on. It is due from then on until they have had
it, however late it was composed and whatever was down meanwhile. Weekly
readers have it with the others of its week, once the week is over.

Nothing is due whose hour came before the reader joined, or in a pause.
Readers who change hour, zone or rhythm are next mailed when the page says so: at
their first hour after the change, with everything that they have not had.

`cohorts` asks the same question of a million readers at once, by `Table`; a
test holds both together.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from newsletter.models import Preferences
from newsletter.subscribers import schedule
from newsletter.subscribers.schedule import Occurrence, Rhythm


class Published(NamedTuple):
    """An edition, as far as it decides who is due."""

    day: date
    cut_off: datetime


@dataclass(frozen=True)
class Standing:
    """A reader, as far as it decides what is due."""

    preferences: Preferences
    joined_at: datetime
    """When they confirmed, were imported, or last began or ended a pause: earlier hours are not theirs."""
    changed_at: datetime | None = None
    """When they last changed hour, zone or rhythm."""


def due(
    reader: Standing, editions: Iterable[Published], had: Collection[date], now: datetime
) -> tuple[date, ...]:
    """Return the days whose edition is due to a reader at `now`, oldest first.

    `had` are the days that they were addressed for, whatever brought them.
    """
    rhythm = Rhythm.of(reader.preferences)
    last = schedule.last_hour(rhythm, now)
    if reader.changed_at is not None and last.at <= reader.changed_at:
        return ()
    hours = {one.day: hour_of(one, rhythm) for one in editions if one.day not in had}
    return tuple(
        sorted(
            day
            for day, hour in hours.items()
            if reader.joined_at < hour.at <= now and not _is_paused(reader.preferences, hour)
        )
    )


def hour_of(edition: Published, rhythm: Rhythm) -> Occurrence:
    """Return the hour at which an edition comes to readers of a rhythm, pauses aside."""
    return schedule.first_hour(
        rhythm, edition.cut_off, after_day=edition.day if rhythm.frequency == "weekly" else None
    )


def _is_paused(preferences: Preferences, hour: Occurrence) -> bool:
    return preferences.paused_until is not None and hour.day < preferences.paused_until


class Portion(NamedTuple):
    """Days that come in one mail."""

    days: tuple[date, ...]
    """Oldest first."""
    local: date
    """The reader's own day of the hour at which they became due."""
    newest: date
    """The newest edition at that hour."""


class Table:
    """The hours of some editions for each way of reading that occurs, each worked out once."""

    def __init__(self, editions: Sequence[Published], now: datetime) -> None:
        self.editions = editions
        self.now = now
        self._rows: dict[tuple[object, ...], int] = {}
        self._rhythms: list[Rhythm] = []
        self._hours: list[list[float]] = []
        self._last: list[float] = []

    def row(self, preferences: Preferences) -> int:
        """Return the number of the row that holds a reader's hours."""
        key = preferences.timezone, preferences.hour, preferences.frequency, preferences.paused_until
        if key not in self._rows:
            self._rows[key] = len(self._rows)
            self._add(preferences)
        return self._rows[key]

    def owed(
        self, rows: Sequence[int], joined: Sequence[float], changed: Sequence[float]
    ) -> npt.NDArray[np.bool_]:
        """Tell for each reader and edition whether it is due, unless they have had it.

        `joined` and `changed` are the instants of `Standing` in Unix seconds; 0 for never.
        """
        which = np.array(rows, np.int64)
        hours = np.array(self._hours, np.float64)[which]
        is_new = np.array(self._last, np.float64)[which] > np.array(changed, np.float64)
        found: npt.NDArray[np.bool_] = (hours > np.array(joined, np.float64)[:, None]) & is_new[:, None]
        return found

    def portions(self, row: int, places: Iterable[int], changed: float) -> tuple[Portion, ...]:
        """Part due editions, by their places, into mails.

        Daily readers get one mail per edition, others one for everything that
        became due at the same hour. What a change of hour or rhythm has left
        over comes as one mail for all of them.
        """
        rhythm, after = self._rhythms[row], datetime.fromtimestamp(changed + 1, UTC)
        mails: dict[tuple[Occurrence, date], list[date]] = {}
        for edition in (self.editions[place] for place in places):
            hour, apart = hour_of(edition, rhythm), date.min
            if hour.at < after:
                hour = schedule.first_hour(rhythm, after)
            elif rhythm.frequency == "daily":
                apart = edition.day
            mails.setdefault((hour, apart), []).append(edition.day)
        return tuple(
            Portion(tuple(days), hour.day, max(one.day for one in self.editions if one.cut_off <= hour.at))
            for (hour, _), days in sorted(mails.items())
        )

    def _add(self, preferences: Preferences) -> None:
        rhythm = Rhythm.of(preferences)
        hours = [hour_of(one, rhythm) for one in self.editions]
        self._rhythms.append(rhythm)
        self._last.append(schedule.last_hour(rhythm, self.now).at.timestamp())
        self._hours.append(
            [
                -np.inf if hour.at > self.now or _is_paused(preferences, hour) else hour.at.timestamp()
                for hour in hours
            ]
        )
