"""The published definition of trending: `rank`, and the same in words in `DEFINITION`.

Every score is a sum of terms that a reader can check. What could not be
measured to help is not among them: a burst of keywords, for one, does not
predict what readers vote for, so it is told of topics and never counted for a
paper.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from statistics import NormalDist

from newsletter.editions.history import ARXIV, PAGES, Cohort, History, curve_of, voice
from newsletter.editions.prior import LEAST_LIKED
from newsletter.models import Mention, Paper, Reason, Scored

START = 25.0
VOTES = 8.0
"""Points a standard deviation of votes."""
BREADTH = 24.0
"""Points for the second place; the n-th place brings the sum to this times log2(n)."""
WORDS = 1.2
"""Points a standard deviation of the day's words."""
AUTHORS = 0.6
"""Points a standard deviation of the day's authors; 0 turns names off."""
AGE = 1.2
"""Points lost a day."""
OLDEST_DAYS = 4.0
_NUMBERS_A_DAY = 1200
_NUMBERS_A_MONTH = 26_000
_FEW = 10
"""Looks below which a percentile is drawn to the middle."""
DEFINITION = f"""\
Each paper starts with {START:.0f} points.
Votes: at each place whose readers vote, a paper's votes are compared with those that papers of the last {PAGES} \
pages there had after as many hours. The middle adds nothing, the top sixth gets {VOTES:.0f} points or more, the \
bottom sixth loses as many. A paper without votes gets no such term: it is not the same as a paper with few.
Breadth: a paper that a second independent place shows gets {BREADTH:.0f} points, a third brings that to \
{BREADTH * math.log2(3):.0f}, a fourth to {BREADTH * 2:.0f}. Several feeds of one site are one place.
Words: from what readers voted for in the last {PAGES} days we learn which words they like. Where a paper's words \
stand among the day's adds or takes away up to {WORDS * 2.6:.0f} points. This knows nothing of merit.
Authors: earlier papers of the same authors that readers voted for add or take away up to {AUTHORS * 2.6:.1f} \
points; it is printed where it counted.
Age: a paper that was numbered days ago and comes back on a list loses {AGE:.1f} points a day, at most \
{AGE * OLDEST_DAYS:.0f}.
Equal scores are ordered by the paper's identifier. Until {PAGES} pages are known, votes are compared with as many \
as there are; before readers have voted for {LEAST_LIKED} papers, words do not count."""
"""In words, for the site and the README; one paragraph a line."""
_NORMAL = NormalDist()
_NUMBER = re.compile(r"(\d{2})(\d{2})\.(\d{4,5})")


def rank(candidates: Iterable[Paper], history: History, now: datetime) -> tuple[Scored, ...]:
    """Score papers by the published definition, best first.

    Pure: the same papers, in any order, with the same history give the same
    scores. What was seen after `now` does not count. Ties are ordered by id.
    """
    papers = sorted(candidates, key=lambda paper: paper.id)
    heard = [_heard(paper, now) for paper in papers]
    places = {voice(mention) for mentions in heard for mention in mentions} | {ARXIV}
    terms = zip(
        (_votes(mentions, history) for mentions in heard),
        ([_breadth(paper, mentions, len(places))] for paper, mentions in zip(papers, heard, strict=True)),
        zip(_words(papers, history), _authors(papers, history), _ages(papers), strict=True),
        strict=True,
    )
    scored = [_scored(paper, chain(*groups)) for paper, groups in zip(papers, terms, strict=True)]
    return tuple(sorted(scored, key=lambda one: (-one.score, one.paper.id)))


def _scored(paper: Paper, reasons: Iterable[Reason | None]) -> Scored:
    given = [reason for reason in reasons if reason and reason.points]
    total = START + math.fsum(reason.points for reason in given)
    ordered = sorted(given, key=lambda reason: (-reason.points, reason.term))
    return Scored(paper=paper, score=round(min(100.0, max(0.0, total)), 2), reasons=tuple(ordered))


def _heard(paper: Paper, now: datetime) -> list[Mention]:
    """Return what was said by `now`."""
    return [
        mention.model_copy(update={"looks": tuple(look for look in mention.looks if look.at <= now)})
        for mention in paper.mentions
        if mention.first_seen <= now
    ]


def _votes(mentions: Sequence[Mention], history: History) -> list[Reason]:
    """Return one reason a voice: where its latest votes stand among earlier papers of the same age there."""
    latest: dict[str, tuple[float, int]] = {}
    for mention in mentions:
        for look in curve_of(mention)[-1:]:
            latest[voice(mention)] = max(look, latest.get(voice(mention), look))
    return [
        _vote(name, hours, votes, history.cohorts.get(name))
        for name, (hours, votes) in sorted(latest.items())
    ]


def _vote(name: str, hours: float, votes: int, cohort: Cohort | None) -> Reason:
    usual = cohort.at(hours) if cohort else ()
    share = (_mid_rank(votes, usual) * len(usual) + _FEW / 2) / (len(usual) + _FEW)
    said = f"{votes} vote{'' if votes == 1 else 's'} at {name} after {hours:.0f} hours"
    if len(usual) >= _FEW:
        pages = (
            ""
            if cohort and cohort.pages >= PAGES
            else f", of the {cohort.pages if cohort else 0} pages known"
        )
        said = f"{_ordinal(share)} percentile of votes at {name} for a look at {hours:.0f} hours{pages}"
    return Reason(term="votes", points=_points(VOTES, _NORMAL.inv_cdf(share)), detail=said)


def _breadth(paper: Paper, mentions: Sequence[Mention], places: int) -> Reason | None:
    """Count independent voices beyond the first; arXiv is one where the paper has a number there."""
    voices = {voice(mention): mention.weight for mention in mentions}
    if paper.arxiv_id:
        voices[ARXIV] = 1.0
    first = ARXIV if paper.arxiv_id else min(voices, default="")
    others = math.fsum(weight for name, weight in voices.items() if name != first)
    if not others:
        return None
    said = f"in {len(voices)} of {places} sources"
    return Reason(term="breadth", points=round(BREADTH * math.log2(1 + others), 2), detail=said)


def _words(papers: Sequence[Paper], history: History) -> list[Reason | None]:
    if not history.prior.is_learnt:
        return [None] * len(papers)
    odds = [history.prior.logit(paper.title, paper.abstract) for paper in papers]
    usual = sorted(odds)
    shares = [_mid_rank(one, usual) for one in odds]
    return [
        Reason(
            term="words",
            points=_points(WORDS, _standing(share)),
            detail=f"words that readers like more than those of {share:.0%} of the day's papers",
        )
        for share in shares
    ]


def _authors(papers: Sequence[Paper], history: History) -> list[Reason | None]:
    known = [
        [
            history.authors[name]
            for name in {author.lower() for author in paper.authors}
            if name in history.authors
        ]
        for paper in papers
    ]
    standing = [
        max((one.liked / (one.papers + 2) for one in some), default=0.0) + 0.3 * min(3, len(some))
        for some in known
    ]
    usual = sorted(standing)
    return [
        Reason(
            term="authors",
            points=_points(AUTHORS, _standing(_mid_rank(mine, usual))),
            detail=f"{_count(len(some), 'author')} with {_count(sum(one.liked for one in some), 'paper')} "
            f"that readers voted for in the last {history.days} days"
            if some
            else "",
        )
        for mine, some in zip(standing, known, strict=True)
    ]


def _ages(papers: Sequence[Paper]) -> list[Reason | None]:
    """Count the days between a paper's arXiv number and the newest numbers of the day."""
    numbers = [_number(paper) for paper in papers]
    known = sorted(number for number in numbers if number is not None)
    newest = known[int(0.95 * (len(known) - 1))] if known else 0.0
    return [_age(newest - number) if number is not None else None for number in numbers]


def _age(behind: float) -> Reason | None:
    days = min(OLDEST_DAYS, max(0.0, behind / _NUMBERS_A_DAY))
    return Reason(
        term="age", points=round(-AGE * days, 2), detail=f"numbered about {_count(round(days), 'day')} ago"
    )


def _number(paper: Paper) -> float | None:
    """Return a paper's place in arXiv's numbering since 2007, about 26,000 a month."""
    found = _NUMBER.fullmatch(paper.arxiv_id or "")
    if not found:
        return None
    year, month, serial = (int(part) for part in found.groups())
    return (year * 12 + month) * _NUMBERS_A_MONTH + min(serial, _NUMBERS_A_MONTH - 1)


def _mid_rank(mine: float, usual: Sequence[float]) -> float:
    """Return the share of sorted `usual` below `mine`, equals counting half; without any, the middle."""
    if not usual:
        return 0.5
    return (bisect_left(usual, mine) + bisect_right(usual, mine)) / 2 / len(usual)


def _standing(share: float) -> float:
    return _NORMAL.inv_cdf(min(0.995, max(0.005, share)))


def _points(scale: float, deviations: float) -> float:
    return round(scale * deviations, 2)


def _ordinal(share: float) -> str:
    """Write a share as a percentile.

    >>> _ordinal(0.97), _ordinal(0.91), _ordinal(0.125), _ordinal(0.9999)
    ('97th', '91st', '12th', '99th')
    """
    number = min(99, max(1, math.floor(share * 100)))
    suffix = "th" if number // 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
