"""Fields come out clean or not at all."""

import pytest

from newsletter.web.serving.forms import FieldError, Fields


@pytest.mark.parametrize(
    "value",
    ["a\0b", "a\nb", "a\x7fb", "a\x85b", "\ufffd", "a\ud800b", "x" * 201],
    ids=["nul", "line", "delete", "c1", "replacement", "surrogate", "long"],
)
def test_a_field_with_what_cannot_be_meant_is_refused_by_name(value: str):
    """Control characters, broken encodings and endless values never reach the store."""
    with pytest.raises(FieldError, match="email"):
        Fields([("email", value)]).text("email")


def test_a_field_that_came_twice_is_refused_unless_both_say_the_same():
    """A browser that repeats itself is harmless; two values are a riddle."""
    assert Fields([("hour", "7"), ("hour", "7")]).number("hour", 0) == 7
    with pytest.raises(FieldError, match="more than once"):
        Fields([("hour", "7"), ("hour", "8")]).text("hour")


@pytest.mark.parametrize("value", ["-1", "1.5", "x", "٧", "1e3", " "])
def test_a_number_is_made_of_plain_digits(value: str):
    """Signs, points, letters and digits of other scripts are refused."""
    with pytest.raises(FieldError, match="number"):
        Fields([("hour", value)]).number("hour", 7)


def test_what_was_typed_is_shown_again_without_what_could_harm():
    """Control characters go, the rest stays, and length has an end."""
    assert Fields([("email", " a\0\x1bd\ufffda@ ")]).shown("email") == "ada@"
    assert len(Fields([("email", "x" * 10_000)]).shown("email")) == 320


def test_lines_are_kept_where_a_field_has_lines():
    """A text area may break its lines, a single line may not."""
    assert Fields([("topics", "a\r\nb")]).text("topics", lines=True) == "a\r\nb"


def test_a_field_counts_as_given_only_with_something_in_it():
    """An empty honeypot is no catch; an empty choice was still made."""
    empty = Fields([("website", "  ")])
    assert "website" not in empty
    assert empty.mentions("website")
    assert "website" in Fields([("website", "http://spam")])
