"""Same work? What two descriptions of a paper have in common, and who belongs together.

Identifiers are evidence, not the key: where both sides have one of the same
kind it decides; where one side has none, titles, authors and abstracts do.
What each rule and constant is worth: `tests/bench/identity.py`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import combinations, pairwise
from zlib import crc32

from newsletter.papers import text

_TITLE, _AUTHORS, _ABSTRACT = 3.0, 1.0, 6.0
"""How much each likeness weighs."""
_USUAL_TITLE, _USUAL_AUTHORS, _USUAL_ABSTRACT = 0.7, 0.5, 0.2
"""The likeness that speaks neither for nor against."""
_AGREE = 0.9
"""Texts this alike are one, whatever else is said or is not known."""
_SAME_TEAM = 0.7
"""A name that these authors share a second time is the same work retitled: two works get two names."""
_UNLIKE = 0.01
"""Abstracts less alike than this are of two works, whatever their titles say."""
_SHINGLES_OF_AN_ABSTRACT = 20
"""Words that are too few for that: a teaser."""
_RETITLED = 0.2
"""The likeness of abstracts from which a title may say something else."""
_LETTERS_OF_A_WORD = 4
_SAME_WORD = 0.75
"""Likeness from which words are one in two spellings (difflib's ratio)."""
_LETTERS_OF_A_TITLE = 20
"""A title cut off, without its subtitle or all that is known must be as long: `Editorial` names nothing."""
_CROWD = 40
"""Where more records than this share a trait, each is only compared with its neighbour by title."""
_EDITION = re.compile(
    r"(?:19|20)\d\d|v?\d+b?|\++|i{2,3}|iv|pro|mini|ultra|lite|nano|next|plus"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth"
)
"""Words by which the next work of a series differs from the one before."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies one description of a work, ready to be compared."""

    arxiv_id: str | None
    doi: str | None
    letters: str
    """The title without spaces: `data set` and `dataset` are one."""
    heading: str
    """The same of what stands before the subtitle."""
    name: str
    """The one word before the subtitle that the authors coined, if there is one."""
    editions: frozenset[str]
    """The title's years, versions and ordinals."""
    is_cut: bool
    people: frozenset[str]
    grams: frozenset[int]
    stretches: tuple[int, ...]
    """A sketch of the title: the two smallest hashes of ten letters in a row, fewer being too common."""
    shingles: frozenset[int]
    words: frozenset[str] = frozenset()
    """The title's words of some length."""
    entries: frozenset[tuple[str, str]] = frozenset()
    """Source and address of each entry that described the work."""
    stored_as: str | None = None
    """The id of the stored paper that this describes; two stored papers are never joined."""

    @classmethod
    @lru_cache(maxsize=1024)  # a poll's papers are asked for several times over; more would only cost memory
    def of(
        cls,
        title: str,
        abstract: str = "",
        authors: tuple[str, ...] = (),
        *,
        arxiv_id: str | None = None,
        doi: str | None = None,
        entries: frozenset[tuple[str, str]] = frozenset(),
        stored_as: str | None = None,
    ) -> "Fingerprint":
        """Take the fingerprint of a description."""
        words, heading = text.title_words(title), text.heading(title)
        letters = "".join(words)
        return cls(
            arxiv_id,
            doi,
            letters,
            "".join(text.title_words(heading)),
            text.coined_name(heading) if heading != title else "",
            frozenset(word for word in words if _EDITION.fullmatch(word)),
            text.is_cut(title),
            text.people(authors),
            text.grams(letters, 4),
            tuple(sorted(text.grams(letters, 10))[:2]),
            text.shingles(abstract),
            frozenset(word for word in words if len(word) >= _LETTERS_OF_A_WORD),
            entries,
            stored_as,
        )

    def traits(self) -> tuple[str, ...]:
        """Return the names under which descriptions of one work find each other.

        The title's start, end and coined name, and a sketch of title and abstract: their
        smallest hashes (min-wise sampling, Broder 1997). Abstracts that share a third of
        their shingles share one of the four smallest with a probability of about 0.8.
        """
        edges = {"s": self.letters[:18], "e": self.letters[-18:], "n": self.name}
        sketches = {"t": self.stretches, "a": tuple(sorted(self.shingles)[:4])}
        return (
            *(f"{kind}{crc32(edge.encode()):x}" for kind, edge in edges.items() if edge),
            *(f"{kind}{smallest:x}" for kind, hashes in sketches.items() for smallest in hashes),
        )


def evidence(one: Fingerprint, other: Fingerprint) -> float:  # noqa: PLR0911  # one return per rule
    """Return how much speaks for the same work; above 0, it is. Symmetric.

    Of identifiers of one kind, equal ones decide for and different ones against.
    """
    by_identifier = _by_identifier(one, other)
    if by_identifier is not None:
        return by_identifier
    title = _title_likeness(one, other)
    authors = _overlap(one.people, other.people)
    abstract = _likeness(one.shingles, other.shingles)
    if abstract is not None and abstract >= _AGREE and authors != 0 and not _is_brief(one, other, 10):
        return _ABSTRACT * abstract
    if _are_listed_apart(one, other) or (
        abstract is not None and abstract < _UNLIKE and not _is_brief(one, other)
    ):
        return -1.0
    if one.name and one.name == other.name and authors is not None and authors >= _SAME_TEAM:
        return authors
    is_silent = abstract is None and not _tells_alone(one, other, title, authors)
    if authors == 0 or is_silent or (title < 1 and _is_sequel(one, other)):
        return -1.0
    if title < 1 and (abstract or 0.0) < _RETITLED and _says_something_else(one, other):
        return -1.0
    weighed = _TITLE * (title - _USUAL_TITLE)
    if authors is not None:
        weighed += _AUTHORS * (authors - _USUAL_AUTHORS)
    if abstract is not None:
        weighed += _ABSTRACT * (abstract - _USUAL_ABSTRACT)
    return weighed


def _is_sequel(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether titles differ as those of a series do: by a year or version, or by a qualifier in front.

    `Random-phase Wave Splatting` follows `Wave Splatting`; `DiffMI: Wave
    Splatting` is the same with its new name before it.
    """
    short, long = sorted((one, other), key=lambda side: len(side.letters))
    before = long.letters.removesuffix(short.letters)
    return one.editions != other.editions or before not in {long.letters, long.heading}


def _are_listed_apart(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether one source lists both under different addresses, as it does each `Weekly digest`."""
    mine, theirs = dict(one.entries), dict(other.entries)
    return bool(mine.keys() & theirs.keys()) and not one.entries & other.entries


def _is_brief(one: Fingerprint, other: Fingerprint, least: int = _SHINGLES_OF_AN_ABSTRACT) -> bool:
    """Whether a text is too short to tell one abstract from another: a teaser shares nothing with either."""
    return min(len(one.shingles), len(other.shingles)) < least


def _says_something_else(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether each title holds a word that the other lacks in any spelling: images for texts, say."""
    return all(
        any(
            word not in theirs.letters and not get_close_matches(word, theirs.words, 1, _SAME_WORD)
            for word in mine.words - theirs.words
        )
        for mine, theirs in ((one, other), (other, one))
    )


def _tells_alone(one: Fingerprint, other: Fingerprint, title: float, authors: float | None) -> bool:
    """Whether titles may decide without abstracts; without authors too, they must be long and agree."""
    if authors is not None:
        return title >= _USUAL_TITLE
    return title >= _AGREE and min(len(one.letters), len(other.letters)) >= _LETTERS_OF_A_TITLE


def _by_identifier(one: Fingerprint, other: Fingerprint) -> float | None:
    for mine, theirs in ((one.arxiv_id, other.arxiv_id), (one.doi, other.doi)):
        if mine and theirs:
            return 100.0 if mine == theirs else -100.0
    return None


def _likeness(one: frozenset[int], other: frozenset[int]) -> float | None:
    """Return Jaccard's coefficient, or None where one side has nothing."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if one and other else None


def _overlap(one: frozenset[str], other: frozenset[str]) -> float | None:
    """Return the share of the shorter list that stands in the longer one, or None where one is empty."""
    return len(one & other) / min(len(one), len(other)) if one and other else None


def _title_likeness(one: Fingerprint, other: Fingerprint) -> float:
    """Return how alike two titles are, 0 to 1; one that is cut off or lacks the subtitle is the same."""
    if one.letters == other.letters:
        return 1.0 if one.letters else 0.0
    short, long = sorted((one, other), key=lambda side: len(side.letters))
    if len(short.letters) >= _LETTERS_OF_A_TITLE and (
        short.letters == long.heading or (short.is_cut and long.letters.startswith(short.letters[:-1]))
    ):
        return 1.0
    return _likeness(one.grams, other.grams) or 0.0


def same_work(fingerprints: Sequence[Fingerprint]) -> tuple[tuple[int, ...], ...]:
    """Put the positions of `fingerprints` that describe one work together.

    Groups and their members are in ascending order. The strongest evidence is
    followed first; a chain never joins two arXiv numbers or two stored papers, nor
    two DOIs unless one arXiv number has both. Pairs are only looked for under shared traits, so the cost
    grows with the number of records, not with its square.
    """
    groups = _Groups(fingerprints)
    pairs = ((evidence(fingerprints[a], fingerprints[b]), a, b) for a, b in candidates(fingerprints))
    for _, a, b in sorted((pair for pair in pairs if pair[0] > 0), key=lambda pair: (-pair[0], pair[1:])):
        groups.join(a, b)
    return groups.sorted()


def candidates(fingerprints: Sequence[Fingerprint]) -> set[tuple[int, int]]:
    """Return the pairs of positions, lower first, that are worth comparing: those that share a trait."""
    by_trait: dict[str, list[int]] = defaultdict(list)
    by_identifier: dict[str, list[int]] = defaultdict(list)
    for position, fingerprint in enumerate(fingerprints):
        for trait in fingerprint.traits():
            by_trait[trait].append(position)
        for identifier in (fingerprint.arxiv_id, fingerprint.doi):
            if identifier:
                by_identifier[identifier].append(position)
    found: set[tuple[int, int]] = set()
    for group in by_trait.values():
        if len(group) <= _CROWD:
            found.update(combinations(group, 2))
        else:
            found.update(_neighbours(sorted(group, key=lambda position: fingerprints[position].letters)))
    for group in by_identifier.values():
        found.update(_neighbours(group))
    return found


def _neighbours(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((min(pair), max(pair)) for pair in pairwise(positions))


class _Groups:
    """Disjoint sets that refuse to put two works together.

    One arXiv number is one work, whatever DOIs it is said to have; two are
    two. Without a number in common, a DOI in common decides the same way.
    """

    def __init__(self, fingerprints: Sequence[Fingerprint]) -> None:
        self._parent = list(range(len(fingerprints)))
        self._known = [
            tuple(frozenset(filter(None, [name])) for name in (one.arxiv_id, one.doi, one.stored_as))
            for one in fingerprints
        ]

    def _root(self, position: int) -> int:
        while self._parent[position] != position:
            self._parent[position] = self._parent[self._parent[position]]
            position = self._parent[position]
        return position

    def join(self, a: int, b: int) -> None:
        a, b = self._root(a), self._root(b)
        if a != b and not self._differ(a, b):
            self._parent[b] = a
            self._known[a] = tuple(
                mine | theirs for mine, theirs in zip(self._known[a], self._known[b], strict=True)
            )

    def _differ(self, a: int, b: int) -> bool:
        *identifiers, stored = zip(self._known[a], self._known[b], strict=True)
        decided = next((mine.isdisjoint(theirs) for mine, theirs in identifiers if mine and theirs), False)
        return decided or bool(stored[0] and stored[1] and stored[0] != stored[1])

    def sorted(self) -> tuple[tuple[int, ...], ...]:
        members: dict[int, list[int]] = defaultdict(list)
        for position in range(len(self._parent)):
            members[self._root(position)].append(position)
        return tuple(sorted(map(tuple, members.values())))
