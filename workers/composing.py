"""Compose the day's edition."""

import logging
from datetime import date
from typing import Final

from newsletter.delivery import first_edition
from newsletter.editions import compose as composing
from newsletter.editions import period_editions
from workers.app import app, now, settings, store

MOST_SECONDS: Final = 540
"""More than others may take: a day of ten thousand papers on a small machine; less than the visibility."""

log = logging.getLogger(__name__)


@app.task(name="workers.composing.compose", time_limit=MOST_SECONDS)  # type: ignore[untyped-decorator]  # celery ships no types
def compose(day: str) -> None:
    """Freeze the edition of `day` (ISO date); it is frozen once, and a second call finds it so."""
    edition = composing.build(store(), settings(), date.fromisoformat(day), now())
    first_edition.hold(store(), settings(), [edition.date])
    log.info("edition day=%s topics=%d papers=%d", day, len(edition.sections), len(edition.entries))


@app.task(name="workers.composing.bind")  # type: ignore[untyped-decorator]  # celery ships no types
def bind() -> None:
    """Bind the weeks and months that are over; each is frozen once."""
    for period in tuple(period_editions.due(store())):
        edition = period_editions.bind(store(), settings(), period)
        log.info("bound first=%s last=%s papers=%d", period.first, period.last, len(edition.entries))
