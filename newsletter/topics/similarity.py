"""How alike a day's papers are: shared words weighed by rarity, the latent space, and the company they keep.

tf-idf cosine: G. Salton and C. Buckley, “Term-weighting approaches in
automatic text retrieval”, Information Processing & Management 24(5), 1988.
Leaning on neighbours: A. Singhal and F. Pereira, “Document expansion for
speech retrieval”, SIGIR 1999.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newsletter.topics.memory import Memory, is_content
from newsletter.topics.space import sparse_rows
from newsletter.topics.words import Reading, phrases

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

TITLE_WEIGHT = 3
"""A word in the title counts as three in the abstract."""
LATENT_SHARE = 0.3
"""The latent space's part in a similarity; the rest is shared words."""
NEIGHBOURS = 4
"""A paper is seen together with so many that are most like it, as heavy as itself in sum."""


def similarities(readings: Sequence[Reading], memory: Memory) -> "Matrix":
    """Return papers × papers, symmetric, 1 on the diagonal, about 0 for two that have nothing in common."""
    import numpy as np

    counts = [_weighted_counts(reading) for reading in readings]
    words = _word_rows(counts, memory)
    near: Matrix = np.asarray((words @ words.T).todense(), np.float32)
    latent = memory.space.place(
        [
            {term: _damped(n) * memory.rarity(term) for term, n in row.items() if " " not in term}
            for row in counts
        ]
    )
    if latent.shape[1]:
        near = np.asarray((1 - LATENT_SHARE) * near + LATENT_SHARE * (latent @ latent.T), np.float32)
    return _in_company(near)


def _in_company(near: "Matrix") -> "Matrix":
    """Return the similarities after each paper is averaged with those nearest to it."""
    import numpy as np
    from scipy import sparse

    papers = len(near)
    others = np.maximum(near, 0)
    np.fill_diagonal(others, 0)
    nearest = np.argsort(-others, axis=1, kind="stable")[:, :NEIGHBOURS]
    weights = np.take_along_axis(others, nearest, axis=1)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    company = sparse.csr_matrix(
        (weights.ravel(), (np.repeat(np.arange(papers), nearest.shape[1]), nearest.ravel())), (papers, papers)
    ) + sparse.eye(papers, dtype=np.float32)
    joined = company @ (company @ near).T
    scale = 1 / np.sqrt(np.maximum(np.diag(joined), 1e-9))
    scaled: Matrix = np.asarray(joined * scale[:, None] * scale, np.float32)
    return np.maximum(scaled, scaled.T)  # rounding must not make it lopsided


def _word_rows(counts: Sequence[Mapping[str, int]], memory: Memory) -> Any:
    """Return papers × terms, rows of length 1; a term of one paper alone relates it to nobody."""
    met = Counter(term for row in counts for term in row)
    rarity = {
        term: math.sqrt((math.log((1 + len(counts)) / (1 + papers)) + 1) * (memory.rarity(term) + 1))
        for term, papers in met.items()
        if papers > 1
    }
    rows = [{term: _damped(n) * rarity[term] for term, n in row.items() if term in rarity} for row in counts]
    return sparse_rows(rows, tuple(sorted(rarity)))


def _damped(count: int) -> float:
    return 1 + math.log(count)


def _weighted_counts(reading: Reading) -> Counter[str]:
    counts: Counter[str] = Counter()
    for clauses, weight in ((reading.title, TITLE_WEIGHT), (reading.abstract, 1)):
        for clause in clauses:
            for word in clause:
                if is_content(word):
                    counts[word.stem] += weight
        for phrase in phrases(clauses):
            if " " in phrase:
                counts[phrase] += weight
    return counts
