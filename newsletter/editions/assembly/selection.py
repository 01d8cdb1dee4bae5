"""Which papers a day's readers get; an edition of several days goes by score alone.

The same rules seat the papers of an edition and, with a reader's own limit,
those of a reader's mail:

1. The ten best by score have their seats, and nothing below takes them away.
2. Topics are brought to two papers each, until as many as a fifth of the seats,
   at most five, have them: those first that lack the fewest papers.
3. A fifth of the seats that are left goes to the best paper of each field that
   has none yet, larger fields first, so that a small field is not drowned.
4. The rest goes by score. While others wait, a topic stops at a third of the
   seats, and an archive (`cs`, `q-bio`) at two thirds; the latter only where no
   archive has that much of the day, because a newsletter on one has nothing to share.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Generic

from newsletter.editions.scoring.order import One, best_first
from newsletter.models import MOST_TOPICS, Paper, Scored, Topic

BEST = 10
"""Seats that go by score alone."""
RESERVED = 2
"""Papers that make a topic: a heading over one is noise."""
SEATS_A_TOPIC = 5
"""A topic is headed for every so many seats."""
SMALL_FIELDS = 5
"""One of so many seats left goes to a field that would have none."""
_TOPIC_CAP = 1 / 3
_ARCHIVE_CAP = 2 / 3


def field_of(paper: Paper) -> str:
    """Return the field that a paper counts for: its primary category, else who showed it first."""
    if paper.categories:
        return paper.categories[0]
    return min((mention.source for mention in paper.mentions), default="")


def archive_of(paper: Paper) -> str:
    """Return the archive of a paper's field: `cs` of `cs.LG`."""
    return field_of(paper).partition(".")[0]


def best_topics(topics: Iterable[Topic], scored: Iterable[Scored], most: int) -> list[Topic]:
    """Return the topics whose best two papers score highest, at most `most`; equal ones keep their order.

    Which topics tell a day apart and which of them hold what people will talk about are two questions.
    """
    scores = {one.paper.id: one.score for one in scored}

    def worth(topic: Topic) -> float:
        return sum(sorted((scores.get(paper.id, 0.0) for paper in topic.papers), reverse=True)[:RESERVED])

    return sorted(topics, key=worth, reverse=True)[:most]


def seat(weighed: Collection[One], topics: Sequence[Collection[str]], limit: int) -> list[One]:
    """Choose at most `limit` papers by the rules above, best first.

    `topics` are the ids of each topic's papers, best topic first; a paper
    counts for the first that holds it. The order of `weighed` does not matter.
    """
    seating = _Seating(best_first(weighed), topics, limit)
    seating.seat_by_score(min(BEST, limit))
    seating.complete_topics()
    seating.seat_small_fields()
    seating.seat_by_score(limit, topic_cap=_TOPIC_CAP, archive_cap=_ARCHIVE_CAP)
    seating.seat_by_score(limit)
    return best_first(seating.seated)


class _Seating(Generic[One]):
    """The seats while they are filled."""

    def __init__(self, ordered: list[One], topics: Sequence[Collection[str]], limit: int) -> None:
        self.waiting = ordered
        self.topic = {name: index for index in reversed(range(len(topics))) for name in topics[index]}
        self.limit = limit
        self.seated: list[One] = []
        self.by_topic: Counter[int] = Counter()
        self.by_field: Counter[str] = Counter()
        self.by_archive: Counter[str] = Counter()
        sizes = Counter(archive_of(one.paper) for one in ordered)
        self.has_several_archives = max(sizes.values(), default=0) < len(ordered) * _ARCHIVE_CAP

    def complete_topics(self) -> None:
        """Bring topics to two papers each, those first that lack one, and of these the best."""
        members: dict[int, list[One]] = {}
        for one in self.waiting:
            if (index := self.topic.get(one.paper.id)) is not None:
                members.setdefault(index, []).append(one)
        lacking = {index: RESERVED - self.by_topic[index] for index in members}
        complete = sum(count >= RESERVED for count in self.by_topic.values())
        wanted = [
            (lack, -sum(one.score for one in members[index][:lack]) / lack, index)
            for index, lack in lacking.items()
            if 0 < lack <= len(members[index])
        ]
        for lack, _, index in sorted(wanted):
            if complete >= min(MOST_TOPICS, self.limit // SEATS_A_TOPIC):
                return
            if len(self.seated) + lack <= self.limit:
                self._take(members[index][:lack])
                complete += 1

    def seat_small_fields(self) -> None:
        """Give one seat to the best paper of each field that has none, larger fields first."""
        sizes = Counter(field_of(one.paper) for one in self.waiting)
        free = (self.limit - len(self.seated)) // SMALL_FIELDS
        for name, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
            if free and not self.by_field[name]:
                self._take([one for one in self.waiting if field_of(one.paper) == name][:1])
                free -= 1

    def seat_by_score(self, until: int, *, topic_cap: float = 1.0, archive_cap: float = 1.0) -> None:
        """Fill seats in order of score until so many are taken, topics and archives up to their shares."""
        for one in list(self.waiting):
            if len(self.seated) >= until:
                return
            index, archive = self.topic.get(one.paper.id), archive_of(one.paper)
            is_topic_full = index is not None and self.by_topic[index] >= self.limit * topic_cap
            is_archive_full = (
                self.has_several_archives and self.by_archive[archive] >= self.limit * archive_cap
            )
            if not is_topic_full and not is_archive_full:
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
            self.by_archive[archive_of(one.paper)] += 1
