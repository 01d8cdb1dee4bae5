"""Sentences taken from abstracts, word for word."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.summary import LONGEST, sentences, summarise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One. Two.", ["One.", "Two."], id="plain"),
        pytest.param(
            "As in Fig. 2, i.e. here. Next.", ["As in Fig. 2, i.e. here.", "Next."], id="abbreviations"
        ),
        pytest.param("Li et al. Show it. Yes.", ["Li et al.", "Show it.", "Yes."], id="et al. may end one"),
        pytest.param("Li et al. show it. Yes.", ["Li et al. show it.", "Yes."], id="et al. goes on"),
        pytest.param("For $x. Y$ it holds. Ok.", ["For $x. Y$ it holds.", "Ok."], id="inside a formula"),
        pytest.param(r"So \(a. B\) holds. Ok.", [r"So \(a. B\) holds.", "Ok."], id="inside LaTeX brackets"),
        pytest.param("It gains 3.5 points. Ok.", ["It gains 3.5 points.", "Ok."], id="a decimal number"),
        pytest.param("J. Doe et al. agree. Ok.", ["J. Doe et al. agree.", "Ok."], id="an initial"),
        pytest.param("Is it? It is! Ok", ["Is it?", "It is!", "Ok"], id="marks, and an end without one"),
        pytest.param(
            "He said “yes.” Then left.", ["He said “yes.”", "Then left."], id="a closing quotation mark"
        ),
        pytest.param("我们提出。结果很好。", ["我们提出。", "结果很好。"], id="Chinese"),
        pytest.param("GPT-4 vs. Claude. Ok.", ["GPT-4 vs. Claude.", "Ok."], id="versus"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_a_sentence_ends_where_it_ends(text: str, expected: list[str]) -> None:
    """Neither inside a formula nor after an abbreviation."""
    assert list(sentences(text)) == expected


def test_what_a_paper_does_is_preferred_to_its_setting() -> None:
    """The proposal and the result are taken, the setting and the address are not."""
    told = summarise(
        "Language models have become widely used. However, they are slow. "
        "We propose Swift, a decoding method for language models that drafts tokens with a small model. "
        "Swift makes language models decode three times as fast without a loss. "
        "Code is available at https://example.org/swift."
    )
    assert told[0].startswith("We propose Swift")
    assert not any("example.org" in sentence for sentence in told)


def test_a_sentence_that_is_too_long_is_left_out_not_cut() -> None:
    """No sentence is ever shortened."""
    assert summarise("We propose " + "very " * 200 + "long things.") == ()
    assert summarise("We propose " + "very " * 200 + "long things. It works well today.") == (
        "It works well today.",
    )


def test_a_megabyte_without_an_end_is_read_in_part() -> None:
    """A hostile abstract costs no more than a long one, and what was cut off by that is not quoted."""
    assert summarise("word " * 200_000) == ()
    assert summarise("We propose this method. " + "Word " * 200_000) == ("We propose this method.",)


_PIECES = st.sampled_from(
    [
        "We propose ",
        "models ",
        "$x. y$ ",
        "i.e. ",
        "et al. ",
        "Results show ",
        "3.5 ",
        "end. ",
        "True! ",
        "方法。",
        "(a. B) ",
    ]
)


@given(st.lists(_PIECES, max_size=60).map("".join))
def test_quotations_are_verbatim_in_order_short_and_whole(abstract: str) -> None:
    """Each quoted sentence stands in the abstract as it is, dollars paired, and both fit."""
    told = summarise(abstract)
    assert len(told) <= 2
    assert sum(map(len, told)) <= LONGEST
    place = 0
    for sentence in told:
        place = abstract.index(sentence, place) + len(sentence)
        assert sentence.count("$") % 2 == 0


@given(st.text(max_size=400))
def test_any_text_falls_into_its_own_parts(text: str) -> None:
    """Sentences lose nothing but the space between them."""
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "piece",
    [". A", "e.g. ", "\\(", "\\[", "$$", "$a. ", "a.", ".", "。", "!? ", '"', " ", '."', "$x$. ", "Fig. 1 "],
)
def test_no_abstract_costs_its_square(piece: str) -> None:
    """Full stops, half formulas and abbreviations in a row cost no more than a text; some took seconds."""
    text = piece * (12_000 // len(piece))
    before = process_time()
    summarise(text)
    assert process_time() - before < 0.5
