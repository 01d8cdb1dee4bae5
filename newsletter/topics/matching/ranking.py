"""Which of a day's papers are near to some words, without holding them in a row.

BM25 (S. Robertson and H. Zaragoza, “The probabilistic relevance framework”,
2009) over stems, pairs of neighbours counting too (D. Metzler and W. Croft, “A
Markov random field model for term dependencies”, SIGIR 2005), then relevance
feedback (J. Rocchio, 1971) in the latent space of earlier days: what is like
the best answers is near as well. Words as feedback (RM3) were tried and did
less on short days.

Scores are in parts of what a paper of usual length earns that says each word
once. That scale rests on how rare the words were on earlier days, so it holds
on a day that has nothing for a query, which brings nothing.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from newsletter.models import Paper
from newsletter.topics.memory.counting import stems, weighted
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import Clause, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

_K1: Final = 1.2
_B: Final = 0.75
"""BM25's usual constants."""
_TITLE: Final = 3
"""What a word in the title counts as, beside one in the abstract."""
_PAIRS: Final = 0.3
"""What two neighbours of a query count in a row, beside a word that is as rare."""
_TAKEN: Final = 3
"""Best answers that say what else is near."""
NEAR: Final = 0.9
"""Papers below this score are not near."""


class Wanted(NamedTuple):
    """The telling words of a query."""

    stems: tuple[str, ...]
    """Each once, in the query's order."""
    pairs: tuple[tuple[str, str], ...]
    """Those that are neighbours."""


def wanted(clauses: Sequence[Clause]) -> Wanted:
    """Return the telling words of a query whose acronyms are written out.

    Everyday words tell nothing, and neither does a single character of a script without spaces.

    >>> from newsletter.topics.words.words import clauses
    >>> wanted(clauses("image editing and restoration"))
    Wanted(stems=('imag', 'edit', 'restor'), pairs=(('imag', 'edit'),))
    """
    telling = [
        [None if word.is_stop or len(word.lower) < 2 else word.stem for word in one] for one in clauses
    ]
    return Wanted(
        tuple(dict.fromkeys(stem for clause in telling for stem in clause if stem)),
        tuple(dict.fromkeys((a, b) for clause in telling for a, b in pairwise(clause) if a and b and a != b)),
    )


class Ranking:
    """A day's papers, counted; their places are those in which they came."""

    def __init__(self, papers: Sequence[Paper], memory: Memory, names: Mapping[str, Clause]) -> None:
        """Count papers, acronyms in `names` written out; `memory` says what is rare, and what is alike."""
        readings = [read(paper, names) for paper in papers]
        counts = [Counter(stems(reading)) for reading in readings]
        for count, reading in zip(counts, readings, strict=True):
            for stem in stems(reading.heading):
                count[stem] += _TITLE - 1
        self._memory = memory
        self._size = len(papers)
        self._postings = _postings(counts)
        telling = memory.telling_stems()
        self._alike: Numbers = memory.space.place(weighted(readings, telling, memory.rarity), telling)

    def scores(self, query: Wanted, in_a_row: Sequence[Sequence[int]]) -> "Numbers":
        """Return every paper's score; `in_a_row` are the places that hold each pair of the query."""
        import numpy as np

        points, full = np.zeros(self._size, np.float32), 0.0
        for stem in query.stems:
            places, parts = self._postings.get(stem, ((), None))
            rare = self._rarity(stem, len(places))
            full += rare
            if parts is not None:
                points[places] += np.float32(rare) * parts
        for (first, second), places in zip(query.pairs, in_a_row, strict=True):
            rare = _PAIRS * self._rarity(f"{first} {second}", len(places))
            full += rare
            if len(places):
                points[np.asarray(places)] += np.float32(rare)
        return self._with_feedback(points / np.float32(full or 1.0))

    def _with_feedback(self, points: "Numbers") -> "Numbers":
        """Add how alike each paper that says a word is to the best, as far as those say all of them.

        What is unlike loses nothing: on a day of few papers all that differ look like opposites.
        """
        import numpy as np

        best = np.argsort(-points, kind="stable")[:_TAKEN]
        centre = points[best] @ self._alike[best]
        length = float(np.linalg.norm(centre))
        if not length:
            return points
        alike = self._alike @ (centre / length)
        trust = np.float32(min(1.0, float(points[best].mean())))
        found: Numbers = np.where(points > 0, points + trust * np.maximum(alike, 0), 0)
        return found

    def _rarity(self, term: str, holders: int) -> float:
        """Return BM25's inverse document frequency over the day and the days before."""
        held = holders + self._memory.holders.get(term, 0.0)
        papers = self._size + self._memory.papers
        return math.log(1 + (papers - held + 0.5) / (held + 0.5))


def _postings(counts: Sequence[Counter[str]]) -> dict[str, tuple[Any, Any]]:
    """Return where each stem stands, and how much of it counts there: BM25's saturated frequency."""
    import numpy as np

    lengths = [count.total() for count in counts]
    usual = sum(lengths) / max(1, len(lengths)) or 1.0
    found: dict[str, tuple[list[int], list[float]]] = {}
    for place, (count, length) in enumerate(zip(counts, lengths, strict=True)):
        damped = _K1 * (1 - _B + _B * length / usual)
        for stem, often in count.items():
            places, parts = found.setdefault(stem, ([], []))
            places.append(place)
            parts.append(often * (_K1 + 1) / (often + damped))
    return {
        stem: (np.array(places, np.int32), np.array(parts, np.float32))
        for stem, (places, parts) in found.items()
    }
