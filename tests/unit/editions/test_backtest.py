"""Judging a morning's order by what came of it."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from builders import a_paper

from newsletter.editions.assembly.arrangement import Inputs
from newsletter.editions.backtest import FIRST, figures, judge, kendall, mean, votes_at
from newsletter.models import Look, Mention, Paper

NOW = datetime(2026, 6, 10, 6, tzinfo=UTC)


def a_watched_paper(number: int, *votes: tuple[float, int]) -> Paper:
    """A paper with votes, each so many hours after the morning."""
    looks = tuple(Look(at=NOW + timedelta(hours=hours), votes=count) for hours, count in votes)
    page = Mention(
        source="page", url="https://page.example/1", first_seen=NOW - timedelta(hours=9), looks=looks
    )
    return a_paper(arxiv_id=f"2606.{number:05}", mentions=(page,) if looks else ())


def test_the_best_order_is_perfect_and_the_worst_is_not() -> None:
    """The order of the votes to come has an nDCG of 1, and tau says the direction."""
    came = {f"p{n:02}": n for n in range(40)}
    best = figures(sorted(came, reverse=True), came, set(came))
    worst = figures(sorted(came), came, set(came))
    assert best.ndcg == pytest.approx(1)
    assert (best.tau, worst.tau) == (1, -1)
    assert (best.precision, worst.precision) == (1, 19 / FIRST)
    assert worst.ndcg is not None
    assert worst.ndcg < 0.8


def test_ndcg_is_what_the_formula_says() -> None:
    """Two papers in the wrong order, worked out by hand."""
    found = figures(["a", "b"], {"a": 1, "b": 3}, set())
    assert found.ndcg == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))
    assert found.tau is None


def test_a_day_is_judged_by_the_votes_of_the_week_after_it() -> None:
    """What came later than that does not count; the morning's order knows nothing of it."""
    before = [a_watched_paper(1, (-1, 2)), a_watched_paper(2, (-1, 9)), a_watched_paper(3)]
    later = [
        a_watched_paper(1, (-1, 2), (48, 90)),
        a_watched_paper(2, (-1, 9), (48, 10)),
        a_watched_paper(3, (200, 999)),
    ]
    inputs = Inputs(day=NOW.date(), composed_at=NOW, cut_off=NOW, candidates=tuple(before))
    judged = judge(inputs, {paper.id: paper for paper in later})
    assert judged is not None
    assert (judged.papers, judged.voted, judged.votes.tau) == (3, 2, -1)


def test_a_day_that_nobody_voted_on_says_nothing() -> None:
    """It is left out rather than counted as a failure."""
    inputs = Inputs(day=NOW.date(), composed_at=NOW, cut_off=NOW, candidates=(a_watched_paper(1),))
    assert judge(inputs, {}) is None
    assert mean([], lambda one: one.ours.ndcg) is None


def test_votes_of_all_places_add_up_and_none_is_not_nought() -> None:
    """A paper without a look has no number of votes."""
    paper = a_watched_paper(1, (0, 3), (5, 8))
    assert (votes_at(paper, NOW), votes_at(paper, NOW + timedelta(days=1)), votes_at(a_paper(), NOW)) == (
        3,
        8,
        None,
    )


def test_ties_in_the_votes_weigh_nothing() -> None:
    """Tau-b with one tied pair of three, by hand."""
    assert kendall([5, 5, 1]) == pytest.approx(2 / math.sqrt(2 * 3))
