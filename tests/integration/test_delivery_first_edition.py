"""The first edition of a real mailer waits until the operator has looked; nothing after it does."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from processes import run

from newsletter.delivery import alerts, first_edition
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store

REPOSITORY = Path(__file__).resolve().parents[2]
SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """A newsletter that was just given a mail server."""
    return make_settings(mailer="smtp", smtp_url="smtp://127.0.0.1:9", operator="ops@example.org")


def environ(settings: Settings) -> dict[str, str]:
    """Return what a process needs to be of the same newsletter."""
    assert settings.redis_url is not None
    return {
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "NEWSLETTER_MAILER": "smtp",
        "SMTP_URL": "smtp://127.0.0.1:9",
    }


def test_nothing_of_a_first_edition_leaves_until_it_is_resumed_and_everybody_is_told_why(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Status, alert and `send` say what to do; after it, the next editions go by themselves."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(3)))
    assert first_edition.hold(store, settings, [DAY]) == (DAY,)
    cohorts.freeze_due(store, settings, SEVEN)
    assert sweep.open_batches(store) == ()
    (alert,) = [one for one in alerts.standing(store, settings, SEVEN) if one.subject == f"held-{DAY}"]
    assert f"newsletter edition preview {DAY}" in alert.known[0]
    said = run(tmp_path, "edition", "status", str(DAY), **environ(settings))
    assert f"newsletter edition preview {DAY}" in said.stdout
    assert f"newsletter edition resume {DAY}" in said.stdout
    said = run(tmp_path, "edition", "send", str(DAY), "--yes", **environ(settings))
    assert (said.returncode, "is held" in said.stderr, "has had" in said.stderr) == (1, True, False)

    assert run(tmp_path, "edition", "resume", str(DAY), **environ(settings)).returncode == 0
    mailer = ObedientMailer()
    for ref in sweep.open_batches(store):
        send_batch(store, settings, ref.day, ref.batch, mailer=mailer)
    assert len(mailer.named) == 3
    assert first_edition.hold(store, settings, [TOMORROW]) == ()


def test_what_waits_with_the_first_edition_goes_on_with_it_but_not_what_the_operator_holds(
    store: Store, settings: Settings
) -> None:
    """Three days unseen: resuming one lets go of all but the one that was held by hand since."""
    days = [DAY, TOMORROW, TOMORROW + timedelta(days=1)]
    assert first_edition.hold(store, settings, days) == tuple(days)
    control.hold(store, days[2], "a misprint", by_hand=True)
    assert first_edition.resume(store, days[1])
    assert [control.reason_held(store, day) for day in days] == [None, None, "a misprint"]


def test_files_in_a_folder_wait_for_nobody(store: Store, make_settings: Callable[..., Settings]) -> None:
    """The outbox reaches no reader; and what it took is no proof that mail arrives."""
    outbox = make_settings()
    assert first_edition.hold(store, outbox, [DAY]) == ()
    publish(store, an_edition())
    subscribe(store, ["one"])
    for ref in cohorts.freeze_due(store, outbox, SEVEN):
        send_batch(store, outbox, ref.day, ref.batch)
    assert first_edition.is_awaited(store, make_settings(mailer="smtp", smtp_url="smtp://127.0.0.1:9"))


def test_who_has_mailed_before_is_not_asked_to_look(store: Store, settings: Settings) -> None:
    """A service that was sending when this came goes on."""
    publish(store, an_edition())
    subscribe(store, ["one"])
    for ref in cohorts.freeze_due(store, settings, SEVEN):
        send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer())
    assert first_edition.hold(store, settings, [TOMORROW]) == ()


def test_a_welcome_carries_no_edition_that_is_held(store: Store, settings: Settings) -> None:
    """What must not leave by the daily mail must not leave by a letter either; later it may."""
    publish(store, an_edition())
    (one,) = subscribe(store, ["one"])
    first_edition.hold(store, settings, [DAY])
    assert not keys.may_carry(store, DAY, one)
    first_edition.resume(store, DAY)
    assert keys.may_carry(store, DAY, one)


def test_the_worker_that_freezes_a_first_edition_holds_it_before_anything_can_leave(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Whoever composed it: the task itself looks."""
    now = datetime.now(UTC)
    made = an_edition(now.date()).model_copy(update={"cut_off": now - timedelta(hours=2)})
    publish(store, made)
    subscribe(store, ["one"], Preferences(hour=(now - timedelta(hours=1)).hour))
    answer = subprocess.run(
        [sys.executable, "-c", "from workers.sending import freeze; freeze()"],
        env={**os.environ, **environ(settings), "PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert store.hget(keys.EDITION(day=made.date), "recipients") == "1"
    assert control.reason_held(store, made.date)
    assert sweep.open_batches(store) == ()
