"""One clock, the server's: a machine with another does no work; one that is put back freezes nothing."""

from datetime import timedelta
from pathlib import Path

from mailing import DAY, an_edition, publish, subscribe
from processes import REPOSITORY, until
from test_lanes import SEVEN, worker

from newsletter import clock
from newsletter import queue as queue_module
from newsletter.delivery import alerts, clocks
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger import sweep
from newsletter.delivery.sending import throttle
from newsletter.delivery.sending.throttle import Pace, Throttle
from newsletter.settings import Settings
from newsletter.store import Store


def test_the_server_is_asked_for_the_time(store: Store) -> None:
    """Both run on one machine here."""
    assert clock.read(store).agrees
    assert abs(clock.read(store).ahead) < timedelta(seconds=5)


def test_a_worker_whose_clock_is_wrong_is_told_by_name(store: Store, settings: Settings) -> None:
    """In the alert and the status, by how much and which way."""
    clocks.note_apart(store, "box-2", timedelta(hours=20))
    (found,) = clocks.faults(store)
    assert found.startswith("The clock of box-2 is 20:00:00 ahead of the server's, so it does no work.")
    (told,) = [one for one in alerts.standing(store, settings, SEVEN) if one.subject == "clocks"]
    assert told.known == (found,)


def test_a_clock_that_is_put_back_takes_what_it_dated_along(store: Store, settings: Settings) -> None:
    """A batch, a letter and the throttle go on, and it is told; a second look finds nothing."""
    publish(store, an_edition())
    subscribe(store, ["ada"])
    refs = tuple(cohorts.freeze_due(store, settings, SEVEN))
    hour = timedelta(hours=1)
    now = clock.read(store).now()
    assert clocks.follow(store, settings, now + hour) == timedelta(0)
    ahead = (now + hour - timedelta(seconds=5)).timestamp()
    store.zadd(keys.DUE(day=DAY), {str(refs[0].batch): int(ahead * 1000)})
    store.zadd("letters:open", {"1": ahead})
    store.hset(throttle.MINUTES(mailer=settings.mailer), mapping={str(int(ahead // 60)): 4})
    assert sweep.open_batches(store) == ()
    limited = Throttle(store, Pace(an_hour=10), settings.mailer)
    assert hour - clocks.follow(store, settings, now) < timedelta(seconds=1)
    assert sweep.open_batches(store) == refs
    assert sweep.open_letters(store, now) == ("1",)
    assert limited.ask(0).most == 6
    assert "put back by 1:00:00" in clocks.faults(store)[0]
    assert clocks.follow(store, settings, now) == timedelta(0)


def test_a_worker_whose_clock_is_wrong_does_no_work(store: Store, settings: Settings, tmp_path: Path) -> None:
    """It gives the task back to the others and says why."""
    queue_module.connect(settings).enqueue("workers.schedule.tick")
    paths = f"{REPOSITORY}:{REPOSITORY / 'tests' / 'support'}"
    options = ("--concurrency", "1")
    with worker(settings, tmp_path, *options, application="skewed_worker", PYTHONPATH=paths) as log:
        until("the fault", lambda: clocks.faults(store))
        until("the task", lambda: queue_module.has_urgent(store))
        until("the word", lambda: "No work is done here" in log.read_text())
    assert store.get("heartbeat:tick") is None
