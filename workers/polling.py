"""Ask the sources that are due."""

import logging
from datetime import timedelta

from newsletter.papers import intake
from newsletter.store import Key
from workers.app import app, now, settings, store

CLAIM = Key("poll:claim:{name}", "string", "a worker is asking this source now", timedelta(minutes=5))
KEYS = (CLAIM,)

log = logging.getLogger(__name__)


@app.task(name="workers.polling.poll")  # type: ignore[untyped-decorator]  # celery ships no types
def poll(*names: str) -> None:
    """Ask these sources and keep what is new; a source that another worker is asking is left to it."""
    redis = store()
    claimed = [name for name in names if redis.set(CLAIM(name=name), "1", nx=True, ex=CLAIM.expires)]
    if not claimed:
        return
    try:
        report = intake.poll_into(redis, settings(), now(), claimed)
    finally:
        redis.delete(*(CLAIM(name=name) for name in claimed))
    log.info(
        "polled sources=%d new=%d updated=%d", len(report.polled), report.new_papers, report.updated_papers
    )
