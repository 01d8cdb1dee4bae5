"""What readers may choose: checked when it comes in, short where it is kept."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any
from zoneinfo import available_timezones

import orjson

from newsletter.errors import InvalidInputError
from newsletter.models import MOST_SEATED, Preferences

MOST_PHRASES = 20
"""Topics followed, and as many words muted."""
LONGEST_PHRASE = 120
"""In characters."""
LATEST_PAUSE = date(2100, 1, 1)
_DEFAULTS = Preferences()
_DATES = frozenset({"paused_until", "followed_until"})
_KEPT_APART = frozenset({"hour", "timezone"})
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNSEEN = re.compile(r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
"""What has no width, or turns the direction of what follows."""
_NO_PHRASE = re.compile(
    r"[<>]|[a-z][a-z0-9+.-]*://|\bwww\.|\w@\w|\b(?:mailto|javascript|data):|-[a-z_]+_url\b", re.IGNORECASE
)
"""Tags, addresses and what looks like our own placeholders: no paper is found by them."""


def checked(preferences: Preferences) -> Preferences:
    """Return `preferences` as they may be kept: phrases trimmed, without repeats, in the reader's order.

    Raises `InvalidInputError` for a zone that does not exist, a phrase that is
    too long or not made of words, and too many phrases; the message names the
    field and the limit.
    """
    if not is_zone(preferences.timezone):
        raise InvalidInputError(
            f"Unknown time zone {preferences.timezone[:60]!r}. Choose one such as Europe/Berlin."
        )
    if preferences.paused_until is not None and preferences.paused_until >= LATEST_PAUSE:
        raise InvalidInputError(
            f"A pause ends before {LATEST_PAUSE:%Y}. Choose an earlier day, or unsubscribe."
        )
    return preferences.model_copy(
        update={
            "topics": _phrases(preferences.topics, "topics"),
            "muted": _phrases(preferences.muted, "muted words"),
        }
    )


def is_zone(name: str) -> bool:
    """Whether `name` is a place in the IANA database, or UTC; `EST` and `localtime` are no places."""
    return name == "UTC" or ("/" in name and name in _places())


@cache
def _places() -> frozenset[str]:
    return frozenset(available_timezones())


def changed(before: Preferences, wanted: Preferences, today: date) -> Preferences:
    """Return what is to be kept when a reader asks for `wanted`: who has had more than others is marked.

    That is who stops following, and who asks for fewer papers after more than an edition seats.

    >>> followed = Preferences(topics=("diffusion",))
    >>> changed(followed, Preferences(), date(2026, 6, 10)).followed_until
    datetime.date(2026, 6, 10)
    """
    had_more = before.topics or before.limit > max(MOST_SEATED, wanted.limit)
    if had_more and not wanted.topics:
        return wanted.model_copy(update={"followed_until": today})
    return wanted


def differences(preferences: Preferences) -> dict[str, Any]:
    """Return, ready for JSON, what differs from the defaults; hour and zone have places of their own.

    >>> differences(Preferences(hour=6, topics=("diffusion",), limit=5))
    {'topics': ['diffusion'], 'limit': 5}
    """
    return {
        name: _plain(value)
        for name in Preferences.model_fields
        if name not in _KEPT_APART and (value := getattr(preferences, name)) != getattr(_DEFAULTS, name)
    }


def restored(hour: int, timezone: str, kept: Mapping[str, Any] | None) -> Preferences:
    """Return the preferences that `differences` were taken of; trusted, because they were checked then."""
    if not kept:
        return _usual(hour, timezone)
    return _usual(hour, timezone).model_copy(update={name: _rich(name, kept[name]) for name in kept})


@lru_cache(maxsize=16384)
def _usual(hour: int, timezone: str) -> Preferences:
    return _DEFAULTS.model_copy(update={"hour": hour, "timezone": timezone})


@lru_cache(maxsize=16384)
def _unusual(hour: int, timezone: str, kept: bytes) -> Preferences:
    found: dict[str, Any] = orjson.loads(kept)
    return _usual(hour, timezone).model_copy(update={name: _rich(name, found[name]) for name in found})


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def _rich(name: str, value: Any) -> object:
    if isinstance(value, list):
        return tuple(value)
    return date.fromisoformat(value) if name in _DATES else value


def _phrases(values: tuple[str, ...], field: str) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for value in values:
        phrase = " ".join(_UNSEEN.sub("", _UNPRINTABLE.sub(" ", value)).split())
        if len(phrase) > LONGEST_PHRASE:
            raise InvalidInputError(
                f"A phrase in {field} has at most {LONGEST_PHRASE} characters. Shorten it."
            )
        if phrase and (_NO_PHRASE.search(phrase) or not any(sign.isalnum() for sign in phrase)):
            raise InvalidInputError(
                f"“{phrase}” in {field} is not a phrase to look for. "
                "Write words alone, without < and >, addresses or signs only."
            )
        if phrase:
            kept.setdefault(phrase.casefold(), phrase)
    if len(kept) > MOST_PHRASES:
        raise InvalidInputError(f"At most {MOST_PHRASES} {field}. Please take some away.")
    return tuple(kept.values())
