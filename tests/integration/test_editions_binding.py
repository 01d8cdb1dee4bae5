"""A week of real editions, bound into one with the votes that came meanwhile."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from processes import run
from test_editions_compose import DAY, MORNING, ids, publish, vote

from newsletter.editions import compose, period_editions
from newsletter.editions.period_editions import BOUND, BOUND_INPUTS
from newsletter.editions.periods import Period
from newsletter.editions.store import INPUTS, TAIL, EditionStore
from newsletter.errors import NotFoundError
from newsletter.models import Edition
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.topics.store import HISTORY, MEMORY

MONDAY = DAY - timedelta(days=2)
WEEK = Period.week_of(MONDAY)


@pytest.fixture
def week(store: Store, settings: Settings) -> list[Edition]:
    """Three editions, the last one quiet; meanwhile readers notice a paper of Monday."""
    editions = []
    for offset, day in enumerate((MONDAY, MONDAY + timedelta(days=1), WEEK.last)):
        morning = MORNING + (day - DAY)
        if day != WEEK.last:
            publish(store, day, count=20, start=20 * offset)
            for place in range(4):
                vote(store, f"2606.{20 * offset + place:05}", 5 + place, morning - timedelta(minutes=30))
        else:
            vote(store, "2606.00000", 300, morning - timedelta(hours=1))
        editions.append(compose.build(store, settings, day, morning))
    return editions


def test_votes_that_came_after_a_papers_morning_count_in_its_week(
    store: Store, settings: Settings, week: list[Edition]
) -> None:
    """Monday's modest paper leads the week, with its votes of now; days without an edition are named."""
    monday = {entry.paper.id: entry for entry in week[0].entries}
    bound = period_editions.bind(store, settings, WEEK)
    best = max(bound.entries, key=lambda entry: entry.score)
    assert best.paper.id == "arxiv:2606.00000"
    assert best.edition_of == MONDAY
    assert best.score > monday[best.paper.id].score
    assert any(reason.detail.startswith("300 upvotes on Hugging Face") for reason in best.reasons)
    assert (bound.since, bound.date) == (WEEK.first, WEEK.last)
    assert "No edition was composed on 2026-06-10, 2026-06-11" in " ".join(bound.notes)


def test_a_week_holds_what_its_days_announced_and_each_paper_once(
    store: Store, settings: Settings, week: list[Edition]
) -> None:
    """Seats and tail together are the announced papers; the topics are the days' own, joined."""
    bound = period_editions.bind(store, settings, WEEK)
    every = [entry.paper.id for entry in (*bound.entries, *bound.tail)]
    assert sorted(every) == sorted(one for edition in week for one in ids(edition))
    assert len(bound.entries) == settings.papers
    assert bound.candidates == 40
    slugs = {section.slug for edition in week for section in edition.sections}
    assert {section.slug for section in bound.sections} <= slugs
    for section in bound.sections:
        held = [one.slug for edition in week for one in edition.sections].count(section.slug)
        assert section.trend.days == held
        assert (section.trend.streak_days, len(section.trend.series)) == (0, 2)


def test_a_week_is_frozen_once_and_comes_out_the_same_again(
    store: Store, settings: Settings, week: list[Edition]
) -> None:
    """Votes of later days change nothing, and the stored inputs give the same bytes."""
    bound = period_editions.bind(store, settings, WEEK)
    vote(store, "2606.00001", 900, MORNING + timedelta(days=9))
    assert period_editions.bind(store, settings, WEEK) == bound
    store.delete(BOUND(first=WEEK.first, last=WEEK.last), BOUND_INPUTS(first=WEEK.first, last=WEEK.last))
    assert period_editions.bind(store, settings, WEEK).model_dump_json() == bound.model_dump_json()
    assert period_editions.replay(store, WEEK).model_dump_json() == bound.model_dump_json()


def test_an_operator_has_a_day_and_its_week_made_again(
    store: Store, settings: Settings, week: list[Edition], tmp_path: Path
) -> None:
    """Both come out the same; one that was changed, or whose inputs are not kept, exits 1 and says so."""
    assert settings.redis_url is not None
    environ = {"REDIS_URL": settings.redis_url.get_secret_value()}
    said = run(tmp_path, "edition", "replay", str(week[0].date), **environ)
    assert (said.returncode, said.stdout) == (
        0,
        f"The edition of {MONDAY} comes out the same, byte by byte.\n",
    )
    said = run(tmp_path, "edition", "replay", str(MONDAY), "--month", **environ)
    assert (said.returncode, "are not kept" in said.stderr) == (1, True)
    period_editions.bind(store, settings, WEEK)
    said = run(tmp_path, "edition", "replay", str(MONDAY), "--week", **environ)
    name = f"{WEEK.first} to {WEEK.last}"
    assert (said.returncode, said.stdout) == (0, f"The edition of {name} comes out the same, byte by byte.\n")
    month = Period.month_of(MONDAY)
    period_editions.bind(store, settings, month)
    store.rename(BOUND(first=month.first, last=month.last), BOUND(first=WEEK.first, last=WEEK.last))
    said = run(tmp_path, "edition", "replay", str(MONDAY), "--week", **environ)
    assert (said.returncode, "comes out differently" in said.stderr) == (1, True)


def test_weeks_and_months_are_due_when_they_are_over(
    store: Store, settings: Settings, week: list[Edition]
) -> None:
    """The week's Sunday has its edition, the month's last day has none; what is bound is not due."""
    assert list(period_editions.due(store)) == [WEEK]
    period_editions.bind(store, settings, WEEK)
    assert list(period_editions.due(store)) == []


def test_what_is_lost_or_damaged_is_done_without_and_said(
    store: Store, settings: Settings, week: list[Edition]
) -> None:
    """Without inputs, papers, memory and history the week is bound from its editions alone."""
    store.set(INPUTS(day=WEEK.last), "damaged")
    store.set(MEMORY(), "damaged")
    store.delete(HISTORY(), *store.scan_iter("paper:*"))
    store.set(TAIL(day=MONDAY), "damaged")
    bound = period_editions.bind(store, settings, WEEK)
    assert len(period_editions.with_tails(store, bound).tail) >= len(bound.tail)
    assert EditionStore(store).get(MONDAY) == week[0].model_copy(update={"tail": ()})
    assert len(bound.entries) == settings.papers
    assert bound.notes[0].startswith("Votes could not be counted again")
    scores = {entry.paper.id: entry.score for edition in week for entry in edition.entries}
    assert all(entry.score == scores[entry.paper.id] for entry in bound.entries)


def test_a_period_without_editions_cannot_be_bound(store: Store, settings: Settings) -> None:
    """The error says what to look at, and nothing is frozen."""
    with pytest.raises(NotFoundError, match="newsletter edition status"):
        period_editions.bind(store, settings, Period.week_of(date(2020, 1, 1)))
    assert EditionStore(store).dates() == ()
    assert list(period_editions.due(store)) == []
