"""Count a day's words and phrases, and fade what was counted before."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from newsletter.models import Paper
from newsletter.topics import acronyms
from newsletter.topics.vocabulary import BEFORE_VERBS, DETERMINERS
from newsletter.topics.words import Reading, Word, phrases

UNSEEN = (0.0, 0.0, 0.0, 0.0)
"""The usage of a word that was never met."""
_FORGOTTEN_BELOW = 0.75
"""What was met once is forgotten when its paper has faded to this."""


def is_content(word: Word) -> bool:
    """Tell whether a word says anything about a topic at all."""
    return not word.is_stop and (len(word.lower) > 1 or not word.lower.isascii())


def terms(reading: Reading) -> Iterable[str]:
    """Yield what is counted of a paper: its content stems, and its phrases of two words and more."""
    for clause in reading.clauses:
        for word in clause:
            if is_content(word):
                yield word.stem
    for phrase in phrases(reading.clauses):
        if " " in phrase:
            yield phrase


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
                if word.is_stop or not word.lower.isalpha():
                    continue
                counts = counted.setdefault(word.lower, [0, 0, 0, 0])
                counts[0] += 1
                counts[1] += after is None or after.is_stop
                counts[2] += (after is not None and after.lower in DETERMINERS) or (
                    before is not None and before.lower in BEFORE_VERBS
                )
                counts[3] += word.printed == word.lower
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


def weighted(readings: Sequence[Reading], stems: Sequence[str], rarity: Callable[[str], float]) -> Any:
    """Return papers × stems as a sparse matrix of (1 + log count) × rarity."""
    import numpy as np
    from scipy import sparse

    column = {stem: place for place, stem in enumerate(stems)}
    rows, columns, weights = [], [], []
    for row, reading in enumerate(readings):
        counts = Counter(term for term in terms(reading) if term in column)
        for stem, count in counts.items():
            rows.append(row)
            columns.append(column[stem])
            weights.append((1 + math.log(count)) * rarity(stem))
    shape = (len(readings), len(stems))
    return sparse.csr_matrix((np.array(weights, np.float32), (rows, columns)), shape=shape)
