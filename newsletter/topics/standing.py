"""A day's papers on standing subjects: what conferences, journals and arXiv call their areas.

Branches of three to eight papers of the day's tree are taken where at least
six papers in ten say one subject of `subjects.tsv`, by any of its phrases. So
a paper that is about video generation, and is most like those that say so,
stands among them without the very words. What no subject takes is left to
`find_topics`.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from newsletter.models import Paper, Topic
from newsletter.topics.grouping.clustering import LEAST_PAPERS, day_long_forms, parts
from newsletter.topics.grouping.similarity import Vectors, vectors
from newsletter.topics.matching import DayIndex, places
from newsletter.topics.memory.memory import Memory
from newsletter.topics.words.words import clauses, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

MOST_PAPERS = 8
"""A larger branch is several subjects, or a field."""
SUPPORT = 0.6
"""Share of a branch's papers that say its subject."""
BELONGS = 0.8
"""A member less alike to the others than this share of the members' mean is left out."""
UNTAKEN = 0.6
"""Share of its papers that a topic must have to itself to be told beside the subjects."""


class Subject(NamedTuple):
    """A standing subject."""

    field: str
    label: str
    phrases: tuple[str, ...]


@cache
def subjects() -> tuple[Subject, ...]:
    """Return the subjects that come with the package."""
    lines = files("newsletter.topics").joinpath("subjects.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple(
        Subject(field, label, tuple(phrase.strip() for phrase in phrases.split(";")))
        for field, label, phrases in rows
    )


class _Said(NamedTuple):
    """By whom a subject is said today, by number."""

    subject: Subject
    anywhere: frozenset[int]
    in_title: frozenset[int]
    rarity: float
    """1 for a subject that one paper says, 0 for one that all say."""

    def by(self, members: Collection[int]) -> float:
        """Return how clearly some papers say it, rare subjects counting more than wide ones."""
        told = sum((one in self.anywhere) + (one in self.in_title) for one in members)
        return round(self.rarity * told / 2 / len(members), 9)


def find_subjects(papers: Iterable[Paper], memory: Memory) -> tuple[Topic, ...]:
    """Return the day's topics on standing subjects, best first: the most alike and largest.

    A paper is in one of them or in none, and labels differ. The label is the
    name of the subject that most members hold; those that hold it come first.
    The order in which papers come does not matter.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)
    if len(ordered) < LEAST_PAPERS:
        return ()
    index = DayIndex(ordered, {})  # an acronym written out would put users of CLIP under pre-training
    said = _said(ordered, index)
    long_forms = day_long_forms(ordered, memory)
    rows = vectors([read(paper, long_forms) for paper in ordered], memory)
    found = [
        one
        for part in parts(list(range(len(ordered))), rows)
        for branch in _small_branches(part, rows)
        if (one := _section(branch, said, rows))
    ]
    taken: set[int] = set()
    told: dict[str, Topic] = {}
    used: set[str] = set()
    for _, members, what, cohesion in sorted(found, key=lambda one: (-one[0], one[1])):
        if not taken & set(members) and what.subject.label not in used:
            taken |= set(members)
            used.add(what.subject.label)
            label, *keywords = _names(members, what, index, memory)
            topic = Topic(
                label=label,
                keywords=(label, *keywords),
                papers=tuple(ordered[member] for member in _clearest_first(members, what)),
                cohesion=min(1.0, cohesion),
            )
            told.setdefault(label.lower(), topic)
    return tuple(told.values())


def beside(subjects_: Sequence[Topic], others: Iterable[Topic]) -> tuple[Topic, ...]:
    """Return subjects and then other topics with what no subject took; those mostly taken are left out."""
    taken = {paper.id for topic in subjects_ for paper in topic.papers}
    labels = {topic.label.lower() for topic in subjects_}
    shown = list(subjects_)
    for topic in others:
        left = tuple(paper for paper in topic.papers if paper.id not in taken)
        is_own = len(left) >= max(LEAST_PAPERS, UNTAKEN * len(topic.papers))
        if is_own and topic.label.lower() not in labels:
            shown.append(topic.model_copy(update={"papers": left}))
    return tuple(shown)


def _said(papers: Sequence[Paper], index: DayIndex) -> list[_Said]:
    titles = DayIndex([paper.model_copy(update={"abstract": ""}) for paper in papers], {})
    said = []
    for subject in subjects():
        holders = frozenset(places(index.holders_of_any(subject.phrases)))
        if len(holders) > 1:
            rarity = math.sqrt(1 - math.log(len(holders)) / math.log(len(papers)))
            in_title = frozenset(places(titles.holders_of_any(subject.phrases)))
            said.append(_Said(subject, holders, in_title, rarity))
    return said


def _small_branches(papers: Sequence[int], day: Vectors) -> Iterator[list[int]]:
    """Yield the branches of the papers' tree that hold three to eight papers."""
    import numpy as np
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    if len(papers) < LEAST_PAPERS:
        return
    distance = np.maximum(1 - day.near(papers), 0)
    np.fill_diagonal(distance, 0)
    members = [[paper] for paper in papers]
    for left, right, *_ in linkage(squareform(distance, checks=False), "average").tolist():
        members.append(sorted(members[int(left)] + members[int(right)]))
        if LEAST_PAPERS <= len(members[-1]) <= MOST_PAPERS:
            yield members[-1]


def _section(
    branch: list[int], said: Sequence[_Said], day: Vectors
) -> tuple[float, list[int], _Said, float] | None:
    """Return a branch's worth, its members less outliers, its subject and its cohesion; None without one."""
    what = max(said, key=lambda one: (one.by(branch), one.subject.label), default=None)
    if what is None or len(what.anywhere.intersection(branch)) < SUPPORT * len(branch):
        return None
    members = list(branch)
    while True:
        near = day.near(members)
        closeness = (near.sum(axis=1) - near.diagonal()) / (len(members) - 1)
        least = int(closeness.round(6).argmin())
        if len(members) == LEAST_PAPERS or closeness[least] >= BELONGS * closeness.mean():
            break
        members.pop(least)
    support = len(what.anywhere.intersection(members)) / len(members)
    if support < SUPPORT:
        return None
    cohesion = round(float(closeness.mean()), 6)
    return round(cohesion * math.sqrt(len(members)) * (1 + support) / 2, 6), members, what, cohesion


def _clearest_first(members: Iterable[int], what: _Said) -> list[int]:
    return sorted(members, key=lambda one: (one not in what.in_title, one not in what.anywhere, one))


def _names(members: Collection[int], what: _Said, index: DayIndex, memory: Memory) -> list[str]:
    """Return the subject's own label where a member holds it, else the name most held; then other names."""
    names = [what.subject.label, *what.subject.phrases]
    held = {name: len(set(places(index.holders(name))).intersection(members)) for name in names}
    said = [name for name in names if held[name]]
    whole = [name for name in said if len(name.split()) > 1] or said
    label = names[0] if held[names[0]] else max(whole, key=lambda one: (held[one], -names.index(one)))
    others = [name for name in said if name.lower() != label.lower()]
    return [_as_heading(label, memory), *others[:4]]


def _as_heading(name: str, memory: Memory) -> str:
    """Write a name as the other headings are: small but for acronyms and names."""
    first = next((word for clause in clauses(name) for word in clause), None)
    if first is None or memory.is_name(first) or not name[1:2].islower():
        return name
    return name[:1].lower() + name[1:]
