"""Tell when the day's edition is due and if it came."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

OVERDUE_AFTER: Final = timedelta(hours=1)
"""How long after its time an edition may be missing before somebody is woken."""
APART: Final = timedelta(hours=20)
"""How far apart two cut-offs are at least: sources speak once a day, and a change of clocks takes an hour."""


def expected_at(day: date, cut_off: time, zone: ZoneInfo, last: datetime | None) -> datetime:
    """Return when the edition of a day may be composed; `last` is the cut-off of the one before, if any.

    Where the zone or the hour was changed, a day can end hours after the last:
    its sources have not spoken since, so it waits for them.
    """
    nominal = datetime.combine(day, cut_off, zone)
    return nominal if last is None else max(nominal, last + APART)


def overdue(
    days: Collection[date],
    cut_off: time,
    zone: ZoneInfo,
    now: datetime,
    *,
    last: datetime | None = None,
    began: datetime | None = None,
) -> date | None:
    """Return the day whose edition is missing an hour and more after its time; None where all is well.

    `days` are those that have an edition, and `last` is the cut-off of the
    newest. One that never had any is judged by today alone, and from when it
    `began` to work, where that is known.
    """
    local = now.astimezone(zone)
    day = local.date() if local.time() >= cut_off else local.date() - timedelta(days=1)
    if day in days or (not days and day != local.date()):
        return None
    expected = expected_at(day, cut_off, zone, last)
    if not days and began is not None:
        expected = max(expected, began)
    return day if now - expected > OVERDUE_AFTER else None
