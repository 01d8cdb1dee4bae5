"""Tell which topics keep their heading: a heading is a promise."""

from collections.abc import Collection, Iterable

from newsletter.models import Paper, Topic
from newsletter.topics.words.words import clauses

LEAST_MAILED = 3
"""A topic that fewer papers stand under is not mailed."""


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
    return {
        word.stem for text in (paper.title, paper.abstract) for clause in clauses(text) for word in clause
    }
