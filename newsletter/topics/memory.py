"""What earlier days taught: counts of words and phrases, and a latent space.

No text is kept. A memory is a value: `learn` returns another one. It holds
about the last `CAPACITY` papers, older ones fading as new ones come, so that
a service with ten papers a day lives on what was shipped for a year and one
with a thousand has learnt its own field within days.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources

from newsletter.models import Paper
from newsletter.topics import acronyms, archive
from newsletter.topics.space import Space
from newsletter.topics.vocabulary import BEFORE_VERBS, DETERMINERS
from newsletter.topics.words import Clause, Reading, Word, phrases, read

CAPACITY = 8_000
"""Papers remembered, the newest counting whole."""
RECENT_DAYS = 10
"""Days whose counts are kept apart, for bursts and for a topic's series."""
_FORGOTTEN_BELOW = 0.75
"""A phrase that was met once is forgotten when its paper has faded to this."""


@dataclass(frozen=True)
class Day:
    """One day's counts: how many papers it had, and how many held each phrase."""

    date: date
    papers: int
    holders: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Memory:
    """Counts and a latent space learnt from earlier days; immutable."""

    papers: float = 0.0
    """How many papers it rests on, faded ones in part."""
    holders: Mapping[str, float] = field(default_factory=dict)
    """In how many papers each stem and each phrase stood."""
    titles: Mapping[str, float] = field(default_factory=dict)
    """In how many titles."""
    usage: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """Of each word: occurrences, those that end a phrase, those that look like a verb's."""
    introductions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Acronyms, and how often each long form introduced them."""
    space: Space = field(default_factory=Space)
    recent: tuple[Day, ...] = ()
    """The last `RECENT_DAYS` days learnt, oldest first."""
    days: int = 0
    """Days learnt since the shipped counts; what the reasons say is known rests on it."""

    @staticmethod
    def shipped() -> "Memory":
        """Return what comes with the package, learnt from 6,000 abstracts of late 2025."""
        return _shipped()

    def learn(self, papers: Iterable[Paper], day: date) -> "Memory":
        """Return the memory after one more day; a day already learnt among the recent ones changes nothing.

        The papers' order does not matter.
        """
        ordered = sorted(papers, key=lambda paper: paper.id)
        if self.knows(day) or not ordered:
            return self
        fade = min(1.0, CAPACITY / (self.papers + len(ordered)))
        readings = [read(paper, self.long_forms) for paper in ordered]
        today = [set(terms(reading)) for reading in readings]
        holders = Counter(term for found in today for term in found)
        titles = Counter(term for reading in readings for term in set(terms(reading.heading)))
        counted = Day(
            day,
            len(ordered),
            {term: n for term, n in holders.items() if n > 1 or self.holders.get(term, 0.0) >= 2},
        )
        learnt = replace(
            self,
            papers=_kept(self.papers + len(ordered), fade),
            holders=_faded_sum(self.holders, holders, fade),
            titles=_faded_sum(self.titles, titles, fade),
            usage=_usage(self.usage, readings, fade),
            introductions=_introductions(self.introductions, ordered, fade),
            recent=tuple(sorted((*self.recent, counted), key=lambda one: one.date))[-RECENT_DAYS:],
            days=self.days + 1,
        )
        return replace(learnt, space=_learnt_space(learnt, readings, fade))

    def knows(self, day: date) -> bool:
        """Tell whether a day is among the recent ones learnt, or older than all of them."""
        return any(one.date == day for one in self.recent) or (
            len(self.recent) == RECENT_DAYS and day < self.recent[0].date
        )

    @cached_property
    def long_forms(self) -> dict[str, Clause]:
        """Return what acronyms stand for."""
        return acronyms.long_forms(self.introductions, least=4)

    def rarity(self, term: str) -> float:
        """Return how little a stem or phrase is expected: the logarithm of one over its share of papers."""
        return math.log((1 + self.papers) / (0.5 + self.holders.get(term, 0.0)))

    def closing(self, word: Word) -> float:
        """Return how often a phrase ends with a word: nouns about .5, adjectives about .1."""
        seen, last, _ = self.usage.get(word.lower, (0.0, 0.0, 0.0))
        if seen < 3:
            return 0.1 if word.lower.endswith(("ed", "ous", "able", "ible")) else 0.5
        return (last + 1.5) / (seen + 3)

    def verbness(self, word: Word) -> float:
        """Return how often a word stands where verbs do: after “to” or “we”, or before “the”."""
        seen, _, verb = self.usage.get(word.lower, (0.0, 0.0, 0.0))
        if seen < 3:
            return 0.3 if word.lower.endswith(("ize", "izes", "ized", "ise", "ised", "ises")) else 0.0
        return (verb + 0.2) / (seen + 4)

    def weigh(self, reading: Reading) -> dict[str, float]:
        """Return a paper's stems as the latent space wants them: (1 + log count) × rarity."""
        counts = Counter(word.stem for clause in reading.clauses for word in clause if is_content(word))
        return {stem: (1 + math.log(count)) * self.rarity(stem) for stem, count in sorted(counts.items())}

    def dumps(self) -> bytes:
        """Return the memory as bytes, the same for the same memory."""
        import numpy as np

        def numbers(values: Iterable[float]) -> bytes:
            return np.fromiter((round(value * 1000) for value in values), "<u4").tobytes()

        kept = sorted(self.holders)
        facts = {
            "papers": self.papers,
            "days": self.days,
            "introductions": {
                acronym: dict(sorted(forms.items())) for acronym, forms in sorted(self.introductions.items())
            },
            "recent": [
                [day.date.isoformat(), day.papers, dict(sorted(day.holders.items()))] for day in self.recent
            ],
        }
        used = sorted(self.usage)
        columns = {
            "terms": "\n".join(kept).encode(),
            "holders": numbers(self.holders[term] for term in kept),
            "titles": numbers(self.titles.get(term, 0.0) for term in kept),
            "words": "\n".join(used).encode(),
            "usage": numbers(count for word in used for count in self.usage[word]),
            "stems": "\n".join(self.space.stems).encode(),
            "directions": b""
            if self.space.directions is None
            else self.space.directions.astype("<f2").tobytes(),
        }
        return archive.pack(facts, columns)

    @staticmethod
    def loads(data: bytes) -> "Memory":
        """Return the memory in `data`.

        Raises `DamagedMemoryError` where it is not whole, or of another version.
        """
        import numpy as np

        facts, columns = archive.unpack(data)
        terms_, words, stems = (columns[name].decode().split("\n") for name in ("terms", "words", "stems"))
        holders, titles, usage = (
            (np.frombuffer(columns[name], "<u4") / 1000).tolist() for name in ("holders", "titles", "usage")
        )
        directions = np.frombuffer(columns["directions"], "<f2").reshape(-1, len(stems)).astype(np.float32)
        return Memory(
            papers=facts["papers"],
            days=facts["days"],
            holders=dict(zip(terms_, holders, strict=True)),
            titles={term: count for term, count in zip(terms_, titles, strict=True) if count},
            usage=dict(zip(words, zip(usage[::3], usage[1::3], usage[2::3], strict=True), strict=True)),
            introductions=facts["introductions"],
            space=Space(tuple(stems), directions),
            recent=tuple(Day(date.fromisoformat(day), count, held) for day, count, held in facts["recent"]),
        )


@lru_cache(maxsize=1)
def _shipped() -> Memory:
    return Memory.loads(resources.files("newsletter.topics").joinpath("shipped.memory").read_bytes())


def is_content(word: Word) -> bool:
    """Tell whether a word says anything about a topic at all."""
    return not word.is_stop and (len(word.lower) > 1 or not word.lower.isascii())


def terms(reading: Reading) -> Iterable[str]:
    """Yield what is counted of a paper: its content stems, and its phrases of two words and more."""
    for clause in reading.clauses:
        for word in clause:
            if is_content(word):
                yield word.stem
    for phrase in phrases(reading.clauses):
        if " " in phrase:
            yield phrase


def _kept(count: float, fade: float) -> float:
    """Return a faded count, to the thousandths that are written down."""
    return round(count * fade, 3)


def _faded_sum(old: Mapping[str, float], new: Mapping[str, int], fade: float) -> dict[str, float]:
    total = dict(old)
    for term, count in new.items():
        total[term] = total.get(term, 0.0) + count
    kept = ((term, _kept(count, fade)) for term, count in total.items())
    return {term: count for term, count in kept if count >= _FORGOTTEN_BELOW}


def _usage(
    old: Mapping[str, tuple[float, float, float]], readings: Iterable[Reading], fade: float
) -> dict[str, tuple[float, float, float]]:
    seen: Counter[str] = Counter()
    last: Counter[str] = Counter()
    verb: Counter[str] = Counter()
    for reading in readings:
        for clause in reading.clauses:
            for before, word, after in zip((None, *clause), clause, (*clause[1:], None), strict=False):
                if word.is_stop or not word.lower.isalpha():
                    continue
                seen[word.lower] += 1
                last[word.lower] += after is None or after.is_stop
                verb[word.lower] += (after is not None and after.lower in DETERMINERS) or (
                    before is not None and before.lower in BEFORE_VERBS
                )
    total = {
        name: tuple(
            _kept(was + now, fade)
            for was, now in zip(old.get(name, (0.0,) * 3), (seen[name], last[name], verb[name]), strict=True)
        )
        for name in old.keys() | seen.keys()
    }
    return {name: (a, b, c) for name, (a, b, c) in total.items() if a >= _FORGOTTEN_BELOW}


def _introductions(
    old: Mapping[str, Mapping[str, float]], papers: Iterable[Paper], fade: float
) -> dict[str, dict[str, float]]:
    total = {acronym: dict(forms) for acronym, forms in old.items()}
    for paper in papers:
        for acronym, form in acronyms.introductions(paper.abstract):
            forms = total.setdefault(acronym, {})
            forms[form] = forms.get(form, 0.0) + 1
    faded = {
        acronym: {
            form: kept for form, count in forms.items() if (kept := _kept(count, fade)) >= _FORGOTTEN_BELOW
        }
        for acronym, forms in total.items()
    }
    return {acronym: forms for acronym, forms in faded.items() if forms}


def _learnt_space(memory: Memory, readings: Iterable[Reading], fade: float) -> Space:
    common = 0.3 * memory.papers
    keep = {term for term, count in memory.holders.items() if 3 <= count <= common and " " not in term}
    return memory.space.learn([memory.weigh(reading) for reading in readings], keep=keep, fade=fade)
