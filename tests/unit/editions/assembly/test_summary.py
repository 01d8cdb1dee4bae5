"""The sentence taken from an abstract, word for word."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.assembly.summary import LONGEST, sentences, summarise


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
    """The proposal is taken, the setting, the result that leans on it and the address are not."""
    told = summarise(
        "Language models have become widely used. However, they are slow. "
        "We propose Swift, a decoding method for language models that drafts tokens with a small model. "
        "It makes language models decode three times as fast without a loss. "
        "Code is available at https://example.org/swift.",
        "Swift: Drafting Tokens with Small Models",
    )
    assert told == (
        "We propose Swift, a decoding method for language models that drafts tokens with a small model.",
    )


def test_the_sentence_that_names_what_the_title_names_is_preferred() -> None:
    """Authors who write of their work by its name, and never of themselves, are quoted as well."""
    title = "WorldMark: A Unified Benchmark for Interactive Video World Models"
    setting = (
        "Every interactive video model is tested on scenes of its own, so nobody can say which is better."
    )
    own = "WorldMark gives all of them the same five hundred cases and one set of actions."
    assert summarise(f"{setting} {own} Six known models are compared side by side.", title) == (own,)


def test_the_title_tells_which_of_two_proposals_is_the_papers() -> None:
    """Words shared with the title count."""
    abstract = (
        "We propose graph partitioning by spectral flow. We propose masked decoding of long proteins. "
        "We propose voting among small experts."
    )
    assert summarise(abstract, "Masked Decoding of Long Proteins") == (
        "We propose masked decoding of long proteins.",
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "To address this problem, we propose a new method of decoding text.",
        "Specifically, we introduce a method that decodes tokens in parallel.",
        "Based on these findings, we propose a method of decoding text.",
        "However, we show that decoding in parallel is three times faster.",
        "Its decoder outperforms the strongest baselines by ten points.",
        "We release our models and code at github.com/someone/something today.",
        "We propose a method whose code is available at https://example.org.",
        "We propose \\emph{Swift}, a method of decoding tokens in parallel.",
        "We show that $O(n)$ comparisons suffice for decoding in parallel.",
        "We show that decoding needs ( ) comparisons and ten tokens in all.",
        "We propose […], a method of decoding tokens of text in parallel.",
        "We show that decoding needs at most comparisons , and ten tokens.",
        "We propose Swift [12], a method of decoding tokens in parallel.",
        "We propose a method of decoding tokens in parallel which...",
        "We propose a method (called Swift of decoding tokens in parallel.",
        "We propose a method of decoding tokens in parallel by",
        "We propose " + "very " * 50 + "long things.",
    ],
)
def test_nothing_is_shown_where_the_only_sentence_cannot_be_quoted_alone(sentence: str) -> None:
    """It leans on what is left out, holds an address, a macro or an empty slot, is cut off or too long."""
    assert summarise(sentence, "A Method of Decoding Tokens in Parallel") == ()
    quotable = "We propose a method of decoding tokens in parallel for models of text."
    assert summarise(f"{quotable} {sentence}") == (quotable,)


@pytest.mark.parametrize(
    "sentence",
    [
        "In this paper, we propose a method of decoding tokens in parallel.",
        "We sell 3.5 million (of 4.0 million) tokens in the U.S. market.",
        "我们提出了一种新的并行解码方法。",
        "Iterating twice, we find that decoders agree.",
    ],
)
def test_a_sentence_that_stands_alone_is_shown(sentence: str) -> None:
    """The rules do not bite what looks like their cases: an opening word within a longer one, a number."""
    assert summarise(sentence) == (sentence,)


def test_background_alone_is_no_summary() -> None:
    """Where no sentence says what is new, nothing is shown."""
    abstract = (
        "Deep networks are widely used. Unfortunately, the problem is still hard and much studied. "
        "However, most approaches are slow because the underlying cost is quadratic."
    )
    assert summarise(abstract) == ()


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
def test_a_quotation_is_one_sentence_verbatim_short_and_clean(abstract: str) -> None:
    """It stands in the abstract as it is, is one of its sentences, and fits."""
    told = summarise(abstract)
    assert len(told) <= 1
    for sentence in told:
        assert sentence in list(sentences(abstract))
        assert len(sentence) <= LONGEST
        assert "$" not in sentence


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
