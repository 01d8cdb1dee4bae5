"""The pages of a week and of a month: what is over as it was mailed, what is not as it stands."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from specimens import DAY, a_quiet_edition, an_edition, an_entry
from visitor import Visitor, seen

from newsletter.editions import period_editions
from newsletter.editions.periods import Period
from newsletter.models import Edition
from newsletter.settings import Settings
from newsletter.store import Store

WEEK = "/week/2026-W47"
MONTH = "/month/2026-11"


def an_earlier_edition() -> Edition:
    """Return Monday's edition, of one paper, whose title no markup may break out of."""
    entry = an_entry(number="2611.01111", title="<b>Monday</b> & after", why="liked by many")
    return an_edition(date=DAY - timedelta(days=6), sections=(), also=(entry,))


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """Somebody on a Sunday, at a site with two editions of the week and a quiet one of weeks before."""
    settings = make_settings(environment="production", base_url="http://papers.example.org", timezone="UTC")
    visitor = Visitor(settings, now=an_edition().composed_at + timedelta(hours=5))
    visitor.publish(an_edition(), an_earlier_edition(), a_quiet_edition(date=DAY - timedelta(days=21)))
    return visitor


@pytest.mark.parametrize("path", [WEEK, MONTH])
def test_a_page_gathers_its_days_and_leads_to_them(visitor: Visitor, path: str) -> None:
    """Each paper once, with its day; Sunday's topics; the days' own pages."""
    page = visitor.web.get(path)
    assert page.status_code == 200
    for entry in (*an_edition().entries, *an_earlier_edition().entries):
        assert seen(page.text).count(f"{entry.paper.title} ") >= 1
        assert page.text.count(f'id="arxiv-{entry.paper.arxiv_id}"') == 1
    assert "Monday, 16 Nov" in seen(page.text)
    assert f'href="/d/{DAY}"' in page.text
    assert "<b>Monday" not in page.text


def test_an_open_period_says_that_it_is_not_over_and_a_bound_one_that_it_is(visitor: Visitor) -> None:
    """The month has nine days to go; the week is bound and shows what weekly readers were mailed."""
    assert "is not over" in seen(visitor.web.get(MONTH).text)
    assert "By the scores of each paper’s own morning" in seen(visitor.web.get(WEEK).text)
    period = Period.week_of(DAY)
    bound = period_editions.bind(visitor.store, visitor.settings, period)
    visitor.now += timedelta(seconds=2)
    page = seen(visitor.web.get(WEEK).text)
    assert "as weekly readers got it" in page
    assert all(entry.paper.title in page for entry in bound.entries)


def test_looking_freezes_nothing(visitor: Visitor) -> None:
    """GET and HEAD leave the store as it was."""
    before = sorted(visitor.store.scan_iter("edition:*"))
    for path in (WEEK, MONTH):
        assert visitor.web.head(path).status_code == visitor.web.get(path).status_code == 200
        assert visitor.web.head(path).content == b""
    assert sorted(visitor.store.scan_iter("edition:*")) == before


@pytest.mark.parametrize("path", [WEEK, MONTH])
def test_who_has_the_page_is_told_that_it_is_the_same(visitor: Visitor, path: str) -> None:
    """The tag holds until what the page says changes."""
    first = visitor.web.get(path)
    again = visitor.web.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "public, max-age=60"
    monday = an_edition(date=DAY - timedelta(days=2), sections=(), also=(an_entry(number="2611.02222"),))
    visitor.publish(monday)
    visitor.now += timedelta(seconds=2)  # what was said within the last second is said again
    changed = visitor.web.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


def test_weeks_without_papers_say_why(visitor: Visitor) -> None:
    """One had a quiet edition, one had none at all, and the one to come has not begun."""
    assert "A quiet week" in seen(visitor.web.get("/week/2026-W44").text)
    assert "No edition was composed in these days." in seen(visitor.web.get("/week/2026-W45").text)
    visitor.now += timedelta(days=1)
    assert "No edition of these days yet." in seen(visitor.web.get("/week/2026-W48").text)


@pytest.mark.parametrize(
    "path",
    [
        *("/week/2026-W43", "/week/2026-W48", "/week/2026-W54", "/week/2026-W00", "/week/2026-W4"),
        *("/week/2026-47", "/week/2026-w47", "/week/0000-W01", "/week/9999-W53", "/week/٢٠٢٦-W47", "/week/"),
        *("/month/2026-10", "/month/2026-12", "/month/2026-13", "/month/2026-00", "/month/2026-11-22"),
        *("/month/9999-12", "/month/0000-01", "/month/x", "/month/2026-1"),
    ],
)
def test_what_is_no_week_or_month_of_the_archive_is_not_found(visitor: Visitor, path: str) -> None:
    """Nonsense, and days outside the first edition's and today's."""
    assert visitor.web.get(path).status_code == 404


def test_a_site_without_editions_shows_this_week_as_empty(settings: Settings, store: Store) -> None:
    """Nothing fails before the first edition."""
    visitor = Visitor(settings, now=an_edition().composed_at)
    assert "No edition of these days yet." in seen(visitor.web.get(WEEK).text)
    assert visitor.web.get("/week/2026-W46").status_code == 404


def test_the_archive_and_the_neighbours_lead_to_each_other(visitor: Visitor) -> None:
    """From the month's list to its best and that of its weeks; from week to week that has an edition."""
    archive = visitor.web.get("/archive").text
    assert f'href="{MONTH}"' in archive
    assert f'href="{WEEK}"' in archive
    assert 'rel="prev" href="/week/2026-W44"' in visitor.web.get(WEEK).text
    assert f'rel="next" href="{WEEK}"' in visitor.web.get("/week/2026-W44").text
