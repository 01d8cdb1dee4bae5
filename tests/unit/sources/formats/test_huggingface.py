"""Hugging Face: the daily papers API over the years, and its RSS form."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.models import Link, Sighting, Source
from newsletter.sources.formats.reading import Reading, read

NOW = datetime(2026, 6, 20, tzinfo=UTC)
SOURCE = Source(name="hf", url="https://huggingface.co/api/daily_papers")


def a_reading(document: Any) -> Reading:
    """Read an answer of the API."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read(SOURCE, body, "application/json", SOURCE.url, NOW, cap_bytes=10_000_000)


def an_item(**paper: Any) -> dict[str, Any]:
    """Return an item of the API's list."""
    defaults = {"id": "2606.00001", "title": "A title", "authors": [], "summary": "Words.", "upvotes": 3}
    return {"paper": defaults | paper, "title": "A title", "numComments": 2}


def only(document: Any) -> Sighting:
    """Return the one sighting of an answer."""
    (found,) = a_reading(document).sightings
    return found


def test_a_real_answer_gives_votes_stars_and_links(shared: Path) -> None:
    """What stands inside `paper` and what stands on the item both arrive."""
    first = a_reading((shared / "data/huggingface_api/2026-06-19.json.gz").read_bytes()).sightings[0]
    assert (first.arxiv_id, first.votes, first.stars, first.comments) == ("2606.19195", 37, 31, 4)
    assert first.announced == datetime(2026, 6, 19, tzinfo=UTC)
    assert first.authors[0] == "Kangsheng Duan"
    assert {link.rel: link.url for link in first.links} == {
        "abstract": "https://arxiv.org/abs/2606.19195",
        "pdf": "https://arxiv.org/pdf/2606.19195",
        "code": "https://github.com/hustvl/Moebius",
        "project": "https://hustvl.github.io/Moebius",
        "discussion": "https://huggingface.co/papers/2606.19195",
    }


def test_the_old_form_lists_by_the_items_date(shared: Path) -> None:
    """In 2024 the item's `publishedAt` was the moment of listing, and the paper's was arXiv's date."""
    found = a_reading((shared / "data/huggingface_api/2024-05-27.json.gz").read_bytes()).sightings
    assert len(found) == 13
    assert {sighting.announced.date().isoformat() for sighting in found if sighting.announced} == {
        "2024-05-27"
    }


@pytest.mark.parametrize(
    ("item", "announced"),
    [
        ({"publishedAt": "2026-06-10T02:00:00Z"}, datetime(2026, 6, 10, 2, tzinfo=UTC)),
        ({"publishedAt": "2026-06-08T20:00:00Z"}, None),
        ({}, None),
    ],
    ids=["listed-later", "before-the-paper", "unsaid"],
)
def test_publishedat_counts_only_where_it_can_be_the_listing(
    item: dict[str, str], announced: datetime | None
) -> None:
    """An item that was “published” before its paper repeats arXiv's date in another time zone."""
    assert only([an_item(publishedAt="2026-06-09T00:00:00Z") | item]).announced == announced


def test_hidden_authors_stay_hidden_and_machine_summaries_are_no_abstract() -> None:
    """What somebody took back is not printed, and no sentence is invented."""
    people = [{"name": "Ada"}, {"name": "Bob", "hidden": True}, None, {"name": None}]
    found = only([an_item(authors=people, summary="", ai_summary="A machine's words.")])
    assert (found.authors, found.abstract) == (("Ada",), "")


def test_a_withdrawn_paper_says_so() -> None:
    """`withdrawnAt` inside the paper marks it."""
    assert only([an_item(withdrawnAt="2026-06-10T00:00:00Z")]).withdrawn
    assert not only([an_item()]).withdrawn


def test_numbers_and_links_of_the_wrong_kind_are_unknown() -> None:
    """A negative, textual or boolean count is none, and a script is no repository."""
    found = only([an_item(upvotes=-1, githubStars="9", githubRepo="javascript:alert(1)")])
    assert (found.votes, found.stars) == (None, None)
    assert "code" not in {link.rel for link in found.links}


def test_items_without_paper_number_or_title_are_named() -> None:
    """One damaged item costs itself alone."""
    reading = a_reading(
        [None, {"paper": []}, an_item(id="../etc"), an_item(title="") | {"title": ""}, an_item()]
    )
    assert len(reading.sightings) == 1
    assert [problem.what for problem in reading.dropped] == ["item 1", "item 2", "item 3", "item 4"]


def test_an_empty_list_is_a_valid_answer() -> None:
    """A day before its first paper."""
    assert a_reading([]).sightings == ()


def test_the_rss_form_gives_the_votes_in_its_text(shared: Path) -> None:
    """Authors, upvotes and summary stand in the description; `pubDate` is arXiv's and announces nothing."""
    body = (shared / "data/feeds/huggingface/20260410T000911Z.xml.gz").read_bytes()
    found = read(SOURCE, body, "", "https://feeds.example/hf", NOW, cap_bytes=10_000_000).sightings
    assert (found[0].arxiv_id, found[0].votes, found[1].votes) == ("2604.06182", 1, 19)
    assert found[1].authors == ("Debangshu Banerjee", "Changming Xu", "Gagandeep Singh")
    assert found[1].abstract.startswith("Recent advances have shown")
    assert found[0].announced is None
    assert Link(rel="discussion", url="https://huggingface.co/papers/2604.06182") in found[0].links
