"""Which batch of the sample belongs to which day, seen from a given now.

Today's batch is today's, whatever weekday that is; the twenty batches before it
belong to the working days of the four weeks before, the oldest first.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

BATCHES = 20
_LOOKED_AT = time(6, 0)


def days(now: datetime) -> tuple[date, ...]:
    """Return the days on which something was published, oldest first, today last."""
    today = now.astimezone(UTC).date()
    before = (today - timedelta(days=back) for back in range(7 * BATCHES // 5, 0, -1))
    return (*(day for day in before if day.weekday() < 5), today)


def history(now: datetime) -> tuple[datetime, ...]:
    """Return the moments at which earlier days are polled, oldest first: once each working day.

    >>> [f"{moment:%a %-d %b}" for moment in history(datetime(2026, 6, 10, 9, tzinfo=UTC))[-3:]]
    ['Fri 5 Jun', 'Mon 8 Jun', 'Tue 9 Jun']
    """
    return tuple(datetime.combine(day, _LOOKED_AT, UTC) for day in days(now)[:-1])


def batch_numbers(now: datetime) -> Mapping[date, int]:
    """Return the number of each day's batch: 1 the oldest, one more than `BATCHES` today's."""
    return {day: number for number, day in enumerate(days(now), 1)}
