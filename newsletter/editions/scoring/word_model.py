"""What readers of the sources liked before, learnt from words alone.

An L2-regularised logistic regression (Hastie, Tibshirani and Friedman, *The
Elements of Statistical Learning*, 4.4) of "readers voted for it" on the words
of the last 28 publishing days, fitted by L-BFGS (Liu and Nocedal 1989, as
SciPy has it). It has learnt the taste of one crowd and knows nothing of merit;
the published definition says so.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from newsletter.models import Value
from newsletter.topics.words.stems import stem
from newsletter.topics.words.vocabulary import STOP_WORDS

PENALTY = 33.0
"""Weight of half the squared coefficients."""
LEAST_LIKED = 30
"""Liked papers below which nothing is learnt: fewer teach noise."""
RARE = 5
"""Papers that a feature must stand in to be learnt."""
LONGEST_TEXT = 20_000
"""Characters of an abstract that are read; an honest one is shorter."""

_WORD = re.compile(r"[^\W_]+")


class Lesson(NamedTuple):
    """A paper of the past: its words, and if any place's readers voted for it."""

    title: str
    abstract: str
    is_liked: bool


class Prior(Value):
    """The coefficients of a fitted regression by feature; none where too little was liked to learn from."""

    intercept: float = 0.0
    weights: Mapping[str, float] = {}

    def logit(self, title: str, abstract: str) -> float:
        """Return the log-odds that readers vote for a paper with these words; 0 while nothing is learnt."""
        return self.intercept + math.fsum(self.weights.get(one, 0.0) for one in words(title, abstract))


def words(title: str, abstract: str) -> set[str]:
    """Return the stems that a paper holds; how often and where does not matter to what readers like.

    >>> sorted(words("Cool: flow matching", "It flows."))
    ['cool', 'flow', 'match']
    """
    found = _WORD.findall(f"{title} {abstract[:LONGEST_TEXT]}".lower())
    return {stem(word) for word in found if word not in STOP_WORDS}


def fit(lessons: Iterable[Lesson]) -> Prior:
    """Learn from papers of the past; their order does not matter.

    SciPy is imported here: only the process that composes pays for it.
    """
    ordered = sorted(lessons)
    if sum(lesson.is_liked for lesson in ordered) < LEAST_LIKED:
        return Prior()
    import numpy as np  # noqa: PLC0415 - see above
    from scipy.optimize import minimize  # noqa: PLC0415 - see above
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - see above
    from scipy.special import expit  # noqa: PLC0415 - see above

    rows = [words(lesson.title, lesson.abstract) for lesson in ordered]
    counts = Counter(chain.from_iterable(rows))
    names = sorted(name for name, count in counts.items() if count >= RARE)
    column = {name: index for index, name in enumerate(names)}
    cells = [sorted(column[name] for name in row if name in column) for row in rows]
    starts = np.cumsum([0, *map(len, cells)])
    matrix = csr_matrix(
        (np.ones(starts[-1]), np.fromiter(chain.from_iterable(cells), int), starts),
        shape=(len(rows), len(names)),
    )
    sign = np.array([1.0 if lesson.is_liked else -1.0 for lesson in ordered])

    def loss(coefficients: Any) -> tuple[float, Any]:
        margin = sign * (matrix @ coefficients[:-1] + coefficients[-1])
        pull = -sign * expit(-margin)
        penalised = np.append(PENALTY * coefficients[:-1], 0.0)
        value = np.logaddexp(0, -margin).sum() + penalised @ coefficients / 2
        return float(value), np.append(matrix.T @ pull, pull.sum()) + penalised

    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options={"ftol": 1e-4}).x
    rounded = [round(float(value), 4) for value in found]
    return Prior(intercept=rounded.pop(), weights={n: v for n, v in zip(names, rounded, strict=True) if v})
