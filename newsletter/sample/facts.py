"""The sample's facts as values, read from the files beside this module."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from newsletter.sample.calendar import BATCHES


@dataclass(frozen=True, slots=True)
class SamplePaper:
    """What the sample knows of a paper; days that are gone know no more than title and counts."""

    id: str
    title: str
    version: int = 1
    authors: tuple[str, ...] = ()
    abstract: str = ""
    categories: tuple[str, ...] = ()
    announce_type: str = "new"
    votes: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """What the blog wrote."""

    slug: str
    title: str
    text: str
    papers: tuple[str, ...]
    hours_ago: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the sample's sources show; batches by number, 1 the oldest, today's last."""

    listing: dict[int, tuple[SamplePaper, ...]]
    """arXiv's daily listing."""
    robotics: dict[int, tuple[SamplePaper, ...]]
    """Another of its listings, which stopped four batches before today."""
    page: dict[int, tuple[SamplePaper, ...]]
    """The daily page with votes, most votes first."""
    posts: tuple[Post, ...]


@cache
def facts() -> Facts:
    """Read the facts; once a process."""
    today, history = _read("today.json"), _read("history.json")
    papers = [_paper(record) for record in today["papers"]]
    listing, page, robotics = (_batches(history[name]) for name in ("listing", "page", "robotics"))
    listing[BATCHES + 1] = tuple(one for one in papers if one.categories)
    shown = {record["id"] for record in today["papers"] if "votes" in record}
    page[BATCHES + 1] = tuple(one for one in papers if one.id in shown)
    return Facts(
        listing=listing,
        robotics=robotics,
        page={number: tuple(sorted(batch, key=_most_votes_first)) for number, batch in page.items()},
        posts=tuple(Post(**{**record, "papers": tuple(record["papers"])}) for record in today["posts"]),
    )


def _most_votes_first(paper: SamplePaper) -> tuple[int, str]:
    return (-paper.votes, paper.id)


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files("newsletter.sample").joinpath(name).read_text("utf-8"))
    return found


def _paper(record: dict[str, Any]) -> SamplePaper:
    lists = {name: tuple(record.get(name, ())) for name in ("authors", "categories")}
    return SamplePaper(**{**record, **lists})


def _batches(rows: list[list[Any]]) -> dict[int, tuple[SamplePaper, ...]]:
    """Read rows of batch, number, title, and either votes or categories."""
    found: dict[int, tuple[SamplePaper, ...]] = {}
    for batch, number, title, known in rows:
        what = {"votes": known} if isinstance(known, int) else {"categories": tuple(known)}
        found[batch] = (*found.get(batch, ()), SamplePaper(number, title, **what))
    return found
