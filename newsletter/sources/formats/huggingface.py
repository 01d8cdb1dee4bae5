"""Read Hugging Face's daily papers: the JSON API, and the RSS that others make of it.

`publishedAt` has two meanings: inside `paper` it is arXiv's date, on the item
it once was the moment of listing. Where `submittedOnDailyAt` is given, that is
the listing. The page fills over the day and votes change by the minute, so the
same paper is sighted again and again; `papers` keeps the numbers as a series.
Hidden authors stay hidden, and the machine-made summary is not an abstract.
"""

import re
from datetime import datetime
from typing import Any

from newsletter.models import Link, Sighting, Source
from newsletter.sources.formats.arxiv import links_of
from newsletter.sources.formats.feeds import Feed, Item
from newsletter.sources.formats.jsonfeed import MAX_ITEMS, count_in, list_in, moment, text_in, too_many
from newsletter.sources.markup.xml_split import Problem
from newsletter.sources.text import text
from newsletter.sources.text.identifiers import WorkId, arxiv_number, in_address

_PAGE = "https://huggingface.co/papers/"
_UPVOTES = re.compile(r"\s*([0-9]{1,7})\b")


def is_daily_papers(document: Any) -> bool:
    """Whether a JSON document is an answer of the daily papers API."""
    if not isinstance(document, list):
        return False
    return not document or any(isinstance(item, dict) and "paper" in item for item in document)


def is_daily_papers_feed(feed: Feed) -> bool:
    """Whether an XML feed lists daily papers with their votes in the text."""
    return feed.url.rstrip("/").endswith("huggingface.co/papers") or (
        bool(feed.items) and "<b>Upvotes:</b>" in feed.items[0].summary
    )


def sightings(document: Any, source: Source, now: datetime) -> tuple[list[Sighting], list[Problem]]:
    """Return a sighting for each paper of an API answer, and what was dropped."""
    found: list[Sighting] = []
    dropped = too_many(document)
    for rank, item in enumerate(document[:MAX_ITEMS], 1):
        paper = item.get("paper") if isinstance(item, dict) else None
        if not isinstance(paper, dict):
            dropped.append(Problem(f"item {rank}", "it is not an object with a paper"))
            continue
        work = arxiv_number(text_in(paper, "id"))
        title = text.title(text_in(paper, "title") or text_in(item, "title"))
        if work is None:
            dropped.append(Problem(f"item {rank}", "its id is not an arXiv number"))
        elif not title:
            dropped.append(Problem(f"item {rank}", "it has no title"))
        else:
            found.append(_sighting(item, paper, work, title, source=source, now=now, rank=rank))
    return found, dropped


def _sighting(
    item: dict[str, Any],
    paper: dict[str, Any],
    work: WorkId,
    title: str,
    *,
    source: Source,
    now: datetime,
    rank: int,
) -> Sighting:
    abstract = text.abstract(text_in(paper, "summary") or text_in(item, "summary"))
    people = [one for one in list_in(paper, "authors") if isinstance(one, dict) and not one.get("hidden")]
    return Sighting(
        source=source.name,
        observed_at=now,
        url=f"{_PAGE}{work.arxiv_id}",
        title=title,
        abstract=abstract,
        authors=text.names([text_in(one, "name") for one in people]),
        arxiv_id=work.arxiv_id,
        version=work.version,
        announced=_listed(item, paper),
        links=_links(paper, work.arxiv_id or "", abstract),
        rank=rank,
        votes=count_in(paper, "upvotes"),
        comments=count_in(item, "numComments"),
        stars=count_in(paper, "githubStars"),
        withdrawn=bool(paper.get("withdrawnAt") or item.get("withdrawnAt")),
    )


def _listed(item: dict[str, Any], paper: dict[str, Any]) -> datetime | None:
    listed = moment(paper.get("submittedOnDailyAt")) or moment(item.get("submittedOnDailyAt"))
    if listed:
        return listed
    on_item, written = moment(item.get("publishedAt")), moment(paper.get("publishedAt"))
    return on_item if on_item and (written is None or on_item > written) else None


def _links(paper: dict[str, Any], arxiv_id: str, abstract: str) -> tuple[Link, ...]:
    links = list(links_of(arxiv_id, abstract))
    if code := text.web_link(text_in(paper, "githubRepo")):
        links = [link for link in links if link.rel != "code"] + [Link(rel="code", url=code)]
    if project := text.web_link(text_in(paper, "projectPage")):
        links.append(Link(rel="project", url=project))
    return (*links, Link(rel="discussion", url=f"{_PAGE}{arxiv_id}"))


def feed_sightings(feed: Feed, source: Source, now: datetime) -> tuple[list[Sighting], list[Problem]]:
    """Return a sighting for each entry of the RSS form, and what was dropped.

    Its `pubDate` is arXiv's date, so nothing says when a paper was listed.
    """
    found: list[Sighting] = []
    dropped: list[Problem] = []
    for rank, item in enumerate(feed.items, 1):
        work = in_address(item.url) or in_address(item.id)
        title = text.title(item.title)
        if work is None or work.arxiv_id is None or not title:
            dropped.append(Problem(f"entry {rank}", "it has no title, or no arXiv number"))
        else:
            found.append(_feed_sighting(item, work, title, source=source, now=now, rank=rank))
    return found, dropped


def _feed_sighting(
    item: Item, work: WorkId, title: str, *, source: Source, now: datetime, rank: int
) -> Sighting:
    before, _, rest = text.from_html(item.summary).partition("Upvotes:")
    _, _, said = rest.partition("Summary:")
    abstract = text.abstract(said)
    votes = _UPVOTES.match(rest)
    return Sighting(
        source=source.name,
        observed_at=now,
        url=f"{_PAGE}{work.arxiv_id}",
        title=title,
        abstract=abstract,
        authors=text.names(text.split_names(before.partition("Authors:")[2])),
        arxiv_id=work.arxiv_id,
        version=work.version,
        links=(
            *links_of(work.arxiv_id or "", abstract),
            Link(rel="discussion", url=f"{_PAGE}{work.arxiv_id}"),
        ),
        rank=rank,
        votes=int(votes[1]) if votes else None,
    )
