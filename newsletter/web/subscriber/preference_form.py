"""What a reader chooses in a form, read strictly; the same for each form that offers it."""

import re

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.subscribers import preferences as kept
from newsletter.topics.matching import query
from newsletter.web.serving.forms import FieldError, Fields
from newsletter.web.subscriber import zones

_CHOICES = {"frequency": ("daily", "weekdays", "weekly"), "format": ("html", "text")}
_LONGEST_LIST = 3000
_PHRASE = re.compile(r'(?:["“”][^"“”\n]*["“”]|[^,;，；\n])+')
"""What stands between separators; a quote that nobody closes separates nothing."""


def hour_and_zone(posted: Fields, otherwise: Preferences) -> Preferences:
    """Return preferences with the hour and the zone that a form names. Raises `FieldError`."""
    hour = posted.number("hour", otherwise.hour)
    zone = posted.text("timezone", otherwise.timezone)
    if not 0 <= hour <= 23:
        raise FieldError("The hour must be between 0 and 23. Choose one from the list.")
    if zone not in zones.known() and zone != otherwise.timezone:
        raise FieldError("That time zone is not known here. Choose one from the list.")
    return otherwise.model_copy(update={"hour": hour, "timezone": zone})


def read(posted: Fields, otherwise: Preferences) -> Preferences:
    """Return what a form asks for; what it does not mention stays. Raises `InvalidInputError`."""
    wanted = hour_and_zone(posted, otherwise)
    changes: dict[str, object] = {}
    for name, allowed in _CHOICES.items():
        value = posted.text(name, getattr(wanted, name))
        if value not in allowed:
            raise FieldError(f"Choose the {name} from the list.")
        changes[name] = value
    limit = posted.number("limit", wanted.limit)
    if not 1 <= limit <= 50:
        raise FieldError("Max papers per email: choose between 1 and 50.")
    for name in ("topics", "muted"):
        if posted.mentions(name):
            changes[name] = phrases(posted.text(name, longest=_LONGEST_LIST, lines=True))
    chosen = kept.checked(wanted.model_copy(update=changes | {"limit": limit}))
    for phrase in {*chosen.topics, *chosen.muted}.difference(otherwise.topics, otherwise.muted):
        query.parse(phrase)
    return chosen


def read_or(posted: Fields, otherwise: Preferences) -> tuple[Preferences, str]:
    """Return what a form asks for and no fault, or `otherwise` and what is wrong with it."""
    try:
        return read(posted, otherwise), ""
    except InvalidInputError as error:
        return otherwise, str(error)


def phrases(text: str) -> tuple[str, ...]:
    """Split what a reader typed into phrases; what stands in quotes stays whole.

    >>> phrases('diffusion, robots; agents ,author:"Li, Hao"')
    ('diffusion', 'robots', 'agents', 'author:"Li, Hao"')
    """
    return tuple(part.strip() for part in _PHRASE.findall(text) if part.strip())
