"""How numbers, names and movements read, the same in mails and on pages."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.models import Entry, Paper, Preferences, Trend
from newsletter.rendering.dates import long_date

WORDS_A_MINUTE = 230
"""Silent reading of English prose (Brysbaert 2019, 238; abstracts are denser)."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_UNUSUAL = 1.5
"""A share this many times the usual one is told; one below it, or above the inverse, is as usual."""
_ARROWS = {"up": "▲", "down": "▼", "steady": "→", "new": "+", "followed": "•"}
_WITHOUT_NUMBERS = {
    "up": "rising",
    "down": "falling",
    "steady": "steady",
    "new": "first day on the chart",
    "followed": "you follow this",
}

_LINK_NAMES = {
    "abstract": "Abstract",
    "pdf": "PDF",
    "code": "Code",
    "project": "Project",
    "discussion": "Discussion",
    "post": "Post",
}
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"\x00-\x20\x7f]{1,1000}", re.IGNORECASE)
_FREQUENCIES = {"daily": "every day", "weekdays": "Monday to Friday", "weekly": "once a week"}


def count(number: int, one: str, many: str | None = None) -> str:
    """Count things, with a thin mark in thousands.

    >>> count(1, "paper"), count(1612, "paper"), count(2, "entry", "entries")
    ('1 paper', '1,612 papers', '2 entries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def times(ratio: float) -> str:
    """Write a ratio with as many digits as it can bear.

    >>> times(4.12), times(0.5), times(37.6), times(0.01)
    ('4.1×', '0.5×', '38×', '<0.1×')
    """
    if ratio < 0.05:
        return "<0.1×"
    return f"{ratio:.0f}×" if ratio >= 9.95 else f"{ratio:.1f}×"


def ordinal(number: int) -> str:
    """Write a place in an order.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def sparkline(series: Sequence[float]) -> str:
    """Draw a series with one block per value, the tallest for its largest; zero is the lowest block.

    >>> sparkline((0, 1, 2, 4))
    '▁▃▅█'
    >>> sparkline((0, 0)), sparkline(())
    ('▁▁', '')
    """
    top = max(series, default=0)
    if top <= 0:
        return _BLOCKS[0] * len(series)
    return "".join(_BLOCKS[round(max(value, 0) / top * (len(_BLOCKS) - 1))] for value in series)


def arrow(trend: Trend) -> str:
    """Show a movement as a hit parade does: ▲, ▼, → or +; • where the reader asked for the heading."""
    return _ARROWS[trend.movement]


def direction(trend: Trend) -> str:
    """Say what the arrow shows: rising, falling, steady, new or followed."""
    return trend.movement if trend.movement in {"new", "followed"} else _WITHOUT_NUMBERS[trend.movement]


def unusual(trend: Trend) -> str:
    """Say how much more or less common than usual a topic is; empty where it is as usual or not known.

    >>> unusual(Trend(movement="up", ratio=4.12)), unusual(Trend(movement="down", ratio=3.5))
    ('4.1× more common than usual', 'still 3.5× more common than usual')
    >>> unusual(Trend(movement="down", ratio=0.5)), unusual(Trend(movement="steady", ratio=1.1))
    ('less common than usual', '')
    """
    if trend.ratio is None or 1 / _UNUSUAL < trend.ratio < _UNUSUAL:
        return ""
    if trend.ratio < 1:
        return "less common than usual"
    return f"{'still ' if trend.movement == 'down' else ''}{times(trend.ratio)} more common than usual"


def movement(trend: Trend) -> str:
    """Say what a topic is doing, in words, and in numbers where they are unusual.

    >>> movement(Trend(movement="up", streak_days=3, ratio=4.12))
    '4.1× more common than usual, 3rd day in a row'
    >>> movement(Trend())
    'first day on the chart'
    >>> movement(Trend(movement="steady", ratio=1.0, streak_days=2))
    'as common as usual, 2nd day in a row'
    >>> movement(Trend(movement="up", ratio=2.0, days=3)), movement(Trend(days=1))
    ('2.0× more common than usual, 3 days on the chart', 'first time on the chart, 1 day')
    """
    parts = [unusual(trend)] if unusual(trend) else []
    if not parts and trend.ratio is not None and trend.movement == "steady":
        parts.append("as common as usual")
    if trend.days is not None:
        days = count(trend.days, "day")
        parts += ["first time on the chart", days] if trend.movement == "new" else [f"{days} on the chart"]
    elif trend.movement in {"new", "followed"}:
        parts.append(_WITHOUT_NUMBERS[trend.movement])
    elif trend.streak_days > 1:
        parts.append(f"{ordinal(trend.streak_days)} day in a row")
    return ", ".join(parts) or _WITHOUT_NUMBERS[trend.movement]


def byline(authors: Sequence[str], shown: int = 3) -> str:
    """Name the first authors and count the others; one other is named rather than counted.

    >>> byline(["Ada", "Bo", "Cy", "Di", "Ed"]), byline(["Ada", "Bo", "Cy", "Di"]), byline([])
    ('Ada, Bo, Cy + 2', 'Ada, Bo, Cy, Di', '')
    """
    named = len(authors) if len(authors) <= shown + 1 else shown
    rest = f" + {len(authors) - named:,}" if named < len(authors) else ""
    return ", ".join(authors[:named]) + rest


def schedule(preferences: Preferences) -> str:
    """Say how often, when and how much a reader gets.

    >>> schedule(Preferences(hour=7, timezone="Europe/Berlin"))
    'every day around 07:00 (Europe/Berlin), up to 15 papers'
    """
    often = _FREQUENCIES[preferences.frequency]
    papers = count(preferences.limit, "paper")
    return f"{often} around {preferences.hour:02}:00 ({preferences.timezone}), up to {papers}"


def rhythm(preferences: Preferences) -> str:
    """Say how often and how much a reader gets, where the hour is not known.

    >>> rhythm(Preferences(frequency="weekly"))
    'once a week, up to 15 papers'
    """
    return f"{_FREQUENCIES[preferences.frequency]}, up to {count(preferences.limit, 'paper')}"


def appointment(moment: datetime, preferences: Preferences) -> str:
    """Name an hour to come in the reader's zone.

    >>> from datetime import UTC
    >>> appointment(datetime(2026, 11, 23, 6, tzinfo=UTC), Preferences(timezone="Europe/Berlin"))
    'Monday, 23 November, around 07:00 (Europe/Berlin)'
    """
    local = moment.astimezone(ZoneInfo(preferences.timezone))
    return f"{long_date(local.date())[:-5]}, around {local:%H:%M} ({preferences.timezone})"


def reading_minutes(words: int) -> int:
    """Return how many minutes a text takes, begun ones counted, at least one."""
    return max(1, math.ceil(words / WORDS_A_MINUTE))


def anchor(paper: Paper) -> str:
    """Return the stable name of a paper within a page, safe in a fragment without quoting.

    >>> from datetime import UTC
    >>> anchor(Paper(id="arxiv:math/0309136", title="", first_seen=datetime(2026, 1, 1, tzinfo=UTC)))
    'arxiv-math-0309136'
    """
    return re.sub(r"[^A-Za-z0-9.]+", "-", paper.id).strip("-")


def identifier(paper: Paper) -> str:
    """Return what a paper is looked up by, `arXiv:2606.00001` or `doi:10.1101/…`; empty without either."""
    return f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else f"doi:{paper.doi}" if paper.doi else ""


def links(paper: Paper) -> tuple[tuple[str, str], ...]:
    """Return the name and address of a paper's links, one of each kind, the abstract first.

    An address that is not of the web is left out: mails carry what strangers wrote.
    """
    first: dict[str, str] = {}
    for found in paper.links:
        if is_web(found.url):
            first.setdefault(found.rel, found.url)
    return tuple((name, first[rel]) for rel, name in _LINK_NAMES.items() if rel in first)


def further_links(paper: Paper) -> tuple[tuple[str, str], ...]:
    """Return the links that the title does not lead to already."""
    return tuple((name, url) for name, url in links(paper) if url != home(paper))


def home(paper: Paper) -> str | None:
    """Return where a title leads: the abstract, else a page or file, else who mentioned it first."""
    found = dict(links(paper))
    for name in ("Abstract", "Project", "Post", "PDF", "Discussion", "Code"):
        if name in found:
            return found[name]
    return next((mention.url for mention in paper.mentions if is_web(mention.url)), None)


def is_web(url: str) -> bool:
    """Return whether an address is http or https, and holds nothing that ends an attribute or a line."""
    return _WEB_ADDRESS.fullmatch(url) is not None


def reason(entry: Entry) -> str:
    """Say why a paper is here, as the edition froze it; empty where there is nothing to say."""
    return entry.why.rstrip(". ")


def quotation(entry: Entry) -> str:
    """Join the abstract's sentences, with an ellipsis where the abstract does not join them itself."""
    if not entry.summary:
        return ""
    joined = " ".join(entry.summary)
    return joined if joined in " ".join(entry.paper.abstract.split()) else " … ".join(entry.summary)


FILTERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        count, times, ordinal, sparkline, arrow, direction, unusual, movement, byline,
        anchor, identifier, links, further_links, home, schedule, rhythm, reason, quotation,
    )
}  # fmt: skip
"""What every template can say."""
