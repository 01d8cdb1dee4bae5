"""An edition's papers by phrase: read once, and asked for every reader."""

from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache

from newsletter.editions.assembly.explain import explain
from newsletter.editions.assembly.summary import summarise
from newsletter.editions.scoring.order import best_first
from newsletter.models import Edition, Entry
from newsletter.topics import Following
from newsletter.topics.matching import Places, places

_MOST_READ = 8
"""Editions whose index is kept: today's, a week's and the few before that a quiet reader is told of."""


class Same:
    """An edition that equals itself alone: comparing all its papers would cost more than it saves."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.edition is other.edition

    def __hash__(self) -> int:
        return id(self.edition)


class Finder:
    """The announced papers and the tail of one edition, best first; an entry's place is its rank."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._told: dict[int, Entry] = {}

    @cached_property
    def _entries(self) -> list[Entry]:
        return best_first((*self._edition.entries, *self._edition.tail))

    @cached_property
    def _papers(self) -> Following:
        return Following([entry.paper for entry in self._entries])

    def followed(self, topics: Collection[str]) -> Places:
        """Return the entries for those who follow one of some topics; without any, nothing is read."""
        found = 0
        for topic in topics:
            found |= self._papers.answer(topic).found
        return found

    def muted(self, words: Collection[str]) -> Places:
        """Return the entries that a reader who muted some words is spared."""
        found = 0
        for word in words:
            found |= self._papers.refused(word)
        return found

    def at(self, found: Places) -> Iterator[tuple[int, Entry]]:
        """Yield each place of a set with its entry, the best first."""
        return ((place, self._entries[place]) for place in places(found))

    def told(self, place: int) -> Entry:
        """Return an entry with the sentences that one of the tail was stored without."""
        if place not in self._told:
            self._told[place] = told(self._entries[place])
        return self._told[place]

    def told_for(self, topic: str, place: int) -> Entry:
        """Return an entry that says which words of a topic it holds, where it is not those in a row."""
        entry = self.told(place)
        if self._papers.answer(topic).literal >> place & 1:
            return entry
        said = " and ".join(f"“{word}”" for word in self._papers.said(topic, place))
        return entry.model_copy(update={"why": f"It says {said}. {entry.why}".rstrip()}) if said else entry


def told(entry: Entry) -> Entry:
    """Return an entry with its sentences; those of a tail are stored without."""
    if entry.why or entry.summary:
        return entry
    return entry.model_copy(
        update={"why": explain(entry), "summary": summarise(entry.paper.abstract, entry.paper.title)}
    )


def finder(edition: Edition) -> Finder:
    """Return what finds an edition's papers; the same one while the edition is the same object."""
    return _finder(Same(edition))


@lru_cache(maxsize=_MOST_READ)
def _finder(same: Same) -> Finder:
    return Finder(same.edition)
