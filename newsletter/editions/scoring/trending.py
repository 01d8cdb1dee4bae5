"""The published definition of trending: `rank`, and the same in words in `DEFINITION`.

Every score is a sum of terms that a reader can check. What could not be
measured to help is not among them: a burst of keywords, for one, does not
predict what readers vote for, so it is told of topics and never counted for a
paper.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import NormalDist

from newsletter.editions.scoring.history import ARXIV, PAGES, Cohort, History, curve_of, outlet_name, voice
from newsletter.editions.scoring.word_model import LEAST_LIKED
from newsletter.models import Entry, Mention, Paper, Reason, Scored

START = 25.0
VOTES = 8.0
"""Points a standard deviation of votes (a percentile of 84 is one above the middle)."""
BREADTH = 24.0
"""Points for the second place; n places bring this times log2(n)."""
WORDS = 0.32
"""Points a unit of log-odds above the day's middle paper."""
AUTHORS = 0.64
"""Points an author whose papers readers always vote for; 0 turns names off."""
MOST_AUTHORS = 5.0
"""As many such authors count, or a list of five hundred would beat any vote."""
AGE = 0.5
"""Points lost for each day by which arXiv's number is older than the day's newest."""
MOST_DAYS = 2.0
_NUMBERS_A_DAY = 1_200
_NUMBERS_A_MONTH = 26_000
"""About as many papers arXiv numbers (arxiv.org/stats/monthly_submissions, 2025)."""
_UNITS = {"news.ycombinator.com": "point"}
"""What a vote is called where it is not an upvote."""
_TOP_WORDS = 0.1
"""Share of the day's papers of which it is said that their words speak for them."""
_FEW = 10
"""Looks below which a percentile is drawn to the middle."""

DEFINITION = f"""\
Each paper starts with {START:.0f} points.
Votes: at each place whose readers vote, a paper's votes are compared with those that papers of the last \
{PAGES} pages there had after as many hours. The middle adds nothing, the top sixth gets {VOTES:.0f} points \
or more, the bottom sixth loses as many. A paper without votes gets no such term: it is not one with few.
Breadth: a second independent place that shows a paper brings {BREADTH:.0f} points, a third makes that \
{BREADTH * math.log2(3):.0f}, a fourth {BREADTH * 2:.0f}. Several feeds of one site are one place; an entry \
that names many papers counts in part.
Words: from what readers voted for on the last {PAGES} publishing days we learn which words they like. A \
paper whose words make it likelier than the day's middle paper gains a point or so, another loses as much. \
This knows nothing of merit.
Authors: papers of the last {PAGES} publishing days by the same authors that readers voted for bring up to \
{AUTHORS * MOST_AUTHORS:.1f} points, printed where they counted.
Age: a paper with an arXiv number loses {AGE:.1f} points for each day that it is older than the day's \
newest, at most {AGE * MOST_DAYS:.1f}: lists bring old papers back as new.
Equal scores are ordered by the paper's identifier. Until {PAGES} pages are known, votes are compared with \
as many as there are; before readers have voted for {LEAST_LIKED} papers, words do not count."""
"""In words, for the site and the README; one paragraph a line."""

_THAT_GROW = frozenset({"votes", "breadth"})
"""Terms that tell more as days go by."""
_NORMAL = NormalDist()
_NUMBER = re.compile(r"(\d{2})(\d{2})\.(\d{4,5})")


def rank(candidates: Iterable[Paper], history: History, now: datetime) -> tuple[Scored, ...]:
    """Score papers by the published definition, best first.

    Pure: the same papers, in any order, with the same history give the same
    scores. What was seen after `now` does not count. Ties are ordered by id.
    """
    papers = list(candidates)
    heard = {paper.id: heard_by(paper, now) for paper in papers}
    odds = {paper.id: history.prior.logit(paper.title, paper.abstract) for paper in papers}
    usual = sorted(odds.values())
    numbers = {paper.id: _number(paper) for paper in papers}
    newest = _newest(number for number in numbers.values() if number is not None)
    scored = [
        _scored(
            paper,
            (
                *_votes(heard[paper.id], history),
                *_breadth(paper, heard[paper.id]),
                *_words(odds[paper.id], usual),
                *_authors(paper, history),
                *_age(numbers[paper.id], newest),
            ),
        )
        for paper in papers
    ]
    return tuple(sorted(scored, key=lambda one: (-one.score, one.paper.id)))


def recount(entries: Iterable[Entry], history: History, now: datetime) -> tuple[Scored, ...]:
    """Score announced papers again days later, best first: votes and places as they are at `now`.

    Words, authors and age stay as they counted on the paper's own day, and of
    `history` only the votes of earlier papers are looked at.
    """
    told = list(entries)
    heard = {entry.paper.id: heard_by(entry.paper, now) for entry in told}
    scored = [
        _scored(
            entry.paper,
            (
                *_votes(heard[entry.paper.id], history),
                *_breadth(entry.paper, heard[entry.paper.id]),
                *(reason for reason in entry.reasons if reason.term not in _THAT_GROW),
            ),
        )
        for entry in told
    ]
    return tuple(sorted(scored, key=lambda one: (-one.score, one.paper.id)))


def _scored(paper: Paper, reasons: Iterable[Reason]) -> Scored:
    given = [reason for reason in reasons if reason.points]
    total = START + math.fsum(reason.points for reason in given)
    ordered = sorted(given, key=lambda reason: (-reason.points, reason.term, reason.detail))
    return Scored(paper=paper, score=round(min(100.0, max(0.0, total)), 2), reasons=tuple(ordered))


def heard_by(paper: Paper, now: datetime) -> list[Mention]:
    """Return what was said of a paper by `now`."""
    return [
        mention.model_copy(update={"looks": tuple(look for look in mention.looks if look.at <= now)})
        for mention in paper.mentions
        if mention.first_seen <= now
    ]


def _votes(mentions: Sequence[Mention], history: History) -> Iterator[Reason]:
    """Yield one reason a place: where its latest votes stand among earlier papers of the same age there."""
    latest: dict[str, tuple[float, int]] = {}
    for mention in mentions:
        for look in curve_of(mention)[-1:]:
            latest[voice(mention)] = max(look, latest.get(voice(mention), look))
    for name, (hours, votes) in sorted(latest.items()):
        yield _vote(name, hours, votes, history.cohorts.get(name, Cohort()))


def _vote(name: str, hours: float, votes: int, cohort: Cohort) -> Reason:
    usual = cohort.at(hours)
    share = (_mid_rank(votes, usual) * len(usual) + _FEW / 2) / (len(usual) + _FEW)
    unit = _UNITS.get(name, "upvote")
    given = f"{votes:,} {unit if votes == 1 else unit + 's'} on {outlet_name(name)}"
    return Reason(
        term="votes",
        points=round(VOTES * _NORMAL.inv_cdf(share), 2),
        detail=f"{given}, more than {_percent(share)} % of papers at this age",
    )


def _breadth(paper: Paper, mentions: Sequence[Mention]) -> Iterator[Reason]:
    """Count independent places beyond the one where the paper is at home."""
    shown: dict[str, float] = {ARXIV: 1.0} if paper.arxiv_id else {}
    for mention in sorted(mentions, key=lambda one: (one.first_seen, one.source, one.url)):
        shown[voice(mention)] = max(mention.weight, shown.get(voice(mention), 0.0))
    others = math.fsum(list(shown.values())[1:])
    if others:
        points = round(BREADTH * math.log2(1 + others), 2)
        *first, last = map(outlet_name, shown)
        yield Reason(term="breadth", points=points, detail=f"on {', '.join(first)} and {last}")


def _words(odds: float, usual: Sequence[float]) -> Iterator[Reason]:
    above = 1 - _mid_rank(odds, usual)
    is_told = above <= _TOP_WORDS
    yield Reason(
        term="words",
        points=round(WORDS * (odds - usual[len(usual) // 2]), 2),
        detail=f"reads like papers that get upvoted (top {math.ceil(above * 100)} % today)"
        if is_told
        else "",
    )


def _authors(paper: Paper, history: History) -> Iterator[Reason]:
    names = {author.lower() for author in paper.authors}
    known = [history.authors[name] for name in sorted(names) if name in history.authors]
    if known:
        liked = math.fsum(one.liked / (one.papers + 2) for one in known)
        yield Reason(
            term="authors",
            points=round(AUTHORS * min(MOST_AUTHORS, liked), 2),
            detail=f"from {'an author' if len(known) == 1 else 'authors'} of recently upvoted papers",
        )


def _age(number: int | None, newest: int) -> Iterator[Reason]:
    if number is not None:
        days = min(MOST_DAYS, max(0.0, (newest - number) / _NUMBERS_A_DAY))
        detail = f"numbered {'two days or more' if days == MOST_DAYS else 'a day'} before the newest"
        yield Reason(term="age", points=round(-AGE * days, 2), detail=detail)


def _newest(numbers: Iterable[int]) -> int:
    """Return the newest number but for a twentieth, which may belong to the next announcement."""
    known = sorted(numbers)
    return known[int(0.95 * (len(known) - 1))] if known else 0


def _number(paper: Paper) -> int | None:
    """Return a paper's place in arXiv's numbering since 2007; None without such a number."""
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


def _percent(share: float) -> int:
    """Write a share as a whole number of per cent that claims neither nobody nor everybody.

    >>> _percent(0.978), _percent(0.9999), _percent(0.001)
    (97, 99, 1)
    """
    return min(99, max(1, math.floor(share * 100)))
