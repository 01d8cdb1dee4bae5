"""Whether the day's edition came when it should have."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

OVERDUE_AFTER: Final = timedelta(hours=1)
"""How long after its cut-off an edition may be missing before somebody is woken."""


def overdue(days: Collection[date], cut_off: time, zone: ZoneInfo, now: datetime) -> date | None:
    """Return the day whose edition is missing an hour and more after its cut-off; None where all is well.

    `days` are those that have an edition. One that never had any is judged by today alone.
    """
    local = now.astimezone(zone)
    day = local.date() if local.time() >= cut_off else local.date() - timedelta(days=1)
    if day in days or (not days and day != local.date()):
        return None
    return day if now - datetime.combine(day, cut_off, zone) > OVERDUE_AFTER else None
