"""One index of a day's papers, or a week's, against which any number of phrases is answered.

Reading a paper costs a thousand times what asking it for a phrase does, so each
is read once: its stems go into postings, and its clauses into lines of stems.
A phrase is looked for in the papers that hold its rarest stem, and what was
found is kept, because readers share their phrases. Acronyms that a paper or a
phrase introduces by itself change what others mean by them; only the few papers
that they touch are looked at word by word.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from newsletter.models import Paper
from newsletter.topics.matching.spelling import (
    Names,
    Stems,
    introduced,
    lines,
    may_be_acronym,
    stems,
    written_out,
)
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import Clause, clauses

_MOST_KEPT: Final = 1 << 24
"""Bits of answers kept: 2 MB, some thousand phrases of a long week."""

Places = int
"""A set of papers: bit n is set where the n-th of the index is among them."""


def holds(paper: Paper, phrase: str, long_forms: Mapping[str, Clause] | None = None) -> bool:
    """Tell whether a paper's title or abstract holds a phrase; see `DayIndex.holders`.

    >>> from datetime import UTC, datetime
    >>> paper = Paper(id="a", title="Offline-RL agents", first_seen=datetime(2026, 6, 1, tzinfo=UTC))
    >>> [holds(paper, phrase) for phrase in ("offline", "agent", "Reinforcement Learning", "learning", "")]
    [True, True, True, True, False]
    """
    return bool(DayIndex((paper,), long_forms).holders(phrase))


def places(found: Places) -> Iterator[int]:
    """Yield the places of a set, in order.

    >>> list(places(0b1101))
    [0, 2, 3]
    """
    while found:
        lowest = found & -found
        yield lowest.bit_length() - 1
        found ^= lowest


class _Said(NamedTuple):
    """What one paper says."""

    text: str
    """Its clauses word for word, and then those that this changes with their acronyms written out."""
    plain_end: int
    """Where those with acronyms written out begin."""
    spelt: tuple[Clause, ...]
    """Those that may hold an acronym."""
    own: Names
    """The acronyms that it introduces."""


class DayIndex:
    """Papers that were read once; their places, in the order in which they came, are their names here."""

    def __init__(
        self,
        papers: Iterable[Paper],
        long_forms: Mapping[str, Clause] | None = None,
        *,
        most_kept: int = _MOST_KEPT,
    ) -> None:
        """Read papers; acronyms that they do not introduce mean `long_forms`, the shipped ones by default.

        `most_kept` bounds the answers that are kept, in bits.
        """
        known = Memory.shipped().long_forms if long_forms is None else long_forms
        self._names: Names = {acronym: stems(form) for acronym, form in known.items()}
        self._said: list[_Said] = []
        self._postings: dict[str, array[int]] = {}
        self._spelt: dict[str, array[int]] = {}
        self._introducers: dict[str, array[int]] = {}
        self._kept: dict[str, Places] = {}
        self._most_kept = most_kept
        for paper in papers:
            self._add(paper)

    def __len__(self) -> int:
        return len(self._said)

    @property
    def kept(self) -> int:
        """How many bits of answers are kept."""
        return len(self._kept) * len(self)

    def holders(self, phrase: str) -> Places:
        """Return which papers' titles or abstracts hold a phrase, in any inflection, or its acronym.

        Words count by their stems, hyphens as spaces. An acronym stands for its
        long form and the other way round: as the paper introduces it, else as the
        phrase does (“reinforcement learning (RL)”), else as `long_forms` say. A
        phrase without a word is held by no paper.
        """
        found = self._kept.get(phrase)
        if found is None:
            found = self._holders(phrase)
            if self.kept + len(self) > self._most_kept:
                self._kept.clear()
            self._kept[phrase] = found
        return found

    def holders_of_any(self, phrases: Iterable[str]) -> Places:
        """Return which papers hold one of these phrases."""
        found = 0
        for phrase in phrases:
            found |= self.holders(phrase)
        return found

    def _add(self, paper: Paper) -> None:
        place, own = len(self._said), introduced(paper.abstract)
        said = clauses(paper.title) + clauses(paper.abstract)
        acronyms = {
            word.printed
            for clause in said
            for word in clause
            if word.printed != word.lower and may_be_acronym(word)
        }
        spelt = tuple(
            [clause for clause in said if not acronyms.isdisjoint([word.printed for word in clause])]
        )
        plain, written = _ways(said, spelt, {**self._names, **own} if own else self._names)
        text = lines(plain)
        self._said.append(_Said("\n".join((text, lines(written))), len(text), spelt, own))
        found = {one for way in (*plain, *written) for one in way}
        strange = [name for name, form in own.items() if self._names.get(name) != form]
        for kept, terms in ((self._postings, found), (self._spelt, acronyms), (self._introducers, strange)):
            for term in terms:
                kept.setdefault(term, array("I")).append(place)

    def _holders(self, phrase: str) -> Places:
        wanted = clauses(phrase)
        if not wanted:
            return 0
        first, own = wanted[0], introduced(phrase)
        names = {**self._names, **own} if own else self._names
        found = bytearray(len(self) // 8 + 1)
        for way in {stems(first), written_out(first, names)}:
            for place in self._holding(way):
                found[place >> 3] |= 1 << (place & 7)
        for place in self._touched(first, own):
            if _holds(self._said[place], first, names):
                found[place >> 3] |= 1 << (place & 7)
            else:
                found[place >> 3] &= ~(1 << (place & 7))
        return int.from_bytes(found, "little")

    def _holding(self, way: Stems) -> Iterable[int]:
        """Return the places that hold a run of stems, with each acronym as the index took it."""
        rarest = min((self._postings.get(one, _NOWHERE) for one in way), key=len)
        if len(way) == 1:
            return rarest
        wanted, said = lines([way]), self._said
        return [place for place in rarest if wanted in said[place].text]

    def _touched(self, first: Clause, own: Names) -> set[int]:
        """Return the places where an acronym may mean something else than the index took it for."""
        touched: set[int] = set()
        for word in first:
            for name in {word.printed, word.printed.removesuffix("s")}:
                touched.update(self._introducers.get(name, _NOWHERE))
        for name, form in own.items():
            if self._names.get(name) != form:
                touched.update(self._spelt.get(name, _NOWHERE), self._spelt.get(f"{name}s", _NOWHERE))
        return touched


_NOWHERE: Final[Sequence[int]] = ()


def _ways(said: Iterable[Clause], spelt: Iterable[Clause], names: Names) -> tuple[list[Stems], list[Stems]]:
    """Return clauses as stems word for word, and those with acronyms also written out."""
    written = [(written_out(clause, names), stems(clause)) for clause in spelt]
    return [stems(clause) for clause in said], [way for way, plain in written if way != plain]


def _holds(said: _Said, first: Clause, known: Names) -> bool:
    """Tell the same of one paper by its words, with the acronyms as it means them."""
    names = {**known, **said.own} if said.own else known
    wanted = {lines([stems(first)]), lines([written_out(first, names)])}
    ways = lines([written_out(clause, names) for clause in said.spelt])
    return any(one in ways or said.text.find(one, 0, said.plain_end) >= 0 for one in wanted)
