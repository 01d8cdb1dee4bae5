"""Freeze cohorts, and send batches and letters."""

import logging
from datetime import UTC, date, datetime

from newsletter import queue
from newsletter.delivery import batches, cohorts, letters, settling
from workers.app import app, settings, store

log = logging.getLogger(__name__)


@app.task(name="workers.sending.freeze")  # type: ignore[untyped-decorator]  # celery ships no types
def freeze() -> None:
    """Address the newest edition to the readers whose hour has come, and ask for its batches to be sent."""
    frozen = cohorts.freeze_due(store(), settings(), datetime.now(UTC))
    asked = queue.connect(settings())
    for batch in frozen:
        asked.enqueue("workers.sending.send_batch", batch.day.isoformat(), batch.batch)


@app.task(name="workers.sending.send_batch")  # type: ignore[untyped-decorator]  # celery ships no types
def send_batch(day: str, batch: str | int) -> None:
    """Send one batch of an edition; a batch that is done, or in another worker's hands, is left alone."""
    report = batches.send_batch(store(), settings(), date.fromisoformat(day), int(batch))
    log.info("batch day=%s batch=%s %s", day, batch, report)


@app.task(name="workers.sending.send_letter")  # type: ignore[untyped-decorator]  # celery ships no types
def send_letter(letter: str) -> None:
    """Send one letter (a confirmation, a welcome); one that is done or in other hands is left alone."""
    report = letters.send_letter(store(), settings(), letter)
    log.info("letter id=%s %s", letter, report)


@app.task(name="workers.sending.settle")  # type: ignore[untyped-decorator]  # celery ships no types
def settle() -> None:
    """Settle what is in doubt by evidence, and by the operator's policy where there is none."""
    settled = settling.settle(store(), settings(), datetime.now(UTC))
    if settled != settling.Settled():
        log.info("settled %s", settled)
