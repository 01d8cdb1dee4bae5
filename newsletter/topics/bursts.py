"""Find the phrases that a day's papers hold far more often than usual.

A statement about topics, never a term of a paper's score: bursts do not
foretell votes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.models import Paper
from newsletter.topics.grouping.clustering import LEAST_PAPERS, day_long_forms
from newsletter.topics.grouping.labels import label
from newsletter.topics.grouping.phrasebook import phrasebook
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import read

WINDOWS = (1, 5)
"""Publishing days over which a burst may have built up, this one included."""
LEAST_TITLES = 2
"""A burst stands in so many of the day's titles: what is only mentioned is not talked of."""


@dataclass(frozen=True)
class Burst:
    """A phrase that more papers hold than its usual share lets expect."""

    phrase: str
    surprise: float
    """Standard deviations above the expected count, times how good a name the phrase is."""
    ratio: float
    """Its share over its usual share, in the window in which it surprises most."""
    papers: tuple[Paper, ...]
    """Today's holders, by id."""


@dataclass(frozen=True)
class _Talk:
    phrase: str
    surprise: float
    ratio: float
    holders: frozenset[int]


def bursts(papers: Iterable[Paper], memory: Memory, *, limit: int = 40) -> tuple[Burst, ...]:
    """Return the day's bursts, most surprising first, one per group of papers.

    Shares are compared, so a Tuesday's flood bursts nothing. A phrase needs
    three papers of two groups of authors, and two titles. Without a memory
    nothing is usual, and nothing bursts.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)
    if not ordered or not memory.papers:
        return ()
    long_forms = day_long_forms(ordered, memory)
    readings = [read(paper, long_forms) for paper in ordered]
    book = phrasebook(readings, memory)
    talk = []
    for phrase, holders in book.holders.items():
        surprise, ratio = _surprise(phrase, len(holders), len(ordered), memory)
        is_talked_of = len(holders) >= LEAST_PAPERS and len(book.titled[phrase]) >= LEAST_TITLES
        if surprise > 0 and is_talked_of and _voices(ordered[one] for one in holders) > 1:
            talk.append(_Talk(phrase, round(surprise * book.worth[phrase], 6), round(ratio, 4), holders))
    talk.sort(key=lambda one: (-one.surprise, one.phrase))
    return tuple(
        Burst(
            phrase=label(one.phrase, [readings[number] for number in sorted(one.holders)], memory),
            surprise=one.surprise,
            ratio=one.ratio,
            papers=tuple(ordered[number] for number in sorted(one.holders)),
        )
        for one in _distinct(talk, limit)
    )


def _surprise(phrase: str, holders: int, papers: int, memory: Memory) -> tuple[float, float]:
    """Return how far the count lies above what is usual, in standard deviations, and the ratio of shares.

    The best of the windows; the spread is a count's (S. Poisson, 1837). A
    phrase never met counts as half a paper.
    """
    best = (0.0, 1.0)
    for days in WINDOWS:
        earlier = memory.recent[len(memory.recent) - (days - 1) :] if days > 1 else ()
        met = sum(day.holders.get(phrase, 0) for day in earlier)
        total = sum(day.papers for day in earlier)
        usual = max(0.5, memory.holders.get(phrase, 0.0) - met) / max(1.0, memory.papers - total)
        expected = usual * (papers + total)
        surprise = (holders + met - expected) / math.sqrt(expected)
        if surprise > best[0]:
            best = surprise, (holders + met) / expected
    return best


def _distinct(talk: Iterable[_Talk], limit: int) -> list[_Talk]:
    """Return the first of those that tell of the same papers."""
    found: list[_Talk] = []
    for one in talk:
        if len(found) < limit and not any(_tell_the_same(one, other) for other in found):
            found.append(one)
    return found


def _tell_the_same(one: _Talk, other: _Talk) -> bool:
    return len(one.holders & other.holders) >= 0.5 * min(len(one.holders), len(other.holders))


def _voices(papers: Iterable[Paper]) -> int:
    """Count groups of papers that share no author; a paper without authors is a group of its own."""
    groups: list[set[str]] = []
    for paper in papers:
        if not any(set(paper.authors) & group for group in groups):
            groups.append(set(paper.authors))
    return len(groups)
