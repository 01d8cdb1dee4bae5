"""Which papers hold a phrase."""

import gzip
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import plain_matching
import pytest
from builders import a_paper
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.models import Paper
from newsletter.topics import DayIndex, holds
from newsletter.topics.matching.index import places


@pytest.mark.parametrize(
    ("title", "abstract", "phrase", "expected"),
    [
        ("Language-model agents", "", "language models", True),
        ("Agents of language", "", "language agents", False),
        ("AGENTS", "", "agent", True),
        ("Reagents in chemistry", "", "agent", False),
        ("Offline RL at scale", "", "reinforcement learning", True),
        ("Offline reinforcement learning", "", "RL", True),
        ("Offline RL", "Representation Learning (RL) is old.", "reinforcement learning", False),
        ("A study of QQZ", "", "quick quiet zebras (QQZ)", True),
        ("A study of QQZs", "", "quick quiet zebras (QQZ)", True),
        ("A study of QQZ", "", "quick quiet zebras", False),
        ("Quick quiet zebras", "Quick Quiet Zebras (QQZ) run.", "QQZ", True),
        ("Offline RL", "", "rare lemurs (RL)", True),
        ("Offline RL", "Reinforcement Learning (RL) is old.", "rare lemurs (RL)", False),
        ("基于神经网络的方法", "", "神经网络", True),
        ("ترجمة آلية", "", "ترجمة", True),
        ("Anything", "", "", False),
        ("Anything", "", "$x$ …", False),
    ],
)
def test_a_paper_holds_a_phrase_in_any_inflection_or_as_its_acronym(title, abstract, phrase, expected):
    """Stems match without gaps; acronyms mean what the paper says, else what is commonly known."""
    assert holds(a_paper(title=title, abstract=abstract), phrase) is expected


WORDS = ("reinforcement", "Learning", "learned", "representation", "rare", "large", "models", "GPUs", "神经")
ACRONYMS = ("RL", "RLs", "LMs", "LM", "QQZ", "RLHF", "CoTs", "GAN")
INTRODUCTIONS = (
    "Reinforcement Learning (RL)",
    "rare learning (RL)",
    "representation-learning (RLs)",
    "large models (LM)",
)
PIECES = st.sampled_from((*WORDS, *ACRONYMS, *INTRODUCTIONS, ",", "-", "$x$", "of", "the"))
TEXTS = st.lists(PIECES, max_size=9).map(" ".join)


@given(texts=st.lists(st.tuples(TEXTS, TEXTS), max_size=5), phrases=st.lists(TEXTS, max_size=8))
@example(texts=[("RL", "")], phrases=["rare learning (RL)"])
@example(texts=[("RL", "rare learning (RL)")], phrases=["Reinforcement Learning (RL)"])
def test_an_index_of_many_papers_answers_as_each_text_read_for_each_phrase_does(texts, phrases):
    """Whatever is shared, kept or skipped, the definition decides."""
    papers = [a_paper(title=title, abstract=abstract) for title, abstract in texts]
    index = DayIndex(papers)
    for phrase in [*phrases, *phrases]:
        expected = [place for place, paper in enumerate(papers) if plain_matching.holds(paper, phrase)]
        assert list(places(index.holders(phrase))) == expected


def a_real_day(shared: Path, count: int) -> Iterator[Paper]:
    """Yield real papers of one autumn."""
    with gzip.open(shared / "data/background/arxiv_2025-10_12.jsonl.gz", "rt") as lines:
        for _, line in zip(range(count), lines, strict=False):
            one = json.loads(line)
            yield a_paper(id=one["id"], title=one["title"], abstract=one["abstract"])


def phrases_of(papers: list[Paper], chance: Random, count: int) -> list[str]:
    """Return words and pairs of words as papers print them, and phrases that readers type."""
    words = [word for paper in papers for word in paper.title.split()]
    pairs = [" ".join(pair) for pair in pairwise(words)]
    typed = [
        "RL",
        "LLMs",
        "retrieval-augmented generation (RAG)",
        "rare aardvark games (RAG)",
        "GNN",
        "agents",
    ]
    return typed + chance.sample(words, count) + chance.sample(pairs, count)


def test_an_index_of_a_real_day_answers_as_the_definition_does(shared: Path) -> None:
    """Acronyms, hyphens and formulas as authors write them."""
    papers = list(a_real_day(shared, 150))
    index = DayIndex(papers)
    for phrase in phrases_of(papers, Random(7), 12):
        expected = [place for place, paper in enumerate(papers) if plain_matching.holds(paper, phrase)]
        assert list(places(index.holders(phrase))) == expected, phrase


def test_what_an_index_keeps_of_its_answers_has_a_bound() -> None:
    """Asked ever new phrases, it answers right, and forgets some that it can find again."""
    index = DayIndex([a_paper(title="diffusion agents")], most_kept=64)
    for number in range(1000):
        assert not index.holders(f"topic {number}")
    assert index.kept <= 64
    assert list(places(index.holders("agent"))) == [0]
