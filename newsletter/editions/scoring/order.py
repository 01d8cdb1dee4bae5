"""The order of papers: by score, and fair where scores are equal."""

from collections.abc import Collection
from hashlib import blake2s
from itertools import groupby
from typing import Protocol, TypeVar

from newsletter.editions.scoring.unvoted import home_of
from newsletter.models import Paper


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
    """Return papers by score, then by votes; of equals each home's take turns, as often as it has papers.

    Which paper of a home comes first is drawn by lot, the same lot each time.
    """

    def worth(one: One) -> tuple[float, int]:
        return -one.score, -_votes(one.paper)

    return [
        one for _, equal in groupby(sorted(weighed, key=worth), key=worth) for one in _in_turn(list(equal))
    ]


def _votes(paper: Paper) -> int:
    return sum(mention.looks[-1].votes or 0 for mention in paper.mentions if mention.looks)


def _in_turn(equal: list[One]) -> list[One]:
    if len(equal) == 1:
        return equal
    by_home: dict[str, list[tuple[bytes, One]]] = {}
    for one in equal:
        lot = blake2s(one.paper.id.encode()).digest()
        by_home.setdefault(home_of(one.paper), []).append((lot, one))
    turns = [
        ((place + 0.5) / len(drawn), lot, one)
        for drawn in by_home.values()
        for place, (lot, one) in enumerate(sorted(drawn, key=lambda pair: pair[0]))
    ]
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])]
