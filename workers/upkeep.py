"""What is done once a day: letting go of what is not needed any more."""

import logging
from datetime import timedelta

from newsletter.delivery import alerts
from newsletter.delivery.feedback import reconciling
from newsletter.store import Key
from newsletter.subscribers.consent import signup
from workers.app import app, now, settings, store

TIDIED = Key("tidied:{day}", "string", "this day's upkeep is done", timedelta(days=2))
KEYS = (TIDIED,)

log = logging.getLogger(__name__)


@app.task(name="workers.upkeep.reconcile")  # type: ignore[untyped-decorator]  # celery ships no types
def reconcile() -> None:
    """Go on reading SendGrid's suppression lists, once a day to their end."""
    found = reconciling.reconcile(store(), settings(), now())
    log.info("reconciled %s", found)


@app.task(name="workers.upkeep.alert")  # type: ignore[untyped-decorator]  # celery ships no types
def alert() -> None:
    """Tell the operator what must be looked at, once a subject and day."""
    sent = alerts.send(store(), settings(), now())
    log.info("alerts sent=%d", sent)


@app.task(name="workers.upkeep.tidy")  # type: ignore[untyped-decorator]  # celery ships no types
def tidy() -> None:
    """Forget addresses that were never confirmed; noted when it is done, so a lost task comes again."""
    at = now()
    forgotten = signup.forget_unconfirmed(store(), at)
    store().set(TIDIED(day=at.date()), "1", ex=TIDIED.expires)
    log.info("tidied unconfirmed=%d", forgotten)
