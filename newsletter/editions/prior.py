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
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from newsletter.models import Value
from newsletter.topics.stems import stem
from newsletter.topics.vocabulary import STOP_WORDS

PENALTY = 33.0
"""Weight of half the squared coefficients."""
LEAST_LIKED = 30
"""Liked papers below which nothing is learnt: fewer teach noise."""
RARE = 5
"""Papers that a feature must stand in to be learnt."""
LONGEST_TEXT = 20_000
"""Characters of an abstract that are read; an honest one is shorter."""

_WORD = re.compile(r"[^\W_]+")
_NAMED = re.compile(r"[\w$\\{}.^+-]{2,20}:")


class Lesson(NamedTuple):
    """A paper of the past: its words, and the most votes that any place showed (None: no page had it)."""

    title: str
    abstract: str
    votes: int | None


class Prior(Value):
    """The coefficients of a fitted regression by feature; none where too little was liked to learn from."""

    intercept: float = 0.0
    weights: Mapping[str, float] = {}

    @property
    def is_learnt(self) -> bool:
        """Whether there was enough to learn from."""
        return bool(self.weights)

    def logit(self, title: str, abstract: str) -> float:
        """Return the log-odds that readers vote for a paper with these words; 0 while nothing is learnt."""
        found = features(title, abstract)
        return self.intercept + math.fsum(self.weights.get(name, 0.0) * found[name] for name in found)


def features(title: str, abstract: str) -> dict[str, float]:
    """Return a paper's features: stems of the abstract, stems and pairs of the title, a coined name.

    >>> list(features("Cool: flow matching", "Flows."))
    ['a flow', 't cool', 't flow', 't match', 't cool flow', 't flow match', 'named']
    """
    headline = _words(title)
    names = [f"a {word}" for word in _words(abstract[:LONGEST_TEXT])]
    names += [f"t {word}" for word in headline]
    names += [f"t {first} {second}" for first, second in pairwise(headline)]
    found = dict.fromkeys(names, 1.0)
    if _NAMED.match(title):
        found["named"] = 2.0
    return found


def _words(text: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def fit(lessons: Sequence[Lesson]) -> Prior:
    """Learn from papers of the past, in any order; a liked one weighs 1 + log2(1 + votes).

    SciPy is imported here: only the process that composes pays for it.
    """
    if sum(lesson.votes is not None for lesson in lessons) < LEAST_LIKED:
        return Prior()
    import numpy as np  # noqa: PLC0415 - see above
    from scipy.optimize import minimize  # noqa: PLC0415
    from scipy.sparse import csr_matrix  # noqa: PLC0415
    from scipy.special import expit  # noqa: PLC0415

    ordered = sorted(lessons, key=lambda lesson: (lesson.title, lesson.abstract))
    rows = [features(lesson.title, lesson.abstract) for lesson in ordered]
    counts = Counter(name for row in rows for name in row)
    names = sorted(name for name, count in counts.items() if count >= RARE)
    column = {name: index for index, name in enumerate(names)}
    kept = [[(column[name], value) for name, value in row.items() if name in column] for row in rows]
    starts = np.cumsum([0, *(len(row) for row in kept)])
    cells = [cell for row in kept for cell in row]
    matrix = csr_matrix(
        ([value for _, value in cells], [index for index, _ in cells], starts), shape=(len(rows), len(names))
    )
    sign = np.array([1.0 if lesson.votes is not None else -1.0 for lesson in ordered])
    weight = np.array(
        [1.0 if lesson.votes is None else 1 + math.log2(1 + lesson.votes) for lesson in ordered]
    )

    def loss(coefficients: Any) -> tuple[float, Any]:
        margin = sign * (matrix @ coefficients[:-1] + coefficients[-1])
        pull = -weight * sign * expit(-margin)
        penalised = np.append(PENALTY * coefficients[:-1], 0.0)
        value = weight @ np.logaddexp(0, -margin) + penalised @ coefficients / 2
        return float(value), np.append(matrix.T @ pull, pull.sum()) + penalised

    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options={"ftol": 1e-4}).x
    rounded = [round(float(value), 4) for value in found]
    return Prior(intercept=rounded.pop(), weights={n: v for n, v in zip(names, rounded, strict=True) if v})
