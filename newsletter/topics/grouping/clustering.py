"""Put a day's papers into topics that a phrase names.

Papers that are alike are joined into a tree by average linkage (R. Sokal and
C. Michener, “A statistical method for evaluating systematic relationships”,
1958). A branch is worth how much more alike its pairs are than pairs of that
day usually are (the objective of N. Bansal, A. Blum and S. Chawla,
“Correlation clustering”, Machine Learning 56, 2004), times how well one
phrase names it. The topics are the branches, none inside another, whose worth
sums highest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.models import Paper, Topic
from newsletter.topics.grouping.labels import label, printed
from newsletter.topics.grouping.phrasebook import Phrasebook, phrasebook
from newsletter.topics.grouping.similarity import Vectors, vectors
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words import acronyms
from newsletter.topics.words.words import Clause, Reading, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

LEAST_PAPERS = 3
"""Fewer papers are no topic."""
UNUSUAL = 3.0
"""Median absolute deviations above the day's median at which a pair is unusually alike."""
BELONGS = 0.75
"""A member that is less alike to the others than this, as a share of the members' mean, is left out."""
MOST_AT_ONCE = 1_500
"""Papers that make one tree; the work and the memory grow with the square, a larger day is halved first."""


@dataclass(frozen=True)
class _Day:
    """What is known of the day's papers, by number."""

    papers: Sequence[Paper]
    readings: Sequence[Reading]
    vectors: Vectors
    book: Phrasebook
    memory: Memory


def find_topics(papers: Iterable[Paper], memory: Memory) -> tuple[Topic, ...]:
    """Return the day's topics, best first; a paper is in one of them or in none.

    A topic has three papers or more: those that hold its label first, then
    those that are like them, each best first. Labels differ. The order in
    which papers come does not matter.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)
    if len(ordered) < LEAST_PAPERS:
        return ()
    long_forms = day_long_forms(ordered, memory)
    readings = [read(paper, long_forms) for paper in ordered]
    day = _Day(ordered, readings, vectors(readings, memory), phrasebook(readings, memory), memory)
    usual = _usual(day)
    branches: list[list[int]] = []
    for part in parts(list(range(len(ordered))), day.vectors):
        branches += _branches(part, day, usual)
    topics = [_topic(phrase, members, day, usual) for phrase, members in _named(branches, day.book)]
    found: dict[str, Topic] = {}
    for _, topic in sorted((one for one in topics if one), key=lambda one: (-one[0], one[1].label)):
        found.setdefault(topic.label, topic)
    return tuple(found.values())


def day_long_forms(papers: Iterable[Paper], memory: Memory) -> dict[str, Clause]:
    """Return what acronyms stand for, as the day's papers and those before introduce them."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for paper in papers:
        for acronym, form in acronyms.introductions(paper.abstract):
            counts[acronym][form] += 1
    return acronyms.long_forms(counts, least=2) | memory.long_forms


def parts(papers: list[int], day: Vectors) -> list[list[int]]:
    """Return a day's papers in parts of at most `MOST_AT_ONCE` that are each more alike."""
    if len(papers) <= MOST_AT_ONCE:
        return [papers]
    return [part for half in day.halves(papers) for part in parts(half, day)]


def _usual(day: _Day) -> float:
    """Return the similarity that a pair of papers with nothing special in common stays below.

    Median and median absolute deviation (F. Hampel, “The influence curve and
    its role in robust estimation”, JASA 69, 1974): the pairs inside topics,
    be they few or a third of all, do not move them. A large day is sampled evenly.
    """
    import numpy as np

    step = -(-len(day.papers) // MOST_AT_ONCE)
    near = day.vectors.near(range(0, len(day.papers), step))
    pairs = near[np.triu_indices(len(near), 1)]
    middle = np.median(pairs)
    return float(middle + UNUSUAL * np.median(np.abs(pairs - middle)))


def _branches(papers: Sequence[int], day: _Day, usual: float) -> list[list[int]]:
    """Return the branches of the papers' tree, none inside another, whose worth sums highest."""
    import numpy as np
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    near = day.vectors.near(papers)
    distance = np.maximum(1 - near, 0)
    np.fill_diagonal(distance, 0)
    members: list[list[int]] = [[paper] for paper in papers]
    alike: list[float] = [0.0] * len(near)
    worth: list[float] = [0.0] * len(near)
    chosen: list[list[list[int]]] = [[] for _ in range(len(near))]
    for left, right, height, size in linkage(squareform(distance, checks=False), "average").tolist():
        a, b = int(left), int(right)
        branch = members[a] + members[b]
        pairs = alike[a] + alike[b] + (1 - height) * len(members[a]) * len(members[b])
        value, best = worth[a] + worth[b], chosen[a] + chosen[b]
        beyond = pairs - usual * size * (size - 1) / 2
        if size >= LEAST_PAPERS and beyond > 0:
            whole = beyond * day.book.best(branch)[0]
            if whole > value:
                value, best = whole, [branch]
        members.append(branch)
        alike.append(pairs)
        worth.append(value)
        chosen.append(best)
    return chosen[-1]


def _named(branches: Iterable[Sequence[int]], book: Phrasebook) -> list[tuple[str, list[int]]]:
    """Return the branches with their phrases, those with one phrase as one."""
    by_phrase: dict[str, list[int]] = defaultdict(list)
    for branch in branches:
        phrase = book.best(branch)[1]
        if phrase is not None:
            by_phrase[phrase].extend(branch)
    return sorted(by_phrase.items())


def _topic(phrase: str, members: Sequence[int], day: _Day, usual: float) -> tuple[float, Topic] | None:
    """Return a topic with its worth, without members that do not belong; None where too few remain."""
    closeness = _closeness(members, day.vectors)
    mean = sum(closeness.values()) / len(closeness)
    members = [member for member in members if closeness[member] >= BELONGS * mean]
    if len(members) < LEAST_PAPERS:
        return None
    closeness = _closeness(members, day.vectors)
    holders = day.book.holders[phrase]
    members.sort(key=lambda one: (one not in holders, -closeness[one], one))
    told = [day.readings[member] for member in members]
    keywords = day.book.keywords(members, phrase)
    beyond = sum(closeness.values()) / len(members) - usual
    heading = label(phrase, [day.readings[member] for member in members if member in holders], day.memory)
    topic = Topic(
        label=heading,
        keywords=(heading, *(printed(tuple(one.split()), told, day.memory) for one in keywords[1:])),
        papers=tuple(day.papers[member] for member in members),
        cohesion=round(min(1.0, max(0.0, beyond)), 6),
    )
    pairs = len(members) * (len(members) - 1) / 2
    return round(beyond * pairs * day.book.fit(phrase, frozenset(members)), 6), topic


def _closeness(members: Sequence[int], day: Vectors) -> dict[int, float]:
    """Return each member's mean similarity to the others, rounded, so that the order does not matter."""
    near = day.near(members)
    means = (near.sum(axis=1) - near.diagonal()) / (len(members) - 1)
    return {member: round(float(mean), 6) for member, mean in zip(members, means, strict=True)}
