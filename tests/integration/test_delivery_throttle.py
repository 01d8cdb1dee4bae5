"""The throttle: no limit is passed in any window, nobody is doubled or lost by waiting, nothing spins."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from processes import run

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending import notices, throttle
from newsletter.delivery.sending.batch_sender import HELD_BACK, BatchReport
from newsletter.delivery.sending.batches import send_batch
from newsletter.delivery.sending.throttle import Pace, Throttle
from newsletter.settings import Settings
from newsletter.store import Store

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
NEVER = timedelta(days=1)


def never(seconds: float) -> None:
    """Do not wait here."""


def later(store: Store, seconds: int) -> None:
    """Let time pass for what the throttle has counted."""
    for unit, size in (("seconds", 1), ("minutes", 60)):
        name = f"throttle:outbox:{unit}"
        kept = store.hgetall(name)
        store.delete(name)
        for bucket, count in kept.items():
            store.hset(name, str(int(bucket) - seconds // size), count)
    for batch, _ in store.zscan_iter(keys.DUE(day=DAY)):
        store.zincrby(keys.DUE(day=DAY), -1000 * seconds, batch)


def frozen(store: Store, settings: Settings, readers: int) -> tuple[BatchRef, ...]:
    """Address so many readers."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(readers)))
    return cohorts.freeze_due(store, settings, SEVEN)


def send(store: Store, settings: Settings, ref: BatchRef, mailer: ObedientMailer) -> BatchReport:
    """Do what a task does."""
    return send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer, pause=never)


def test_a_batch_sends_as_many_as_may_leave_and_waits_with_its_lease_given_back(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Forty a minute of a hundred: forty, then nobody for a minute, and in the end each once."""
    settings = make_settings(mails_per_minute=40)
    (ref,) = frozen(store, settings, 100)
    mailer = ObedientMailer(portion=30)
    report = send(store, settings, ref, mailer)
    assert (report.accepted, report.waiting, report.denied) == (40, 60, HELD_BACK)
    assert sweep.open_batches(store) == ()
    assert not throttle.worth_asking(store, settings, [ref])
    assert send(store, settings, ref, mailer).denied == "busy"
    later(store, 58)
    assert throttle.worth_asking(store, settings, sweep.open_batches(store)) == (ref,)
    assert send(store, settings, ref, mailer).denied == HELD_BACK
    assert len(mailer.named) == 40
    later(store, 5)
    assert send(store, settings, ref, mailer).waiting == 20
    later(store, 62)
    assert send(store, settings, ref, mailer).waiting == 0
    assert sorted(mailer.named) == sorted(set(mailer.named))
    assert [len(ids) for _, ids in mailer.sent] == [30, 10, 30, 10, 20]
    assert Ledger(store).progress(DAY).accepted == 100


def test_a_batch_of_one_portion_waits_as_well(store: Store, make_settings: Callable[..., Settings]) -> None:
    """It is not due at once again, which would have workers turn in circles."""
    settings = make_settings(mails_per_minute=40)
    (ref,) = frozen(store, settings, 100)
    assert send(store, settings, ref, ObedientMailer()).waiting == 60
    assert sweep.open_batches(store) == ()


def test_a_worker_waits_a_moment_rather_than_come_again(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """The tick comes every half minute; what is free within seconds is waited for, with the batch in hand."""
    settings = make_settings(mails_per_minute=40)
    (ref,) = frozen(store, settings, 80)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        later(store, 10)

    mailer = ObedientMailer()
    send(store, settings, ref, mailer)
    later(store, 55)
    report = send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer, pause=pause)
    assert (report.waiting, len(waited)) == (0, 1)
    assert 0 < waited[0] <= 7


def test_workers_together_keep_one_limit(store: Store, make_settings: Callable[..., Settings]) -> None:
    """Eight at once ask for more than there is: as many as the limit leave, to the last."""
    settings = make_settings(mails_per_minute=100)
    limited = throttle.of(store, settings)
    assert limited is not None
    granted: list[int] = []

    def ask() -> None:
        granted.extend(limited.ask(7).granted for _ in range(10))

    workers = [threading.Thread(target=ask) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(granted) == 100


def test_no_window_of_a_minute_holds_more_than_the_limit(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Not the clock's minute but any: what left at 0:59 holds back what would leave at 1:00."""
    settings = make_settings(mails_per_minute=100)
    limited = throttle.of(store, settings)
    assert limited is not None
    now = int(store.time()[0])
    store.hset("throttle:outbox:seconds", mapping={str(now - 59): 60, str(now - 61): 500, str(now - 1): 30})
    room = limited.ask(50)
    assert room.granted == 10
    store.delete("throttle:outbox:seconds")
    store.hset("throttle:outbox:seconds", mapping={str(now - 59): 100})
    assert limited.ask(1).granted == 0
    assert timedelta(0) < limited.ask(1).wait <= timedelta(seconds=2)


def test_an_hour_is_a_limit_of_its_own(store: Store, make_settings: Callable[..., Settings]) -> None:
    """The narrower of the two counts, and the longer wait."""
    settings = make_settings(mails_per_minute=40, mails_per_hour=50)
    limited = throttle.of(store, settings)
    assert limited is not None
    assert limited.ask(100).granted == 40
    later(store, 120)
    assert limited.ask(100).granted == 10
    assert limited.ask(100).wait > timedelta(minutes=50)


def test_the_warm_up_doubles_after_days_that_used_it(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """50, 100, 200; a day on which hardly anything left does not count as warmth."""
    settings = make_settings(warm_up=50)
    limited = throttle.of(store, settings)
    assert limited is not None

    def next_day() -> None:
        store.hincrby("throttle:outbox:warm_up", "day", -1)

    assert limited.ask(500).granted == 50
    assert timedelta(0) < limited.ask(1).wait <= NEVER
    next_day()
    assert limited.ask(500).granted == 100
    next_day()
    assert limited.ask(20).granted == 20
    next_day()
    assert limited.ask(500).granted == 200
    next_day()
    assert limited.ask(500).granted == 400


def test_what_was_let_through_and_did_not_leave_may_leave_later(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """A server that is away eats nothing of a day's cap."""
    settings = make_settings(warm_up=50, mails_per_minute=50, mails_per_hour=50)
    (ref,) = frozen(store, settings, 60)
    away = ObedientMailer(lambda *_: Outcome(retry_after=timedelta(seconds=1)))
    assert send(store, settings, ref, away).waiting == 60
    store.zadd(keys.DUE(day=DAY), {"1": 1})
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).accepted == 50


def test_so_many_batches_run_at_a_time_and_a_dead_one_makes_room(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """One slot: the second batch waits for the first to end, or for its time to be over."""
    settings = make_settings(batches_at_once=1)
    first, second = frozen(store, settings, 1500)
    seen: list[str | None] = []

    def meanwhile(recipients: object, request_id: str) -> Outcome:
        seen.append(send(store, settings, second, ObedientMailer()).denied)
        assert not throttle.worth_asking(store, settings, [second])
        del recipients, request_id
        return Outcome()

    send(store, settings, first, ObedientMailer(meanwhile))
    assert seen == [HELD_BACK]
    assert send(store, settings, second, ObedientMailer()).accepted == 500
    dead = throttle.of(store, settings)
    assert dead is not None
    assert dead.ask(1, who="dead", lasts=timedelta(hours=1)).granted == 1
    assert dead.ask(1, who="other", lasts=timedelta(hours=1)).granted == 0
    store.zadd("throttle:outbox:running", {"dead": 1})
    assert dead.ask(1, who="other", lasts=timedelta(hours=1)).granted == 1


def test_letters_are_counted_and_never_held_back(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Somebody waits for a confirmation; the digest makes room for it."""
    from newsletter import queue
    from newsletter.models import Preferences
    from newsletter.subscribers.consent import signup

    settings = make_settings(mails_per_minute=2)
    for n in range(3):
        signup.request(
            store,
            queue.connect(settings),
            settings,
            f"s{n}@example.org",
            preferences=Preferences(),
            origin="198.51.100.7",
            now=SEVEN,
        )
        (letter,) = sweep.open_letters(store, SEVEN)
        report = notices.send_letter(store, settings, letter, lambda: SEVEN, mailer=ObedientMailer())
        assert report.state == "sent"
    limited = throttle.of(store, settings)
    assert limited is not None
    assert limited.ask(1).granted == 0


def test_a_hold_takes_effect_within_a_throttled_batch(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Before its next request; after it is resumed the rest goes out, each once."""
    settings = make_settings(mails_per_minute=40)
    (ref,) = frozen(store, settings, 40)

    def hold(recipients: object, request_id: str) -> Outcome:
        control.hold(store, DAY, "enough")
        return Outcome(frozenset(one.subscriber_id for one in recipients))  # type: ignore[attr-defined]

    mailer = ObedientMailer(hold, portion=10)
    assert send(store, settings, ref, mailer).denied == "held"
    control.resume(store, DAY)
    later(store, 200)
    assert send(store, settings, ref, ObedientMailer()).waiting == 0
    assert len(mailer.named) == 10


def test_nothing_is_asked_where_nothing_is_limited(store: Store, settings: Settings) -> None:
    """The usual installation pays nothing, and keeps no keys."""
    assert throttle.of(store, settings) is None
    (ref,) = frozen(store, settings, 5)
    send(store, settings, ref, ObedientMailer())
    assert list(store.scan_iter("throttle:*")) == []


@pytest.mark.parametrize(
    ("pace", "mails", "cap", "used", "expected"),
    [
        (Pace(a_minute=100), 1000, -1, 0, timedelta(minutes=10)),
        (Pace(a_minute=100, an_hour=1000), 3000, -1, 0, timedelta(hours=3)),
        (Pace(first_day=50), 30, 50, 20, timedelta(0)),
        (Pace(first_day=50), 130, 50, 20, timedelta(hours=17)),
        (Pace(first_day=50), 131, 50, 20, timedelta(days=1, hours=17)),
        (Pace(first_day=50), 300, 50, 60, timedelta(days=1, hours=17)),
    ],
)
def test_the_time_that_is_left_knows_the_limits(
    pace: Pace, mails: int, cap: int, used: int, expected: timedelta
) -> None:
    """By the slowest of them; the warm-up in whole days, counted at 7:00."""
    assert pace.needs(mails, SEVEN, cap=cap, used=used) == expected


def test_the_status_tells_when_a_limited_edition_will_be_done(
    store: Store, make_settings: Callable[..., Settings], tmp_path: object
) -> None:
    """Ninety readers at ten a minute: nine minutes and not the seconds that the first ten took."""
    settings = make_settings(mails_per_minute=10)
    (ref,) = frozen(store, settings, 100)
    send(store, settings, ref, ObedientMailer())
    assert settings.redis_url is not None
    environ = {"REDIS_URL": settings.redis_url.get_secret_value(), "NEWSLETTER_MAILS_PER_MINUTE": "10"}
    said = run(tmp_path, "edition", "status", str(DAY), **environ)  # type: ignore[arg-type]
    assert "540 s" in said.stdout, said.stdout + said.stderr


def test_a_throttle_counts_for_one_mailer(store: Store) -> None:
    """Another mailer begins anew."""
    assert Throttle(store, Pace(a_minute=5), "smtp").ask(9).granted == 5
    assert Throttle(store, Pace(a_minute=5), "sendgrid").ask(9).granted == 5
