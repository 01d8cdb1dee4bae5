"""Authors by name, as it may be written."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

_WORD = re.compile(r"[^\W\d_]+")


def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a name without case and accents.

    >>> name_words("Éric J. Müller-Lyer")
    ('eric', 'j', 'muller', 'lyer')
    """
    plain = unicodedata.normalize("NFKD", name)
    return tuple(_WORD.findall("".join(one for one in plain if not unicodedata.combining(one)).casefold()))


def is_name_of(wanted: Iterable[str], author: Iterable[str]) -> bool:
    """Tell whether the author bears each word asked for, an initial standing for its name.

    At least one must be there in full.

    >>> wanted = name_words("Geoffrey Hinton")
    >>> [is_name_of(wanted, name_words(author)) for author in ("G. E. Hinton", "Hinton, Ann")]
    [True, False]
    """
    left, asked = list(author), list(wanted)
    whole = [word for word in asked if word in left and len(word) > 1]
    for word in whole:
        if word in left:
            left.remove(word)
    return bool(whole) and all(_stands_for(word, left) for word in asked if word not in whole)


def _stands_for(word: str, left: list[str]) -> bool:
    for one in left:
        if (len(word) == 1 or len(one) == 1) and word[0] == one[0]:
            left.remove(one)
            return True
    return False


def bearers(name: str, by_word: Mapping[str, Iterable[tuple[int, tuple[str, ...]]]]) -> Iterator[int]:
    """Yield where papers have an author of this name; `by_word` are authors by each of their words."""
    wanted = name_words(name)
    known = [by_word.get(word, ()) for word in wanted if len(word) > 1]
    for places in known:
        yield from (place for place, author in places if is_name_of(wanted, author))
