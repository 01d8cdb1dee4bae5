"""Say in one sentence why a paper is in the edition, where there is something to say."""

from newsletter.editions.scoring.trending import BREADTH, VOTES
from newsletter.models import Entry, Scored

_TOLD = (
    ("votes", 0.67 * VOTES),
    ("breadth", 1.5 * BREADTH),
    ("authors", 0.0),
    ("words", 0.0),
)
"""Terms with the points above which they are told, the most telling first: votes that beat three papers of
four, a third outlet, known authors, words. That a paper of arXiv is on one more site is true of most."""


def explain(scored: Scored | Entry) -> str:
    """Return the one term that tells most for a paper as a sentence, or nothing.

    What counts against it is never told, and neither is what holds of most papers.
    """
    for term, least in _TOLD:
        for reason in scored.reasons:
            if reason.term == term and reason.points > least and reason.detail:
                return f"{reason.detail[0].upper()}{reason.detail[1:]}."
    return ""
