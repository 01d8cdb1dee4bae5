"""A latent space of words, learnt from the papers of earlier days.

Two papers that share no word may still be about one thing; what words usually
come together tells. S. Deerwester et al., “Indexing by latent semantic
analysis”, JASIS 41(6), 1990; brought up to date a day at a time as in
M. Brand, “Fast low-rank modifications of the thin singular value
decomposition”, Linear Algebra and its Applications 415, 2006.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

DIMENSIONS = 100
_BATCH = 1_000
"""Papers that are brought in at once: the work grows with its square."""


@dataclass(frozen=True, eq=False)
class Space:
    """Directions in which papers differ, as weights of stems."""

    stems: tuple[str, ...] = ()
    """Sorted; the columns of `directions`."""
    directions: "Matrix | None" = None
    """A row a direction, its length the singular value; strongest first."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been learnt."""
        return self.directions is None or not len(self.directions)

    def place(self, rows: Sequence[Mapping[str, float]]) -> "Matrix":
        """Return where papers stand: a row each, of length 1, the mean of all taken away.

        `rows` are the papers' weighted stems. What the whole day shares says
        nothing about its topics, hence the mean. No columns where nothing was learnt.
        """
        import numpy as np

        if self.directions is None or not len(self.directions):
            return np.zeros((len(rows), 0), np.float32)
        placed = np.asarray(sparse_rows(rows, self.stems) @ unit_rows(self.directions).T)
        placed -= placed.mean(axis=0)
        return unit_rows(placed)

    def learn(
        self, rows: Sequence[Mapping[str, float]], *, keep: frozenset[str] | set[str], fade: float = 1.0
    ) -> "Space":
        """Return the space after more papers, what was known counting `fade` times.

        Stems outside `keep` are forgotten.
        """
        import numpy as np

        stems = tuple(sorted(keep))
        directions = self._over(stems) * np.float32(fade**0.5)
        for start in range(0, len(rows), _BATCH):
            fresh = sparse_rows(rows[start : start + _BATCH], stems).toarray()
            directions = _strongest(np.vstack([directions, fresh]))
        return Space(stems, directions.astype(np.float16).astype(np.float32))  # as it is written down

    def _over(self, stems: tuple[str, ...]) -> "Matrix":
        import numpy as np

        if self.directions is None:
            return np.zeros((0, len(stems)), np.float32)
        column = {stem: place for place, stem in enumerate(self.stems)}
        moved = np.zeros((len(self.directions), len(stems)), np.float32)
        kept = [(place, column[stem]) for place, stem in enumerate(stems) if stem in column]
        if kept:
            to, of = (list(side) for side in zip(*kept, strict=True))
            moved[:, to] = self.directions[:, of]
        return moved


def unit_rows(matrix: "Matrix") -> "Matrix":
    """Return the rows scaled to length 1; an empty row stays empty."""
    import numpy as np

    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: Matrix = (matrix / np.maximum(length, 1e-9)).astype(np.float32)
    return scaled


def sparse_rows(rows: Sequence[Mapping[str, float]], stems: tuple[str, ...]) -> Any:
    """Return papers × stems as a sparse matrix with rows of length 1."""
    import numpy as np
    from scipy import sparse

    column = {stem: place for place, stem in enumerate(stems)}
    values: list[float] = []
    columns: list[int] = []
    starts = [0]
    for row in rows:
        known = [(column[stem], weight) for stem, weight in row.items() if stem in column]
        length = sum(weight * weight for _, weight in known) ** 0.5 or 1.0
        columns.extend(place for place, _ in known)
        values.extend(weight / length for _, weight in known)
        starts.append(len(columns))
    return sparse.csr_matrix(
        (np.array(values, np.float32), np.array(columns, np.int32), np.array(starts, np.int64)),
        shape=(len(rows), len(stems)),
    )


def _strongest(rows: "Matrix") -> "Matrix":
    """Return the strongest right singular vectors, each times its singular value, by the Gram matrix."""
    import numpy as np

    values, vectors = np.linalg.eigh(rows.astype(np.float64) @ rows.T.astype(np.float64))
    best = vectors[:, ::-1][:, : min(DIMENSIONS, int((values > 1e-6).sum()))]
    found = (best.T @ rows).astype(np.float32)
    sign = np.sign(found[np.arange(len(found)), np.abs(found).argmax(axis=1)])
    turned: Matrix = found * sign[:, None]
    return turned
