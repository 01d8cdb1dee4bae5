"""How alike a day's papers are: shared words weighed by rarity, and the latent space.

tf-idf cosine (G. Salton and C. Buckley, “Term-weighting approaches in
automatic text retrieval”, Information Processing & Management 24(5), 1988).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.topics.memory import Memory, terms
from newsletter.topics.space import sparse_rows
from newsletter.topics.words import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

TITLE_WEIGHT = 3
"""A word in the title counts as three in the abstract."""
LATENT_SHARE = 0.3
"""The latent space's part in a similarity; the rest is shared words."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """A day's papers, by number, as rows of length 1."""

    words: Any
    """Papers × terms, sparse."""
    latent: "Matrix"
    """Papers × directions; no columns without a memory."""

    def near(self, papers: Sequence[int]) -> "Matrix":
        """Return papers × papers, 1 on the diagonal, about 0 for two that have nothing in common."""
        import numpy as np

        words = self.words[papers]
        near = (words @ words.T).toarray()
        if self.latent.shape[1]:
            latent = self.latent[papers]
            near = (1 - LATENT_SHARE) * near + LATENT_SHARE * (latent @ latent.T)
        return np.asarray(near, np.float32)

    def halves(self, papers: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the papers in two parts that are each more alike, neither less than a tenth of all.

        2-means (S. Lloyd, “Least squares quantization in PCM”, 1982) from the
        paper that is least like the mean and the one least like that.
        """
        import numpy as np

        rows = self.latent[papers] if self.latent.shape[1] else self.words[papers]
        first = rows[[int(np.argmin(_against(rows, rows.mean(axis=0))))]]
        second = rows[[int(np.argmin(_against(rows, first)))]]
        side = _against(rows, first) - _against(rows, second)
        for _ in range(10):
            if not 0 < (side > 0).sum() < len(papers):
                break
            side = _against(rows, rows[side > 0].mean(axis=0)) - _against(rows, rows[side <= 0].mean(axis=0))
        order = np.argsort(side, kind="stable")
        least = len(papers) // 10
        cut = min(max(int((side <= 0).sum()), least), len(papers) - least)
        numbers = np.array(papers)[order].tolist()
        return sorted(numbers[:cut]), sorted(numbers[cut:])


def vectors(readings: Sequence[Reading], memory: Memory) -> Vectors:
    """Return a day's papers as vectors; a stem or phrase of a single paper relates it to nobody."""
    met = Counter(term for reading in readings for term in set(terms(reading)))
    rarity = {
        term: math.sqrt((math.log((1 + len(readings)) / (1 + papers)) + 1) * (memory.rarity(term) + 1))
        for term, papers in met.items()
        if papers > 1
    }
    del met
    words, latent = [], []
    for reading in readings:
        counts = Counter(terms(reading)) + Counter(list(terms(reading.heading)) * (TITLE_WEIGHT - 1))
        damped = {term: 1 + math.log(count) for term, count in counts.items()}
        words.append({term: weight * rarity[term] for term, weight in damped.items() if term in rarity})
        latent.append({term: n * memory.rarity(term) for term, n in damped.items() if " " not in term})
    return Vectors(sparse_rows(words, tuple(sorted(rarity))), memory.space.place(latent))


def _against(rows: Any, one: Any) -> "Matrix":
    """Return each row's product with one row."""
    import numpy as np

    row = np.asarray(one.todense() if hasattr(one, "todense") else one, np.float32).reshape(-1)
    product: Matrix = np.asarray(rows @ row).reshape(-1)
    return product
