"""Why a paper is here, in a sentence."""

from builders import a_paper

from newsletter.editions import explain
from newsletter.models import Reason, Scored


def a_scored(*reasons: tuple[str, float]) -> Scored:
    """A paper with reasons, largest first."""
    return Scored(
        paper=a_paper(),
        score=50,
        reasons=tuple(Reason(term="t", points=points, detail=detail) for detail, points in reasons),
    )


def test_the_two_largest_terms_make_the_sentence() -> None:
    """A third is left to the numbers behind it."""
    assert explain(a_scored(("in 3 of 4 sources", 38), ("97th percentile", 15), ("words", 1))) == (
        "In 3 of 4 sources; 97th percentile."
    )


def test_what_counts_against_a_paper_is_no_reason_for_it() -> None:
    """Where nothing speaks for it, the sentence claims nothing."""
    assert explain(a_scored(("in 2 of 4 sources", 24), ("3rd percentile", -15))) == "In 2 of 4 sources."
    assert explain(a_scored(("numbered a day before", -1))) == "New; no readers' votes yet."
    assert explain(a_scored()) == "New; no readers' votes yet."
