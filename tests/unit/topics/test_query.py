"""What readers follow and mute, as they write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InvalidInputError
from newsletter.topics.matching.query import MOST_PARTS, Part, Query, parse, understood

HAO = Part("Hao Li", "author")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("controllable RL", Query("controllable RL")),
        ('author:"Hao Li" agents', Query("agents", (HAO,))),
        ("Author: “Hao  Li”", Query("", (HAO,))),
        ('"flow matching" -survey', Query("", (Part("flow matching"),), (Part("survey", is_excluded=True),))),
        ("robots –author:li", Query("robots", (), (Part("li", "author", is_excluded=True),))),
        ("title:agents category:cs.CL", Query("", (Part("agents", "title"), Part("cs.CL", "category")))),
        ("source:hugging-face RL", Query("RL", (Part("hugging-face", "source"),))),
        ("text-to-image", Query("text-to-image")),
        ("vision - language", Query("vision - language")),
        ("LLM: a survey", Query("LLM: a survey")),
        ("retrieval-augmented generation (RAG)", Query("retrieval-augmented generation (RAG)")),
        ("12:30", Query("12:30")),
        ("神经网络", Query("神经网络")),
    ],
)
def test_words_names_and_what_must_not_be_there_are_told_apart(typed: str, expected: Query) -> None:
    """Quotes and dashes may be those that a keyboard makes of them."""
    assert parse(typed) == expected


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        pytest.param("auther:hinton", "“auther:” is not known", id="misspelt-field"),
        pytest.param("author:", "after “author:”", id="nothing-after"),
        pytest.param("agents category: ", "after “category:”", id="nothing-after-a-space"),
        pytest.param('title:""', "after “title:”", id="empty-quotes"),
        pytest.param('agents "flow matching', "“flow matching” is not closed", id="open-quote"),
        pytest.param("category:3", "is not a category", id="no-category"),
        pytest.param("-survey", "only says what to leave out", id="only-excluded"),
        pytest.param("agents OR robots", "write two topics", id="operator"),
        pytest.param("diffus*", "leave the * out", id="wild"),
        pytest.param("?!", "no word to look for", id="signs"),
        pytest.param("word " * 1000, f"at most {MOST_PARTS} words", id="a-thousand-words"),
    ],
)
def test_what_cannot_be_understood_is_said(typed: str, named: str) -> None:
    """The sentence names the part that is wrong."""
    with pytest.raises(InvalidInputError, match=r"\.$") as caught:
        parse(typed)
    assert named in str(caught.value)


@given(st.text(max_size=80))
def test_whatever_was_kept_once_can_still_be_asked_for(text: str) -> None:
    """Phrases that are older than the language are words."""
    try:
        assert understood(text) == parse(text)
    except InvalidInputError:
        assert understood(text) == Query(text)
