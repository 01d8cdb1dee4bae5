"""Which papers hold a phrase, told the long way: every text is read again for every phrase."""

from collections.abc import Mapping

from newsletter.models import Paper
from newsletter.topics import Memory
from newsletter.topics.words.acronyms import introductions
from newsletter.topics.words.words import Clause, clauses

Stems = tuple[str, ...]


def holds(paper: Paper, phrase: str) -> bool:
    """Tell it by the definition: a run of stems in a clause, acronyms as they are or written out."""
    wanted = clauses(phrase)
    if not wanted:
        return False
    names = {acronym: _stems(form) for acronym, form in Memory.shipped().long_forms.items()}
    names |= _introduced(phrase)
    names |= _introduced(paper.abstract)
    ways = {_stems(wanted[0]), _written_out(wanted[0], names)}
    found = clauses(paper.title) + clauses(paper.abstract)
    said = [way for clause in found for way in (_stems(clause), _written_out(clause, names))]
    return any(_stand(stems, clause) for stems in ways for clause in said)


def _introduced(text: str) -> dict[str, Stems]:
    return {acronym: _stems(form) for acronym, words in introductions(text) for form in clauses(words)}


def _stems(clause: Clause) -> Stems:
    return tuple(word.stem for word in clause)


def _written_out(clause: Clause, names: Mapping[str, Stems]) -> Stems:
    written: list[str] = []
    for word in clause:
        name = word.printed if word.printed in names else word.printed.removesuffix("s")
        written.extend(names.get(name, (word.stem,)) if word.printed != word.lower else (word.stem,))
    return tuple(written)


def _stand(stems: Stems, found: Stems) -> bool:
    size = len(stems)
    return any(found[start : start + size] == stems for start in range(len(found) - size + 1))
