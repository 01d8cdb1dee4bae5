"""Whatever is typed is a query, and a query can be typed again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.search.query import LONGEST, MOST_CLAUSES, Clause, parse


@pytest.mark.parametrize(
    ("typed", "clauses"),
    [
        ("flow matching", (Clause("flow"), Clause("matching"))),
        ('"flow matching"', (Clause("flow matching", is_phrase=True),)),
        ("«flow matching»", (Clause("flow matching", is_phrase=True),)),
        ('flow "open to the end', (Clause("flow"), Clause("open to the end", is_phrase=True))),
        ("-survey", (Clause("survey", is_excluded=True),)),
        ('-"a survey"', (Clause("a survey", is_phrase=True, is_excluded=True),)),
        ("AUTHOR:Hinton", (Clause("Hinton", field="author"),)),
        ('-author:"Yann LeCun"', (Clause("Yann LeCun", "author", is_phrase=True, is_excluded=True),)),
        ("gpt-4o", (Clause("gpt-4o"),)),
        ("ﬂow\x00flow\u2028flow", (Clause("flow"),)),
        ("title:flow", (Clause("flow", "title"),)),
        (
            'Category:cs.CL -source:"bair"',
            (Clause("cs.CL", "category"), Clause("bair", "source", True, True)),
        ),
        ("year:2026", (Clause("year:2026"),)),
        ("author:", (Clause("author:"),)),
        ('- "" () -- \\ * ~ ^ : ...', ()),
    ],
)
def test_words_phrases_names_and_exclusions_are_told_apart(typed: str, clauses: tuple[Clause, ...]):
    """Unknown syntax is text, signs alone are nothing, and a word said twice is said once."""
    assert parse(typed).clauses == clauses


def test_what_must_not_be_there_alone_asks_for_nothing():
    """Everything but a word is no question."""
    assert parse("-survey -review").is_empty
    assert parse("").is_empty
    assert not parse("-survey flow").is_empty


def test_a_query_is_cut_and_says_so():
    """Neither a long text nor two hundred words cost more than a dozen."""
    many = parse(" ".join(f"w{n}" for n in range(40)))
    assert (len(many.clauses), many.is_cut) == (MOST_CLAUSES, True)
    assert parse("x" * (LONGEST + 1)).is_cut
    assert not parse("x" * LONGEST).is_cut
    assert len(str(parse("x" * 1_000_000))) == LONGEST


@given(st.text(max_size=80))
def test_what_a_query_says_of_itself_is_the_same_query(typed: str):
    """Links to the next page and to a better spelling are written from it."""
    query = parse(typed)
    if not query.is_cut:
        assert parse(str(query)) == query


@given(st.text(alphabet='ab" -:author', max_size=60))
def test_any_signs_in_any_order_round_trip(typed: str):
    """The same where the signs of the language stand close together."""
    query = parse(typed)
    if not query.is_cut:
        assert parse(str(query)) == query
