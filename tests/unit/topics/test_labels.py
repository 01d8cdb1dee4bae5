"""Headings."""

import pytest
from builders import a_paper

from newsletter.topics.labels import label
from newsletter.topics.memory import Memory
from newsletter.topics.phrasebook import phrasebook
from newsletter.topics.words import read


@pytest.mark.parametrize(
    ("phrase", "titles", "expected"),
    [
        ("mask diffus", ["Masked diffusion models", "On masked diffusion models"], "masked diffusion models"),
        ("imag retriev", ["Fine-grained image retrieval"] * 2, "fine-grained image retrieval"),
        ("video gener", ["Video generation", "Video Generation of faces"], "video generation"),
        ("3d gaussian", ["3D Gaussian splatting", "3D Gaussian Splatting"], "3D Gaussian Splatting"),
        ("llm agent", ["LLM agents", "LLM Agents", "llm agents"], "LLM agents"),
    ],
)
def test_a_label_is_spelt_as_papers_do_and_does_not_stop_short(phrase, titles, expected):
    """Lower case but for names and acronyms, with the word that always follows or goes before."""
    readings = [read(a_paper(title=title)) for title in titles]
    assert label(phrase, readings, Memory.shipped()) == expected


def test_a_phrase_that_only_stands_inside_a_compound_names_nothing():
    """“aware training” in “noise-aware training” and “cost-aware training” is a cut-off piece."""
    titles = ["Noise-aware training", "Cost-aware training", "Age-aware training", "Risk-aware training"]
    book = phrasebook([read(a_paper(id=title, title=title)) for title in titles], Memory())
    assert "awar train" not in book.worth


def test_names_are_earned_in_titles_and_worn_by_use():
    """A phrase of abstracts alone is no name, and neither is one that a tenth of all papers hold."""
    titles = ["Video generation", "Video generation", "Video generation", "Video generation"]
    readings = [
        read(a_paper(id=f"p{n}", title=title, abstract="The mean squared error falls."))
        for n, title in enumerate(titles)
    ]
    assert set(phrasebook(readings, Memory()).worth) == {"video gener"}
    worn = Memory(papers=1000.0, holders={"video gener": 101.0})
    assert not phrasebook(readings, worn).worth
