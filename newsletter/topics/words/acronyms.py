"""Learn what acronyms stand for from the texts that introduce them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from newsletter.topics.words.words import MOST_CHARACTERS, Clause, clauses, cut

_INTRODUCED = re.compile(r"\(([A-Z][A-Za-z]{1,6}?)s?\)")
_AGREEMENT = 0.7
"""Share of its introductions that must agree on a long form."""
_TOO_COMMON = frozenset({"LLM", "AI", "ML", "DL"})
"""Readers know them better short."""


def introductions(text: str) -> Iterable[tuple[str, str]]:
    """Yield each acronym of a text with the words before it whose initials spell it.

    A. Schwartz and M. Hearst, “A simple algorithm for identifying abbreviation
    definitions in biomedical text”, PSB 2003, reduced to initials.

    >>> list(introductions("We study Reinforcement Learning (RL) and nothing (NOT)."))
    [('RL', 'reinforcement learning')]
    """
    text = text[:MOST_CHARACTERS]
    for match in _INTRODUCED.finditer(text):
        letters = [letter.lower() for letter in match[1] if letter.isupper()]
        before = cut(text[max(0, match.start() - 100) : match.start()])
        words = before[-1][-len(letters) :] if before else ()
        if len(letters) > 1 and match[1] not in _TOO_COMMON and [word.lower[0] for word in words] == letters:
            yield (
                match[1],
                "".join((word.joint if place else "") + word.lower for place, word in enumerate(words)),
            )


def long_forms(counts: Mapping[str, Mapping[str, float]], *, least: float) -> dict[str, Clause]:
    """Return what each acronym stands for, where at least `least` introductions agree on it."""
    agreed = {}
    for acronym in sorted(counts):
        by_stems: dict[tuple[str, ...], Counter[str]] = {}
        for form, count in sorted(counts[acronym].items()):
            words = clauses(form)[0]
            by_stems.setdefault(tuple(word.stem for word in words), Counter())[form] += count  # type: ignore[assignment]
        forms = max(by_stems.values(), key=lambda spellings: sum(spellings.values()))
        support = sum(forms.values())
        if support >= max(least, _AGREEMENT * sum(counts[acronym].values())):
            agreed[acronym] = clauses(min(forms, key=lambda form: (-forms[form], form)))[0]
    return agreed
