"""Each reader's hour comes once on every local day: in every zone, across every change of the clocks."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.models import Preferences
from newsletter.subscribers import preferences as choices
from newsletter.subscribers import schedule
from newsletter.subscribers.schedule import Occurrence, Slot

ZONES = sorted(name for name in available_timezones() if choices.is_zone(name))
START, END = datetime(1980, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)


@cache
def changes(timezone: str) -> tuple[datetime, ...]:
    """Return the days on which clocks in this zone changed, found by looking at each."""
    zone, found, instant = ZoneInfo(timezone), [], START
    while instant < END:
        following = instant + timedelta(days=1)
        if instant.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            found.append(instant)
        instant = following
    return tuple(found)


@st.composite
def moments(draw: st.DrawFn, zones: st.SearchStrategy[str] | None = None) -> tuple[str, datetime]:
    """A zone and an instant, most often one near a change of its clocks."""
    timezone = draw(zones if zones is not None else st.sampled_from(ZONES))
    near = changes(timezone)
    if near and draw(st.integers(0, 4)):
        start = draw(st.sampled_from(near)) - timedelta(days=1)
    else:
        start = START + timedelta(days=draw(st.integers(0, 20_000)))
    return timezone, start + timedelta(minutes=draw(st.integers(0, 1439)))


def days_lived(
    timezone: str, start: datetime, end: datetime, every: timedelta = timedelta(minutes=1)
) -> dict[date, list[datetime]]:
    """Return the minutes (or what is said) that clocks in a zone lived through, by the date shown."""
    zone, days = ZoneInfo(timezone), {}
    instant = start.replace(second=0, microsecond=0)
    while instant <= end:
        days.setdefault(instant.astimezone(zone).date(), []).append(instant)
        instant += every
    return days


@settings(max_examples=60, deadline=None)
@example(("America/Nuuk", datetime(2026, 3, 27, 12, tzinfo=UTC)), 23, [1440 * 2])
@example(("Pacific/Apia", datetime(2011, 12, 28, 5, tzinfo=UTC)), 7, [60, 3000])
@example(("America/St_Johns", datetime(2010, 11, 5, 5, tzinfo=UTC)), 0, [2725, 2740])
@example(("Antarctica/Troll", datetime(2026, 3, 27, 5, tzinfo=UTC)), 2, [60, 3000])
@given(moments(), st.integers(0, 23), st.lists(st.integers(1, 5 * 1440), max_size=6))
def test_a_slot_occurs_exactly_once_on_every_local_day(
    moment: tuple[str, datetime], hour: int, cuts: list[int]
) -> None:
    """However the time is cut into ticks, each calendar day that a zone has gets its one edition."""
    timezone, start = moment
    end = start + timedelta(days=5)
    ticks = [start, *sorted(start + timedelta(minutes=cut) for cut in cuts), end]
    found: list[Occurrence] = []
    for last, now in pairwise(ticks):
        found += schedule.begins([Slot(timezone, hour)], last, now)
    assert [one.at for one in found] == sorted(one.at for one in found)
    whole_days = sorted(days_lived(timezone, start, end, timedelta(minutes=15)))[1:-1]
    times = Counter(one.day for one in found)
    assert {day: times[day] for day in whole_days} == dict.fromkeys(whole_days, 1)
    assert max(times.values(), default=1) == 1


@settings(max_examples=30, deadline=None)
@given(moments(), st.integers(0, 23))
def test_a_slot_occurs_when_clocks_first_show_the_hour_or_jump_over_it(
    moment: tuple[str, datetime], hour: int
) -> None:
    """Found minute by minute: the first on that date at or past the hour, or the next day's first."""
    timezone, start = moment
    zone = ZoneInfo(timezone)
    days = days_lived(timezone, start - timedelta(days=1), start + timedelta(days=2))
    day, following = sorted(days)[1:3]
    past = [m for m in days[day] if m.astimezone(zone).hour >= hour]
    assert schedule.occurrence(Slot(timezone, hour), day) == (past or days[following])[0]


@pytest.mark.parametrize(
    ("timezone", "hour", "day", "at"),
    [
        pytest.param("Europe/Berlin", 7, date(2026, 6, 10), "2026-06-10T05:00", id="summer"),
        pytest.param("Europe/Berlin", 2, date(2026, 3, 29), "2026-03-29T01:00", id="skipped"),
        pytest.param("Europe/Berlin", 2, date(2026, 10, 25), "2026-10-25T00:00", id="doubled"),
        pytest.param("Australia/Lord_Howe", 2, date(2026, 10, 4), "2026-10-03T15:30", id="half-hour-gap"),
        pytest.param("Africa/Cairo", 0, date(2026, 4, 24), "2026-04-23T22:00", id="midnight-skipped"),
        pytest.param("America/Havana", 0, date(2026, 11, 1), "2026-11-01T04:00", id="midnight-doubled"),
        pytest.param("Antarctica/Troll", 2, date(2026, 3, 29), "2026-03-29T01:00", id="two-hours-skipped"),
        pytest.param("America/Nuuk", 23, date(2026, 3, 28), "2026-03-29T01:00", id="day-s-end-skipped"),
        pytest.param("Asia/Kathmandu", 7, date(2026, 6, 10), "2026-06-10T01:15", id="quarter-hour-zone"),
        pytest.param("Pacific/Apia", 7, date(2011, 12, 31), "2011-12-30T17:00", id="after-the-lost-day"),
    ],
)
def test_changes_of_clocks_that_have_happened(timezone: str, hour: int, day: date, at: str) -> None:
    """Known changes, written out."""
    found = schedule.occurrence(Slot(timezone, hour), day)
    assert found == datetime.fromisoformat(at).replace(tzinfo=UTC)


def test_a_day_that_a_zone_skipped_has_no_edition() -> None:
    """Samoa went from 29 to 31 December 2011: nobody gets two editions on the 31st."""
    assert schedule.occurrence(Slot("Pacific/Apia", 7), date(2011, 12, 30)) is None


def test_only_what_begins_after_the_last_look_is_due() -> None:
    """The first end is open and the second closed, so consecutive looks share no instant."""
    slot, seven = Slot("UTC", 7), datetime(2026, 6, 10, 7, tzinfo=UTC)
    tick = timedelta(seconds=30)
    assert schedule.begins([slot], seven - tick, seven) == (Occurrence(seven, slot, seven.date()),)
    assert schedule.begins([slot], seven, seven + tick) == ()


def test_slots_of_many_zones_come_in_order_of_time() -> None:
    """A pause of a day is caught up with from the oldest."""
    slots = [Slot("America/New_York", 7), Slot("Asia/Tokyo", 7), Slot("Europe/Berlin", 7)]
    start = datetime(2026, 6, 10, 0, 0, tzinfo=UTC)
    found = schedule.begins(slots, start, start + timedelta(days=1))
    assert [one.slot.timezone for one in found] == ["Europe/Berlin", "America/New_York", "Asia/Tokyo"]


@settings(max_examples=60, deadline=None)
@given(
    moments(),
    st.integers(0, 23),
    st.sampled_from(["daily", "weekdays", "weekly"]),
    st.none() | st.integers(-3, 40),
)
def test_the_next_edition_is_the_first_that_is_wanted(
    moment: tuple[str, datetime], hour: int, frequency: str, pause: int | None
) -> None:
    """What the page promises is what the schedule does: the first occurrence after now on a day of theirs."""
    timezone, now = moment
    paused_until = None if pause is None else now.date() + timedelta(days=pause)
    wanted = Preferences(hour=hour, timezone=timezone, frequency=frequency, paused_until=paused_until)
    promised = schedule.next_edition_at(wanted, now)
    due = schedule.begins([Slot(timezone, hour)], now, now + timedelta(days=50))
    assert promised == next(one.at for one in due if schedule.is_wanted(wanted, one.day))


@pytest.mark.parametrize(
    ("frequency", "wanted"),
    [("daily", [0, 1, 2, 3, 4, 5, 6]), ("weekdays", [0, 1, 2, 3, 4]), ("weekly", [schedule.WEEKLY_ON])],
)
def test_frequencies_choose_their_days(frequency: str, wanted: list[int]) -> None:
    """Weekdays are the reader's own, and so is the day of the weekly digest."""
    monday = date(2026, 6, 8)
    days = [monday + timedelta(days=n) for n in range(7)]
    assert [d.weekday() for d in days if schedule.is_wanted(Preferences(frequency=frequency), d)] == wanted


def test_a_pause_ends_on_its_day() -> None:
    """`paused_until` names the first day with mail again."""
    paused = Preferences(paused_until=date(2026, 6, 12))
    assert not schedule.is_wanted(paused, date(2026, 6, 11))
    assert schedule.is_wanted(paused, date(2026, 6, 12))
