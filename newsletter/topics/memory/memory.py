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
from newsletter.topics.memory import archive, counting
from newsletter.topics.memory.space import Space
from newsletter.topics.words import acronyms
from newsletter.topics.words.words import Clause, Word, read

CAPACITY = 8_000
"""Papers remembered, the newest counting whole."""
RECENT_DAYS = 10
"""Days whose counts are kept apart, for bursts and for a topic's series."""


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
    usage: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Of each word: occurrences, those that end a phrase, those like a verb's, those in lower case."""
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
        holders = counting.holders(readings, self.holders, fade)
        titles = Counter(term for reading in readings for term in set(counting.terms(reading.heading)))
        known = {term: n for term, n in holders.items() if n > 1 or self.holders.get(term, 0.0) >= 2}
        counted = Day(day, len(ordered), known)
        learnt = replace(
            self,
            papers=counting.kept(self.papers + len(ordered), fade),
            holders=counting.summed(self.holders, holders, fade),
            titles=counting.summed(self.titles, titles, fade),
            usage=counting.usage(self.usage, readings, fade),
            introductions=counting.introductions(self.introductions, ordered, fade),
            recent=tuple(sorted((*self.recent, counted), key=lambda one: one.date))[-RECENT_DAYS:],
            days=self.days + 1,
        )
        stems = learnt.telling_stems()
        rows = counting.weighted(readings, stems, learnt.rarity)
        return replace(learnt, space=self.space.learn(rows, stems, fade=fade))

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

    def telling_stems(self) -> list[str]:
        """Return the stems that tell papers apart, sorted: in three papers or more, not in a third of all."""
        most = self.papers / 3
        return sorted(term for term, n in self.holders.items() if 3 <= n <= most and " " not in term)

    def closing(self, word: Word) -> float:
        """Return how often a phrase ends with a word: nouns about .5, adjectives about .1."""
        seen, last, *_ = self.usage.get(word.lower, counting.UNSEEN)
        if seen < 3:
            return 0.1 if word.lower.endswith(("ed", "ous", "able", "ible")) else 0.5
        return (last + 1.5) / (seen + 3)

    def verbness(self, word: Word) -> float:
        """Return how often a word stands where verbs do: after “to” or “we”, or before “the”."""
        seen, _, verb, _ = self.usage.get(word.lower, counting.UNSEEN)
        if seen < 3:
            return 0.3 if word.lower.endswith(("ize", "izes", "ized", "ise", "ised", "ises")) else 0.0
        return (verb + 0.2) / (seen + 4)

    def is_name(self, word: Word) -> bool:
        """Tell whether a word is one that writers capitalise: an acronym, a number or a person."""
        if sum(letter.isupper() for letter in word.printed) > 1 or any(c.isdigit() for c in word.printed):
            return True
        seen, _, _, small = self.usage.get(word.lower, counting.UNSEEN)
        return word.printed[0].isupper() and seen >= 20 and small < 0.2 * seen

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
            usage=dict(
                zip(words, zip(usage[::4], usage[1::4], usage[2::4], usage[3::4], strict=True), strict=True)
            ),
            introductions=facts["introductions"],
            space=Space(tuple(stems), directions),
            recent=tuple(Day(date.fromisoformat(day), count, held) for day, count, held in facts["recent"]),
        )


@lru_cache(maxsize=1)
def _shipped() -> Memory:
    return Memory.loads(resources.files("newsletter.topics.memory").joinpath("shipped.memory").read_bytes())
