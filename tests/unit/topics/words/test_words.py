"""Words, stems and phrases."""

import pytest
from builders import a_paper
from hypothesis import given
from hypothesis import strategies as st

from newsletter.topics.words.stems import stem
from newsletter.topics.words.vocabulary import STOP_WORDS
from newsletter.topics.words.words import MOST_CHARACTERS, MOST_WORDS, clauses, phrases, printed, read, spans


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("agreed", "agre"),
        ("hopping", "hop"),
        ("filing", "file"),
        ("happy", "happi"),
        ("relational", "relat"),
        ("formalize", "formal"),
        ("adoption", "adopt"),
        ("controlling", "control"),
        ("sky", "sky"),
        ("GPT", "GPT"),
        ("注意", "注意"),
    ],
)
def test_stems_are_those_of_porters_paper(word, expected):
    """The published examples come out as published; what is no English word stays."""
    assert stem(word) == expected


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    """Whatever a stranger writes, phrases are made of its own words and begin and end with none that stop."""
    for clause in clauses(text):
        for start, end in spans(clause):
            assert 1 <= end - start <= MOST_WORDS
            assert not {clause[start].lower, clause[end - 1].lower} & STOP_WORDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text-to-image generation", "text-to-image generation"),
        ("vision–language models", "vision-language models"),
        ("3D Gaussian splatting", "3D Gaussian splatting"),
        ("神经网络", "神经网络"),
    ],
)
def test_words_are_printed_as_they_stood(text, expected):
    """Hyphens survive, dashes that join become hyphens, and scripts without spaces get none."""
    assert printed(clauses(text)[0]) == expected


def test_a_formula_interrupts_a_phrase():
    """What stands on both sides of mathematics is not one phrase."""
    found = set(phrases(clauses("diffusion $x_t$ sampling")))
    assert found == {"diffus", "sampl"}


def test_a_script_without_spaces_has_phrases():
    """A run of Han characters gives phrases of its characters."""
    assert "神 经 网" in set(phrases(clauses("神经网络。")))


def test_a_megabyte_is_read_as_far_as_an_abstract_goes():
    """What follows the first thousands of characters is not looked at."""
    paper = a_paper(abstract="speculative decoding " * 50_000)
    assert sum(len(clause) for clause in read(paper).abstract) <= MOST_CHARACTERS / 10


def test_an_acronym_is_written_out_and_its_introduction_dropped():
    """“Offline RL” reads as “offline reinforcement learning”, once."""
    paper = a_paper(title="Offline RL", abstract="Reinforcement learning (RL) is hard.")
    reading = read(paper, {"RL": clauses("reinforcement learning")[0]})
    assert [[word.stem for word in clause] for clause in reading.clauses] == [
        ["offlin", "reinforc", "learn"],
        ["reinforc", "learn"],
        ["is", "hard"],
    ]
