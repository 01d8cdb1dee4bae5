"""What the operator hears of: once a subject and day, and readers never."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from sendgrid_server import Behaviour, SendGridServer
from smtp_listener import Manners, SmtpListener

from newsletter import queue
from newsletter.delivery import alerts, mailers, restoration
from newsletter.delivery.feedback import events, reconciling
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending import notices
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Preferences, Recipient, Source
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup

REPOSITORY = Path(__file__).resolve().parents[2]
SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
OPERATOR = "ops@example.org"


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """A newsletter whose operator wants to hear of it, and whose sources never answered yet."""
    return make_settings(operator=OPERATOR, sources=[Source(name="a", url="https://a.example/feed")])


def frozen(store: Store, settings: Settings) -> list[int]:
    """Freeze an edition for five readers."""
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(5)))
    cohorts.freeze_due(store, settings, SEVEN)
    return ids


def subjects(store: Store, settings: Settings, now: datetime = SEVEN) -> list[str]:
    """Return what stands now."""
    return [alert.subject for alert in alerts.standing(store, settings, now)]


def test_all_is_well_and_nobody_is_written_to(store: Store, settings: Settings) -> None:
    """An edition on its way is no news."""
    frozen(store, settings)
    assert alerts.standing(store, settings, SEVEN) == ()
    mailer = ObedientMailer()
    assert alerts.send(store, settings, SEVEN, mailer=mailer) == 0
    assert mailer.sent == []


def test_a_spent_quota_is_told_by_another_way_than_the_one_that_is_spent(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """SendGrid says 401; the operator, and nobody else, gets a mail over SMTP with cause and command."""
    with SendGridServer(Behaviour(quota=0)) as sendgrid, SmtpListener(Manners()) as listener:
        settings = make_settings(
            mailer="sendgrid",
            sendgrid_host=sendgrid.url,
            sendgrid_api_key="SG.test",
            smtp_url=listener.url,
            operator=OPERATOR,
            sources=[Source(name="a", url="https://a.example/feed")],
        )
        frozen(store, settings)
        assert send_batch(store, settings, DAY, 1, lambda: SEVEN).halted
        assert [alerts.send(store, settings, SEVEN) for _ in range(3)] == [1, 0, 0]
        mailers.make(settings.model_copy(update={"mailer": "smtp"})).close()
        mailers.make(settings).close()
    ((address, content),) = listener.accepted
    mail = message_from_bytes(content, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    said = " ".join(body.get_content().split())
    assert address == OPERATOR
    assert mail["Subject"] == "Trending Papers: The edition of 10 Jun is held"
    assert "Maximum credits exceeded" in said
    assert "newsletter edition resume 2026-06-10" in said
    assert mail["List-Unsubscribe"] is None


def test_the_next_day_it_is_told_again(store: Store, settings: Settings) -> None:
    """As long as it lasts; and not after it is over."""
    frozen(store, settings)
    control.hold(store, DAY, "the disk is full")
    mailer = ObedientMailer()
    tomorrow = SEVEN + timedelta(days=1) - timedelta(hours=1)
    assert alerts.send(store, settings, SEVEN, mailer=mailer) == 1
    assert alerts.due(store, settings, SEVEN + timedelta(hours=10)) == ()
    assert [alert.subject for alert in alerts.due(store, settings, tomorrow)] == ["held-2026-06-10"]
    control.resume(store, DAY)
    assert alerts.due(store, settings, tomorrow) == ()


def test_what_the_operator_did_is_no_news_to_them(store: Store, settings: Settings) -> None:
    """A hold by hand is not told; a halt after it is."""
    frozen(store, settings)
    control.hold(store, DAY, "proof-reading", by_hand=True)
    assert subjects(store, settings) == []
    control.hold(store, DAY, "SendGrid says: no")
    assert subjects(store, settings) == ["held-2026-06-10"]


def test_mails_in_doubt_are_told_when_they_wait_for_a_word(
    store: Store, make_settings: Callable[..., Settings], settings: Settings
) -> None:
    """After the limit of silence, and only where the policy is to wait."""
    frozen(store, settings)

    def doubt(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        return Outcome(uncertain=frozenset(one.subscriber_id for one in recipients))

    send_batch(store, settings, DAY, 1, lambda: SEVEN, mailer=ObedientMailer(doubt))
    now = datetime.now(UTC)
    recent = list(alerts._of_delivery(store, settings, alerts.progress.read(store, DAY), now))
    assert recent == []
    (later,) = alerts._of_delivery(
        store, settings, alerts.progress.read(store, DAY), now + timedelta(minutes=61)
    )
    assert (later.subject, later.headline) == ("uncertain-2026-06-10", "5 mails of 10 Jun are in doubt")
    assert "newsletter edition settle 2026-06-10" in later.todo
    assumed = make_settings(uncertain="assume")
    found = alerts.progress.read(store, DAY)
    assert list(alerts._of_delivery(store, assumed, found, now + timedelta(minutes=61))) == []


def test_an_edition_that_is_overdue_is_told(store: Store, settings: Settings) -> None:
    """An hour after its cut-off, not before."""
    publish(store, an_edition(DAY - timedelta(days=1)))
    assert subjects(store, settings, SEVEN - timedelta(minutes=1)) == []
    assert subjects(store, settings, SEVEN + timedelta(minutes=1)) == ["overdue"]


def test_a_first_start_after_the_cut_off_is_not_overdue_until_it_had_an_hour(
    store: Store, settings: Settings
) -> None:
    """Started at noon: nothing was missed at seven, and at one something is."""
    noon = SEVEN + timedelta(hours=5)
    restoration.beat(store, settings, noon)
    assert subjects(store, settings, noon + timedelta(seconds=30)) == []
    restoration.beat(store, settings, noon + timedelta(minutes=59))
    assert subjects(store, settings, noon + timedelta(minutes=61)) == ["overdue"]


def test_sources_that_are_broken_for_days_are_told_together(store: Store, settings: Settings) -> None:
    """One mail for all of them, after three days."""
    from newsletter.sources.poll_state import PollState

    publish(store, an_edition())
    memo = PollState(
        url="https://a.example/feed",
        checked_at=SEVEN,
        failures=9,
        failing_since=SEVEN - timedelta(days=4),
        fault="404 Not Found",
    )
    store.hset("sources:memos", "a", memo.dumps())
    (alert,) = alerts.standing(store, settings, SEVEN)
    assert alert.subject == "sources"
    assert "404" in alert.known[0]
    assert subjects(store, settings, SEVEN - timedelta(days=2)) == []


def test_confirmations_that_wait_are_told(store: Store, settings: Settings) -> None:
    """A quota that is spent while no edition runs shows in letters alone."""
    publish(store, an_edition())
    signup.request(
        store,
        queue.connect(settings),
        settings,
        "ada@example.org",
        preferences=Preferences(),
        origin="198.51.100.7",
        now=SEVEN,
    )
    spent = ObedientMailer(lambda *_: Outcome(halt="SendGrid says: Maximum credits exceeded (401)."))
    (letter,) = sweep.open_letters(store, SEVEN)
    notices.send_letter(store, settings, letter, lambda: SEVEN, mailer=spent)
    assert subjects(store, settings) == ["letters"]


def test_lists_that_cannot_be_read_for_a_day_are_told(store: Store, settings: Settings) -> None:
    """Not at the first fault of a night that goes well in the end."""
    publish(store, an_edition())
    store.hset(
        "delivery:reconciled", mapping={"fault": "503", "at": (SEVEN - timedelta(hours=5)).isoformat()}
    )
    assert subjects(store, settings) == []
    store.hset("delivery:reconciled", "at", (SEVEN - timedelta(hours=25)).isoformat())
    assert subjects(store, settings) == ["reconciling"]
    assert reconciling.state(store).fault == "503"


def test_an_alert_that_did_not_leave_is_tried_again_in_an_hour(store: Store, settings: Settings) -> None:
    """Not at every tick, and not lost until tomorrow."""
    frozen(store, settings)
    control.hold(store, DAY, "SendGrid says: no")
    away = ObedientMailer(lambda *_: Outcome(halt="no"))
    assert alerts.send(store, settings, SEVEN, mailer=away) == 0
    assert alerts.send(store, settings, SEVEN, mailer=away) == 0
    assert len(away.sent) == 1
    name = "alert:held-2026-06-10:2026-06-10"
    assert 0 < store.ttl(name) <= 3600
    store.delete(name)
    assert alerts.send(store, settings, SEVEN, mailer=ObedientMailer()) == 1


def test_many_workers_write_one_mail(store: Store, settings: Settings) -> None:
    """Eight at once."""
    frozen(store, settings)
    control.hold(store, DAY, "SendGrid says: no")
    mailer = ObedientMailer()
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        alerts.send(store, settings, SEVEN, mailer=mailer)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(mailer.sent) == 1
    assert mailer.named == [0]


def test_without_an_operator_nothing_is_looked_up(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """And nothing is sent."""
    settings = make_settings()
    frozen(store, settings)
    control.hold(store, DAY, "SendGrid says: no")
    assert alerts.due(store, settings, SEVEN) == ()


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        ("bounce", 1, []),
        ("bounce", 2, ["bounces-2026-06-10"]),
        ("spamreport", 1, ["complaints-2026-06-10"]),
        ("blocked", 50, []),
    ],
)
def test_a_surge_of_bounces_or_complaints_is_told(
    store: Store, settings: Settings, kind: str, count: int, expected: list[str]
) -> None:
    """From two in a hundred bounces and one in a thousand complaints, while it is news."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(100)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=ObedientMailer())
    told = [events.Event(kind, f"r{n}@example.org", SEVEN, "2026-06-10.1.2") for n in range(count)]
    events.apply(store, told * 2, SEVEN)
    assert subjects(store, settings) == expected
    told_later = subjects(store, settings, SEVEN + timedelta(days=3))
    assert [one for one in told_later if one in expected] == []


def test_readers_whom_the_mail_server_does_not_know_are_bounces_too(store: Store, settings: Settings) -> None:
    """Refused when the mail was handed in, they come back by no report."""
    frozen(store, settings)

    def refuse_one(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        ids = {one.subscriber_id for one in recipients}
        return Outcome(frozenset(ids - {1}), dict.fromkeys(ids & {1}, "550 5.1.1 User unknown"))

    send_batch(store, settings, DAY, 1, lambda: SEVEN, mailer=ObedientMailer(refuse_one))
    (alert,) = alerts.standing(store, settings, SEVEN)
    assert alert.headline == "20.0% of the mails of 10 Jun bounced"


def test_the_workers_task_mails_what_is_due(store: Store, settings: Settings, tmp_path: Path) -> None:
    """A held edition of today becomes one mail to the operator in the outbox, run as a worker runs it."""
    today = datetime.now(UTC)
    publish(store, an_edition(today.date()))
    subscribe(store, ["one"], at=today - timedelta(days=2))
    cohorts.freeze_everyone(store, settings, today.date())
    control.hold(store, today.date(), "the disk is full")
    environ = {
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "NEWSLETTER_SECRET_KEY": "a-secret-of-the-tests",
        "NEWSLETTER_OPERATOR": OPERATOR,
        "NEWSLETTER_OUTBOX_DIR": str(tmp_path / "told"),
        "PYTHONPATH": str(REPOSITORY),
    }
    script = "from workers import upkeep; upkeep.alert(); upkeep.alert()"
    subprocess.run([sys.executable, "-c", script], env=environ, cwd=tmp_path, check=True)
    mails = [path.read_text("utf-8") for path in (tmp_path / "told").rglob("*.txt")]
    assert [mail for mail in mails if "the disk is full" in mail and "newsletter edition resume" in mail]
    assert len(mails) == len(alerts.standing(store, settings, today))
