"""A name's address leads to itself, or links to it would lead nowhere."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.search.people import slug


@given(st.text(max_size=120))
@example("İlker Işık")
@example("a" * 79 + "-b")
@example("ﬁ ½ ǆ")
def test_an_address_is_its_own_address(name: str):
    """The author page accepts exactly what names are linked to."""
    assert slug(slug(name)) == slug(name)
    assert "/" not in slug(name)


@pytest.mark.parametrize("other", ["yann lecun", "LeCun, Yann", "Yann  LeCun", "Yánn LeCun", "YANN LECUN"])
def test_one_name_has_one_address(other: str):
    """Case, accents, spaces and the order of a comma do not matter."""
    assert slug(other) == slug("Yann LeCun")
