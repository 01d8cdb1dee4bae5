"""How alike a day's papers are: shared words weighed by rarity, and the latent space.

tf-idf cosine (G. Salton and C. Buckley, “Term-weighting approaches in
automatic text retrieval”, Information Processing & Management 24(5), 1988).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.topics.memory.counting import Repeated, stems, terms
from newsletter.topics.memory.memory import Memory
from newsletter.topics.memory.space import of_length_1
from newsletter.topics.words.words import Reading, long_phrases

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
    import numpy as np

    counts, found = _counts(readings)
    met = np.bincount(counts.indices, minlength=len(found))
    remembered = np.array([memory.rarity(term) for term in found], np.float32)
    counts.data = 1 + np.log(counts.data)
    today = np.log((1 + len(readings)) / (1 + met)) + 1
    shared = np.flatnonzero(met > 1)
    words = counts[:, shared].multiply(np.sqrt(today * (remembered + 1))[shared]).tocsr()
    stems = [column for column, term in enumerate(found) if " " not in term]
    known = counts[:, stems].multiply(remembered[stems]).tocsr()
    return Vectors(of_length_1(words), memory.space.place(known, [found[column] for column in stems]))


def _counts(readings: Sequence[Reading]) -> tuple[Any, list[str]]:
    """Return papers × terms, the title's counting more, and the terms; phrases of one paper are left out."""
    import numpy as np
    from scipy import sparse

    column: dict[str, int] = {}
    rows: list[Any] = []
    repeated = Repeated(readings)
    for reading in readings:
        said = stems(reading) + [term for term in long_phrases(reading.clauses) if term in repeated]
        row = [column.setdefault(term, len(column)) for term in said]
        row += (TITLE_WEIGHT - 1) * [column[term] for term in terms(reading.heading) if term in column]
        rows.append(np.array(row, np.int32))
    columns = np.concatenate(rows)
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    counts = sparse.csr_matrix(
        (np.ones(len(columns), np.float32), columns, starts), shape=(len(rows), len(column))
    )
    counts.sum_duplicates()
    return counts, list(column)


def _against(rows: Any, one: Any) -> "Matrix":
    """Return each row's product with one row."""
    import numpy as np

    row = np.asarray(one.todense() if hasattr(one, "todense") else one, np.float32).reshape(-1)
    product: Matrix = np.asarray(rows @ row).reshape(-1)
    return product
