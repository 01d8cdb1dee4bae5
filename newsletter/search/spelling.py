"""Words as they were probably meant, found among those that the papers use."""

from typing import Literal

from tantivy import Query

from newsletter.search import documents, words
from newsletter.search.index_store import Index

_SAMPLE = 20
"""Papers in which the nearest spelling is looked for."""
_SHORTEST = 4
"""Letters; shorter words have too many neighbours."""
_TWO_SLIPS = 8
"""Letters from which two slips are forgiven."""


Field = Literal["spelt", "names"]
"""Where a word must be in use: in any text, or as part of a name."""


def frequency(index: Index, word: str, field: Field = "spelt") -> int:
    """Return how many papers hold a word as it is written."""
    return index.searcher.doc_freq(field, word)


def nearest(index: Index, word: str, field: Field = "spelt") -> str | None:
    """Return the word within one slip (in long words two) that most papers use; None where there is none.

    A slip is a letter too many, too few, wrong, or changed places with its
    neighbour (Damerau 1964). The first letter is seldom mistyped, so words
    that share it come first. Numbers are not corrected.
    """
    if len(word) < _SHORTEST or any(letter.isdigit() for letter in word):
        return None
    for slips in (1, 2) if len(word) >= _TWO_SLIPS else (1,):
        found = {other: frequency(index, other, field) for other in _neighbours(index, word, slips, field)}
        if found:
            return max(found, key=lambda other: (other[0] == word[0], found[other], other))
    return None


def _neighbours(index: Index, word: str, slips: int, field: Field) -> list[str]:
    alike = Query.fuzzy_term_query(documents.schema(), field, word, slips)
    seen: set[str] = set()
    for _, address in index.searcher.search(alike, _SAMPLE, count=False).hits:
        paper = documents.read(index.searcher.doc(address)).paper
        texts = paper.authors if field == "names" else (paper.title, paper.abstract, *paper.authors)
        seen.update(words.names(" ".join(texts)))
    letters = set(word)
    near = [other for other in seen if len(letters ^ set(other)) <= 2 * slips and other != word]
    return [other for other in near if abs(len(other) - len(word)) <= slips >= distance(word, other)]


def distance(one: str, other: str) -> int:
    """Return how many slips turn one word into the other (optimal string alignment).

    >>> distance("difusion", "diffusion"), distance("lerninag", "learning"), distance("form", "from")
    (1, 2, 1)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, its in enumerate(other, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
