"""Name a group of papers as an editor would: by a phrase that its papers share and hold in their titles."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.topics.memory import Memory
from newsletter.topics.words import Clause, Reading, Word, phrases, spans

LEAST_PAPERS = 3
"""Fewer papers are no topic."""
_COMMON = 0.05
"""A phrase in more of the remembered papers than this says nothing: “language model”."""
_COMMON_WORD = 0.015
"""The same for a single word, which is vaguer."""
_USUAL_TITLE_SHARE = 0.125
"""How often a paper that holds a good phrase has it in its title."""
_GOES_ON = 0.6
"""A phrase that is followed by one word in so many of its occurrences stops short without it."""
_LONGEST = 36
"""Characters after which a label is not lengthened."""


@dataclass(frozen=True, eq=False)
class Phrasebook:
    """A day's phrases that may name a topic. Papers are numbered as their readings came."""

    readings: Sequence[Reading]
    holders: Mapping[str, frozenset[int]]
    titled: Mapping[str, frozenset[int]]
    worth: Mapping[str, float]
    """How good a label each phrase is, whatever the group: about 0 to 1.5."""
    held: Sequence[Sequence[str]]
    """Each paper's phrases, sorted."""

    def best(self, members: Iterable[int]) -> tuple[float, str | None]:
        """Return the phrase that names the members best, and how well: F1 × worth × share of titles."""
        group = frozenset(members)
        best: tuple[float, str | None] = (0.0, None)
        for phrase in sorted({phrase for member in group for phrase in self.held[member]}):
            score = self.fit(phrase, group)
            if score > best[0]:
                best = score, phrase
        return best

    def fit(self, phrase: str, group: frozenset[int]) -> float:
        """Return how well a phrase names a group; 0 where fewer than two members hold it."""
        inside = len(self.holders[phrase] & group)
        if inside < 2:
            return 0.0
        f1 = 2 * inside / (len(group) + len(self.holders[phrase]))
        in_titles = len(self.titled[phrase] & group) / len(group)
        return f1 * self.worth[phrase] * (0.5 + 0.5 * min(1.0, in_titles / 0.4))

    def keywords(self, members: Sequence[int], label: str, limit: int = 5) -> tuple[str, ...]:
        """Return the label and phrases that share no word with it or each other, best first, as printed."""
        met = Counter(phrase for member in members for phrase in self.held[member])
        order = sorted(
            (phrase for phrase in met if met[phrase] > 1),
            key=lambda phrase: (-(met[phrase] ** 2) / len(self.holders[phrase]) * self.worth[phrase], phrase),
        )
        chosen = [label]
        for phrase in order:
            if len(chosen) < limit and not any(set(phrase.split()) & set(other.split()) for other in chosen):
                chosen.append(phrase)
        return tuple(self.printed(phrase, members) for phrase in chosen)

    def printed(self, phrase: str, members: Iterable[int]) -> str:
        """Return the members' most frequent spelling, lower case but for names and acronyms."""
        spellings = Counter(
            spelt(clause[start:end])
            for member in members
            for clause in self.readings[member].clauses
            for start, end in spans(clause)
            if " ".join([word.stem for word in clause[start:end]]) == phrase
        )
        return min(
            spellings, key=lambda spelling: (-spellings[spelling], len(spelling), spelling), default=phrase
        )

    def label(self, phrase: str, members: Sequence[int]) -> str:
        """Return a phrase as printed, lengthened where it stops short: “diffusion language” + “models”."""
        stems, label = tuple(phrase.split()), self.printed(phrase, members)
        clauses = [clause for member in members for clause in self.readings[member].clauses]
        for _ in range(3):
            places = [(clause, start) for clause in clauses for start in _places(clause, stems)]
            if len(places) < LEAST_PAPERS or len(label) > _LONGEST:
                break
            before = _agreed([clause[start - 1 : start + 1] for clause, start in places if start], 0)
            end = len(stems)
            after = _agreed([clause[start + end - 1 : start + end + 1] for clause, start in places], 1)
            count, pair, side = max(
                (after[0], after[1], 1), (before[0], before[1], 0), key=lambda one: one[::2]
            )
            if pair is None or count < _GOES_ON * len(places):
                break
            if side:
                stems, label = (*stems, pair[1].stem), label + pair[1].joint + _spelt(pair[1])
            else:
                stems, label = (pair[0].stem, *stems), _spelt(pair[0]) + pair[1].joint + label
        return label


def phrasebook(readings: Sequence[Reading], memory: Memory) -> Phrasebook:
    """Return the phrases of a day that may name a topic: in three papers and a title, and not worn out."""
    in_title = [frozenset(phrases(reading.title)) for reading in readings]
    in_paper = [
        found | frozenset(phrases(reading.abstract))
        for found, reading in zip(in_title, readings, strict=True)
    ]
    holders, titled = _inverted(in_paper), _inverted(in_title)
    closing = {
        word.stem: memory.closing(word)
        for reading in readings
        for clause in reading.clauses
        for word in clause
    }
    worth = {}
    for phrase in sorted(titled):
        if len(holders[phrase]) >= LEAST_PAPERS:
            value = _worth(phrase, len(holders[phrase]), len(titled[phrase]), memory, len(readings))
            if value and (" " in phrase or closing[phrase] >= 0.3):
                worth[phrase] = value
    held = [sorted(phrase for phrase in found if phrase in worth) for found in in_paper]
    return Phrasebook(readings, holders, titled, worth, held)


def _worth(phrase: str, holders: int, titled: int, memory: Memory, papers: int) -> float:
    """Return how good a label a phrase is: rare, and often in the title of who holds it; 0 for none."""
    total = memory.papers + papers
    held = memory.holders.get(phrase, 0.0) + holders
    length = phrase.count(" ") + 1
    if held / total > (_COMMON if length > 1 else _COMMON_WORD) and total > 100:
        return 0.0
    if length == 1 and (titled < 2 or titled < holders / 3):
        return 0.0
    titleness = (memory.titles.get(phrase, 0.0) + titled + 1) / (held + 8) / _USUAL_TITLE_SHARE
    rarity = math.log(total / held) / math.log(total) if total > held else 0.1
    return (0.0, 0.75, 1.0, 1.08, 1.0)[length] * math.sqrt(min(1.5, titleness) * rarity)


def _inverted(found: Sequence[frozenset[str]]) -> dict[str, frozenset[int]]:
    where: dict[str, set[int]] = {}
    for number, phrases_ in enumerate(found):
        for phrase in phrases_:
            where.setdefault(phrase, set()).add(number)
    return {phrase: frozenset(numbers) for phrase, numbers in where.items()}


def _places(clause: Clause, stems: tuple[str, ...]) -> Iterator[int]:
    found = [word.stem for word in clause]
    for start in range(len(found) - len(stems) + 1):
        if tuple(found[start : start + len(stems)]) == stems:
            yield start


def _agreed(pairs: Iterable[Clause], side: int) -> tuple[int, Clause | None]:
    """Return how often the commonest word stands on that side of the pairs, and its commonest spelling."""
    beside = [pair for pair in pairs if len(pair) == 2 and not pair[side].is_stop]
    stems = Counter(pair[side].stem for pair in beside)
    if not stems:
        return 0, None
    stem = min(stems, key=lambda one: (-stems[one], one))
    spellings = Counter(pair for pair in beside if pair[side].stem == stem)
    return stems[stem], min(spellings, key=lambda pair: (-spellings[pair], spelt(pair)))


def spelt(words: Clause) -> str:
    """Return words as a label shows them: lower case but for names with two capitals or a digit."""
    return "".join((word.joint if place else "") + _spelt(word) for place, word in enumerate(words))


def _spelt(word: Word) -> str:
    is_name = sum(letter.isupper() for letter in word.printed) > 1 or any(c.isdigit() for c in word.printed)
    return word.printed if is_name else word.lower
