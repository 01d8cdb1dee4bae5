"""The phrases of a day that may name a topic, and how well each names a group of papers."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import Reading, is_whole, phrases, spans

EARNED_TITLES = 3
"""A phrase may name a topic once it has stood in so many titles, today's or earlier ones."""
WORN_SHARE = 0.1
"""A phrase in more of the remembered papers than this tells nothing apart."""
ENDS = 0.15
"""A name's last word is the last of so many of the phrases that hold it; “zero-shot” is an adjective."""


@dataclass(frozen=True, eq=False)
class Phrasebook:
    """A day's phrases that may name a topic. Papers are numbered as their readings came."""

    holders: Mapping[str, frozenset[int]]
    """The papers that hold each phrase, two or more."""
    titled: Mapping[str, frozenset[int]]
    """Those of them that hold it in the title."""
    worth: Mapping[str, float]
    """How good a name each phrase is, whatever the group."""
    held: Sequence[Sequence[str]]
    """Each paper's phrases, sorted."""

    def best(self, members: Iterable[int]) -> tuple[float, str | None]:
        """Return how well the phrase that names the members best does so, and the phrase, if there is one."""
        group = frozenset(members)
        best: tuple[float, str | None] = (0.0, None)
        for phrase in sorted({phrase for member in group for phrase in self.held[member]}):
            fit = self.fit(phrase, group)
            if fit > best[0]:
                best = fit, phrase
        return best

    def fit(self, phrase: str, group: frozenset[int]) -> float:
        """Return how well a phrase names a group; 0 where fewer than two members hold it.

        Its worth × F1 of its holders and the members × a half and half the
        members' titles that hold it.
        """
        holders = self.holders[phrase]
        inside = len(holders & group)
        if inside < 2:
            return 0.0
        in_titles = len(self.titled[phrase] & group) / len(group)
        return self.worth[phrase] * 2 * inside / (len(group) + len(holders)) * (1 + in_titles) / 2

    def keywords(self, members: Sequence[int], first: str, limit: int = 5) -> list[str]:
        """Return `first` and the phrases that name the members next best; each word occurs once."""
        group = frozenset(members)
        fits = {phrase: self.fit(phrase, group) for member in group for phrase in self.held[member]}
        chosen = [first]
        for phrase in sorted(fits, key=lambda one: (-fits[one], one)):
            shares = any(set(phrase.split()) & set(other.split()) for other in chosen)
            if len(chosen) < limit and fits[phrase] and not shares:
                chosen.append(phrase)
        return chosen


def phrasebook(readings: Sequence[Reading], memory: Memory) -> Phrasebook:
    """Return the phrases of two words and more that two papers hold and that titles have earned a name."""
    titled = _titled(readings)
    met: dict[str, set[int]] = {}
    endings: dict[str, list[float]] = {}
    whole: set[str] = set()
    for number, reading in enumerate(readings):
        for clause in reading.clauses:
            for start, end in spans(clause):
                phrase = " ".join([word.stem for word in clause[start:end]])
                if end - start > 1 and _is_earned(phrase, len(titled.get(phrase, ())), memory):
                    met.setdefault(phrase, set()).add(number)
                    endings.setdefault(phrase, []).append(memory.closing(clause[end - 1]))
                    if is_whole(clause, start, end):
                        whole.add(phrase)
    closing = {phrase: statistics.fmean(endings[phrase]) for phrase in sorted(whole) if len(met[phrase]) > 1}
    holders = {phrase: frozenset(met[phrase]) for phrase, share in closing.items() if share >= ENDS}
    in_titles = {phrase: frozenset(titled.get(phrase, ())) for phrase in holders}
    worth = {
        phrase: _worth(
            held=memory.holders.get(phrase, 0.0) + len(holders[phrase]),
            titled=memory.titles.get(phrase, 0.0) + len(in_titles[phrase]),
            papers=memory.papers + len(readings),
            closing=closing[phrase],
        )
        for phrase in holders
    }
    held: list[list[str]] = [[] for _ in readings]
    for phrase, numbers in holders.items():
        for number in numbers:
            held[number].append(phrase)
    return Phrasebook(holders, in_titles, worth, held)


def _titled(readings: Sequence[Reading]) -> dict[str, set[int]]:
    titled: dict[str, set[int]] = {}
    for number, reading in enumerate(readings):
        for phrase in phrases(reading.title):
            titled.setdefault(phrase, set()).add(number)
    return titled


def _is_earned(phrase: str, titles: int, memory: Memory) -> bool:
    return (
        titles + memory.titles.get(phrase, 0.0) >= EARNED_TITLES
        and memory.holders.get(phrase, 0.0) <= WORN_SHARE * memory.papers
    )


def _worth(*, held: float, titled: float, papers: float, closing: float) -> float:
    """Return how much a phrase tells × how often it is in its holders' titles × how often phrases end there.

    What a paper is about stands in its title: “speech recognition” in four of
    ten that mention it, “natural language processing” in one of ten.
    """
    return math.log(papers / held) * (titled + 1) / (held + 4) * closing
