"""Dates as other engines write them."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_EARLIEST = 1990
"""Before it nobody signed up for anything by mail: such a date is a default, or misread."""
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")
_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_FORMATS = (
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%B %d, %Y %I:%M %p",
    "%b %d, %Y, %I:%M %p",
    "%B %d, %Y, %I:%M %p",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
)


def read_moment(text: str) -> datetime | None:
    """Return the instant that `text` names, in UTC where it names no zone, or None.

    ISO 8601, Unix seconds and milliseconds, months by name, mail dates, and
    numbers whose order leaves no doubt: a date of consent is evidence, so
    05/02/2024 is not guessed at.

    >>> read_moment("2024-05-02 10:11:12.123456+00").isoformat()
    '2024-05-02T10:11:12.123456+00:00'
    >>> read_moment("31/12/2024").date().isoformat()
    '2024-12-31'
    >>> read_moment("05/02/2024") is None
    True
    """
    text = text.strip()
    found = _epoch(text) or _iso(text) or _numbers(text) or _named(text)
    if found is None or found.year < _EARLIEST:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC)


def _iso(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text.removesuffix("UTC").removesuffix("GMT").strip())
    return None


def _numbers(text: str) -> datetime | None:
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, sign, second, year = int(match[1]), match[2], int(match[3]), int(match[4])
    hour, minute, seconds = (int(part or 0) for part in match.group(5, 6, 7))
    if sign == "." or first > 12:
        day, month = first, second
    elif second > 12 or first == second:
        day, month = second, first
    else:
        return None
    with suppress(ValueError):
        return datetime(year, month, day, hour, minute, seconds, tzinfo=UTC)
    return None


def _named(text: str) -> datetime | None:
    for form in _FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    with suppress(ValueError, TypeError, IndexError):
        return parsedate_to_datetime(text)
    return None
