"""The phrases that say what a paper is about.

Runs of words that are neither stop words nor verbs, by frequency, rarity,
place and length. What is a verb, and after which words a phrase may end, is
learnt from what stands around each word in earlier abstracts: no tagger.
After S. R. El-Beltagy and A. Rafea, “KP-Miner”, Information Systems 34(1), 2009.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from newsletter.models import Paper
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.vocabulary import FORMAL_WORDS
from newsletter.topics.words.words import Clause, printed, read

MOST_WORDS = 5
"""Words in a keyphrase, those that hyphens join counting as one."""
_LENGTH_WORTH = (0.0, 0.4, 1.0, 1.2, 1.15)
"""Authors choose two and three words more often than one."""
_VERB = 0.15
"""A word that stands where verbs do in so many of its uses is one."""
_CLOSING = 0.25
"""A word after which phrases stop in so many of its uses may end one."""


def keyphrases(paper: Paper, memory: Memory, *, limit: int = 10) -> tuple[str, ...]:
    """Return a paper's phrases as it spells them, best first; none that a better one contains."""
    reading = read(paper)
    found = _Found()
    for title, clauses in ((True, reading.title), (False, reading.abstract)):
        found.add(clauses, memory, title=title)
    scores = {stems: found.score(stems, memory) for stems in found.met}
    chosen: list[tuple[str, ...]] = []
    for stems in sorted(scores, key=lambda one: (-scores[one], one)):
        if len(chosen) == limit:
            break
        if not any(set(stems) <= set(other) and found.met[stems] <= found.met[other] for other in chosen):
            chosen.append(stems)
    return tuple(found.spelling(stems) for stems in chosen)


class _Found:
    """The candidates of one paper, as they are met."""

    def __init__(self) -> None:
        self.met: Counter[tuple[str, ...]] = Counter()
        self.nested: Counter[tuple[str, ...]] = Counter()
        self.first: dict[tuple[str, ...], float] = {}
        self.titled: set[tuple[str, ...]] = set()
        self.spellings: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)

    def add(self, clauses: tuple[Clause, ...], memory: Memory, *, title: bool) -> None:
        parts = [_compounds(clause) for clause in clauses]
        total = sum(len(compounds) for compounds in parts)
        place = 0
        for compounds in parts:
            for start, run in _runs(compounds, memory):
                for begin, end in _spans(run, memory):
                    words = tuple(word for compound in run[begin:end] for word in compound)
                    stems = tuple([word.stem for word in words])
                    self.met[stems] += 1
                    self.nested[stems] += end - begin < min(len(run), MOST_WORDS)
                    self.first.setdefault(stems, 0.0 if title else (place + start + begin) / total)
                    self.spellings[stems][printed(words)] += 1
                    if title:
                        self.titled.add(stems)
            place += len(compounds)

    def score(self, stems: tuple[str, ...], memory: Memory) -> float:
        """Return tf × rarity × length × place; an occurrence inside a longer phrase counts a fifth."""
        count = self.met[stems] - 0.8 * self.nested[stems]
        rarity = sum(memory.rarity(stem) for stem in stems) / math.sqrt(len(stems))
        place = (1 - 0.5 * self.first[stems]) * (1.4 if stems in self.titled else 1.0)
        return count * rarity * _LENGTH_WORTH[min(len(stems), 4)] * place

    def spelling(self, stems: tuple[str, ...]) -> str:
        spellings = self.spellings[stems]
        return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def _compounds(clause: Clause) -> list[Clause]:
    """Return the words of a clause, those that hyphens join together."""
    compounds: list[Clause] = []
    for word in clause:
        if compounds and word.joint == "-":
            compounds[-1] = (*compounds[-1], word)
        else:
            compounds.append((word,))
    return compounds


def _runs(compounds: Sequence[Clause], memory: Memory) -> Iterator[tuple[int, Sequence[Clause]]]:
    """Yield what stands between stop words, verbs and adverbs, formal words cut off its ends."""
    start = 0
    for end in range(len(compounds) + 1):
        if end < len(compounds) and not _interrupts(compounds[end], memory):
            continue
        begin, last = start, end
        while begin < last and _is_formal(compounds[begin]):
            begin += 1
        while begin < last and _is_formal(compounds[last - 1]):
            last -= 1
        if begin < last:
            yield begin, compounds[begin:last]
        start = end + 1


def _interrupts(compound: Clause, memory: Memory) -> bool:
    if len(compound) > 1:
        return False
    (word,) = compound
    is_adverb = word.lower.endswith("ly") and len(word.lower) > 4
    return word.is_stop or is_adverb or memory.verbness(word) > _VERB


def _spans(run: Sequence[Clause], memory: Memory) -> Iterator[tuple[int, int]]:
    for begin in range(len(run)):
        if _is_formal(run[begin]):
            continue
        for end in range(begin + 1, min(len(run), begin + MOST_WORDS) + 1):
            last = run[end - 1]
            says_something = end - begin > 1 or len(last) > 1 or len(last[0].stem) > 2
            if says_something and not _is_formal(last) and memory.closing(last[-1]) >= _CLOSING:
                yield begin, end


def _is_formal(compound: Clause) -> bool:
    """Tell whether a word is of how papers are written, or a number."""
    text = "-".join(word.lower for word in compound)
    return text in FORMAL_WORDS or text.isdigit()
