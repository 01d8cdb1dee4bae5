"""The sample is made of facts about real papers, in words of our own."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.sample.calendar import BATCHES, days, history
from newsletter.sample.facts import facts

TODAY = BATCHES + 1
LONGEST_COMMON_RUN = 5
"""Words in a row that we may share with an abstract by chance."""


def runs(text: str) -> set[tuple[str, ...]]:
    """Return every six words in a row."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[at : at + LONGEST_COMMON_RUN + 1]) for at in range(len(words) - LONGEST_COMMON_RUN)}


def test_the_sample_is_a_day_in_several_fields_with_four_weeks_behind_it() -> None:
    """About sixty papers today, a full listing and page for each of twenty days before, titles everywhere."""
    sample = facts()
    today = {paper.id for paper in (*sample.listing[TODAY], *sample.page[TODAY])}
    assert 55 <= len(today) <= 65
    assert sorted(sample.listing) == sorted(sample.page) == list(range(1, TODAY + 1))
    assert all(len(batch) >= 15 for batch in (*sample.listing.values(), *sample.page.values()))
    assert {paper.title for batch in sample.listing.values() for paper in batch}.isdisjoint({""})
    assert max(sample.robotics) == BATCHES - 4


def test_one_paper_stands_in_three_sources_and_one_is_a_new_version() -> None:
    """What the merge and the replacement rule are shown on is there, once each."""
    sample = facts()
    listed, voted = ({paper.id for paper in batch[TODAY]} for batch in (sample.listing, sample.page))
    posted = {number for post in sample.posts if post.hours_ago < 24 for number in post.papers}
    assert len(listed & voted & posted) == 1
    (replaced,) = [paper for paper in sample.listing[TODAY] if paper.announce_type == "replace"]
    assert replaced.version == 2
    assert replaced.id in {paper.id for number in range(1, TODAY) for paper in sample.page[number]}


def test_no_paper_is_new_twice() -> None:
    """Nothing of today's was shown before, but for the new version; no batch repeats another."""
    sample = facts()
    for batches in (sample.listing, sample.page, sample.robotics):
        shown = [
            paper.id for batch in batches.values() for paper in batch if paper.announce_type != "replace"
        ]
        assert len(shown) == len(set(shown))


def test_today_comes_with_abstracts_of_two_to_four_sentences() -> None:
    """Long enough to be grouped and shown, short enough to be read."""
    for paper in (*facts().listing[TODAY], *facts().page[TODAY]):
        assert 2 <= len(re.findall(r"[.?!](?:\s|$)", paper.abstract)) <= 4, paper.id
        assert paper.authors, paper.id


def test_abstracts_are_in_our_own_words(shared: Path) -> None:
    """No six words in a row stand in the abstract that a paper's authors wrote."""
    sources = (*shared.glob("data/feeds/arxiv_replay/*.gz"), *shared.glob("data/feeds/huggingface/*.gz"))
    theirs = runs(" ".join(gzip.decompress(path.read_bytes()).decode() for path in sources))
    assert len(theirs) > 100_000
    for paper in (*facts().listing[TODAY], *facts().page[TODAY]):
        assert not runs(paper.abstract) & theirs, paper.id


@pytest.mark.parametrize("weekday", range(7))
def test_the_last_batch_is_todays_whatever_day_it_is(weekday: int) -> None:
    """Earlier batches lie on the twenty working days of the four weeks before."""
    now = datetime(2026, 6, 8, 9, tzinfo=UTC) + timedelta(days=weekday)
    found = days(now)
    assert (len(found), found[-1]) == (TODAY, now.date())
    assert all(day.weekday() < 5 for day in found[:-1])
    assert now.date() - found[0] <= timedelta(days=28)
    assert [moment.date() for moment in history(now)] == list(found[:-1])
