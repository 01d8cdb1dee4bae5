"""Who is addressed on a real server is who is due: from the first hour after joining, each edition once."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lives import ANY_START, History, histories, live
from mailing import DAY, an_edition, publish, subscribe

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.freezing.due import due
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ids import unpacked
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.kept.store import SubscriberStore

TICK = timedelta(minutes=30)


def at(text: str) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pass_time(store: Store, settings: Settings, start: datetime, end: datetime) -> dict[date, list[int]]:
    """Compose an edition a day at six, UTC, look every half hour, and return whom each day's mails reach."""
    got: dict[date, list[int]] = defaultdict(list)
    while start <= end:
        if start.hour == 6 and start.minute == 0:
            publish(store, an_edition(start.date()))
        got_now = addressed(store, settings, start)
        for day, ids in got_now.items():
            got[day] += ids
        start += TICK
    return got


def addressed(store: Store, settings: Settings, now: datetime) -> dict[date, list[int]]:
    """Freeze what is due and return who was mailed, by the day that their mail is delivered under."""
    found: dict[date, list[int]] = defaultdict(list)
    for ref in cohorts.freeze_due(store, settings, now):
        definition = str(store.hget(keys.BATCHES(day=ref.day), str(ref.batch)))
        found[ref.day] += unpacked(definition.partition("|")[2])
    return found


def test_the_first_reader_gets_nothing_of_an_archive_that_was_there_before(
    store: Store, settings: Settings
) -> None:
    """A month of editions without readers; then somebody confirms, and gets the next one."""
    for number in range(30):
        publish(store, an_edition(DAY - timedelta(days=30 - number)))
        cohorts.freeze_due(store, settings, at("2026-06-10T06:00") - timedelta(days=30 - number))
    publish(store, an_edition())
    (one,) = subscribe(store, ["one"], Preferences(hour=7), at=at("2026-06-10T07:10"))
    assert addressed(store, settings, at("2026-06-10T07:11")) == {}
    assert addressed(store, settings, at("2026-06-11T05:59")) == {}
    publish(store, an_edition(DAY + timedelta(days=1)))
    assert addressed(store, settings, at("2026-06-11T07:00")) == {DAY + timedelta(days=1): [one]}


def test_who_is_imported_is_mailed_when_it_is_said_and_consent_of_old_changes_nothing(
    store: Store, settings: Settings
) -> None:
    """Imported at 20:39 with the hour 7, as the first edition is composed: tomorrow at seven, all alike."""
    publish(store, an_edition())
    before = subscribe(store, ["a", "b"], at=at("2026-06-10T20:39"))
    assert addressed(store, settings, at("2026-06-10T20:40")) == {}
    after = subscribe(store, ["c"], at=at("2026-06-10T20:41"))
    publish(store, an_edition(DAY + timedelta(days=1)))
    found = addressed(store, settings, at("2026-06-11T07:00"))
    assert found == {DAY + timedelta(days=1): [*before, *after]}


@pytest.mark.parametrize(
    ("before", "change_at", "after"),
    [
        pytest.param(Preferences(hour=8), "2026-06-09T07:30", Preferences(hour=7), id="8 to 7 at 7:30"),
        pytest.param(Preferences(hour=5), "2026-06-09T04:00", Preferences(hour=23), id="5 to 23 at 4:00"),
        pytest.param(
            Preferences(hour=7, frequency="weekly"),
            "2026-06-11T12:00",
            Preferences(hour=7),
            id="weekly to daily on Thursday",
        ),
        pytest.param(
            Preferences(hour=7, frequency="weekdays"),
            "2026-06-07T12:00",
            Preferences(hour=7),
            id="weekdays to daily on Sunday",
        ),
        pytest.param(
            Preferences(hour=7),
            "2026-06-10T12:00",
            Preferences(hour=7, timezone="Pacific/Auckland"),
            id="far to the east",
        ),
    ],
)
def test_whoever_changes_hour_zone_or_rhythm_gets_each_edition_once(
    store: Store, settings: Settings, before: Preferences, change_at: str, after: Preferences
) -> None:
    """Two weeks around the change: every day is brought, and by one mail alone."""
    start, end = at("2026-05-30T00:00"), at("2026-06-16T12:00")
    (one,) = subscribe(store, ["one"], before, at=start)
    pass_time(store, settings, start, at(change_at) - TICK)
    SubscriberStore(store).save_preferences(one, after, at(change_at))
    pass_time(store, settings, at(change_at), end)
    days = [start.date() + timedelta(days=number) for number in range(16)]
    assert keys.addressed_to(store, days, one) == tuple(days)


def test_what_a_change_of_rhythm_leaves_over_comes_as_one_mail_at_the_promised_hour(
    store: Store, settings: Settings
) -> None:
    """Weekly until Thursday noon: Friday's mail brings Friday, and another the days from Monday on."""
    (one,) = subscribe(store, ["one"], Preferences(hour=7, frequency="weekly"), at=at("2026-06-01T00:00"))
    pass_time(store, settings, at("2026-06-01T00:00"), at("2026-06-11T11:30"))
    SubscriberStore(store).save_preferences(one, Preferences(hour=7), at("2026-06-11T12:00"))
    assert pass_time(store, settings, at("2026-06-11T12:00"), at("2026-06-12T06:30")) == {}
    found = addressed(store, settings, at("2026-06-12T07:00"))
    assert found == {date(2026, 6, 11): [one], date(2026, 6, 12): [one]}
    assert keys.addressed_to(store, [date(2026, 6, 8 + n) for n in range(5)], one)[0] == date(2026, 6, 8)


@pytest.mark.parametrize(
    ("zone", "cut_off", "friday"),
    [
        pytest.param("America/St_Johns", "06:00", date(2026, 10, 30), id="St John's in autumn"),
        pytest.param("Asia/Kolkata", "05:00", date(2026, 3, 27), id="Kolkata as Berlin changes"),
        pytest.param("Europe/Berlin", "06:00", date(2026, 10, 23), id="Berlin in autumn"),
        pytest.param("Europe/London", "06:00", date(2026, 10, 23), id="London in autumn"),
        pytest.param("Europe/Athens", "06:00", date(2026, 10, 23), id="Athens in autumn"),
        pytest.param("America/Halifax", "06:00", date(2026, 10, 30), id="Halifax in autumn"),
    ],
)
def test_readers_on_weekdays_lose_nothing_when_clocks_change(
    store: Store, settings: Settings, zone: str, cut_off: str, friday: date
) -> None:
    """Editions come half an hour late, and nobody looks in between; Friday's comes by Monday, at any hour."""
    start = friday - timedelta(days=3)
    ids = subscribe(
        store,
        (f"r{hour}" for hour in range(24)),
        lambda hour: Preferences(hour=hour, timezone=zone, frequency="weekdays"),
        at=at(f"{start}T00:00") - timedelta(days=2),
    )
    days = [start + timedelta(days=number) for number in range(8)]
    for day in days:
        cut = at(f"{day}T{cut_off}") - timedelta(hours=day > friday + timedelta(days=1))
        cohorts.freeze_due(store, settings, cut - timedelta(minutes=1))
        publish(store, an_edition(day).model_copy(update={"cut_off": cut}))
        cohorts.freeze_due(store, settings, cut + timedelta(minutes=30))
    for number in range(6):
        cohorts.freeze_due(store, settings, at(f"{days[-1]}T20:00") + timedelta(hours=8 * number))
    assert {one: keys.addressed_to(store, days[:-1], one) for one in ids} == dict.fromkeys(
        ids, tuple(days[:-1])
    )


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ANY_START.flatmap(lambda day: st.lists(histories(st.just(day)), min_size=2, max_size=6)))
def test_a_cohort_is_addressed_as_each_reader_would_be_alone(
    store: Store, settings: Settings, drawn: list[History]
) -> None:
    """Tick for tick, the lists on the server say what the function of one reader says."""
    store.flushall()
    time = drawn[0]
    lives = [History(one.joined_at, one.preferences, one.choices, time.editions, time.ticks) for one in drawn]
    got = run(store, settings, lives)
    for place, history in enumerate(lives):
        alone = live(history, lambda reader, editions, had, now, _: due(reader, editions, had, now))
        assert sorted(got[place]) == sorted(alone.got)


def run(store: Store, settings: Settings, lives: list[History]) -> list[list[tuple[datetime, date]]]:
    """Let several readers live through the same weeks on a server; return when each got which days."""
    ids: dict[int, int] = {}
    got: list[list[tuple[datetime, date]]] = [[] for _ in lives]
    time = lives[0]
    days = [one.edition.day for one in time.editions]
    waiting = sorted(time.editions, key=lambda one: one.at)
    events = sorted(
        [(one.joined_at, place, one.preferences) for place, one in enumerate(lives)]
        + [(moment, place, wish) for place, one in enumerate(lives) for moment, wish in one.choices],
        key=lambda event: event[:2],
    )
    for tick in time.ticks:
        while waiting and waiting[0].at <= tick:
            edition = waiting.pop(0).edition
            publish(store, an_edition(edition.day).model_copy(update={"cut_off": edition.cut_off}))
        while events and events[0][0] <= tick:
            moment, place, wish = events.pop(0)
            if place in ids:
                SubscriberStore(store).save_preferences(ids[place], wish, moment)
            else:
                (ids[place],) = subscribe(store, [f"r{place}"], wish, at=moment)
        cohorts.freeze_due(store, settings, tick)
        for place, one in ids.items():
            known = {day for _, day in got[place]}
            had = keys.addressed_to(store, days, one)
            got[place] += [(tick, day) for day in had if day not in known]
    return got


def test_an_edition_that_waited_a_month_reaches_nobody_any_more(store: Store, settings: Settings) -> None:
    """After an outage of thirty days its readers get it late; a moment later it stays in the archive."""
    edition = an_edition()
    (one,) = subscribe(store, ["one"], Preferences(hour=7), at=edition.cut_off - timedelta(days=3))
    publish(store, edition)
    last = edition.cut_off + keys.STALE_AFTER
    assert addressed(store, settings, last + timedelta(hours=1)) == {}
    assert addressed(store, settings, last) == {DAY: [one]}
