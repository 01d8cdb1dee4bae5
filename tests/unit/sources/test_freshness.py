"""Freshness: a quiet day is told apart from a broken one."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from newsletter.models import Source, SourceState
from newsletter.sources.freshness import learnt_rhythm, verdict
from newsletter.sources.poll_state import Arrival, PollState

SOURCE = Source(name="x", url="https://feeds.example/")
DAY = timedelta(days=1)
MONDAY = datetime(2026, 6, 1, 4, 10, tzinfo=UTC)
WORKDAYS = range(5)


def a_memo(
    weekdays: range | tuple[int, ...] = WORKDAYS, *, weeks: int = 4, kind: str = "arxiv", size: int = 200
) -> PollState:
    """Return what is remembered after some weeks of batches at 04:10, the last in the week of June 1st."""
    days = [MONDAY + timedelta(weeks=week, days=day) for week in range(1 - weeks, 1) for day in weekdays]
    arrivals = tuple(Arrival(moment, size) for moment in days)
    return PollState(
        url=SOURCE.url,
        kind=kind,
        checked_at=days[-1],
        ok_at=days[-1],
        watched_since=days[0] - 2 * DAY,
        papers=size,
        entries=size,
        arrivals=arrivals,
        built=days[-1],
    )


def state(memo: PollState | None, now: datetime, source: Source = SOURCE) -> SourceState:
    """Return the state at a moment."""
    return verdict(source, memo, now).state


FRIDAY_NOON = MONDAY + 4 * DAY + timedelta(hours=8)


@pytest.mark.parametrize(
    ("hours_later", "expected"),
    [
        (0, SourceState.FRESH),
        (24, SourceState.QUIET),  # Saturday
        (48, SourceState.QUIET),
        (63, SourceState.QUIET),  # Monday, before the batch is due
        (65, SourceState.QUIET),  # due, within the slack
        (67, SourceState.LATE),
        (72 + 19, SourceState.STALE),  # Tuesday's is missing as well
    ],
)
def test_a_listing_that_stops_is_quiet_over_the_weekend_then_late_then_stale(
    hours_later: float, expected: SourceState
) -> None:
    """The source's own week decides what silence means."""
    assert state(a_memo(), FRIDAY_NOON + timedelta(hours=hours_later)) is expected


def test_the_same_batch_under_a_new_date_is_stale_on_a_day_that_should_have_one() -> None:
    """On Saturday a repeated list is the weekend; on Monday after its hour it is broken since then."""
    repeated = replace(a_memo(), repeated_since=FRIDAY_NOON + DAY)
    assert state(repeated, FRIDAY_NOON + DAY) is SourceState.QUIET
    found = verdict(SOURCE, repeated, MONDAY + 7 * DAY + timedelta(minutes=30))
    assert (found.state, found.since) == (SourceState.STALE, MONDAY + 7 * DAY)
    assert found.reason == "serves the batch of Fri 5 Jun under a new date"


def test_a_holiday_that_the_source_declares_is_quiet() -> None:
    """An empty list under today's date says that there is nothing; a whole week of them does not."""
    monday = MONDAY + 7 * DAY + timedelta(hours=6)
    empty = replace(a_memo(), entries=0, papers=0, empty_since=monday, built=monday)
    found = verdict(SOURCE, empty, monday)
    assert (found.state, found.reason) == (SourceState.QUIET, "says itself that there is nothing new")
    week = replace(empty, built=monday + 4 * DAY)
    assert state(week, monday + 4 * DAY) is SourceState.STALE


def test_an_empty_list_of_last_sunday_does_not_excuse_monday() -> None:
    """The weekend's empty list, still served after Monday's hour, is late."""
    sunday = MONDAY + 6 * DAY
    empty = replace(a_memo(), entries=0, empty_since=sunday, built=sunday)
    assert state(empty, MONDAY + 7 * DAY + timedelta(hours=4)) is SourceState.LATE


def test_a_part_of_the_usual_batch_is_late_and_says_how_much() -> None:
    """Twelve of some two hundred are no day."""
    memo = a_memo(range(4))
    now = MONDAY + 4 * DAY
    partial = replace(memo, arrivals=(*memo.arrivals, Arrival(now, 12)))
    found = verdict(SOURCE, partial, now + timedelta(minutes=10))
    assert (found.state, found.reason) == (SourceState.LATE, "only 12 of about 200 entries so far")
    full = replace(memo, arrivals=(*memo.arrivals, Arrival(now, 190)))
    assert state(full, now + timedelta(minutes=10)) is SourceState.FRESH


def test_a_failing_source_says_why_and_since_when() -> None:
    """The last poll counts, whatever came before."""
    memo = replace(a_memo(), failures=3, failing_since=MONDAY, fault="did not answer in time")
    found = verdict(SOURCE, memo, FRIDAY_NOON)
    assert (found.state, found.since, found.reason) == (SourceState.FAILING, MONDAY, "did not answer in time")


def test_the_operators_word_outranks_what_was_seen() -> None:
    """Disabled is disabled, and what was never polled, or moved, is unknown."""
    assert state(a_memo(), FRIDAY_NOON, SOURCE.model_copy(update={"enabled": False})) is SourceState.DISABLED
    assert state(None, FRIDAY_NOON) is SourceState.UNKNOWN
    assert state(replace(a_memo(), url="https://old.example/"), FRIDAY_NOON) is SourceState.UNKNOWN


def test_a_listing_of_known_kind_has_a_week_from_the_first_day() -> None:
    """What arXiv says of its own schedule holds until something else was seen."""
    first_look = PollState(
        url=SOURCE.url, kind="arxiv", checked_at=MONDAY, watched_since=MONDAY, papers=200, entries=200
    )
    assert learnt_rhythm(first_look).weekdays == frozenset(WORKDAYS)
    assert state(first_look, MONDAY + timedelta(hours=1)) is SourceState.FRESH
    assert state(first_look, MONDAY + DAY + timedelta(hours=5)) is SourceState.LATE
    assert state(first_look, MONDAY + 2 * DAY + timedelta(hours=5)) is SourceState.STALE


@pytest.mark.parametrize(
    ("weekdays", "kind"), [((1,), "feed"), ((0, 2, 4), "feed"), (WORKDAYS, "feed"), (range(7), "huggingface")]
)
def test_any_weekly_rhythm_is_learnt(weekdays: range | tuple[int, ...], kind: str) -> None:
    """A weekly letter, three days a week, every day: after a few weeks each is known, with its hour."""
    rhythm = learnt_rhythm(a_memo(weekdays, weeks=6, kind=kind))
    assert rhythm.weekdays == frozenset(weekdays)
    assert rhythm.hour == time(4, 10)


def test_silence_does_not_unteach_a_rhythm() -> None:
    """A source that died a month ago is stale, not suddenly one that never publishes."""
    assert state(a_memo(), FRIDAY_NOON + 30 * DAY) is SourceState.STALE
    assert state(a_memo(kind="feed"), FRIDAY_NOON + 30 * DAY) is SourceState.STALE


def test_a_blog_is_quiet_until_it_is_silent_for_longer_than_ever() -> None:
    """Without a week of its own, a source is measured by the gaps that it had."""
    moments = [MONDAY + day * DAY for day in (-40, -29, -27, -13, 0)]
    blog = replace(
        a_memo(kind="feed"), watched_since=moments[0] - DAY, arrivals=tuple(Arrival(m, 1) for m in moments)
    )
    assert learnt_rhythm(blog).weekdays == frozenset()
    assert state(blog, MONDAY + timedelta(hours=5)) is SourceState.FRESH
    assert state(blog, MONDAY + 20 * DAY) is SourceState.QUIET
    assert state(blog, MONDAY + 30 * DAY) is SourceState.STALE
