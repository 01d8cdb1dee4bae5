"""Why a paper is here, in a sentence."""

import pytest
from builders import a_paper

from newsletter.editions import explain
from newsletter.models import Reason, Scored

VOTES = ("votes", 18.0, "163 upvotes on Hugging Face, more than 99 % of papers at this age")
FEW_VOTES = ("votes", 3.0, "9 upvotes on Hugging Face, more than 64 % of papers at this age")
TWO = ("breadth", 24.0, "on arXiv and Hugging Face")
THREE = ("breadth", 38.04, "on arXiv, Hugging Face and Hacker News")
AUTHORS = ("authors", 1.3, "from authors of recently upvoted papers")
WORDS = ("words", 1.2, "reads like papers that get upvoted (top 5 % today)")


def a_scored(*reasons: tuple[str, float, str]) -> Scored:
    """A paper with reasons, largest first."""
    ordered = sorted(reasons, key=lambda reason: -reason[1])
    told = tuple(Reason(term=term, points=points, detail=detail) for term, points, detail in ordered)
    return Scored(paper=a_paper(), score=50, reasons=told)


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        pytest.param([VOTES, THREE, AUTHORS], VOTES[2], id="votes that beat most papers"),
        pytest.param([FEW_VOTES, THREE, AUTHORS], THREE[2], id="a third outlet"),
        pytest.param([FEW_VOTES, TWO, AUTHORS, WORDS], AUTHORS[2], id="known authors"),
        pytest.param([FEW_VOTES, TWO, WORDS], WORDS[2], id="words rather than a second outlet"),
        pytest.param([WORDS], WORDS[2], id="words"),
    ],
)
def test_the_most_telling_reason_is_told_alone(reasons: list[tuple[str, float, str]], said: str) -> None:
    """One sentence, whatever else speaks for a paper; the numbers stand beside it."""
    assert explain(a_scored(*reasons)) == f"{said[0].upper()}{said[1:]}."


def test_nothing_is_told_where_nothing_is_known() -> None:
    """What counts against a paper, and what is not worth a sentence, is no reason for it."""
    assert explain(a_scored(("age", -1.0, "numbered a day before the newest"))) == ""
    assert explain(a_scored(("votes", -9.0, "1 upvote on Hugging Face"), ("words", 0.2, ""))) == ""
    assert explain(a_scored()) == ""
