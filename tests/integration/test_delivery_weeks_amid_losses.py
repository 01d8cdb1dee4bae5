"""Mails of several days where the store was damaged, was put back, or has forgotten."""

from datetime import UTC, date, datetime, timedelta

import pytest
from mailing import ObedientMailer, an_edition, publish, subscribe

from newsletter.delivery import restoration
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.freezing.addressees import AddresseeSets
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.sending.batches import send_batch
from newsletter.editions import compose, period_editions
from newsletter.editions.period_editions import BOUND, BOUND_INPUTS
from newsletter.editions.periods import Period
from newsletter.editions.store import FROZEN, INPUTS, EditionStore
from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store

WEEK = Period.week_of(date(2026, 6, 10))
MONDAY = WEEK.last + timedelta(days=1)


def at(hour: int, *, day: date = MONDAY) -> datetime:
    """Return an instant of a day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def send(store: Store, settings: Settings, now: datetime) -> list[int]:
    """Address and mail whoever is due; return whom the mailer was told to mail."""
    cohorts.freeze_due(store, settings, now)
    mailer = ObedientMailer()
    for batch in sweep.open_batches(store):
        send_batch(store, settings, batch.day, batch.batch, lambda: now, mailer=mailer)
    return mailer.named


@pytest.fixture
def readers(store: Store) -> list[int]:
    """A week and its Monday are published; one reader takes each day, one the week."""
    publish(store, *map(an_edition, (*WEEK.days, MONDAY)))
    return subscribe(
        store, ["daily", "weekly"], lambda n: Preferences(hour=7, frequency=("daily", "weekly")[n])
    )


@pytest.mark.parametrize("lost", [WEEK.days[2], WEEK.last, MONDAY], ids=["Wednesday", "Sunday", "Monday"])
def test_an_edition_that_is_lost_with_its_inputs_stops_no_other_mail(
    store: Store, settings: Settings, readers: list[int], lost: date
) -> None:
    """The day's readers and the week's have their mail of what is left, once."""
    store.set(FROZEN(day=lost), "damaged")
    store.set(INPUTS(day=lost), "damaged")
    daily, weekly = readers
    assert sorted(send(store, settings, at(8))) == [daily] * 7 + [weekly]
    assert send(store, settings, at(9)) == []


def test_a_week_of_which_nothing_is_left_stops_nobody(
    store: Store, settings: Settings, readers: list[int]
) -> None:
    """Daily readers have Monday's edition; the week's readers wait for the next one."""
    for day in WEEK.days:
        store.set(FROZEN(day=day), "damaged")
        store.delete(INPUTS(day=day))
    assert send(store, settings, at(8)) == [readers[0]]


def test_a_damaged_edition_is_made_again_from_its_inputs(store: Store, settings: Settings) -> None:
    """It reads as it was frozen, wherever it is read."""
    day = WEEK.first
    frozen = compose.build(store, settings, day, at(6, day=day))
    store.set(FROZEN(day=day), "damaged")
    assert EditionStore(store).get(day) == frozen
    assert EditionStore(store).of_days([day]) == (frozen.model_copy(update={"tail": ()}),)
    assert compose.build(store, settings, day, at(7, day=day)) == frozen


@pytest.mark.parametrize("has_inputs", [True, False], ids=["from its inputs", "from its days"])
def test_a_damaged_edition_of_a_week_is_made_again(
    store: Store, settings: Settings, readers: list[int], *, has_inputs: bool
) -> None:
    """Weekly readers have the week nevertheless, and what comes out is the same."""
    bound = period_editions.bind(store, settings, WEEK)
    store.set(BOUND(first=WEEK.first, last=WEEK.last), "damaged")
    if not has_inputs:
        store.set(BOUND_INPUTS(first=WEEK.first, last=WEEK.last), "damaged")
    assert period_editions.bind(store, settings, WEEK) == bound
    assert readers[1] in send(store, settings, at(8))


def test_a_process_that_dies_between_binding_and_freezing_leaves_no_trace_in_the_ledger(
    store: Store, settings: Settings, readers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The week is bound, nobody is addressed; the next process takes it as it is and mails it once."""
    cohorts.freeze_due(store, settings, at(6))  # the days before
    before = {name: store.dump(name) for name in store.scan_iter("delivery:*")}

    def die(self: AddresseeSets, through: datetime | None) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(AddresseeSets, "freeze", die)
        with pytest.raises(SystemExit):
            cohorts.freeze_due(store, settings, at(7))
    assert {name: store.dump(name) for name in store.scan_iter("delivery:*")} == before
    bound = period_editions.bound(store, WEEK)
    assert bound is not None
    assert send(store, settings, at(7)).count(readers[1]) == 1
    assert period_editions.bound(store, WEEK) == bound
    assert send(store, settings, at(8)) == []


def test_a_restored_store_sends_no_week_a_second_time(store: Store, settings: Settings) -> None:
    """A week that was mailed after the backup waits for the operator, under whichever day it stands."""
    publish(store, *map(an_edition, (*WEEK.days, MONDAY, MONDAY + timedelta(days=1))))
    wish = Preferences(hour=23, timezone="Pacific/Honolulu", frequency="weekly")
    ids = subscribe(store, ["late", "later"], wish)
    backup, later = at(8, day=MONDAY + timedelta(days=1)), at(10, day=MONDAY + timedelta(days=1))

    def live() -> list[int]:
        cohorts.freeze_due(store, settings, backup)
        for day in WEEK.days[3:]:
            keys.may_carry(store, day, ids[1])
        return send(store, settings, later)

    assert sorted(live()) == ids
    store.delete(*store.scan_iter("delivery:*"))  # the backup's moment: the evening's mails had not left
    store.hset("delivery:life", "at", backup.isoformat())
    held = restoration.declare(store, settings, later)
    assert {WEEK.last, WEEK.days[2]} <= set(held)
    assert live() == []
    assert control.resume(store, WEEK.last)


def test_a_restore_amid_the_week_holds_no_earlier_week(store: Store, settings: Settings) -> None:
    """From Wednesday to Friday no weekly mail leaves, so there is nothing of the week before to ask about."""
    thursday = MONDAY + timedelta(days=3)
    store.hset("delivery:life", "at", at(8, day=thursday).isoformat())
    held = restoration.declare(store, settings, at(10, day=thursday))
    assert held == (thursday - timedelta(days=1), thursday)


@pytest.mark.parametrize("by", ["a week's mail", "a welcome"])
def test_who_had_a_day_by_another_mail_is_not_forgotten_silently(
    store: Store, settings: Settings, by: str
) -> None:
    """When the roll of a day has expired that had no batch of its own, it is not sent by hand any more."""
    publish(store, *map(an_edition, (*WEEK.days, MONDAY)))
    (one,) = subscribe(store, ["weekly"], Preferences(hour=7, frequency="weekly"))
    day = WEEK.days[2]
    if by == "a welcome":
        keys.may_carry(store, day, one)
    else:
        send(store, settings, at(8))
    store.delete(keys.EDITION(day=day), keys.ADDRESSED(day=day))
    control.kept_days(store)
    with pytest.raises(InvalidInputError, match="is not remembered"):
        cohorts.freeze_everyone(store, settings, day)
