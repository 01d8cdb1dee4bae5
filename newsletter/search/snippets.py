"""The part of a text that shows why it was found."""

import re
from collections import Counter
from collections.abc import Sequence

from newsletter.search.results import Piece
from newsletter.search.words import Word

LENGTH = 230
"""Characters of a snippet: about three lines of a page."""
_LEAD = 60
"""Characters before the first match that are given up to begin with a sentence."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")


def marked(text: str, words: Sequence[Word], start: int = 0, end: int | None = None) -> tuple[Piece, ...]:
    """Cut a text, or part of it, where matches begin and end.

    >>> marked("flow matching", [Word("match", 5, 13)])
    (Piece(text='flow ', is_match=False), Piece(text='matching', is_match=True))
    """
    end = len(text) if end is None else end
    pieces, at = [], start
    for word in words:
        if start <= word.start and word.end <= end:
            pieces += [Piece(text[at : word.start]), Piece(text[word.start : word.end], is_match=True)]
            at = word.end
    return tuple(piece for piece in (*pieces, Piece(text[at:end])) if piece.text)


def snippet(text: str, words: Sequence[Word]) -> tuple[Piece, ...]:
    """Return the part that holds the most different matches, marked, with ellipses where it is cut.

    >>> [piece.text for piece in snippet("One. " * 60 + "Flow matching works.", [Word("flow", 300, 304)])]
    ['… ', 'Flow', ' matching works.']
    """
    start = _start(text, _densest(words)) if words else 0
    end = _end(text, start + LENGTH)
    start = min(start, _start(text, end - LENGTH)) if end == len(text) and not words else start
    pieces = marked(text, words, start, end)
    before = (Piece("… "),) if start else ()
    after = (Piece(" …"),) if end < len(text) else ()
    return (*before, *pieces, *after)


def _densest(words: Sequence[Word]) -> int:
    """Return where the window begins that holds the most different stems, then the most matches.

    Each match enters the window once and leaves it once: strangers write abstracts of one word, too.
    """
    held, after, best, start = Counter[str](), 0, (0, 0), words[0].start
    for first, word in enumerate(words):
        while after < len(words) and words[after].end <= word.start + LENGTH - _LEAD:
            held[words[after].stem] += 1
            after += 1
        if (len(held), after - first) > best:
            best, start = (len(held), after - first), word.start
        if held[word.stem] <= 1:
            del held[word.stem]
        else:
            held[word.stem] -= 1
        after = max(after, first + 1)
    return start


def _start(text: str, match: int) -> int:
    """Return where a snippet begins: at the sentence if that is near, else at a word."""
    if match <= _LEAD:
        return 0
    sentences = [found.end() for found in _SENTENCE.finditer(text, match - _LEAD, match + 1)]
    if sentences:
        return sentences[-1]
    return text.rfind(" ", 0, match - _LEAD // 2) + 1


def _end(text: str, longest: int) -> int:
    """Return where a snippet ends: after the last whole word, or where the text does."""
    if longest >= len(text):
        return len(text)
    space = text.rfind(" ", longest - 40, longest)
    return space if space > 0 else longest
