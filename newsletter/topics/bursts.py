"""Find the phrases that a day's papers hold far more often than usual.

A statement about topics, never a term of a paper's score: bursts do not
foretell votes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsletter.models import Paper
from newsletter.topics.clustering import LEAST_PAPERS, day_long_forms
from newsletter.topics.labels import label
from newsletter.topics.memory import Memory
from newsletter.topics.phrasebook import Phrasebook, phrasebook
from newsletter.topics.words import Reading, read

WINDOWS = (1, 3, 5)
"""Publishing days over which a burst may have built up, this one included."""
UNEVENNESS = 0.1
"""Variance of a phrase's share from day to day, over the square of its mean: talk comes in clumps."""
_PRIOR = (0.5, 200.0)
"""A phrase never met counts as half a paper in two hundred."""


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


def bursts(papers: Iterable[Paper], memory: Memory, *, limit: int = 40) -> tuple[Burst, ...]:
    """Return the day's bursts, most surprising first, one for a group of papers.

    Shares are compared, so a Tuesday's flood bursts nothing. A phrase needs
    three papers of two groups of authors. Without a memory nothing is usual,
    and nothing bursts.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)
    if not ordered or not memory.papers:
        return ()
    long_forms = day_long_forms(ordered, memory)
    readings = [read(paper, long_forms) for paper in ordered]
    book = phrasebook(readings, memory)
    scored = []
    for phrase, worth in book.worth.items():
        surprise, ratio = _surprise(phrase, len(book.holders[phrase]), len(ordered), memory)
        if surprise > 0:
            scored.append((round(surprise * worth, 6), ratio, phrase))
    scored.sort(key=lambda one: (-one[0], one[2]))
    return _distinct(scored, ordered, readings, book, limit)


def _surprise(phrase: str, holders: int, papers: int, memory: Memory) -> tuple[float, float]:
    """Return how far the count lies above what is usual, in standard deviations, and the ratio of shares.

    The best of the windows, on a count whose mean is uncertain and whose
    spread is that of clumps (negative binomial).
    """
    best = (0.0, 1.0)
    for days in WINDOWS:
        earlier = memory.recent[len(memory.recent) - (days - 1) :] if days > 1 else ()
        met = holders + sum(day.holders.get(phrase, 0) for day in earlier)
        total = papers + sum(day.papers for day in earlier)
        usual = max(0.0, memory.holders.get(phrase, 0.0) - met + holders) + _PRIOR[0]
        expected = total * usual / (max(0.0, memory.papers - total + papers) + _PRIOR[1])
        spread = math.sqrt(expected + 0.3 + UNEVENNESS / days * expected**2)
        surprise = (met - expected) / spread
        if surprise > best[0]:
            best = surprise, met / expected
    return best


def _distinct(
    scored: Sequence[tuple[float, float, str]],
    papers: Sequence[Paper],
    readings: Sequence[Reading],
    book: Phrasebook,
    limit: int,
) -> tuple[Burst, ...]:
    """Return the first of those that tell of the same papers."""
    found: list[Burst] = []
    taken: list[tuple[frozenset[int], frozenset[str]]] = []
    for surprise, ratio, phrase in scored:
        holders, stems = book.holders[phrase], frozenset(phrase.split())
        if any(_tell_the_same(holders, stems, *other) for other in taken):
            continue
        members = sorted(holders)
        if len(members) < LEAST_PAPERS or _author_groups([papers[member] for member in members]) < 2:
            continue
        taken.append((holders, stems))
        name = label(phrase, [readings[member] for member in members])
        found.append(Burst(name, surprise, round(ratio, 4), tuple(papers[member] for member in members)))
        if len(found) == limit:
            break
    return tuple(found)


def _tell_the_same(
    one: frozenset[int], words: frozenset[str], other: frozenset[int], others: frozenset[str]
) -> bool:
    shared = len(one & other)
    return shared >= 0.7 * len(one) or (bool(words & others) and shared >= 0.4 * min(len(one), len(other)))


def _author_groups(papers: Sequence[Paper]) -> int:
    """Count groups of papers that share no author; a paper without authors is a group of its own."""
    groups: list[set[str]] = []
    for paper in papers:
        authors = set(paper.authors)
        if not any(authors & group for group in groups):
            groups.append(authors)
    return len(groups)
