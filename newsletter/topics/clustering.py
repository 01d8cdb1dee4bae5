"""Put a day's papers into topics that a phrase names.

Papers that are alike are joined into a tree by average linkage (R. Sokal and
C. Michener, “A statistical method for evaluating systematic relationships”,
1958); the tree is cut; each group is named by the phrase that fits it best.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from newsletter.models import Paper, Topic
from newsletter.topics import acronyms
from newsletter.topics.labels import LEAST_PAPERS, Phrasebook, phrasebook
from newsletter.topics.memory import Memory
from newsletter.topics.similarity import similarities
from newsletter.topics.words import Clause, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

PAPERS_A_GROUP = 3.5
"""The tree is cut into so many groups that this is their mean size; most of them are single papers."""


def find_topics(papers: Iterable[Paper], memory: Memory) -> tuple[Topic, ...]:
    """Return the day's topics, best first; a paper is in one of them or in none.

    A topic has three papers or more, those that hold its label first, best
    first. The order in which papers come does not matter.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)
    if len(ordered) < LEAST_PAPERS:
        return ()
    long_forms = day_long_forms(ordered, memory)
    readings = [read(paper, long_forms) for paper in ordered]
    near = similarities(readings, memory)
    book = phrasebook(readings, memory)
    named = [topic for group in _groups(near) if (topic := _topic(group, ordered, near, book))]
    named.sort(key=lambda one: (-one[0], one[1].label))
    return tuple(topic for _, topic in named)


def day_long_forms(papers: Iterable[Paper], memory: Memory) -> dict[str, Clause]:
    """Return what acronyms stand for, as the day's papers and those before introduce them."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for paper in papers:
        for acronym, form in acronyms.introductions(paper.abstract):
            counts[acronym][form] += 1
    return acronyms.long_forms(counts, least=2) | memory.long_forms


def _groups(near: "Matrix") -> list[list[int]]:
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distance = np.maximum(1 - near, 0)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    cut = fcluster(tree, max(1, round(len(near) / PAPERS_A_GROUP)), "maxclust")
    members: dict[int, list[int]] = defaultdict(list)
    for paper, group in enumerate(cut):
        members[int(group)].append(paper)
    return [group for group in members.values() if len(group) >= LEAST_PAPERS]


def _topic(
    group: Sequence[int], papers: Sequence[Paper], near: "Matrix", book: Phrasebook
) -> tuple[float, Topic] | None:
    import numpy as np

    fit, phrase = book.best(group)
    if phrase is None:
        return None
    inside = near[np.ix_(group, group)]
    closeness = (inside.sum(axis=1) - 1) / (len(group) - 1)
    rank = sorted(
        range(len(group)),
        key=lambda place: (group[place] not in book.holders[phrase], -closeness[place], group[place]),
    )
    holders = [member for member in group if member in book.holders[phrase]]
    cohesion = float(closeness.mean())
    topic = Topic(
        label=book.label(phrase, holders),
        keywords=book.keywords(group, phrase),
        papers=tuple(papers[group[place]] for place in rank),
        cohesion=round(max(0.0, cohesion), 6),
    )
    return round(cohesion * fit * math.sqrt(len(group)), 6), topic
