"""What is done once a day: letting go of what is not needed any more."""

import logging
from datetime import UTC, datetime

from newsletter.subscribers import signup
from workers.app import app, store

log = logging.getLogger(__name__)


@app.task(name="workers.upkeep.tidy")  # type: ignore[untyped-decorator]  # celery ships no types
def tidy() -> None:
    """Forget addresses that were never confirmed; a run that is cut short goes on the next day."""
    forgotten = signup.forget_unconfirmed(store(), datetime.now(UTC))
    log.info("tidied unconfirmed=%d", forgotten)
