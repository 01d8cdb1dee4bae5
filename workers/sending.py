"""Freeze cohorts, and send batches and letters."""

import logging
from collections.abc import Iterable
from datetime import date
from functools import partial
from time import monotonic, sleep
from typing import Final

from newsletter import clock, queue
from newsletter.delivery import first_edition, restoration
from newsletter.delivery.feedback import uncertain
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import sweep
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.delivery.sending import batch_sender, batches, notices, throttle
from newsletter.store import Store
from workers.app import app, now, settings, store
from workers.schedule import ASKED

FREEZE: Final = "workers.sending.freeze"
MOST_SECONDS: Final = 5.0
"""How long one task freezes before others have their turn."""

LOOK_EVERY_SECONDS: Final = 0.25
"""How often a batch that waits for its turn looks whether a letter waits for a worker."""
BATCH: Final = "workers.sending.send_batch"

log = logging.getLogger(__name__)


@app.task(name=FREEZE)  # type: ignore[untyped-decorator]  # celery ships no types
def freeze() -> None:
    """Address the newest edition to the readers whose hour has come, and ask for its batches to be sent.

    It goes on in another task, behind what waits to be sent, after some seconds,
    before the mails that are dear to make, and when a letter waits.
    """
    ends_at = monotonic() + MOST_SECONDS
    restoration.notice(store(), settings(), now())
    if first_edition.is_awaited(store(), settings()):
        first_edition.hold(store(), settings(), cohorts.days(store(), now()))
    for step in cohorts.freeze_in_steps(store(), settings(), now()):
        _ask_for(throttle.worth_asking(store(), settings(), step.batches))
        if (step.is_turn and step.batches) or monotonic() > ends_at or queue.has_urgent(store()):
            store().set(ASKED(task=FREEZE), "1", ex=ASKED.expires)  # so that no tick asks for a second one
            queue.connect(settings()).enqueue(FREEZE)
            return


@app.task(name=BATCH)  # type: ignore[untyped-decorator]  # celery ships no types
def send_batch(day: str, batch: str | int) -> None:
    """Send one batch of an edition; a batch that is done, or in another worker's hands, is left alone."""
    redis, chosen = store(), settings()
    restoration.notice(redis, chosen, now())
    report = batches.send_batch(
        redis,
        chosen,
        date.fromisoformat(day),
        int(batch),
        clock.read(redis).now,
        pause=partial(_pause, redis),
        is_overtaken=partial(queue.has_urgent, redis),
    )
    log.info("batch day=%s batch=%s %s", day, batch, report)
    if report.denied == batch_sender.OVERTAKEN:
        _ask_for([report.ref])
        return
    if throttle.of(redis, chosen) is None:
        return
    if (
        report.denied == batch_sender.HELD_BACK
    ):  # the tick may ask again before it would believe this task lost
        redis.delete(ASKED(task=f"{BATCH}:{day}:{batch}"))
    elif report.accepted:  # few are asked for at a time, so each that ends asks for the next
        _ask_for(throttle.worth_asking(redis, chosen, sweep.open_batches(redis))[:1])


def _ask_for(refs: Iterable[BatchRef]) -> None:
    asked = queue.connect(settings())
    for batch in refs:
        asked.enqueue(BATCH, batch.day.isoformat(), batch.batch)


def _pause(redis: Store, seconds: float) -> None:
    """Wait until mails may leave, or until a letter needs this worker."""
    ends_at = monotonic() + seconds
    while (left := ends_at - monotonic()) > 0 and not queue.has_urgent(redis):
        sleep(min(left, LOOK_EVERY_SECONDS))


@app.task(name="workers.sending.send_letter")  # type: ignore[untyped-decorator]  # celery ships no types
def send_letter(letter: str) -> None:
    """Send one letter (a confirmation, a welcome); one that is done or in other hands is left alone."""
    report = notices.send_letter(store(), settings(), letter, clock.read(store()).now)
    log.info("letter id=%s %s", letter, report)


@app.task(name="workers.sending.settle")  # type: ignore[untyped-decorator]  # celery ships no types
def settle() -> None:
    """Settle what is in doubt by evidence, and by the operator's policy where there is none."""
    settled = uncertain.settle(store(), settings(), now())
    if settled != uncertain.Settled():
        log.info("settled %s", settled)
