"""The comparable forms of titles, names and abstracts.

What is compared is never shown. Sources write one title in many ways: with
entities or characters, LaTeX or Unicode, a tag before it, a site's name after
it, cut off, upper case. Here two ways of writing the same thing become equal.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from zlib import crc32

_GREEK = {chr(code): unicodedata.name(chr(code)).split()[-1].lower() for code in range(0x3B1, 0x3CA)}
"""`τ` and `\\tau` are one word; so are the two lower-case sigmas."""
_GREEK["ς"] = "sigma"
_GREEK["∞"] = "infty"
_COMMAND = re.compile(r"\\(" + "|".join(sorted(set(_GREEK.values()))) + r")(?![a-zA-Z])|\\[a-zA-Z]+\*?")
_FONT = re.compile(r"\b(?:text|math)(?:tt|it|bf|rm|sf|cal)\b")
"""What is left of a font command where a feed has lost the backslash."""
_TAG_BEFORE = re.compile(
    r"^\s*(?:\[[^\]]{1,20}\]|(?:new\s+)?(?:paper|title|preprint)\s*:|[^\w\s$\\(\"'«“¿¡]+)\s*", re.IGNORECASE
)
_SITE_AFTER = re.compile(
    r"\s*(?:[|·•]\s*[\w .]{2,30}|\[(?:pdf|html|video|code)\]|\((?:19|20)\d\d\)|\s[-–—]\s*arxiv)\s*$",
    re.IGNORECASE,
)
_CUT = re.compile(r"(?:…|\.\.\.)\s*$")
_SUBTITLE = re.compile(r":\s|\s[-–—]+\s|\?\s|\.\s")
_WORD = re.compile(r"[^\W_]+|\++")
_NOBODY = frozenset({"al", "others", "team", "anonymous"})
"""Last words of `et al.`, `and others`: not a surname."""


def title_words(title: str) -> tuple[str, ...]:
    r"""Return a title's words without case, accents, markup, tags before it and site names after it.

    >>> title_words("[R] A Study on $\\tau$-bench (2025) | Hugging Face")
    ('a', 'study', 'on', 'tau', 'bench')
    >>> title_words("A Study on τ&#45;Bench")
    ('a', 'study', 'on', 'tau', 'bench')
    """
    text = unicodedata.normalize("NFKC", html.unescape(html.unescape(title)))
    for _ in range(2):  # a tag may stand before an emoji, a year before a site
        text = _SITE_AFTER.sub("", _TAG_BEFORE.sub("", text))
    text = _COMMAND.sub(lambda found: f" {found[1]} " if found[1] else "", text).lower()
    text = "".join(f" {_GREEK[char]} " if char in _GREEK else char for char in text)
    return tuple(_WORD.findall(_FONT.sub("", re.sub(r"[${}^_\\]", "", _without_accents(text)))))


def is_cut(title: str) -> bool:
    """Whether the source shortened the title.

    >>> is_cut("The Anatomy of Speech Persuasion: Linguistic…")
    True
    """
    return _CUT.search(title) is not None


def people(names: Iterable[str]) -> frozenset[str]:
    """Return surname and initial of each author, in whichever order the source writes them.

    >>> sorted(people(["José da Silva", "Ünal, Ayşe", "et al."]))
    ['silva j', 'unal a']
    """
    return frozenset(person for person in map(_person, names) if person)


def _person(name: str) -> str | None:
    text = _without_accents(name).lower()
    if "," in text:
        last, _, first = text.partition(",")
        text = f"{first} {last}"
    words = re.findall(r"[^\W\d_]+", re.sub(r"[-'’]", "", text))
    if len(words) < 2 or words[-1] in _NOBODY:
        return None
    return f"{words[-1]} {words[0][0]}"


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def heading(title: str) -> str:
    """Return what stands before the subtitle.

    >>> heading("KAMERA: Enhancing Aerial Surveys"), heading("Room 3:14 - a study")
    ('KAMERA', 'Room 3:14')
    """
    return _SUBTITLE.split(title, maxsplit=1)[0]


def coined_name(heading: str) -> str:
    """Return a heading of a single uncommon word, in lower case; else nothing.

    >>> coined_name("GeoArena"), coined_name("BIR-Adapter"), coined_name("Introduction"), coined_name("On X")
    ('geoarena', 'biradapter', '', '')
    """
    words = heading.split()
    is_coined = len(words) == 1 and re.search(r"[a-z].*[A-Z]|[A-Z].*[A-Z]|[0-9]", heading) is not None
    return "".join(title_words(heading)) if is_coined else ""


def grams(letters: str, length: int) -> frozenset[int]:
    """Return the hashes of every `length` letters in a row, or of all letters where they are fewer."""
    starts = range(max(1, len(letters) - length + 1)) if letters else ()
    return frozenset(crc32(letters[start : start + length].encode()) for start in starts)


def shingles(abstract: str) -> frozenset[int]:
    """Return the hashes of every three words in a row.

    The shingles of Broder 1997, "On the resemblance and containment of documents".
    """
    words = re.findall(r"\w+", abstract.lower())
    pairs = list(pairwise(words))
    return frozenset(crc32(f"{a} {b} {c}".encode()) for (a, b), (_, c) in pairwise(pairs))
