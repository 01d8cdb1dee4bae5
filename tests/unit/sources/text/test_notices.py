"""Notices: no paper, and what publishers print in an abstract's place is none."""

import pytest
from builders import NOON, a_sighting

from newsletter.models import Sighting
from newsletter.sources.text import notices


def sorted_out(**said: object) -> list[Sighting]:
    """Return what is kept of one sighting."""
    return notices.sorted_out([a_sighting(observed_at=NOON, **said)])[0]


@pytest.mark.parametrize(
    "abstract",
    [
        "The paper has been withdrawn because of an error in Lemma 2.",
        "Withdrawn by the authors.",
        "[This paper was withdrawn by the authors due to error in eq. 3]",
        "Paper withdrawn due to errors.",
        "This paper has been withdrawn by the author",
        "This article is being withdrawn from publication.",
        "The authors have withdrawn this manuscript because of an error in the analysis.",
        "The authors decided to withdraw this preprint.",
        "We have withdrawn our paper. It was wrong.",
        "bioRxiv has withdrawn this manuscript at the request of the institution.",
        "This manuscript has been withdrawn by the authors.",
        "The above article, published online in May, has been retracted by agreement.",
        "arXiv admin note: This submission has been withdrawn by arXiv administrators.",
        "We show a thing. arXiv admin note: this paper has been withdrawn by its author.",
    ],
)
def test_an_abstract_that_says_so_marks_its_paper_as_withdrawn(abstract: str) -> None:
    """However authors, servers and publishers put it; the notice is not kept as an abstract."""
    (found,) = sorted_out(abstract=abstract)
    assert found.withdrawn
    assert not found.abstract


@pytest.mark.parametrize(
    "abstract",
    [
        "We study how agents withdrawn from training behave.",
        "This paper studies when papers are withdrawn by authors.",
        "The work of removed workers has been studied. This paper is about retracted claims.",
        "Withdrawn patients are hard to reach. We propose a way.",
        "Removed edges of a graph are predicted by its spectrum.",
    ],
)
def test_a_paper_about_withdrawing_is_a_paper(abstract: str) -> None:
    """Words alone withdraw nothing."""
    (found,) = sorted_out(abstract=abstract)
    assert not found.withdrawn
    assert found.abstract == abstract


@pytest.mark.parametrize(
    ("title", "doi"),
    [
        ("RETRACTED: Deep Learning Finds It", "10.5555/1"),
        ("WITHDRAWN: Deep Learning Finds It", "10.5555/1"),
        ("RETRACTED ARTICLE: Deep Learning Finds It", "10.5555/1"),
        ("[Retracted] Deep Learning Finds It", "10.5555/1"),
        ("Deep Learning Finds It (Retracted)", "10.5555/1"),
        ("Retraction Note: Deep Learning Finds It", None),
        ("RETRACTION: Deep Learning Finds It", None),
        ("Retraction notice to “Deep Learning Finds It”", None),
        ("Statement of Retraction: Deep Learning Finds It", None),
        ("Retraction of: Deep Learning Finds It", None),
    ],
)
def test_a_retraction_marks_the_work_by_its_title(title: str, doi: str | None) -> None:
    """A title that was changed keeps its own DOI; a notice has one of its own, which is not the work's."""
    (found,) = sorted_out(title=title, arxiv_id=None, doi="10.5555/1")
    assert (found.title, found.withdrawn, found.doi) == ("Deep Learning Finds It", True, doi)


@pytest.mark.parametrize(
    "title",
    [
        "Author Correction: A map of the brain",
        "Publisher Correction: A map of the brain",
        "Correction to: A map of the brain",
        "Correction to “A Map of the Brain”",
        "Correction for Doe et al., “A map”",
        "Corrigendum: A map of the brain",
        "Corrigendum to “A map of the brain” [J. Maps 3 (2026)]",
        "Erratum: A map of the brain",
        "Erratum for the Research Article “A map”",
        "Addendum: A map of the brain",
        "Expression of Concern: A map of the brain",
        "Editorial Expression of Concern: A map of the brain",
        "Publisher’s Note: A map of the brain",
    ],
)
def test_a_correction_is_no_paper(title: str) -> None:
    """It is dropped and named, for the operator who asks why."""
    kept, (problem,) = notices.sorted_out([a_sighting(title=title)])
    assert kept == []
    assert "corrects" in problem.why


@pytest.mark.parametrize(
    "title",
    [
        "Correction to the gravitational potential of the Sun",
        "Corrections of distribution shift in images",
        "Error Correction: a survey",
        "Retraction dynamics of fluid ribbons",
        "Withdrawn agents in training",
        "Removed edges and where to find them",
    ],
)
def test_a_title_that_only_sounds_like_a_notice_is_a_papers(title: str) -> None:
    """Physics corrects and retracts as well."""
    (found,) = sorted_out(title=title)
    assert (found.title, found.withdrawn) == (title, False)


@pytest.mark.parametrize(
    ("said", "abstract"),
    [
        ("Nature, Published online: 30 November 2026; doi:10.1038/s41586-026-00001-1", ""),
        (
            "Nature Physics, Published online: 30 May 2026; doi:10.1038/s41567-026-1-1 We find it.",
            "We find it.",
        ),
        ("Journal of the American Chemical Society DOI: 10.1021/jacs.6c00001", ""),
        (
            "Chem. Sci., 2026, Advance Article DOI: 10.1039/D6SC00001A, Edge Article We find it.",
            "We find it.",
        ),
        ("Advanced Materials, Volume 38, Issue 4, January 2026.", ""),
        ("Science, Ahead of Print.", ""),
        ("Publication date: May 2026 Source: Neural Networks, Volume 180 Author(s): Jane Doe, Sam Roe", ""),
        ("Article URL: https://x.example Comments URL: https://y.example Points: 12", ""),
        ("by Jane Doe, Sam Roe We find it.", "We find it."),
        ("Jane Doe, Sam Roe", ""),
        ("A. Other, Mary van der Berg, and Élodie Roe", ""),
        ("We find it. Add to Selected Citations", "We find it."),
        ("ABSTRACT We find it.", "We find it."),
        ("Abstract: We find it.", "We find it."),
        ("We find it. The post It is found appeared first on Lab.", "We find it."),
        ("Abstract Meaning Representation is a form.", "Abstract Meaning Representation is a form."),
        ("In Chem. Sci., DOI numbers matter.", "In Chem. Sci., DOI numbers matter."),
        ("Alice, Bob and Eve play. They win.", "Alice, Bob and Eve play. They win."),
    ],
)
def test_what_a_publisher_prints_is_no_abstract(said: str, abstract: str) -> None:
    """What stands before, after or in place of the authors' own words is taken out."""
    (found,) = sorted_out(abstract=said, authors=("Jane Doe", "Sam Roe"))
    assert found.abstract == abstract


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("[ASAP] Ligands at Work", "Ligands at Work"),
        ("[Early View] Ligands at Work", "Ligands at Work"),
        ("[R] Ligands at Work", "Ligands at Work"),
        ("Ligands at Work. (arXiv:2301.00001v1 [cs.CL])", "Ligands at Work"),
        ("[Re] Ligands at Work", "[Re] Ligands at Work"),
        ("[ASAP]", "[ASAP]"),
    ],
)
def test_a_publishers_tag_is_no_part_of_a_title(said: str, title: str) -> None:
    """What says how far printing has come goes; `[Re]`, a replication, is the authors' own."""
    (found,) = sorted_out(title=said)
    assert found.title == title
