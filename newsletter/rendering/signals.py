"""What places count of a paper: upvotes, comments and stars, in signs and in words."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from newsletter.editions.scoring.history import voice
from newsletter.models import Paper
from newsletter.rendering.phrasing import count

_Counted = Literal["votes", "comments", "stars"]


class Signal(NamedTuple):
    """One number of a paper."""

    shown: str
    """With its sign: `▲ 163`."""
    said: str
    """In words: `163 upvotes`."""


def signals(paper: Paper) -> tuple[Signal, ...]:
    """Return what is counted of a paper, in a fixed order; what is zero or not known is left out.

    Upvotes and comments of independent places are added; stars are those of
    one repository, wherever they are shown.
    """
    votes, comments = sum(_latest(paper, "votes")), sum(_latest(paper, "comments"))
    stars = max(_latest(paper, "stars"), default=0)
    given = (
        (votes, "▲", count(votes, "upvote")),
        (comments, "💬", count(comments, "comment")),
        (stars, "★", count(stars, "star")),
    )
    return tuple(Signal(f"{sign} {number:,}", said) for number, sign, said in given if number)


def _latest(paper: Paper, counted: _Counted) -> list[int]:
    """Return the latest number of each place; of several feeds of one place, the largest."""
    latest: dict[str, int] = {}
    for mention in paper.mentions:
        shown = [number for look in mention.looks if (number := getattr(look, counted)) is not None]
        if shown:
            name = voice(mention)
            latest[name] = max(shown[-1], latest.get(name, 0))
    return list(latest.values())


def said(paper: Paper) -> str:
    """Return the same in words alone, for who has the mail read aloud."""
    return ", ".join(signal.said for signal in signals(paper))


FILTERS: dict[str, Callable[..., Any]] = {"signals": signals, "said": said}
"""What every template can say of a paper's numbers."""
