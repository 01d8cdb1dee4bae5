"""Letters and ticks overtake a run of mails: with one worker process, and with the plain command line."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from processes import clean_environ, until
from smtp_listener import Manners, SmtpListener

from newsletter import queue as queue_module
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import progress, sweep
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.delivery.mailers.smtp.mailer import Server, Smtp
from newsletter.delivery.sending import batch_sender
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Message, Preferences, Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
KEY = "a-secret-of-the-tests"
READERS = 1000


def an_addressed_edition(store: Store, settings: Settings, readers: int) -> tuple[BatchRef, ...]:
    """Freeze an edition for so many readers and return its batches."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(readers)))
    return tuple(cohorts.freeze_due(store, settings, SEVEN))


@contextmanager
def worker(
    settings: Settings, folder: Path, *options: str, application: str = "workers.app", **environ: str
) -> Iterator[Path]:
    """Run the Procfile's worker, and yield where it logs to."""
    assert settings.redis_url is not None
    url = settings.redis_url.get_secret_value()
    known = clean_environ(REDIS_URL=url, NEWSLETTER_SECRET_KEY=KEY, **environ)
    command = [sys.executable, "-m", "celery", "--app", application, "worker", "--without-gossip"]
    log = folder / "worker.log"
    with log.open("wb") as out:
        running = subprocess.Popen(
            [*command, "--without-mingle", *options], cwd=folder, env=known, stdout=out, stderr=out
        )
        try:
            yield log
        finally:
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(30)
            running.kill()
            running.wait()


def test_letters_and_ticks_are_taken_before_batches_that_were_asked_for_earlier(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Forty batches stand in the queue when a letter and a tick are enqueued."""
    asked = queue_module.connect(settings)
    for batch in range(40):
        asked.enqueue("workers.sending.send_batch", str(DAY), batch)
    asked.enqueue("workers.schedule.tick")
    asked.enqueue("workers.sending.send_letter", 1)
    assert queue_module.has_urgent(store)
    assert queue_module.slow_tasks(store) == 40
    with worker(settings, tmp_path, "--concurrency", "1") as log:
        until("the last batch", lambda: log.read_text().count("batch day=") >= 40)
        lines = log.read_text().splitlines()
    assert store.get("heartbeat:tick")
    assert next(at for at, line in enumerate(lines) if "letter id=1" in line) < next(
        at for at, line in enumerate(lines) if "batch day=" in line
    )


def test_a_confirmation_leaves_in_the_middle_of_a_run(
    store: Store, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """One process carries a thousand mails; the confirmation comes after a portion, not after the batch."""
    settings = make_settings()
    an_addressed_edition(store, settings, READERS)

    class Asking(SmtpListener):
        """Somebody signs up when the hundredth mail comes."""

        def take(self, recipient: str, content: bytes) -> None:
            super().take(recipient, content)
            if len(self.accepted) == 100:
                queue = queue_module.connect(settings)
                wanted = Preferences(hour=7)
                signup.request(
                    store,
                    queue,
                    settings,
                    "ada@example.org",
                    preferences=wanted,
                    origin="198.51.100.7",
                    now=datetime.now(UTC),
                )

    with Asking() as listener:
        mail = {
            "NEWSLETTER_MAILER": "smtp",
            "SMTP_URL": listener.url,
            "NEWSLETTER_FROM": "Papers <papers@example.org>",
        }
        asked = queue_module.connect(settings)
        with worker(settings, tmp_path, "--concurrency", "1", **mail):
            asked.enqueue("workers.sending.send_batch", str(DAY), 1)
            until("everybody's mail", lambda: len(listener.accepted) == READERS + 1)
            until("the end of the batch", lambda: progress.read(store, DAY).is_done)
        order = [recipient.strip("<>") for recipient, _ in listener.accepted]
    assert order.index("ada@example.org") <= 100 + 200
    assert len(set(order)) == READERS + 1


def test_a_batch_that_is_overtaken_goes_on_where_it_stopped(store: Store, settings: Settings) -> None:
    """Each task sends a portion at least, gives the batch back at once, and nobody is mailed twice."""
    (ref,) = an_addressed_edition(store, settings, 10)
    mailer = ObedientMailer(portion=4)
    denials = [
        send_batch(
            store, settings, DAY, ref.batch, lambda: SEVEN, mailer=mailer, is_overtaken=lambda: True
        ).denied
        for _ in range(3)
    ]
    assert denials == [batch_sender.OVERTAKEN, batch_sender.OVERTAKEN, None]
    assert sorted(mailer.named) == sorted(set(mailer.named))
    assert progress.read(store, DAY).accepted == 10


def test_a_throttled_batch_gives_its_worker_to_a_letter(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """It waits no longer with a process in its hands, and may be claimed again at once."""
    settings = make_settings(mails_per_minute=4)
    (ref,) = an_addressed_edition(store, settings, 10)
    mailer = ObedientMailer()
    first = send_batch(store, settings, DAY, ref.batch, lambda: SEVEN, mailer=mailer, pause=lambda _: None)
    assert (first.accepted, first.denied) == (4, batch_sender.HELD_BACK)
    store.zadd(f"delivery:{DAY}:due", {str(ref.batch): 1})
    second = send_batch(
        store,
        settings,
        DAY,
        ref.batch,
        lambda: SEVEN,
        mailer=mailer,
        pause=lambda _: None,
        is_overtaken=lambda: True,
    )
    assert second.denied == batch_sender.OVERTAKEN
    third = send_batch(store, settings, DAY, ref.batch, lambda: SEVEN, mailer=mailer, pause=lambda _: None)
    assert third.denied == batch_sender.HELD_BACK


def test_a_slow_mail_server_gets_smaller_portions() -> None:
    """A portion is about a second's mails, so that a letter is next within a second or two."""
    readers = [Recipient(subscriber_id=one, address=f"r{one}@example.org") for one in range(40)]
    facts = SiteFacts(name="P", base_url="https://papers.example.org", from_="P <papers@example.org>")
    message = Message(subject="Diffusion", html=None, text="Papers.\n")
    with SmtpListener(Manners(round_trip_seconds=0.1)) as slow:
        mailer = Smtp(Server.read(slow.url), facts)
        assert mailer.portion == 200
        mailer.send(message, readers, request_id="2026-06-10.1.1")
        mailer.close()
    assert mailer.portion < 200


@pytest.mark.parametrize("name", ["workers.schedule.tick", "workers.upkeep.alert"])
def test_what_is_told_and_asked_for_is_never_behind_a_run(name: str) -> None:
    """Beat's own messages stand in the same lane."""
    assert queue_module.priority_of(name) == queue_module.FAST


def test_what_was_asked_for_and_waits_is_not_asked_for_again(store: Store, settings: Settings) -> None:
    """Ticks do not wait behind a run any more, so they must not pile up its batches."""
    open_ones = an_addressed_edition(store, settings, 10)
    assert sweep.not_asked_for(store, open_ones) == open_ones
    queue_module.connect(settings).enqueue("workers.sending.send_batch", str(DAY), 1)
    assert sweep.not_asked_for(store, open_ones) == ()
    assert sweep.not_asked_for(store, open_ones * 2) == open_ones * 2
