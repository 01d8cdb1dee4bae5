"""Cut a paper's text into clauses of words, and clauses into candidate phrases.

No tagger and no model: a phrase is a run of words that neither a stop word
nor punctuation interrupts, and that neither opens nor closes with a word that
every abstract uses. Scripts without spaces are read a character at a time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from newsletter.models import Paper
from newsletter.topics.words.stems import stem
from newsletter.topics.words.vocabulary import HEADS, STOP_WORDS, WORN_WORDS

MOST_WORDS = 4
"""Words in a phrase; longer names are found through their parts."""
MOST_CHARACTERS = 6_000
"""What is read of a text; longer than any abstract, shorter than what costs a worker its minute."""

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Kana and Han."""
_TOKEN = re.compile(rf"\$[^$]{{0,300}}\$|[{_UNSPACED}]|[^\W_{_UNSPACED}]+|\s+|.", re.DOTALL)
_JOINTS = {"-": "-", "‐": "-", "‑": "-", "–": "-", "'": "'", "’": "'"}


class Word(NamedTuple):
    """A word as printed, with what the counting needs to know of it."""

    printed: str
    lower: str
    stem: str
    joint: str
    """What stands between it and the word before: a space, a hyphen, an apostrophe or nothing."""
    is_stop: bool
    opens: bool
    """Whether a phrase may begin with it."""
    closes: bool
    """Whether a phrase may end with it."""
    stands_alone: bool
    """Whether it may be a phrase by itself."""


Clause = tuple[Word, ...]


class Reading(NamedTuple):
    """A paper's words; the clauses of its title, then of its abstract."""

    title: tuple[Clause, ...]
    abstract: tuple[Clause, ...]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Return every clause, the title's first."""
        return self.title + self.abstract

    @property
    def heading(self) -> "Reading":
        """Return the title alone."""
        return Reading(self.title, ())


def read(paper: Paper, long_forms: Mapping[str, tuple[Word, ...]] | None = None) -> Reading:
    """Return a paper's words, acronyms in `long_forms` written out."""
    title, abstract = clauses(paper.title), clauses(paper.abstract)
    if long_forms:
        title, abstract = _written_out(title, long_forms), _written_out(abstract, long_forms)
    return Reading(title, abstract)


@lru_cache(maxsize=1 << 15)  # composing a day asks for each of its texts five times
def clauses(text: str) -> tuple[Clause, ...]:
    """Cut a text at punctuation and formulas.

    >>> [[word.stem for word in clause] for clause in clauses("Fast text-to-image models, $O(n)$ agents")]
    [['fast', 'text', 'to', 'imag', 'model'], ['agent']]
    """
    return cut(text)


def cut(text: str) -> tuple[Clause, ...]:
    """Do the same with a piece of text that nobody asks for again."""
    found: list[Clause] = []
    clause: list[Word] = []
    joint = ""
    for token in _TOKEN.findall(text[:MOST_CHARACTERS]):
        if token[0].isalnum():
            clause.append(_word(token, joint))
            joint = ""
        elif token.isspace():
            joint = " "
        else:
            joint = _JOINTS.get(token, "|") if joint == "" else "|"
        if joint == "|":
            if clause:
                found.append(_with_joined_stops(clause))
            clause, joint = [], ""
    if clause:
        found.append(_with_joined_stops(clause))
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def _word(printed: str, joint: str) -> Word:
    lower = printed.lower()
    is_stop = lower in STOP_WORDS
    is_short = len(lower) < 2 and lower.isascii()
    is_dull = is_stop or is_short or lower.isdigit() or lower.endswith("ly")
    is_worn = lower in WORN_WORDS
    return Word(
        printed,
        lower,
        stem(lower),
        joint,
        is_stop,
        opens=not (is_dull or is_worn),
        closes=not is_dull and (not is_worn or lower in HEADS),
        stands_alone=not (is_dull or is_worn or lower in HEADS) and (len(lower) > 2 or not lower.isascii()),
    )


def _with_joined_stops(clause: list[Word]) -> Clause:
    """Let a hyphen carry a stop word: “text-to-image” is one thing."""
    if not [word for word in clause if word.is_stop and word.joint == "-"]:
        return tuple(clause)
    joined = [*(word.joint for word in clause[1:]), ""]
    return tuple(
        word._replace(is_stop=False) if word.is_stop and word.joint == "-" and after == "-" else word
        for word, after in zip(clause, joined, strict=True)
    )


def phrases(clauses: tuple[Clause, ...]) -> Iterator[str]:
    """Yield each candidate phrase, once an occurrence, as its stems with spaces between.

    >>> list(phrases(clauses("We propose masked diffusion models for vision")))
    ['mask', 'mask diffus', 'mask diffus model', 'diffus', 'diffus model', 'vision']
    """
    for clause in clauses:
        for start, end in spans(clause):
            yield " ".join([word.stem for word in clause[start:end]])


def long_phrases(clauses: Iterable[Clause]) -> list[str]:
    """Return those of the candidate phrases that have two words or more, in the same order.

    >>> long_phrases(clauses("We propose masked diffusion models for vision"))
    ['mask diffus', 'mask diffus model', 'diffus model']
    """
    found = []
    for clause in clauses:
        for start, first in enumerate(clause):
            if not first.opens:
                continue
            phrase = first.stem
            for word in clause[start + 1 : start + MOST_WORDS]:
                if word.is_stop:
                    break
                phrase = f"{phrase} {word.stem}"
                if word.closes:
                    found.append(phrase)
    return found


def spans(clause: Clause) -> Iterator[tuple[int, int]]:
    """Yield where candidate phrases begin and end in a clause."""
    for start, first in enumerate(clause):
        if not first.opens:
            continue
        if first.stands_alone:
            yield start, start + 1
        for end in range(start + 1, min(start + MOST_WORDS, len(clause))):
            word = clause[end]
            if word.is_stop:
                break
            if word.closes:
                yield start, end + 1


def is_whole(clause: Clause, start: int, end: int) -> bool:
    """Tell whether a span cuts no hyphenated word apart: “image models” in “text-to-image models” does."""
    return clause[start].joint != "-" and (end == len(clause) or clause[end].joint != "-")


def printed(words: Clause) -> str:
    """Return words as they stood, the first one's joint left out.

    >>> printed(clauses("text-to-image models")[0])
    'text-to-image models'
    """
    return "".join((word.joint if place else "") + word.printed for place, word in enumerate(words))


def _written_out(clauses: tuple[Clause, ...], long_forms: Mapping[str, Clause]) -> tuple[Clause, ...]:
    written = []
    for clause in clauses:
        if len(clause) == 1 and _long_form(clause[0], long_forms):
            continue  # “(RL)” after its own long form
        if not [word for word in clause if word.printed != word.lower and _long_form(word, long_forms)]:
            written.append(clause)
            continue
        out: list[Word] = []
        for word in clause:
            long = _long_form(word, long_forms)
            out.extend([long[0]._replace(joint=word.joint), *long[1:]] if long else [word])
        written.append(tuple(out))
    return tuple(written)


def _long_form(word: Word, long_forms: Mapping[str, Clause]) -> Clause | None:
    if word.printed == word.lower:
        return None
    return long_forms.get(word.printed) or long_forms.get(word.printed.removesuffix("s"))
