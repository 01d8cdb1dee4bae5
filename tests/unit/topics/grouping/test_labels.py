"""Headings."""

import pytest
from builders import a_paper

from newsletter.topics.grouping.labels import label
from newsletter.topics.grouping.phrasebook import phrasebook
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import read


@pytest.mark.parametrize(
    ("phrase", "titles", "expected"),
    [
        ("mask diffus", ["Masked diffusion models", "On masked diffusion models"], "masked diffusion models"),
        ("imag retriev", ["Fine-grained image retrieval"] * 2, "fine-grained image retrieval"),
        ("video gener", ["Video generation", "Video Generation of faces"], "video generation"),
        ("3d gaussian", ["3D Gaussian splatting", "3D Gaussian Splatting"], "3D Gaussian Splatting"),
        (
            "sens imag",
            ["Remote sensing image captioning", "Remote sensing image search", "Remote sensing images"],
            "remote sensing images",
        ),
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


def test_a_phrase_after_which_phrases_go_on_names_nothing():
    """“Zero-shot” is in as many titles as “zero-shot retrieval”, but phrases seldom end there."""
    titles = [
        f"Zero-shot retrieval {aspect}" for aspect in ("of images", "of songs", "at scale", "revisited")
    ]
    usage = {"shot": (100.0, 10.0, 0.0, 100.0), "retrieval": (100.0, 60.0, 0.0, 100.0)}
    memory = Memory(papers=1000.0, usage=usage)
    book = phrasebook([read(a_paper(id=title, title=title)) for title in titles], memory)
    assert "zero shot" not in book.worth
    assert "zero shot retriev" in book.worth


def test_of_two_phrases_the_one_that_ends_more_phrases_is_the_better_name():
    """“Medical image” stands where “medical image segmentation” does, and goes on more often."""
    titles = [f"Medical image segmentation {aspect}" for aspect in ("of lungs", "at scale", "revisited")]
    usage = {"image": (100.0, 20.0, 0.0, 100.0), "segmentation": (100.0, 60.0, 0.0, 100.0)}
    memory = Memory(papers=1000.0, usage=usage)
    book = phrasebook([read(a_paper(id=title, title=title)) for title in titles], memory)
    assert book.worth["medic imag"] < 0.5 * book.worth["medic imag segment"]
