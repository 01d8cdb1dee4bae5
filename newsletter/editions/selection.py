"""Which papers a day's readers get, and under which heading.

The same rules seat the papers of an edition and, with a reader's own limit,
those of a reader's mail:

1. Of the first topics, as many as a third of the seats, each gets two seats
   for its best papers: a heading over one paper is noise, and more than eight
   topics are not worth their names.
2. The rest goes by score, while a topic has less than a third and a field less
   than two thirds of the seats.
3. The last fifth of the seats goes to the best paper of each field that has none
   yet, larger fields first, so that a small field is not drowned.
4. Seats still free go by score, first while a topic has less than its third (a day
   may be of one field), then alone.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Generic, Protocol, TypeVar

from newsletter.models import Paper

PAPERS_A_TOPIC = 3
"""Seats for each topic that is shown."""
RESERVED = 2
SMALL_FIELDS = 5
"""One seat in so many for fields that would have none."""
_TOPIC_CAP = 1 / 3
_FIELD_CAP = 2 / 3


class Weighed(Protocol):
    """A paper with its score: a `Scored` while composing, an `Entry` afterwards."""

    @property
    def paper(self) -> Paper:
        """The paper."""
        ...

    @property
    def score(self) -> float:
        """From 0 to 100."""
        ...


One = TypeVar("One", bound=Weighed)


def best_first(weighed: Collection[One]) -> list[One]:
    """Return papers by score, equal ones by id."""
    return sorted(weighed, key=lambda one: (-one.score, one.paper.id))


def field_of(paper: Paper) -> str:
    """Return the field that a paper counts for: its primary category, else who showed it first."""
    if paper.categories:
        return paper.categories[0]
    return min((mention.source for mention in paper.mentions), default="")


def seat(weighed: Collection[One], topics: Sequence[Collection[str]], limit: int) -> list[One]:
    """Choose at most `limit` papers by the rules above, best first.

    `topics` are the ids of each topic's papers, best topic first; a paper
    counts for the first that holds it. The order of `weighed` does not matter.
    """
    hall = _Hall(best_first(weighed), topics, limit)
    hall.seat_topics()
    hall.seat_by_score(limit - limit // SMALL_FIELDS, topic_cap=_TOPIC_CAP, field_cap=_FIELD_CAP)
    hall.seat_small_fields()
    hall.seat_by_score(limit, topic_cap=_TOPIC_CAP, field_cap=_FIELD_CAP)
    hall.seat_by_score(limit, topic_cap=_TOPIC_CAP)
    hall.seat_by_score(limit)
    return best_first(hall.seated)


class _Hall(Generic[One]):
    """Who sits where while the seats are filled."""

    def __init__(self, ordered: list[One], topics: Sequence[Collection[str]], limit: int) -> None:
        self.waiting = ordered
        self.topic = {name: index for index in reversed(range(len(topics))) for name in topics[index]}
        self.limit = limit
        self.seated: list[One] = []
        self.by_topic: Counter[int] = Counter()
        self.by_field: Counter[str] = Counter()

    def seat_topics(self) -> None:
        """Give the first topics two seats each."""
        members: dict[int, list[One]] = {}
        for one in self.waiting:
            if (index := self.topic.get(one.paper.id)) is not None:
                members.setdefault(index, []).append(one)
        for index in sorted(members)[: self.limit // PAPERS_A_TOPIC]:
            self._take(members[index][:RESERVED])

    def seat_small_fields(self) -> None:
        """Give one seat to the best paper of each field that has none, larger fields first."""
        sizes = Counter(field_of(one.paper) for one in self.waiting)
        free = self.limit // SMALL_FIELDS
        for name, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
            if free and not self.by_field[name]:
                self._take([one for one in self.waiting if field_of(one.paper) == name][:1])
                free -= 1

    def seat_by_score(self, until: int, *, topic_cap: float = 1.0, field_cap: float = 1.0) -> None:
        """Fill seats in order of score until so many are taken, a topic and a field up to their shares."""
        for one in list(self.waiting):
            if len(self.seated) >= until:
                return
            index, field = self.topic.get(one.paper.id), field_of(one.paper)
            is_topic_full = index is not None and self.by_topic[index] >= self.limit * topic_cap
            if not is_topic_full and self.by_field[field] < self.limit * field_cap:
                self._take([one])

    def _take(self, some: Sequence[One]) -> None:
        for one in some:
            if len(self.seated) == self.limit:
                return
            self.seated.append(one)
            self.waiting = [other for other in self.waiting if other is not one]
            if (index := self.topic.get(one.paper.id)) is not None:
                self.by_topic[index] += 1
            self.by_field[field_of(one.paper)] += 1
