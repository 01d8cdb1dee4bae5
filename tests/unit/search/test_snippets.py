"""What is shown of an abstract costs as much as it is long, and no more."""

from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from newsletter.search import snippets, words


@given(st.lists(st.sampled_from(["flow", "match", "filler", "x", "."]), min_size=1, max_size=400))
def test_the_window_with_the_most_different_matches_is_shown(said: list[str]) -> None:
    """No other window of that length holds more of the stems that were looked for."""
    text = " ".join(said)
    found = words.located(text, {"flow", "match", "x"})
    shown = {piece.text for piece in snippets.snippet(text, found) if piece.is_match}
    reach = snippets.LENGTH - 60  # what the beginning of a sentence may take
    most = max(
        (
            len({one.stem for one in found if first.start <= one.start and one.end <= first.start + reach})
            for first in found
        ),
        default=0,
    )
    assert len(shown) >= most


def test_an_abstract_of_one_word_is_shown_at_once() -> None:
    """Counting each window by itself would take minutes for this one."""
    text = "x " * 40_000
    found = words.located(text, {"x"})
    before = process_time()
    assert snippets.snippet(text, found)
    assert process_time() - before < 1
