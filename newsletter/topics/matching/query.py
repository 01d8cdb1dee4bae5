"""What a reader follows or mutes, in one small language.

    controllable RL                      words: any of them counts, the rare ones most
    "flow matching"                      these words, in a row
    title:agents  title:"world model"    in the title
    author:hinton  author:"Hao Li"       by an author with this name
    category:cs.CL  category:math        in this category, or in this archive
    source:huggingface                   seen at this source
    -survey  -author:"Hao Li"            none of these

Everything but plain words must hold. Words match in any inflection, and an
acronym stands for its long form and the other way round.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

from newsletter.errors import InvalidInputError

MOST_PARTS = 20
"""Words, names and phrases in one topic; beyond, each says less about what is meant."""

Field = Literal["words", "title", "author", "category", "source"]
_NAMED: Final = frozenset(get_args(Field)) - {"words"}
_PART = re.compile(
    r"(?P<minus>-)?(?:(?P<field>[A-Za-z]+):(?=\S)|(?P<spaced>author|title|category|source):\s+)?"
    r'(?:"(?P<quoted>[^"]*)(?P<closed>"?)|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_QUOTES: Final = str.maketrans("“”„‟«»＂", '"' * 7)
_MINUS = re.compile(r"(?<!\S)[‐‑‒–—−](?=\S)")  # what a keyboard makes of a leading hyphen
_OPERATORS: Final = frozenset({"AND", "OR", "NOT", "||", "&&"})
_WILD = re.compile(r"\w\*|\*\w")
_NOTHING_AFTER: Final = "Nothing to look for stands after “{field}:”. Write it right after the colon."
_CATEGORY = re.compile(r"[a-z][a-z-]*(\.[a-z][a-z-]*)?", re.IGNORECASE)


class Part(NamedTuple):
    """One phrase, name or word, and where it must, or must not, stand."""

    text: str
    field: Field = "words"
    is_excluded: bool = False


class Query(NamedTuple):
    """What is asked for."""

    words: str = ""
    """The plain words, in the order in which they were typed."""
    required: tuple[Part, ...] = ()
    excluded: tuple[Part, ...] = ()


def parse(text: str) -> Query:
    """Return what a text asks for.

    Raises `InvalidInputError`, with a sentence for readers, where a part of it
    cannot be understood; nothing is left out silently.

    >>> parse('controllable RL author:"Hao Li" -survey')  # doctest: +NORMALIZE_WHITESPACE
    Query(words='controllable RL', required=(Part(text='Hao Li', field='author', is_excluded=False),),
          excluded=(Part(text='survey', field='words', is_excluded=True),))
    """
    line = _MINUS.sub("-", unicodedata.normalize("NFC", text).translate(_QUOTES))
    found = [_part(match) for match in _PART.finditer(line)]
    words = [part.text for part, is_plain in found if is_plain]
    named = [part for part, is_plain in found if not is_plain]
    query = Query(
        " ".join(words),
        tuple(dict.fromkeys(part for part in named if not part.is_excluded)),
        tuple(dict.fromkeys(part for part in named if part.is_excluded)),
    )
    if len(found) > MOST_PARTS:
        raise InvalidInputError(
            f"A topic has at most {MOST_PARTS} words and names. Keep those that tell most, "
            "or write several topics."
        )
    if not query.required and not _is_said(query.words):
        raise InvalidInputError(
            f"“{text}” only says what to leave out. Add a word to look for, or mute it instead."
            if query.excluded
            else f"“{text}” holds no word to look for. Write words, or a name after author:."
        )
    return query


def understood(text: str) -> Query:
    """Return what a text asks for; one that was kept before it had to be understood is taken as words.

    >>> understood("OR gates")
    Query(words='OR gates', required=(), excluded=())
    """
    try:
        return parse(text)
    except InvalidInputError:
        return Query(words=text)


def _part(match: re.Match[str]) -> tuple[Part, bool]:
    """Return a part and True if it is one of the plain words."""
    name = (match["field"] or match["spaced"] or "words").lower()
    field = next(
        (one for one in get_args(Field) if one == name and (one in _NAMED or not match["field"])), None
    )
    if field is None:
        raise InvalidInputError(
            f"“{match['field']}:” is not known here. There are author:, title:, category: and source:; "
            "leave the colon out to look for the word itself."
        )
    if match["quoted"] is not None and not match["closed"]:
        raise InvalidInputError(f"The quotation mark before “{match['quoted'][:40]}” is not closed. Add one.")
    part = Part(_text(match, field), field, is_excluded=bool(match["minus"]))
    return part, field == "words" and match["quoted"] is None and not part.is_excluded


def _text(match: re.Match[str], field: Field) -> str:
    text = " ".join((match["quoted"] or "").split()) if match["word"] is None else match["word"]
    if match["word"] is not None and text.endswith(":") and text[:-1].lower() in _NAMED:
        raise InvalidInputError(_NOTHING_AFTER.format(field=text[:-1].lower()))
    if match["word"] is not None and text in _OPERATORS:
        raise InvalidInputError(
            f"{text} is not needed: papers that hold more of the words come first. "
            "For either of two things, write two topics; for neither, put - before a word."
        )
    if _WILD.search(text):
        raise InvalidInputError(
            f"“{text}”: leave the * out. Words are found in any inflection, but only whole."
        )
    if field != "words" or match["quoted"] is not None or match["minus"]:
        for is_wrong, sentence in _WRONG:
            if is_wrong(text, field):
                raise InvalidInputError(sentence.format(text=text, field=field))
    return text


_WRONG: Final[tuple[tuple[Callable[[str, Field], bool], str], ...]] = (
    (lambda text, field: not _is_said(text) and field != "words", _NOTHING_AFTER),
    (lambda text, _: not _is_said(text), "“{text}” holds no word to look for. Leave it out."),
    (
        lambda text, field: field == "category" and not _CATEGORY.fullmatch(text),
        "“{text}” is not a category. Write one such as category:cs.CL or category:math.",
    ),
)


def _is_said(text: str) -> bool:
    return any(letter.isalnum() for letter in text)
