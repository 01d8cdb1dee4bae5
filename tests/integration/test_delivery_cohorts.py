"""Who is addressed for which edition: once, at their hour, whatever was down meanwhile."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mailing import CUT_OFF, DAY, ObedientMailer, an_edition, publish, subscribe

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger import sweep
from newsletter.delivery.ledger.ids import unpacked
from newsletter.delivery.ledger.ledger import BatchRef, Ledger
from newsletter.delivery.sending import batches
from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import preferences as choices
from newsletter.subscribers.kept.store import SubscriberStore


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    """Return an instant of the day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def members(store: Store, ref: BatchRef) -> tuple[int, ...]:
    """Return whom a batch addresses."""
    definition = str(store.hget(keys.BATCHES(day=ref.day), str(ref.batch)))
    return unpacked(definition.partition("|")[2])


def test_a_reader_is_addressed_when_their_hour_has_come_and_not_before(
    store: Store, settings: Settings
) -> None:
    """Seven in Berlin is five in UTC in June, before the cut-off: they get it the next morning."""
    publish(store, an_edition())
    berlin, utc = subscribe(
        store, ["berlin", "utc"], lambda n: Preferences(hour=7, timezone=("Europe/Berlin", "UTC")[n])
    )
    assert not cohorts.due(store, settings, at(6, 59))
    assert cohorts.freeze_due(store, settings, at(6, 59)) == ()
    assert cohorts.due(store, settings, at(7))
    (ref,) = cohorts.freeze_due(store, settings, at(7))
    assert members(store, ref) == (utc,)
    assert not cohorts.due(store, settings, at(7))
    next_day = DAY + timedelta(days=1)
    (ref,) = cohorts.freeze_due(store, settings, at(5, day=next_day))
    assert (ref.day, members(store, ref)) == (DAY, (berlin,))


def test_slots_missed_while_everything_was_down_are_caught_up(store: Store, settings: Settings) -> None:
    """A whole day without workers costs lateness, and nobody their mail."""
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(24)), lambda n: Preferences(hour=n))
    addressed = [
        one
        for ref in cohorts.freeze_due(store, settings, at(5, 59, day=DAY + timedelta(days=1)))
        for one in members(store, ref)
    ]
    assert sorted(addressed) == ids


def test_an_edition_that_comes_late_reaches_the_slots_that_waited_for_it(
    store: Store, settings: Settings
) -> None:
    """Composed at nine, it goes to those whose hour was seven or eight; an older one is caught up."""
    yesterday = DAY - timedelta(days=1)
    publish(store, an_edition(yesterday))
    early, seven, eight = subscribe(
        store, ["early", "seven", "eight"], lambda n: Preferences(hour=5 + n + (n > 0))
    )
    cohorts.freeze_due(store, settings, at(4, day=DAY))
    publish(store, an_edition())
    found = [(ref.day, members(store, ref)) for ref in cohorts.freeze_due(store, settings, at(9))]
    assert found == [(yesterday, (early,)), (DAY, (seven, eight))]


def test_nobody_is_addressed_twice_for_one_edition_after_changing_the_hour(
    store: Store, settings: Settings
) -> None:
    """Seven o'clock got it; moving to eight does not bring it again."""
    publish(store, an_edition())
    (one,) = subscribe(store, ["one"])
    assert len(cohorts.freeze_due(store, settings, at(7))) == 1
    SubscriberStore(store).save_preferences(one, Preferences(hour=8))
    assert cohorts.freeze_due(store, settings, at(8)) == ()
    assert Ledger(store).progress(DAY).recipients == 1


def test_a_welcome_that_carried_the_edition_counts(store: Store, settings: Settings) -> None:
    """The daily mail does not repeat it; asked again for the same welcome, the answer is the same."""
    publish(store, an_edition())
    one, two = subscribe(store, ["one", "two"])
    assert keys.may_carry(store, DAY, one)
    assert keys.may_carry(store, DAY, one)
    (ref,) = cohorts.freeze_due(store, settings, at(7))
    assert members(store, ref) == (two,)
    assert not keys.may_carry(store, DAY, two)


def test_a_welcome_between_reading_and_freezing_makes_the_freeze_look_again(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cohort that was read before the welcome took the edition is not frozen."""
    publish(store, an_edition())
    one, two = subscribe(store, ["one", "two"])
    bitmap = keys.read_bitmap
    calls = []

    def read_and_then_welcome(store: Store, day: date) -> bytes:
        found = bitmap(store, day)
        if not calls:
            calls.append(keys.may_carry(store, day, one))
        return found

    monkeypatch.setattr(keys, "read_bitmap", read_and_then_welcome)
    (ref,) = cohorts.freeze_due(store, settings, at(7))
    assert calls == [True]
    assert members(store, ref) == (two,)


def test_readers_who_agree_share_a_rendering_and_batches_hold_a_thousand(
    store: Store, settings: Settings
) -> None:
    """Hour and zone do not change the mail; topics, muted words, limit and format do."""
    publish(store, an_edition())
    wishes = (
        Preferences(hour=7),
        Preferences(hour=7, topics=("diffusion",)),
        Preferences(hour=7, format="text"),
    )
    subscribe(store, (f"r{n}" for n in range(2500)), lambda n: wishes[0] if n < 2100 else wishes[1 + n % 2])
    refs = cohorts.freeze_due(store, settings, at(7))
    sizes = sorted(len(members(store, ref)) for ref in refs)
    assert sizes == [100, 200, 200, 1000, 1000]
    assert len(store.hgetall(keys.RENDERINGS(day=DAY))) == 3
    everyone = [one for ref in refs for one in members(store, ref)]
    assert len(set(everyone)) == len(everyone) == 2500


def test_an_edition_that_is_empty_for_a_reader_is_not_mailed(store: Store, settings: Settings) -> None:
    """It is counted, so that the operator sees why fewer mails left, and it is not asked about again."""
    publish(store, an_edition())
    subscribe(store, ["one"], Preferences(hour=7, topics=("protein folding",)))
    assert cohorts.freeze_due(store, settings, at(7)) == ()
    progress = Ledger(store).progress(DAY)
    assert (progress.recipients, progress.quiet) == (0, 1)
    assert not cohorts.due(store, settings, at(8))


def test_paused_readers_and_weekdays_are_kept(store: Store, settings: Settings) -> None:
    """A pause ends on its date; Wednesday is no Monday."""
    publish(store, an_edition())
    wishes = [
        Preferences(hour=7, paused_until=DAY + timedelta(days=1)),
        Preferences(hour=7, paused_until=DAY),
        Preferences(hour=7, frequency="weekly"),
        Preferences(hour=7, frequency="weekdays"),
    ]
    ids = subscribe(store, ["a", "b", "c", "d"], lambda n: wishes[n])
    found = [members(store, ref) for ref in cohorts.freeze_due(store, settings, at(7))]
    assert found == [(ids[1],), (ids[3],)]


def test_two_freezes_at_once_address_everybody_once(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds the first one's work and redoes its own."""
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(50)))
    bitmap, calls = keys.read_bitmap, []

    def read_while_another_freezes(store: Store, day: date) -> bytes:
        found = bitmap(store, day)
        if not calls:
            calls.append("first")
            calls.append(str(cohorts.freeze_due(store, settings, at(7))))
        return found

    monkeypatch.setattr(keys, "read_bitmap", read_while_another_freezes)
    cohorts.freeze_due(store, settings, at(7))
    progress = Ledger(store).progress(DAY)
    assert progress.recipients == len(ids)
    assert progress.batches == 1


def test_sending_by_hand_reaches_everybody_who_has_not_had_it(store: Store, settings: Settings) -> None:
    """Whatever their hour; a second time there is nobody left."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(24)), lambda n: Preferences(hour=n))
    cohorts.freeze_due(store, settings, at(7))
    (ref,) = cohorts.freeze_everyone(store, settings, DAY)
    assert len(members(store, ref)) == 22
    assert cohorts.freeze_everyone(store, settings, DAY) == ()


def test_sending_an_edition_that_is_not_there_names_the_command_that_builds_it(
    store: Store, settings: Settings
) -> None:
    """The message ends with what to do."""
    with pytest.raises(NotFoundError, match="newsletter edition build 2026-06-10"):
        cohorts.freeze_everyone(store, settings, DAY)


ZONES = sorted(name for name in available_timezones() if choices.is_zone(name))
AUTUMN = {"start": date(2026, 10, 22), "steps": [1] * 4}


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.sampled_from([date(2026, 3, 26), date(2026, 10, 22), date(2026, 6, 1), date(2026, 4, 2)])
    | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    wishes=st.lists(
        st.builds(Preferences, hour=st.integers(0, 23), timezone=st.sampled_from(ZONES)),
        min_size=1,
        max_size=12,
    ),
    steps=st.lists(st.integers(1, 30 * 60), min_size=4, max_size=40),
)
@example(wishes=[Preferences(hour=7, timezone="Europe/Berlin")], **AUTUMN)  # 5:00 UTC, then 6:00
@example(wishes=[Preferences(hour=0), Preferences(hour=7, timezone="Europe/Berlin")], **AUTUMN)
def test_each_reader_gets_each_edition_once_whatever_the_clocks_and_the_outages_do(
    store: Store, settings: Settings, start: date, wishes: list[Preferences], steps: list[int]
) -> None:
    """Five days, spring and autumn included, in steps of a minute to thirty hours: once each."""
    store.flushall()
    days = [start + timedelta(days=offset) for offset in range(5)]
    ids = subscribe(store, (f"r{n}" for n in range(len(wishes))), lambda n: wishes[n])
    unpublished, now = list(days), CUT_OFF.replace(year=start.year, month=start.month, day=start.day)
    end = now + timedelta(days=6)
    got: Counter[tuple[date, int]] = Counter()
    for step in [*steps, 10**6]:
        now = min(now + timedelta(minutes=step), end)
        while unpublished and now >= an_edition(unpublished[0]).cut_off:
            publish(store, an_edition(unpublished.pop(0)))
        for ref in cohorts.freeze_due(store, settings, now):
            got.update((ref.day, one) for one in members(store, ref))
    assert set(got.values()) == {1}
    assert {day for day, _ in got} == set(days)
    assert all(got[day, one] == 1 for day in days for one in ids)


def test_what_is_frozen_is_found_by_the_sweep_until_it_is_done(store: Store, settings: Settings) -> None:
    """A lost task loses nobody."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(1500)))
    refs = cohorts.freeze_due(store, settings, at(7))
    assert sweep.open_batches(store) == refs
    for ref in refs:
        batches.send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer())
    assert sweep.open_batches(store) == ()


@pytest.mark.parametrize("is_held", [False, True], ids=["everything was down", "a hold keeps the totals"])
def test_an_edition_whose_list_has_expired_is_not_sent_by_hand(
    store: Store, settings: Settings, is_held: bool
) -> None:
    """Forty-five days after: nobody can tell any more who had it, so nobody gets it again."""
    publish(store, an_edition())
    subscribe(store, ["one"])
    cohorts.freeze_due(store, settings, at(7))
    for name in store.scan_iter(match=f"delivery:{DAY}*"):
        if name != f"delivery:{DAY}" or not is_held:
            store.delete(name)
    with pytest.raises(InvalidInputError, match="newsletter edition send"):
        cohorts.freeze_everyone(store, settings, DAY)
    with pytest.raises(InvalidInputError, match="not remembered"):
        cohorts.everyone_waiting(store, DAY)
