"""What a paper is about."""

from builders import a_paper

from newsletter.topics import keyphrases
from newsletter.topics.memory.memory import Memory

ABSTRACT = (
    "Speculative decoding speeds up large language models. We propose a draft tree that the target model "
    "verifies in parallel. Speculative decoding with a draft tree halves latency on summarisation."
)


def test_the_subject_comes_before_what_is_said_of_it():
    """What the title and the abstract repeat stands first."""
    paper = a_paper(title="Draft trees for speculative decoding", abstract=ABSTRACT)
    first, second, *_ = keyphrases(paper, Memory.shipped())
    assert {first.lower(), second.lower()} == {"speculative decoding", "draft trees"}


def test_no_more_are_given_than_asked_for_and_none_twice():
    """The limit holds, and no phrase repeats another in different inflection."""
    paper = a_paper(title="Draft trees for speculative decoding", abstract=ABSTRACT)
    found = keyphrases(paper, Memory.shipped(), limit=3)
    assert len(found) == len(set(found)) == 3


def test_verbs_and_how_papers_are_written_are_no_keyphrases():
    """“We propose” and “existing methods” say nothing of a subject."""
    paper = a_paper(title="Methods", abstract="We propose novel methods. Existing methods evaluate results.")
    assert keyphrases(paper, Memory.shipped()) == ()


def test_a_paper_without_text_has_no_keyphrases():
    """An empty title and no abstract are no error."""
    assert keyphrases(a_paper(title=""), Memory.shipped()) == ()


def test_a_memory_that_knows_nothing_still_finds_phrases():
    """Without counts every word is rare, and frequency and place decide."""
    assert "Speculative decoding" in keyphrases(a_paper(title="", abstract=ABSTRACT), Memory())
