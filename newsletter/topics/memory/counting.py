"""Count a day's words and phrases, and fade what was counted before."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from newsletter.models import Paper
from newsletter.topics.words import acronyms
from newsletter.topics.words.vocabulary import BEFORE_VERBS, DETERMINERS
from newsletter.topics.words.words import Reading, long_phrases

UNSEEN = (0.0, 0.0, 0.0, 0.0)
"""The usage of a word that was never met."""
_PLACES = 1 << 24
"""Bytes for a day's terms: of the million of a large day, one in twenty shares its place with another."""
_FORGOTTEN_BELOW = 0.75
"""What was met once is forgotten when its paper has faded to this."""


def stems(reading: Reading) -> list[str]:
    """Return the stems of a paper's words, less those that say nothing about a topic at all."""
    return [
        word.stem
        for clause in reading.clauses
        for word in clause
        if not word.is_stop and (len(word.lower) > 1 or not word.lower.isascii())
    ]


def terms(reading: Reading) -> list[str]:
    """Return what is counted of a paper: its content stems, and its phrases of two words and more."""
    return stems(reading) + long_phrases(reading.clauses)


class Repeated:
    """Tells which terms of a day may stand in two papers or more; a few that stand in one are among them.

    Most phrases of a large day stand in one paper, and to count them by name would
    take more memory than all the rest. So they are counted by a part of their hash first.
    """

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._met = bytearray(_PLACES)
        met = self._met
        for reading in readings:
            for place in {hash(term) & (_PLACES - 1) for term in terms(reading)}:
                if met[place] < 2:
                    met[place] += 1

    def __contains__(self, term: str) -> bool:
        return self._met[hash(term) & (_PLACES - 1)] > 1


def holders(readings: Sequence[Reading], old: Mapping[str, float], fade: float) -> dict[str, int]:
    """Return in how many papers each term stands, less those that `summed` would forget at once."""
    if kept(1, fade) >= _FORGOTTEN_BELOW:
        return Counter([term for reading in readings for term in set(terms(reading))])
    repeated = Repeated(readings)
    return Counter(
        term for reading in readings for term in set(terms(reading)) if term in repeated or term in old
    )


def kept(count: float, fade: float) -> float:
    """Return a faded count, to the thousandths that are written down."""
    return round(count * fade, 3)


def summed(old: Mapping[str, float], new: Mapping[str, int], fade: float) -> dict[str, float]:
    """Add a day to what was counted before, and fade the sum."""
    total = dict(old)
    for term, count in new.items():
        total[term] = total.get(term, 0.0) + count
    faded = ((term, kept(count, fade)) for term, count in total.items())
    return {term: count for term, count in faded if count >= _FORGOTTEN_BELOW}


def usage(
    old: Mapping[str, tuple[float, ...]], readings: Iterable[Reading], fade: float
) -> dict[str, tuple[float, ...]]:
    """Add how a day uses each word: see `Memory.usage`."""
    counted: dict[str, list[int]] = {}
    for reading in readings:
        for clause in reading.clauses:
            for before, word, after in zip((None, *clause), clause, (*clause[1:], None), strict=False):
                lower = word.lower
                if word.is_stop or not lower.isalpha():
                    continue
                counts = counted.get(lower)
                if counts is None:
                    counts = counted[lower] = [0, 0, 0, 0]
                counts[0] += 1
                if after is None or after.is_stop:
                    counts[1] += 1
                if (after is not None and after.lower in DETERMINERS) or (
                    before is not None and before.lower in BEFORE_VERBS
                ):
                    counts[2] += 1
                if word.printed == lower:
                    counts[3] += 1
    total = {
        word: tuple(
            kept(was + now, fade)
            for was, now in zip(old.get(word, UNSEEN), counted.get(word, UNSEEN), strict=True)
        )
        for word in old.keys() | counted.keys()
    }
    return {word: counts for word, counts in total.items() if counts[0] >= _FORGOTTEN_BELOW}


def introductions(
    old: Mapping[str, Mapping[str, float]], papers: Iterable[Paper], fade: float
) -> dict[str, dict[str, float]]:
    """Add the acronyms that a day introduces."""
    total = {acronym: dict(forms) for acronym, forms in old.items()}
    for paper in papers:
        for acronym, form in acronyms.introductions(paper.abstract):
            forms = total.setdefault(acronym, {})
            forms[form] = forms.get(form, 0.0) + 1
    faded = {
        acronym: {
            form: left for form, count in forms.items() if (left := kept(count, fade)) >= _FORGOTTEN_BELOW
        }
        for acronym, forms in total.items()
    }
    return {acronym: forms for acronym, forms in faded.items() if forms}


def weighted(readings: Sequence[Reading], telling: Sequence[str], rarity: Callable[[str], float]) -> Any:
    """Return papers × `telling` stems as a sparse matrix of (1 + log count) × rarity."""
    import numpy as np
    from scipy import sparse

    column = {stem: place for place, stem in enumerate(telling)}
    rows, columns, weights = [], [], []
    for row, reading in enumerate(readings):
        counts = Counter([term for term in stems(reading) if term in column])
        for stem, count in counts.items():
            rows.append(row)
            columns.append(column[stem])
            weights.append((1 + math.log(count)) * rarity(stem))
    shape = (len(readings), len(telling))
    return sparse.csr_matrix((np.array(weights, np.float32), (rows, columns)), shape=shape)
