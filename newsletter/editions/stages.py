"""Say in the log how far a long piece of work has come."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from time import monotonic, process_time

log = logging.getLogger(__name__)


@contextmanager
def stage(day: date, name: str) -> Iterator[None]:
    """Log how long a part of composing a day took, by the clock and of the processor."""
    started, used = monotonic(), process_time()
    log.debug("composing day=%s stage=%s begins", day, name)
    yield
    seconds, cpu = monotonic() - started, process_time() - used
    log.info("composing day=%s stage=%s seconds=%.1f cpu=%.1f", day, name, seconds, cpu)
