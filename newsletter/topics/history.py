"""What a topic is doing: the same topic as yesterday's, up or down, for how many days.

A topic keeps its identity (its slug) while its label, or most of what it is
about, stays. Its shares are those of papers that hold its phrase, so that a
day on which no topic formed around it leaves no gap in its series.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2s

from newsletter.models import Paper, Topic, Trend
from newsletter.topics.matching import DayIndex
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import clauses

SERIES_DAYS = 10
REMEMBERED_DAYS = 28
"""Publishing days after which a topic that stayed away is new when it comes back."""
KNOWN_FROM_PAPERS = 1_000
"""Papers that a memory needs before it can say what a share usually is."""
KNOWN_FROM_HOLDERS = 5
"""Papers that must have held a label; of one seen once, hundreds of times its usual share would be told."""
_SAME = 0.5
"""Share of their keywords' words that two topics have in common when they are one."""


@dataclass(frozen=True)
class Appearance:
    """A topic as one day had it."""

    slug: str
    label: str
    words: frozenset[str]
    """Stems of its label and keywords."""
    share: float
    """Of the day's papers."""


@dataclass(frozen=True)
class PastDay:
    """One day's topics, as they are kept."""

    date: date
    papers: int
    topics: tuple[Appearance, ...] = ()


def appearances(
    topics: Sequence[Topic], papers: Sequence[Paper], past: Sequence[PastDay], memory: Memory | None = None
) -> tuple[Appearance, ...]:
    """Return each topic with its identity, in the topics' order; each slug occurs once.

    `past` is oldest first. A topic takes over the slug of an earlier one with
    the same label, else of the one most of whose words it shares; else it gets
    a slug of its own, made from its label. Its share is that of the `papers`
    that hold its label.
    """
    earlier = {one.slug: one for day in past[-REMEMBERED_DAYS:] for one in day.topics}
    said = DayIndex(papers, None if memory is None else memory.long_forms)
    found: list[Appearance] = []
    for topic in topics:
        words = _words((topic.label, *topic.keywords))
        slug = _inherited(topic.label, words, [earlier[name] for name in sorted(earlier)])
        if slug is None:
            slug = _own_slug(topic.label, taken={one.slug for one in found} | earlier.keys())
        earlier.pop(slug, None)
        held = said.holders(topic.label).bit_count()
        found.append(Appearance(slug, topic.label, words, round(held / max(1, len(papers)), 6)))
    return tuple(found)


def trend(now: Appearance, past: Sequence[PastDay], memory: Memory) -> Trend:
    """Return what a topic is doing; `past` is oldest first and holds none of today.

    The series shows its share of the last ten publishing days, as topics of
    those days or as the memory counted its phrase. Up and down mean more than
    the noise of a count: two standard deviations from the days before.
    """
    streak = 1
    for day in reversed(past):
        if not _has(day, now.slug):
            break
        streak += 1
    is_known = any(_has(day, now.slug) for day in past[-REMEMBERED_DAYS:])
    before = [_share(now, day, memory) for day in past[-(SERIES_DAYS - 1) :]]
    usual = _usual(now, memory)
    return Trend(
        movement=_movement(now, past, before) if is_known else "new",
        streak_days=streak,
        series=(*before, now.share),
        ratio=None if usual is None else round(now.share / usual, 2),
    )


def trend_over(
    one: Appearance, past: Sequence[PastDay], since: date, memory: Memory, *, usual: float | None
) -> Trend:
    """Return what a topic did from the day `since` on; `past` is oldest first and ends with the last of them.

    Its share is that of all the papers of those days. It is new where none of
    the 28 publishing days before them knew it, and it went up or down against
    the days before that the series still shows, or else against its `usual`
    share, by more than the noise of a count. Days that the memory has counted
    no more, and that had no such topic, count as days without it: more than
    ten days may then be told up, but no ratio.
    """
    days = [day for day in past if day.date >= since]
    before = [day for day in past if day.date < since]
    papers = sum(day.papers for day in days)
    share = sum(_share(one, day, memory) * day.papers for day in days) / max(1, papers)
    shown = [_share(one, day, memory) for day in past[-SERIES_DAYS:]]
    base = shown[: -len(days)] if days else shown
    expected = sum(base) / len(base) if base else usual
    charted = sum(_has(day, one.slug) for day in days)
    is_counted = charted == len(days) or len(days) <= len(memory.recent)
    return Trend(
        movement=_against(share, expected, papers)
        if any(_has(day, one.slug) for day in before[-REMEMBERED_DAYS:])
        else "new",
        streak_days=0,
        series=tuple(shown),
        ratio=round(share / usual, 2) if usual and is_counted else None,
        days=charted,
    )


def _has(day: PastDay, slug: str) -> bool:
    return any(one.slug == slug for one in day.topics)


def _against(share: float, expected: float | None, papers: float) -> str:
    """Say whether a share of so many papers is beyond two standard deviations of what was expected."""
    if expected is None:
        return "steady"
    noise = 2 * math.sqrt(max(expected, 1 / max(papers, 1)) / max(papers, 1))
    return "up" if share > expected + noise else "down" if share < expected - noise else "steady"


def _movement(now: Appearance, past: Sequence[PastDay], before: Sequence[float]) -> str:
    mean = sum(before) / len(before)
    papers = sum(day.papers for day in past[-len(before) :]) / len(before)
    return _against(now.share, mean, papers)


def _share(now: Appearance, day: PastDay, memory: Memory) -> float:
    for one in day.topics:
        if one.slug == now.slug:
            return one.share
    for counted in memory.recent:
        if counted.date == day.date and counted.papers:
            return round(counted.holders.get(_phrase(now.label), 0) / counted.papers, 6)
    return 0.0


def _usual(now: Appearance, memory: Memory) -> float | None:
    """Return the share of papers that usually hold the label; None while that is not known."""
    held = memory.holders.get(_phrase(now.label), 0.0)
    if memory.papers < KNOWN_FROM_PAPERS or held < KNOWN_FROM_HOLDERS:
        return None
    return held / memory.papers


def _phrase(label: str) -> str:
    return " ".join(word.stem for clause in clauses(label) for word in clause)


def _words(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(word.stem for phrase in phrases for clause in clauses(phrase) for word in clause)


def _inherited(label: str, words: frozenset[str], earlier: Sequence[Appearance]) -> str | None:
    for one in earlier:
        if _phrase(one.label) == _phrase(label):
            return one.slug
    likeness = [(len(words & one.words) / max(1, len(words | one.words)), one.slug) for one in earlier]
    best = max(likeness, key=lambda pair: (pair[0], pair[1]), default=(0.0, ""))
    return best[1] if best[0] >= _SAME else None


def _own_slug(label: str, taken: Iterable[str]) -> str:
    """Return a label as a part of an address, told apart from others by a number.

    >>> _own_slug("3D Gaussian splatting", {"3d-gaussian-splatting"})
    '3d-gaussian-splatting-2'
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    if not slug:  # a label in another script
        slug = f"topic-{blake2s(label.encode(), digest_size=4).hexdigest()}"
    used, number, name = set(taken), 2, slug
    while name in used:
        name, number = f"{slug}-{number}", number + 1
    return name
