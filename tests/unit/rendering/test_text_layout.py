"""Plain text must stay within its columns and lose no word."""

import re

from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.text_layout import COLUMNS, cell, spread, width, wrap

texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
        st.sampled_from(
            ["流れのマッチング", "x" * 90, "https://example.org/" + "y" * 80, "é" * 50, "。", "שלום"]
        ),
    ),
    max_size=20,
).map(" ".join)


@given(text=texts, indent=st.integers(0, 8))
def test_no_line_is_wider_than_its_columns_but_an_address(text, indent):
    """Each line fits 72 columns, wide characters counted twice, unless it holds a long address."""
    for line in wrap(text, indent).split("\n"):
        assert width(line) <= COLUMNS or re.search(r"https?://\S{40,}", line), line


@given(text=texts, indent=st.integers(0, 8), hanging=st.integers(0, 8))
def test_wrapping_moves_blanks_and_nothing_else(text, indent, hanging):
    """Every letter comes out in its order."""
    assert "".join(wrap(text, indent, hanging).split()) == "".join(text.split())


def test_words_stay_whole_where_a_line_can_hold_them():
    """A word is cut only where it is longer than a line."""
    text = "Title: " + "flow matching without a teacher " * 8
    assert set(wrap(text).split()) == set(text.split())


def test_a_no_break_space_holds_words_together_and_is_not_sent():
    """The note at the end of a quotation goes to the next line whole."""
    said = "one two [from\N{NO-BREAK SPACE}the\N{NO-BREAK SPACE}abstract]"
    assert wrap(said, columns=22) == "one two\n[from the abstract]"


def test_a_line_of_cjk_text_does_not_begin_with_a_full_stop():
    """Closing marks stay with the character before them."""
    lines = wrap("流" * 40 + "。" + "流" * 40).split("\n")
    assert not any(line.startswith("。") for line in lines)


@given(left=texts, right=st.text(max_size=20))
def test_what_does_not_fit_one_line_takes_two(left, right):
    """Two ends never run into each other."""
    found = spread(left, right)
    assert "\n" in found or width(found) <= COLUMNS


@given(text=texts, columns=st.integers(1, 40))
def test_a_cell_is_exactly_as_wide_as_its_column(text, columns):
    """A table stays straight whatever stands in it."""
    found = width(cell(text, columns))
    assert found == columns
