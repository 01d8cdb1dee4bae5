"""How days and stretches of days read, the same in mails and on pages."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from newsletter.models import Edition

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def short_date(day: date) -> str:
    """Name a day as a subject does, whatever the machine's locale.

    >>> short_date(date(2026, 11, 22))
    '22 Nov'
    """
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def long_date(day: date) -> str:
    """Name a day as a masthead does.

    >>> long_date(date(2026, 11, 22))
    'Sunday, 22 November 2026'
    """
    return f"{weekday(day)}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def dates(edition: Edition) -> str:
    """Name the day of an edition, or its first and last, as a masthead does."""
    return long_date(edition.date) if edition.since is None else between(edition.since, edition.date)


def between(first: date, last: date) -> str:
    """Name the first and the last of several days.

    >>> between(date(2026, 11, 16), date(2026, 11, 22)), between(date(2026, 10, 31), date(2026, 11, 22))
    ('16 to 22 November 2026', '31 October to 22 November 2026')
    """
    year = f" {first.year}" if first.year != last.year else ""
    month = f" {_MONTHS[first.month - 1]}{year}" if year or first.month != last.month else ""
    return f"{first.day}{month} to {last.day} {_MONTHS[last.month - 1]} {last.year}"


def month_name(day: date) -> str:
    """Name a day's month.

    >>> month_name(date(2026, 6, 10))
    'June 2026'
    """
    return f"{_MONTHS[day.month - 1]} {day.year}"


def stretch(edition: Edition) -> str:
    """Say when an edition's papers came: today, this week, this month, or since a weekday.

    >>> noon = datetime.fromisoformat("2026-11-23T12:00Z")
    >>> long = Edition(since=date(2026, 11, 21), date=noon.date(), composed_at=noon, cut_off=noon)
    >>> stretch(long), stretch(long.model_copy(update={"since": None}))
    ('since Saturday', 'today')
    """
    if edition.since is None:
        return "today"
    days = (edition.date - edition.since).days + 1
    return f"since {weekday(edition.since)}" if days < 7 else "this week" if days == 7 else "this month"


def also(edition: Edition) -> str:
    """Head the papers that follow the topics.

    >>> noon = datetime.fromisoformat("2026-11-23T12:00Z")
    >>> also(Edition(since=date(2026, 11, 17), date=noon.date(), composed_at=noon, cut_off=noon))
    'Also this week'
    """
    return f"Also {stretch(edition)}"


def leading(edition: Edition) -> str:
    """Head the papers that stand before the topics.

    >>> noon = datetime.fromisoformat("2026-11-23T12:00Z")
    >>> leading(Edition(date=noon.date(), composed_at=noon, cut_off=noon))
    'Top papers today'
    """
    return f"Top papers {stretch(edition)}"


def weekday(day: date) -> str:
    """Name the day of the week."""
    return _DAYS[day.weekday()]


def since(moment: datetime, today: date) -> str:
    """Say since when, as near as today needs: a weekday within the last six days, else a date.

    >>> from datetime import UTC
    >>> since(datetime(2026, 11, 20, 9, tzinfo=UTC), date(2026, 11, 22))
    'since Friday'
    >>> since(datetime(2026, 10, 3, 9, tzinfo=UTC), date(2026, 11, 22))
    'since 3 Oct'
    """
    day = moment.date()
    if day == today:
        return f"since {moment:%H:%M} UTC"
    return f"since {weekday(day) if 0 < (today - day).days < 7 else short_date(day)}"


FILTERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (short_date, long_date, dates, between, month_name, stretch, also, leading, weekday, since)
}
"""What every template can say of days."""
