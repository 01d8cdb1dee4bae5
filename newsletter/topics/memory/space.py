"""A latent space of words, learnt from the papers of earlier days.

Two papers that share no word may still be about one thing; what words usually
come together tells. S. Deerwester et al., “Indexing by latent semantic
analysis”, JASIS 41(6), 1990; brought up to date a day at a time as in
M. Brand, “Fast low-rank modifications of the thin singular value
decomposition”, Linear Algebra and its Applications 415, 2006.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

DIMENSIONS = 100
_BATCH = 500
"""Papers that are brought in at once: the work grows with its square."""
_COLUMNS = 2_048


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

    def place(self, rows: Any, stems: Sequence[str]) -> "Matrix":
        """Return where papers stand: a row each, of length 1, the mean of all taken away.

        `rows` are papers × `stems`, weighted, sparse. What the whole day shares
        says nothing about its topics, hence the mean. No columns where nothing
        was learnt.
        """
        import numpy as np

        if self.directions is None or not len(self.directions):
            return np.zeros((rows.shape[0], 0), np.float32)
        column = {stem: place for place, stem in enumerate(self.stems)}
        known = [place for place, stem in enumerate(stems) if stem in column]
        weights = unit_rows(self.directions).T[[column[stems[place]] for place in known]]
        placed = np.asarray(of_length_1(rows[:, known]) @ weights)
        return unit_rows(placed - placed.mean(axis=0))

    def learn(self, rows: Any, stems: Sequence[str], *, fade: float = 1.0) -> "Space":
        """Return the space after more papers, what was known counting `fade` times.

        `rows` are papers × `stems`, weighted, sparse; `stems` are sorted, and
        any others are forgotten.
        """
        import numpy as np

        if not stems:
            return Space()
        directions = self._over(tuple(stems)) * np.float32(fade**0.5)
        fresh = of_length_1(rows)
        for start in range(0, fresh.shape[0], _BATCH):
            directions = _strongest(np.vstack([directions, fresh[start : start + _BATCH].toarray()]))
        as_written_down = directions.astype(np.float16).astype(np.float32)
        return Space(tuple(stems), as_written_down)

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


def of_length_1(rows: Any) -> Any:
    """Return sparse rows scaled to length 1; an empty row stays empty."""
    import numpy as np
    from scipy import sparse

    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1))
    return sparse.diags(1 / np.maximum(length, 1e-9)).dot(rows).tocsr().astype(np.float32)


def _strongest(rows: "Matrix") -> "Matrix":
    """Return the strongest right singular vectors, each times its singular value, by the Gram matrix."""
    import numpy as np

    gram = np.zeros((len(rows), len(rows)))
    for start in range(
        0, rows.shape[1], _COLUMNS
    ):  # all of them in double precision would be most of the memory
        part = rows[:, start : start + _COLUMNS].astype(np.float64)
        gram += part @ part.T
    values, vectors = np.linalg.eigh(gram)
    best = vectors[:, ::-1][:, : min(DIMENSIONS, int((values > 1e-6).sum()))]
    found = (best.T @ rows).astype(np.float32)
    sign = np.sign(found[np.arange(len(found)), np.abs(found).argmax(axis=1)])
    turned: Matrix = found * sign[:, None]
    return turned
