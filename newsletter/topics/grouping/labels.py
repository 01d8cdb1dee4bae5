"""Print a phrase as an editor would: in the papers' own spelling, and not stopping short."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import Clause, Reading, Word
from newsletter.topics.words.words import printed as as_printed

_GOES_ON = 0.6
"""A phrase that one word follows in so many of its occurrences stops short without it."""
_LONGEST = 4
"""Words after which a label is not lengthened."""

Stems = tuple[str, ...]


def label(phrase: str, readings: Sequence[Reading], memory: Memory) -> str:
    """Return a phrase as a heading: lengthened where it stops short (“diffusion language” + “models”)."""
    stems = tuple(phrase.split())
    while len(stems) < _LONGEST and (longer := _lengthened(stems, readings)):
        stems = longer
    return printed(stems, readings, memory)


def printed(stems: Stems, readings: Sequence[Reading], memory: Memory) -> str:
    """Return the most frequent spelling of a phrase, lower case but for names.

    How it is spelt where it ends counts first: “remote sensing images”, though
    “remote sensing image classification” is met more often.
    """
    ending: Counter[str] = Counter()
    spellings: Counter[str] = Counter()
    for clause, start in _places(stems, readings):
        end = start + len(stems)
        spelling = as_printed(tuple([_cased(word, memory) for word in clause[start:end]]))
        spellings[spelling] += 1
        ending[spelling] += end == len(clause) or clause[end].is_stop
    return min(
        spellings, key=lambda one: (-ending[one], -spellings[one], len(one), one), default=" ".join(stems)
    )


def _lengthened(stems: Stems, readings: Sequence[Reading]) -> Stems | None:
    """Return the phrase with the word that mostly follows or goes before it, or None where none does."""
    places = list(_places(stems, readings))
    after = Counter(
        clause[start + len(stems)].stem
        for clause, start in places
        if start + len(stems) < len(clause) and not clause[start + len(stems)].is_stop
    )
    before = Counter(
        clause[start - 1].stem for clause, start in places if start and not clause[start - 1].is_stop
    )
    options = [(count, (*stems, stem)) for stem, count in after.items()]
    options += [(count, (stem, *stems)) for stem, count in before.items()]
    count, longer = max(options, default=(0, stems))
    return longer if len(places) > 1 and count >= _GOES_ON * len(places) else None


def _places(stems: Stems, readings: Iterable[Reading]) -> Iterator[tuple[Clause, int]]:
    """Yield where a phrase stands: the clause, and its first word's place in it."""
    size = len(stems)
    for reading in readings:
        for clause in reading.clauses:
            for start in range(len(clause) - size + 1):
                if clause[start].stem == stems[0] and _stems(clause[start : start + size]) == stems:
                    yield clause, start


def _stems(words: Clause) -> Stems:
    return tuple([word.stem for word in words])


def _cased(word: Word, memory: Memory) -> Word:
    return word if memory.is_name(word) else word._replace(printed=word.lower)
