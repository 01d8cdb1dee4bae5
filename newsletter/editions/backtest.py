"""What the morning's score said, and what came of it.

For each day whose inputs are kept, the score is made again from them and held
against the votes that the same papers had a week later, beside two orders
that cost nothing: by the votes of the morning alone, and by chance.

nDCG with gain log2(1 + votes) (Järvelin and Kekäläinen, “Cumulated gain-based
evaluation of IR techniques”, 2002); Kendall's tau-b (“The treatment of ties
in ranking problems”, 1945).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import blake2s
from itertools import combinations

from newsletter.editions.assembly.arrangement import Inputs
from newsletter.editions.scoring.trending import rank
from newsletter.editions.store import EditionStore
from newsletter.models import Instant, Paper, Value
from newsletter.papers.store import PaperStore
from newsletter.store import Store

FIRST = 20
"""Papers at the head of an order that are judged: about a mail."""
SETTLED = timedelta(days=7)
"""After which votes hardly grow."""


class Figures(Value):
    """How good one order of a day's papers was; None where it cannot be said."""

    ndcg: float | None
    """0 to 1: how much of the votes to come stood at the head, first places counting most."""
    precision: float | None
    """Share of the first twenty that readers voted for at all."""
    tau: float | None
    """-1 to 1: agreement with the final order, among papers that had votes in the morning."""


class Judged(Value):
    """One day's orders, judged by what came of its papers."""

    day: date
    papers: int
    voted: int
    """How many of them readers voted for within a week."""
    ours: Figures
    votes: Figures
    chance: Figures


def backtest(store: Store, since: date, until: date) -> tuple[Judged, ...]:
    """Judge every edition from `since` to `until`, both included, oldest first; see `judge_day`."""
    return tuple(judged for day in kept_days(store, since, until) if (judged := judge_day(store, day)))


def kept_days(store: Store, since: date, until: date) -> tuple[date, ...]:
    """Return the days from `since` to `until` whose inputs are kept, oldest first."""
    editions = EditionStore(store)
    return tuple(
        day for day in reversed(editions.dates()) if since <= day <= until and editions.has_inputs(day)
    )


def judge_day(store: Store, day: date) -> Judged | None:
    """Judge a day's score; None where nothing can be said of it.

    That is where its inputs or most of its papers are not kept any more, and
    where nobody ever voted for one of them. A day younger than a week is
    judged by the votes so far.
    """
    inputs = EditionStore(store).inputs(day)
    if inputs is None:
        return None
    later = PaperStore(store).get(paper.id for paper in inputs.candidates)
    return judge(inputs, later) if 2 * len(later) > len(inputs.candidates) else None


def judge(inputs: Inputs, later: Mapping[str, Paper]) -> Judged | None:
    """Judge one day; `later` are the same papers as they are known now. None where nobody voted. Pure."""
    until = inputs.composed_at + SETTLED
    came = {paper.id: votes_at(later.get(paper.id, paper), until) or 0 for paper in inputs.candidates}
    if not any(came.values()):
        return None
    had = {paper.id: votes_at(paper, inputs.composed_at) for paper in inputs.candidates}
    ours = [one.paper.id for one in rank(inputs.candidates, inputs.history, inputs.composed_at)]
    by_chance = sorted(came, key=lambda name: blake2s(f"{inputs.day} {name}".encode()).digest())
    by_votes = sorted(by_chance, key=lambda name: -(had[name] or 0))
    early = {name for name, votes in had.items() if votes is not None}
    return Judged(
        day=inputs.day,
        papers=len(came),
        voted=sum(votes > 0 for votes in came.values()),
        ours=figures(ours, came, early),
        votes=figures(by_votes, came, early),
        chance=figures(by_chance, came, early),
    )


def figures(order: Sequence[str], came: Mapping[str, int], early: set[str]) -> Figures:
    """Judge an order of ids, best first, by the votes that came; `early` are those that tau looks at."""
    gains = [math.log2(1 + came[name]) for name in order]
    best = _discounted(sorted(gains, reverse=True))
    head = order[:FIRST]
    return Figures(
        ndcg=_discounted(gains) / best if best else None,
        precision=sum(came[name] > 0 for name in head) / len(head) if head else None,
        tau=kendall([came[name] for name in order if name in early]),
    )


def votes_at(paper: Paper, moment: Instant) -> int | None:
    """Return the votes that all places together had shown by a moment; None where none had."""
    shown = [
        max(look.votes for look in mention.looks if look.votes is not None and look.at <= moment)
        for mention in paper.mentions
        if any(look.votes is not None and look.at <= moment for look in mention.looks)
    ]
    return sum(shown) if shown else None


def mean(judged: Sequence[Judged], value: Callable[[Judged], float | None]) -> float | None:
    """Return the mean of a figure over the days that have it."""
    known = [one for one in map(value, judged) if one is not None]
    return math.fsum(known) / len(known) if known else None


def kendall(votes: Sequence[int]) -> float | None:
    """Return tau-b between an order and the votes of what stands in it; None where there is nothing to order.

    >>> kendall([9, 5, 1]), kendall([1, 5, 9]), kendall([4, 4])
    (1.0, -1.0, None)
    """
    pairs = [(before > after) - (before < after) for before, after in combinations(votes, 2)]
    told = sum(pair != 0 for pair in pairs)
    return sum(pairs) / math.sqrt(told * len(pairs)) if told else None


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:FIRST]))
