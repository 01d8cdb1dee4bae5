"""What a day brings those who follow a query."""

import gzip
import json
from pathlib import Path

import pytest
from builders import NOON, a_paper

from newsletter.models import Mention, Paper
from newsletter.topics import Following, holds
from newsletter.topics.matching.index import places

FILLER = ("Graph networks for chemistry", "Speech in noise", "Proofs about primes", "Faster kernels")


def a_day(*papers: Paper) -> list[Paper]:
    """These papers, and others that have nothing to do with them."""
    others = [a_paper(id=f"filler:{n}", title=f"{title} {n}") for n in range(8) for title in FILLER]
    return [*papers, *others]


def titles(query: str, *papers: Paper) -> list[str]:
    """Return the titles that a query brings, the nearest first."""
    day = a_day(*papers)
    return [day[place].title for place in Following(day).answer(query).best]


def test_a_theme_need_not_stand_in_a_row() -> None:
    """A paper that says all words counts, wherever they stand; one that shares an everyday word does not."""
    said = a_paper(title="Controllable agents", abstract="We control robots with reinforcement learning.")
    other = a_paper(id="b", title="Learning to read", abstract="A model.")
    assert titles("controllable RL", said, other) == ["Controllable agents"]


def test_the_words_in_a_row_always_count() -> None:
    """However long the text is in which they stand once."""
    long = a_paper(title="On many things", abstract="many other things " * 300 + "and flow matching too.")
    assert titles("flow matching", long) == ["On many things"]


@pytest.mark.parametrize(
    "query", ["controllable rl", "controllable RL", "controllable reinforcement learning"]
)
def test_an_acronym_is_known_both_ways_however_it_is_typed(query: str) -> None:
    """Readers do not hold the shift key."""
    short = a_paper(title="RL that is controllable")
    long = a_paper(id="b", title="Reinforcement learning, controllable")
    assert sorted(titles(query, short, long)) == sorted([short.title, long.title])


def test_an_acronym_that_the_day_introduces_is_known_that_day() -> None:
    """Two papers agree on what it stands for; a third only uses it."""
    intro = "We study neural foam fields (NFF)."
    told = [a_paper(id=f"told:{n}", title=f"Foam {n}", abstract=intro) for n in range(2)]
    short = a_paper(title="Editing with NFF")
    assert short.title in titles("editing neural foam fields", *told, short)


def test_a_day_without_anything_near_brings_nothing() -> None:
    """The best of nothing is nothing."""
    assert titles("controllable reinforcement learning") == []
    assert titles("speech restoration of paintings") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("author:hinton", ["G. E. Hinton"]),
        ('author:"Geoffrey Hinton"', ["G. E. Hinton"]),
        ('author:"Hao Li"', ["Hao Li"]),
        ("author:muller", ["Eva Müller"]),
        ("author:hao author:hinton", []),
        ("agents author:hinton", ["G. E. Hinton"]),
        ("agents -author:hinton", ["Hao Li", "Eva Müller"]),
        ("category:cs.CL", ["Hao Li"]),
        ("category:CS", ["G. E. Hinton", "Hao Li"]),
        ("source:huggingface", ["Eva Müller"]),
        ("source:arxiv", ["Hao Li"]),
        ("title:swarms", ["Eva Müller"]),
        ('"agents in games"', ["Hao Li"]),
        ("agents -games -swarms", ["G. E. Hinton"]),
    ],
)
def test_names_categories_sources_titles_and_minus_hold(query: str, expected: list[str]) -> None:
    """None of them is taken for a word."""

    def seen(source: str) -> Mention:
        return Mention(source=source, url="https://example.org/", first_seen=NOON)

    day = a_day(
        a_paper(title="Agents", authors=("G. E. Hinton", "Ann Author"), categories=("cs.LG",)),
        a_paper(
            id="b",
            title="Agents in games",
            abstract="Of games.",
            authors=("Hao Li",),
            categories=("cs.CL", "stat.ML"),
            mentions=(seen("arxiv-cs-cl"),),
        ),
        a_paper(
            id="c",
            title="Swarms of agents",
            authors=("Eva Müller",),
            categories=("econ.TH",),
            mentions=(seen("huggingface"),),
        ),
    )
    found = Following(day).answer(query).best
    assert sorted(day[place].authors[0] for place in found) == sorted(expected)


def test_a_muted_query_removes_what_holds_all_of_it_and_nothing_that_is_near() -> None:
    """Nobody misses a paper for a likeness."""
    day = a_day(
        a_paper(title="Diffusion models", authors=("Hao Li",)), a_paper(id="b", title="Models of diffusion")
    )
    following = Following(day)
    assert list(places(following.refused("diffusion model"))) == [0]
    assert list(places(following.refused("author:li"))) == [0]
    assert list(places(following.refused("models -author:li"))) == [1]


def test_what_a_paper_says_of_a_query_is_told_as_it_was_typed() -> None:
    """Everyday words tell nothing."""
    day = a_day(a_paper(title="Agents that learn with RL in games"))
    assert Following(day).said("controllable rl for agents", 0) == ("RL", "agents")


def pile(shared: Path, every: int) -> tuple[list[Paper], set[str]]:
    """Return 59 papers on one theme among others, and their ids."""

    def kept(name: str) -> list[Paper]:
        with gzip.open(shared / f"data/quality/{name}.jsonl.gz", "rt") as lines:
            rows = [json.loads(line) for line in lines]
        return [a_paper(id=row["id"], title=row["title"], abstract=row["abstract"]) for row in rows]

    theme = kept("gold_editor_seeds")
    names = {paper.id for paper in theme}
    others = [paper for paper in kept("arxiv_days")[:8000:every] if paper.id not in names]
    return sorted([*theme, *others], key=lambda paper: paper.id), names


def test_a_theme_by_mail_brings_its_papers(shared: Path) -> None:
    """Three ways of asking for one theme; the words in a row stand in one paper of 59."""
    papers, theme = pile(shared, every=16)
    following = Following(papers)
    for query in (
        "controllable RL",
        "controllable reinforcement learning",
        "controllable generation with reinforcement learning",
    ):
        best = [papers[place].id in theme for place in following.answer(query).best]
        assert sum(best[:59]) >= 45, query
        assert len(best) < 2 * 59
        assert sum(holds(paper, query) for paper in papers if paper.id in theme) <= 1
