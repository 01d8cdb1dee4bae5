"""What a day has for those who follow a query: found once, however many of them there are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from newsletter.models import Paper
from newsletter.topics.matching import ranking
from newsletter.topics.matching.index import DayIndex, Places, places
from newsletter.topics.matching.people import bearers, name_words
from newsletter.topics.matching.query import Part, Query, understood
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words import acronyms
from newsletter.topics.words.words import Clause, Word, clauses

_MOST_KEPT: Final = 1 << 13
"""Answers kept."""
_AGREEING: Final = 2
"""Papers of a day that must introduce an acronym alike before it is known that day."""


class Answer(NamedTuple):
    """What a day holds for readers who follow a query."""

    best: tuple[int, ...] = ()
    """The papers' places, the nearest first."""
    found: Places = 0
    """The same places, as a set."""
    literal: Places = 0
    """Those that hold the words in a row, as written."""


class Following:
    """A day's papers, read once, and asked what each query brings."""

    def __init__(self, papers: Sequence[Paper], memory: Memory | None = None) -> None:
        """Take papers, best first; `memory`, by default the shipped one, knows what is rare or alike."""
        self._papers = papers
        self._memory = memory or Memory.shipped()
        self._answers: dict[str, Answer] = {}
        self._refused: dict[str, Places] = {}

    @cached_property
    def index(self) -> DayIndex:
        """The papers by phrase."""
        return DayIndex(self._papers, self._memory.long_forms)

    def answer(self, text: str) -> Answer:
        """Return what a day has for a query; see `matching.query` for how one is written.

        A paper counts that holds the plain words in a row, or is near enough to
        all of them by itself (`ranking.NEAR`): a day without such papers
        brings none. Whatever else is asked for must hold.
        """
        if text not in self._answers:
            if len(self._answers) >= _MOST_KEPT:
                self._answers.clear()
            self._answers[text] = self._answer(understood(text))
        return self._answers[text]

    def refused(self, text: str) -> Places:
        """Return which papers a muted query removes: those that hold all of it, plain words in a row."""
        if text not in self._refused:
            if len(self._refused) >= _MOST_KEPT:
                self._refused.clear()
            query = understood(text)
            held = self.index.holders(self._cased(query.words)) if query.words else self._every
            self._refused[text] = self._narrowed(held, query)
        return self._refused[text]

    def said(self, text: str, place: int) -> tuple[str, ...]:
        """Return which plain words of a query, as they were typed, a paper says."""
        query = self._cased(understood(text).words)
        held = [word for word in query.split() if self.index.holders(word) >> place & 1 and _tells(word)]
        return tuple(dict.fromkeys(held))

    def _answer(self, query: Query) -> Answer:
        if not query.words:
            found = self._narrowed(self._every, query)
            return Answer(tuple(places(found)), found, found)
        words = self._cased(query.words)
        literal = self._narrowed(self.index.holders(words), query)
        wanted = ranking.wanted(self._written_out(words))
        if len(wanted.stems) < 2:
            return Answer(tuple(places(literal)), literal, literal)
        in_a_row = [tuple(places(self.index.holders(" ".join(pair)))) for pair in wanted.pairs]
        scores = self._ranking.scores(wanted, in_a_row)
        near = sum(1 << place for place in (scores >= ranking.NEAR).nonzero()[0].tolist())
        found = literal | self._narrowed(near, query)
        best = sorted(places(found), key=lambda place: (-float(scores[place]), place))
        return Answer(tuple(best), found, literal)

    def _narrowed(self, found: Places, query: Query) -> Places:
        for part in query.required:
            found &= self._holders(part)
        for part in query.excluded:
            found &= ~self._holders(part)
        return found

    def _holders(self, part: Part) -> Places:
        match part.field:
            case "author":
                return _set(bearers(part.text, self._authors))
            case "title":
                return self._titles.holders(self._cased(part.text))
            case "category":
                return _set(_named(part.text, self._categories, "."))
            case "source":
                return _set(_named(part.text, self._sources, "-"))
        return self.index.holders(self._cased(part.text))

    def _cased(self, words: str) -> str:
        """Return words with the acronyms among them written as papers write them: “rl” is RL."""
        return " ".join(self._acronyms.get(word, word) for word in words.split())

    def _written_out(self, words: str) -> list[Clause]:
        out = []
        for clause in clauses(words):
            long: list[Word] = []
            for word in clause:
                form = self._names.get(word.printed) or self._names.get(word.printed.removesuffix("s"))
                long.extend(form if form and word.printed != word.lower else (word,))
            out.append(tuple(long))
        return out

    @property
    def _every(self) -> Places:
        return (1 << len(self._papers)) - 1

    @cached_property
    def _names(self) -> dict[str, Clause]:
        """What acronyms stand for: as earlier days taught, and else as papers of this one agree."""
        counts: dict[str, Counter[str]] = {}
        for paper in self._papers:
            for acronym, form in acronyms.introductions(paper.abstract):
                counts.setdefault(acronym, Counter())[form] += 1
        return acronyms.long_forms(counts, least=_AGREEING) | self._memory.long_forms

    @cached_property
    def _acronyms(self) -> dict[str, str]:
        """Acronyms by their small spelling, less those that are words as well."""
        small = {acronym.lower(): acronym for acronym in sorted(self._names)}
        usage = self._memory.usage
        return {
            word: acronym
            for word, acronym in small.items()
            if word not in usage or usage[word][3] < 0.2 * usage[word][0]
        }

    @cached_property
    def _ranking(self) -> ranking.Ranking:
        return ranking.Ranking(self._papers, self._memory, self._names)

    @cached_property
    def _titles(self) -> DayIndex:
        untold = [paper.model_copy(update={"abstract": ""}) for paper in self._papers]
        return DayIndex(untold, self._memory.long_forms)

    @cached_property
    def _authors(self) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
        found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        for place, paper in enumerate(self._papers):
            for author in paper.authors:
                words = name_words(author)
                for word in set(words):
                    found.setdefault(word, []).append((place, words))
        return found

    @cached_property
    def _categories(self) -> dict[str, list[int]]:
        return _by_name(paper.categories for paper in self._papers)

    @cached_property
    def _sources(self) -> dict[str, list[int]]:
        return _by_name([one.source for one in paper.mentions] for paper in self._papers)


def _by_name(names: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, ours in enumerate(names):
        for name in {one.casefold() for one in ours}:
            found.setdefault(name, []).append(place)
    return found


def _named(wanted: str, by_name: Mapping[str, Sequence[int]], joint: str) -> Iterable[int]:
    """Yield places under a name, or under one that goes on after `joint`: `cs.CL` is in `cs`."""
    whole = wanted.casefold()
    for name, found in by_name.items():
        if name == whole or name.startswith(whole + joint):
            yield from found


def _set(found: Iterable[int]) -> Places:
    places = 0
    for place in set(found):
        places |= 1 << place
    return places


def _tells(word: str) -> bool:
    return any(not one.is_stop for clause in clauses(word) for one in clause)
