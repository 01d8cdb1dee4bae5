"""Which papers an edition weighs."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import a_paper

from newsletter.editions.assembly.candidates import WINDOW, is_candidate
from newsletter.models import Look, Mention, Paper

NOW = datetime(2026, 6, 10, 6, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)


def a_seen_paper(hours: float = 48, **values: object) -> Paper:
    """A paper that arXiv showed so many hours ago."""
    at = NOW - timedelta(hours=hours)
    mention = Mention(source="arxiv", url="https://arxiv.org/abs/1", first_seen=at, announce_type="new")
    return a_paper(**({"first_seen": at, "mentions": (mention,)} | values))


def a_page(*looks: Look, hours: float = 47) -> Mention:
    """A page that began to show it so many hours ago."""
    return Mention(
        source="page", url="https://page.example/1", first_seen=NOW - timedelta(hours=hours), looks=looks
    )


@pytest.mark.parametrize("kind", ["replace", "replace-cross"])
def test_a_new_version_of_an_old_paper_is_not_news(kind: str) -> None:
    """Known from replacements alone, it is not weighed; a page that shows it makes it so."""
    at = NOW - timedelta(hours=1)
    mention = Mention(source="arxiv", url="https://arxiv.org/abs/1", first_seen=at, announce_type=kind)
    paper = a_seen_paper(1, mentions=(mention,))
    assert not is_candidate(paper, SINCE, NOW, was_offered=False)
    assert is_candidate(
        paper.model_copy(update={"mentions": (mention, a_page(hours=1))}), SINCE, NOW, was_offered=False
    )


def test_a_paper_that_no_tail_held_is_weighed_for_a_week() -> None:
    """Whatever day it came, within the week; withdrawn ones never."""
    assert is_candidate(a_seen_paper(100), SINCE, NOW, was_offered=False)
    assert not is_candidate(a_seen_paper(WINDOW / timedelta(hours=1) + 1), SINCE, NOW, was_offered=False)
    assert not is_candidate(a_seen_paper(1, withdrawn=True), SINCE, NOW, was_offered=False)


def test_a_paper_of_an_earlier_tail_comes_back_only_when_readers_notice_it() -> None:
    """New votes, or a new place; not by standing where it stood."""
    plain = a_seen_paper()
    seen = plain.mentions
    voted = plain.model_copy(update={"mentions": (*seen, a_page(Look(at=NOW - timedelta(hours=2), votes=9)))})
    placed = plain.model_copy(update={"mentions": (*seen, a_page(hours=2))})
    stale = plain.model_copy(
        update={"mentions": (*seen, a_page(Look(at=NOW - timedelta(hours=30), votes=9)))}
    )
    found = [is_candidate(paper, SINCE, NOW, was_offered=True) for paper in (plain, voted, placed, stale)]
    assert found == [False, True, True, False]


def test_what_is_seen_after_now_is_not_known_yet() -> None:
    """An edition of the past does not know the future."""
    assert not is_candidate(a_seen_paper(-1), SINCE, NOW, was_offered=False)


def test_a_paper_that_is_known_by_its_number_alone_waits_for_its_title() -> None:
    """A post that links to a paper does not say what the paper is called; a listing does."""
    nameless = a_seen_paper(1, arxiv_id="1706.03762", title="arXiv:1706.03762")
    assert not is_candidate(nameless, SINCE, NOW, was_offered=False)
    assert is_candidate(nameless.model_copy(update={"title": "A title"}), SINCE, NOW, was_offered=False)


@pytest.mark.parametrize(
    ("announced_days_ago", "is_weighed"),
    [(0.5, True), (6, True), (8, False), (2_000, False), (None, True)],
)
def test_an_archive_that_is_read_today_holds_no_news(
    announced_days_ago: float | None,
    is_weighed: bool,  # what the row says
) -> None:
    """What an entry says of its own day counts, not when it was first read."""
    announced = None if announced_days_ago is None else NOW - timedelta(days=announced_days_ago)
    post = a_page(hours=1).model_copy(update={"announced": announced})
    paper = a_seen_paper(1, mentions=(post,))
    assert is_candidate(paper, SINCE, NOW, was_offered=False) is is_weighed


@pytest.mark.parametrize(
    ("number", "is_weighed"), [("2606.00001", True), ("2604.1", True), ("1706.03762", False)]
)
def test_an_entry_without_a_date_is_as_old_as_the_number_it_names(
    number: str,
    is_weighed: bool,  # what the row says
) -> None:
    """A list without dates may be an archive; one that shows votes is of today."""
    paper = a_seen_paper(1, arxiv_id=number, mentions=(a_page(hours=1),))
    assert is_candidate(paper, SINCE, NOW, was_offered=False) is is_weighed
    voted = paper.model_copy(update={"mentions": (a_page(Look(at=NOW, votes=3), hours=1),)})
    assert is_candidate(voted, SINCE, NOW, was_offered=False)


def test_a_paper_known_from_a_new_version_counts_from_when_readers_found_it() -> None:
    """A replacement nine days ago is no news; the page that votes for it today is."""
    at = NOW - timedelta(days=9)
    mention = Mention(source="arxiv", url="https://arxiv.org/abs/1", first_seen=at, announce_type="replace")
    page = a_page(Look(at=NOW - timedelta(hours=1), votes=120), hours=2)
    paper = a_seen_paper(9 * 24, mentions=(mention, page))
    assert is_candidate(paper, SINCE, NOW, was_offered=False)
