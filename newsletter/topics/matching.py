"""Tell whether a paper is about a phrase that a reader follows or mutes."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from newsletter.models import Paper, Topic
from newsletter.topics.acronyms import introductions
from newsletter.topics.memory import Memory
from newsletter.topics.words import Clause, clauses

Stems = tuple[str, ...]
LEAST_MAILED = 3
"""A topic that fewer papers stand under is not mailed."""


def holds(paper: Paper, phrase: str, long_forms: Mapping[str, Clause] | None = None) -> bool:
    """Tell whether a paper's title or abstract holds a phrase, in any inflection, or its acronym.

    Words count by their stems, hyphens as spaces. An acronym stands for its
    long form and the other way round: as the paper introduces it, else as the
    phrase does (“reinforcement learning (RL)”), else as `long_forms` of a
    memory say (those shipped, by default). A phrase without a word is held by
    no paper.

    >>> from datetime import UTC, datetime
    >>> paper = Paper(id="a", title="Offline-RL agents", first_seen=datetime(2026, 6, 1, tzinfo=UTC))
    >>> [holds(paper, phrase) for phrase in ("offline", "agent", "Reinforcement Learning", "learning", "")]
    [True, True, True, True, False]
    """
    known = Memory.shipped().long_forms if long_forms is None else long_forms
    found, own = _read(paper.title, paper.abstract)
    wanted = clauses(phrase)
    if not wanted:
        return False
    names = {acronym: _stems(form) for acronym, form in known.items()}
    names |= {acronym: _stems(form) for acronym, words in introductions(phrase) for form in clauses(words)}
    names |= own
    ways = {_stems(wanted[0]), _written_out(wanted[0], names)}
    said = [way for clause in found for way in (_stems(clause), _written_out(clause, names))]
    return any(_stand(stems, clause) for stems in ways for clause in said)


def as_mailed(topics: Iterable[Topic], day: Collection[Paper]) -> tuple[Topic, ...]:
    """Return the topics as readers see them, in order: nobody stands under a label without holding it.

    Grouping is generous, a heading is a promise: each paper's title and
    abstract hold all words of the label (in any inflection and order). A topic
    is left out where fewer than three of its papers do, or where most of the
    `day` does: “reinforcement learning” tells nothing apart at its own conference.
    """
    said = {paper.id: _words(paper) for paper in day}
    mailed = []
    for topic in topics:
        words = {word.stem for clause in clauses(topic.label) for word in clause}
        holders = {name for name, found in said.items() if words <= found}
        papers = tuple(paper for paper in topic.papers if paper.id in holders)
        if len(papers) >= LEAST_MAILED and len(holders) <= len(day) / 2:
            mailed.append(topic.model_copy(update={"papers": papers}))
    return tuple(mailed)


def _words(paper: Paper) -> set[str]:
    found, _ = _read(paper.title, paper.abstract)
    return {word.stem for clause in found for word in clause}


@lru_cache(maxsize=4_096)
def _read(title: str, abstract: str) -> tuple[tuple[Clause, ...], dict[str, Stems]]:
    own = {acronym: _stems(form) for acronym, words in introductions(abstract) for form in clauses(words)}
    return clauses(title) + clauses(abstract), own


def _stems(clause: Clause) -> Stems:
    return tuple([word.stem for word in clause])


def _written_out(clause: Clause, names: Mapping[str, Stems]) -> Stems:
    written: list[str] = []
    for word in clause:
        name = word.printed if word.printed in names else word.printed.removesuffix("s")
        written.extend(names.get(name, (word.stem,)) if word.printed != word.lower else (word.stem,))
    return tuple(written)


def _stand(stems: Stems, found: Stems) -> bool:
    """Tell whether one sequence stands in another without gaps.

    >>> _stand(("b", "c"), ("a", "b", "c")), _stand(("a", "c"), ("a", "b", "c"))
    (True, False)
    """
    size = len(stems)
    return any(found[start : start + size] == stems for start in range(len(found) - size + 1))
