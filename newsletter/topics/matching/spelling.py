"""What a text says, as stems: word for word, and with its acronyms written out."""

from collections.abc import Iterable, Mapping

from newsletter.topics.words.acronyms import introductions
from newsletter.topics.words.words import Clause, Word, clauses

Stems = tuple[str, ...]
Names = Mapping[str, Stems]
"""Acronyms, and the stems of what each stands for."""


def introduced(text: str) -> dict[str, Stems]:
    """Return the acronyms that a text introduces.

    >>> introduced("Reinforcement learning (RL)")
    {'RL': ('reinforc', 'learn')}
    """
    return {acronym: stems(form) for acronym, words in introductions(text) for form in clauses(words)}


def stems(clause: Clause) -> Stems:
    """Return the stems of a clause."""
    return tuple([word.stem for word in clause])


def written_out(clause: Clause, names: Names) -> Stems:
    """Return the stems of a clause with its acronyms, in the singular or the plural, written out.

    >>> written_out(clauses("Offline RLs")[0], {"RL": ("reinforc", "learn")})
    ('offlin', 'reinforc', 'learn')
    """
    written: list[str] = []
    for word in clause:
        long = None
        if word.printed != word.lower:
            long = names.get(word.printed) or names.get(word.printed.removesuffix("s"))
        written.extend(long or (word.stem,))
    return tuple(written)


def may_be_acronym(word: Word) -> bool:
    """Tell whether a word is written like one: with a capital letter beyond its first.

    >>> [may_be_acronym(word) for word in clauses("We use CoT in RL")[0]]
    [False, False, True, False, True]
    """
    return word.printed != word.lower and not word.printed[1:].islower()


def lines(ways: Iterable[Stems]) -> str:
    """Return clauses as one text, in which a run of stems stands in a clause where its own text does.

    >>> lines([("b", "c")]) in lines([("a", "b", "c")]), lines([("a", "c")]) in lines([("a",), ("c",)])
    (True, False)
    """
    return "\n".join([f" {' '.join(way)} " for way in ways])
