"""What is known of earlier days when a score is made: votes by age, the taste of readers, and authors' names.

A `History` is a frozen value. It is learnt from `Example`s, one a paper that
the service has seen, and kept with the day's inputs, so that a score can be
made again years later.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from newsletter.editions.scoring.word_model import Lesson, Prior, fit
from newsletter.models import Mention, Paper, Value

PAGES = 28
"""Publishing days that count as the past: four weeks even out weekdays and still follow the field."""
_LISTED_BEFORE_SEEN = timedelta(hours=36)
"""A listing date older than this at first sight is when the work was written, not when it was listed."""

YOUNG = "Still learning"
"""How the note on a short history begins."""
ARXIV = "arxiv.org"
_NAMES = {
    ARXIV: "arXiv",
    "huggingface.co": "Hugging Face",
    "news.ycombinator.com": "Hacker News",
    "reddit.com": "Reddit",
    "lobste.rs": "Lobsters",
    "github.com": "GitHub",
    "biorxiv.org": "bioRxiv",
    "medrxiv.org": "medRxiv",
    "openreview.net": "OpenReview",
    "alphaxiv.org": "alphaXiv",
}

_DOOR = re.compile(r"(?:www\d?|old|new|np|m|mobile|amp|i|export|browse|connect|feeds?|rss)\.")
"""Beginnings of hosts that lead to the same outlet."""
_SHORT = {
    "hf.co": "huggingface.co",
    "redd.it": "reddit.com",
    "x.com": "twitter.com",
    "youtu.be": "youtube.com",
}

Curve = tuple[tuple[float, int], ...]
"""Hours since a source listed a paper, and the votes it showed then; oldest first."""


class Example(NamedTuple):
    """What is kept of one paper for the history of later days."""

    id: str
    day: date
    title: str
    abstract: str
    authors: tuple[str, ...]
    curves: Mapping[str, Curve]
    """By voice; empty where no source showed votes."""


class Cohort(Value):
    """How votes grew at one voice: a curve for each paper on its last pages."""

    pages: int = 0
    """Days behind it, at most 28."""
    curves: tuple[Curve, ...] = ()

    def at(self, hours: float) -> tuple[int, ...]:
        """Return, smallest first, the votes that papers showed when they had been listed this long.

        A look up to an hour later counts, because polls are not punctual; a
        paper not looked at by then is left out.
        """
        seen = (_last(curve, hours + 1) for curve in self.curves)
        return tuple(sorted(votes for votes in seen if votes is not None))


class Known(NamedTuple):
    """What is known of an author: papers seen, papers voted for."""

    papers: int
    liked: int


class History(Value):
    """The past in numbers, learnt from at most the last 28 publishing days; empty at a cold start."""

    days: int = 0
    """Publishing days behind it."""
    cohorts: Mapping[str, Cohort] = {}
    """By voice."""
    prior: Prior = Prior()
    authors: Mapping[str, Known] = {}
    """Authors of papers that readers voted for, by name in lower case."""

    @property
    def is_short(self) -> bool:
        """Whether fewer than 28 publishing days stand behind it."""
        return self.days < PAGES


def youth(history: History) -> str:
    """Say that little is known yet to compare with."""
    return f"{YOUNG}: {history.days} of {PAGES} days of votes."


def learn(examples: Iterable[Example]) -> History:
    """Return the history that these examples teach; their order does not matter."""
    known = sorted(examples, key=lambda example: (example.day, example.id))
    days = sorted({example.day for example in known})[-PAGES:]
    recent = [example for example in known if days and example.day >= days[0]]
    return History(
        days=len(days),
        cohorts=_cohorts(recent),
        prior=fit(Lesson(one.title, one.abstract, bool(one.curves)) for one in recent),
        authors=_authors(recent),
    )


def example_of(paper: Paper) -> Example:
    """Return what is to be remembered of a paper."""
    curves: dict[str, Curve] = {}
    for mention in paper.mentions:
        curve = curve_of(mention)
        name = voice(mention)
        if len(curve) > len(curves.get(name, ())):
            curves[name] = curve
    day = (paper.announced or paper.first_seen).date()
    return Example(paper.id, day, paper.title, paper.abstract, paper.authors, curves)


def voice(mention: Mention) -> str:
    """Return who speaks in a mention: the entry's host, so that two feeds of one site are one voice.

    A list that links straight to arXiv speaks under its own name: it chose
    the paper, arXiv only holds it.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 6, 1, tzinfo=UTC)
    >>> voice(Mention(source="ml", url="https://www.reddit.com/r/x", first_seen=now))
    'reddit.com'
    >>> voice(Mention(source="arxiv-cs-lg", url="https://arxiv.org/abs/2606.00001", first_seen=now))
    'arxiv.org'
    >>> voice(Mention(source="old", url="https://old.reddit.com/r/x", first_seen=now))
    'reddit.com'
    >>> voice(Mention(source="reading-list", url="https://arxiv.org/abs/2606.00001", first_seen=now))
    'reading-list'
    """
    host = _outlet(urlsplit(mention.url).hostname or mention.source)
    return mention.source if host == ARXIV and "arxiv" not in mention.source else host


def _outlet(host: str) -> str:
    """Return an outlet's host without what only says which of its doors was used."""
    host = host.rstrip(".")
    while (match := _DOOR.match(host)) and "." in host[match.end() :]:
        host = host[match.end() :]
    return _SHORT.get(host, host)


def outlet_name(voice: str) -> str:
    """Return what people call an outlet; its host or the source's name where nothing better is known.

    >>> outlet_name("huggingface.co"), outlet_name("distill.pub")
    ('Hugging Face', 'distill.pub')
    """
    return _NAMES.get(voice, voice)


def curve_of(mention: Mention) -> Curve:
    """Return the votes that a mention showed over time; empty where it showed none."""
    listed = listed_at(mention)
    return tuple(
        (round((look.at - listed) / timedelta(hours=1), 1), look.votes)
        for look in mention.looks
        if look.votes is not None
    )


def listed_at(mention: Mention) -> datetime:
    """Return when a source began to show a paper, as well as is known."""
    announced = mention.announced
    if announced and timedelta() <= mention.first_seen - announced <= _LISTED_BEFORE_SEEN:
        return announced
    return mention.first_seen


def _last(curve: Curve, hours: float) -> int | None:
    return next((votes for age, votes in reversed(curve) if age <= hours), None)


def _cohorts(examples: list[Example]) -> dict[str, Cohort]:
    curves: dict[str, list[Curve]] = defaultdict(list)
    pages: dict[str, set[date]] = defaultdict(set)
    for example in examples:
        for name, curve in example.curves.items():
            curves[name].append(curve)
            pages[name].add(example.day)
    return {name: Cohort(pages=len(pages[name]), curves=tuple(curves[name])) for name in sorted(curves)}


def _authors(examples: list[Example]) -> dict[str, Known]:
    papers: dict[str, int] = defaultdict(int)
    liked: dict[str, int] = defaultdict(int)
    for example in examples:
        for name in {author.lower() for author in example.authors}:
            papers[name] += 1
            liked[name] += bool(example.curves)
    return {name: Known(papers[name], count) for name, count in sorted(liked.items()) if count}
