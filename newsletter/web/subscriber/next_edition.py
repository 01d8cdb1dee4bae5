"""When the next edition comes, in words that a reader uses."""

from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.models import Preferences
from newsletter.rendering.dates import short_date, weekday
from newsletter.subscribers.schedule import next_edition_at


def next_edition(preferences: Preferences, now: datetime) -> str:
    """Say when: `tomorrow around 07:00 (Europe/Berlin)`."""
    return in_words(next_edition_at(preferences, now), preferences.timezone, now)


def in_words(moment: datetime, zone: str, now: datetime) -> str:
    """Say a coming moment as near as it is.

    >>> from datetime import UTC
    >>> now = datetime(2026, 6, 10, 12, tzinfo=UTC)
    >>> in_words(datetime(2026, 6, 11, 5, tzinfo=UTC), "Europe/Berlin", now)
    'tomorrow around 07:00 (Europe/Berlin)'
    >>> in_words(datetime(2026, 6, 15, 5, tzinfo=UTC), "UTC", now)
    'on Monday around 05:00 (UTC)'
    """
    local = moment.astimezone(ZoneInfo(zone))
    days = (local.date() - now.astimezone(ZoneInfo(zone)).date()).days
    if days in (0, 1):
        day = ("today", "tomorrow")[days]
    else:
        day = f"on {weekday(local.date()) if days < 7 else short_date(local.date())}"
    return f"{day} around {local:%H:%M} ({zone})"
