"""How texts become words to look up: the same on both sides, or nothing would be found."""

from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

_LONGEST_WORD = 40
STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "for", "from", "has", "have"),
        *("how", "in", "into", "is", "it", "its", "not", "of", "on", "or", "our", "over", "than", "that"),
        *("the", "their", "then", "there", "these", "they", "this", "to", "under", "via", "was", "we"),
        *("were", "what", "when", "which", "who", "why", "will", "with", "without", "you", "your"),
    )
)
"""They stand in most abstracts; they count beside other words, but are not asked for."""


class Word(NamedTuple):
    """A word of a text."""

    stem: str
    start: int
    """Where it begins and ends in the text, in characters."""
    end: int


@cache
def stemmed() -> TextAnalyzer:
    """Return what cuts titles and abstracts into stems without case and accents (Porter 2, English)."""
    return _folded().filter(Filter.stemmer("english")).build()


@cache
def plain() -> TextAnalyzer:
    """Return what cuts names, and texts that are searched for a spelling, into words."""
    return _folded().build()


def _folded() -> TextAnalyzerBuilder:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(_LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold()):
        builder = builder.filter(step)
    return builder


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a text, in order.

    >>> stems("Élan: Flow-Matching for runners")
    ('elan', 'flow', 'match', 'for', 'runner')
    """
    return tuple(stemmed().analyze(text))


def names(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are written, without case and accents."""
    return tuple(plain().analyze(text))


def located(text: str, wanted: Collection[str], *, is_name: bool = False) -> tuple[Word, ...]:
    """Return where any of the `wanted` stems (or words of names) stand in a text.

    >>> [text[word.start : word.end] for text in ["Élan matches."] for word in located(text, {"match"})]
    ['matches']
    """
    if not wanted:
        return ()
    cut = (plain() if is_name else stemmed()).pre_tokenize(text)
    return tuple(
        Word(token.text, token.char_offset_from, token.char_offset_to)
        for token in cut.tokens
        if token.text in wanted
    )
