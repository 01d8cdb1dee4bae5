"""The published definition of trending: `rank`, and the same in words in `DEFINITION`.

Every score is a sum of terms that a reader can check. What could not be
measured to help is not among them: a burst of keywords, for one, does not
predict what readers vote for, so it is told of topics and never counted for a
paper.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from statistics import NormalDist

from newsletter.editions.scoring.history import ARXIV, PAGES, Cohort, History, curve_of, outlet_name, voice
from newsletter.editions.scoring.order import best_first
from newsletter.editions.scoring.unvoted import mid_rank, standing
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
STANDING = 1.0
"""Points that a publisher's first paper gains while words are not learnt, and its last one loses."""
_NUMBERS_A_DAY = 1_200
_NUMBERS_A_MONTH = 26_000
"""About as many papers arXiv numbers (arxiv.org/stats/monthly_submissions, 2025)."""
_UNITS = {"news.ycombinator.com": "point"}
"""What a vote is called where it is not an upvote."""
_TOP_WORDS = 0.1
"""Share of the day's papers of which it is said that their words speak for them."""
_FEW = 10
"""As many earlier papers in the middle are added to a cohort, so that a small one does not decide."""
_LISTS = frozenset(
    {ARXIV, "biorxiv.org", "medrxiv.org", "chemrxiv.org", "eartharxiv.org", "psyarxiv.com", "osf.io"}
    | {"openreview.net", "ssrn.com", "researchsquare.com", "preprints.org", "hal.science", "zenodo.org"}
)
"""Outlets that show whatever is deposited with them: they pick nothing."""

DEFINITION = f"""\
Each paper starts with {START:.0f} points.
Votes: at each place whose readers vote, a paper's votes are compared with those that papers of the last \
{PAGES} pages there had after as many hours; on the first page ever seen, with those of the page itself. \
The middle adds nothing, the top sixth gets {VOTES:.0f} points or more, the bottom sixth loses as many. A \
paper without votes gets no such term: it is not one with few.
Small numbers: each comparison is drawn to the middle, as if {_FEW} more papers stood there. A paper with \
more votes than 17 of 20 others, and as many as 1, is taken to beat (17 + ½ + {_FEW // 2}) / (20 + {_FEW}) \
= 75 % of them; that is 0.67 standard deviations above the middle and brings {VOTES:.0f} × 0.67 = 5.4 \
points.
Breadth: a first independent place that picks a paper up brings {BREADTH:.0f} points, a second makes that \
{BREADTH * math.log2(3):.0f}, a third {BREADTH * 2:.0f}. Places that show all that is deposited with them \
(arXiv, bioRxiv and their like) and the place where a paper is at home pick nothing. Several feeds of one \
site are one place; an entry that names many papers counts in part.
Words: from what readers voted for on the last {PAGES} publishing days we learn which words they like. A \
paper whose words make it likelier than the day's middle paper gains a point or so, another loses as much. \
This knows nothing of merit.
Standing: until readers have voted for {LEAST_LIKED} papers, a paper without votes gains or loses up to \
{STANDING:.1f} points by its place among its publisher's papers of the day. That place is made of how much \
its words share with the day's, of how lately it was listed, and of whether it gives code or data.
Authors: papers of the last {PAGES} publishing days by the same authors that readers voted for bring up to \
{AUTHORS * MOST_AUTHORS:.1f} points, printed where they counted.
Age: a paper with an arXiv number loses {AGE:.1f} points for each day that it is older than the day's \
newest, at most {AGE * MOST_DAYS:.1f}: lists bring old papers back as new.
Of equal scores more votes come first, then publishers take turns, each as often as it has papers. Until \
{PAGES} pages are known, votes are compared with as many as there are."""
"""In words, for the site and the README; each line is a paragraph."""

_THAT_GROW = frozenset({"votes", "breadth"})
"""Terms that tell more as days go by."""
_NORMAL = NormalDist()
_NUMBER = re.compile(r"(\d{2})(\d{2})\.(\d{4,5})")


def rank(candidates: Iterable[Paper], history: History, now: datetime) -> tuple[Scored, ...]:
    """Score papers by the published definition, best first.

    Pure: the same papers, in any order, with the same history give the same
    scores. What was seen after `now` does not count. Papers with equal scores
    take turns by publisher.
    """
    papers = list(candidates)
    heard = {paper.id: heard_by(paper, now) for paper in papers}
    pages = _pages(heard.values())
    odds = {paper.id: history.prior.logit(paper.title, paper.abstract) for paper in papers}
    usual = sorted(odds.values())
    numbers = {paper.id: _number(paper) for paper in papers}
    newest = _newest(number for number in numbers.values() if number is not None)
    places = {} if history.prior.weights else standing(papers)
    scored = [
        _scored(
            paper,
            (
                *_votes(heard[paper.id], history, pages),
                *_breadth(paper, heard[paper.id]),
                *_words(odds[paper.id], usual),
                *_standing(paper, heard[paper.id], places),
                *_authors(paper, history),
                *_age(numbers[paper.id], newest),
            ),
        )
        for paper in papers
    ]
    return tuple(best_first(scored))


def recount(entries: Iterable[Entry], history: History, now: datetime) -> tuple[Scored, ...]:
    """Score announced papers again days later, best first: votes and places as they are at `now`.

    Words, authors and age stay as they counted on the paper's own day, and of
    `history` only the votes of earlier papers are looked at.
    """
    told = list(entries)
    heard = {entry.paper.id: heard_by(entry.paper, now) for entry in told}
    pages = _pages(heard.values())
    scored = [
        _scored(
            entry.paper,
            (
                *_votes(heard[entry.paper.id], history, pages),
                *_breadth(entry.paper, heard[entry.paper.id]),
                *(reason for reason in entry.reasons if reason.term not in _THAT_GROW),
            ),
        )
        for entry in told
    ]
    return tuple(best_first(scored))


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


def _pages(heard: Iterable[Sequence[Mention]]) -> dict[str, tuple[int, ...]]:
    """Return the latest votes that each place shows of all these papers, fewest first."""
    shown: dict[str, list[int]] = defaultdict(list)
    for mentions in heard:
        for name, (_, votes) in _latest(mentions).items():
            shown[name].append(votes)
    return {name: tuple(sorted(votes)) for name, votes in shown.items()}


def _latest(mentions: Sequence[Mention]) -> dict[str, tuple[float, int]]:
    latest: dict[str, tuple[float, int]] = {}
    for mention in mentions:
        for look in curve_of(mention)[-1:]:
            latest[voice(mention)] = max(look, latest.get(voice(mention), look))
    return latest


def _votes(
    mentions: Sequence[Mention], history: History, pages: Mapping[str, tuple[int, ...]]
) -> Iterator[Reason]:
    """Yield one reason per place: where its latest votes stand among earlier papers of the same age there."""
    for name, (hours, votes) in sorted(_latest(mentions).items()):
        if earlier := history.cohorts.get(name, Cohort()).at(hours):
            yield _vote(name, votes, earlier, "papers at this age")
        elif len(pages[name]) > 1:
            yield _vote(name, votes, pages[name], "papers there today")


def _vote(name: str, votes: int, usual: Sequence[int], whom: str) -> Reason:
    share = (mid_rank(votes, usual) * len(usual) + _FEW / 2) / (len(usual) + _FEW)
    unit = _UNITS.get(name, "upvote")
    given = f"{votes:,} {unit if votes == 1 else unit + 's'} on {outlet_name(name)}"
    return Reason(
        term="votes",
        points=round(VOTES * _NORMAL.inv_cdf(share), 2),
        detail=f"{given}, more than {_percent(share)} % of {whom}",
    )


def _breadth(paper: Paper, mentions: Sequence[Mention]) -> Iterator[Reason]:
    """Count the independent places that picked a paper up."""
    shown: dict[str, float] = {}
    for mention in sorted(mentions, key=lambda one: (one.first_seen, one.source, one.url)):
        shown[voice(mention)] = max(mention.weight, shown.get(voice(mention), 0.0))
    at_home = _LISTS if paper.arxiv_id or shown.keys() & _LISTS else {next(iter(shown), "")}
    picked = math.fsum(weight for name, weight in shown.items() if name not in at_home)
    if picked:
        points = round(BREADTH * math.log2(1 + picked), 2)
        *first, last = map(outlet_name, shown)
        told = f"{', '.join(first)} and {last}" if first else last
        yield Reason(term="breadth", points=points, detail=f"on {told}")


def _standing(paper: Paper, mentions: Sequence[Mention], places: Mapping[str, float]) -> Iterator[Reason]:
    """Say what can be said before words are learnt, of a paper without votes."""
    if paper.id in places and not _latest(mentions):
        yield Reason(term="standing", points=round(STANDING * (2 * places[paper.id] - 1), 2))


def _words(odds: float, usual: Sequence[float]) -> Iterator[Reason]:
    above = 1 - mid_rank(odds, usual)
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


def _percent(share: float) -> int:
    """Write a share as a whole number of per cent that claims neither nobody nor everybody.

    >>> _percent(0.978), _percent(0.9999), _percent(0.001)
    (97, 99, 1)
    """
    return min(99, max(1, math.floor(share * 100)))
