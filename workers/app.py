"""The Celery application and its settings.

Messages are hints and Redis state is the truth: a task takes ids alone, may
run twice or never, and what it left undone is found by the next tick. The
settings below follow from that; each was tried against kill -9, restarts of
the server and lost connections.
"""

import gc
import logging
import os
import socket
import sys
from datetime import datetime, timedelta
from functools import lru_cache
from time import sleep
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, worker_init

from newsletter import clock, queue
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.delivery import clocks
from newsletter.errors import NewsletterError
from newsletter.settings import Settings
from newsletter.store import Store

COLLECT_AFTER = 20_000
"""Objects: some batches, which are freed as they end and leave little to collect."""
TICK_EVERY = timedelta(seconds=30)
IDLE_SECONDS = 5
"""How long a process whose machine's clock is wrong takes no further task."""

log = logging.getLogger(__name__)

BEAT = {
    "tick": {"task": "workers.schedule.tick", "schedule": TICK_EVERY, "options": {"priority": queue.FAST}}
}
"""All that beat knows; any number of beats is harmless, since the tick is guarded."""


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this worker process."""
    return settings_module.load()


def store() -> Store:
    """Return this process's connection to the store; the pool notices a fork by itself."""
    return store_module.connect(settings())


def now() -> datetime:
    """Return the server's time, by which everything is dated."""
    return clock.read(store()).now()


class Punctual(Task):  # type: ignore[misc]  # celery ships no types
    """A task that is left to others while this machine's clock is wrong."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run, unless the clock is wrong: then ask again for the same and take nothing for a moment.

        The message is free at once for a worker whose clock is right; without
        the pause this one would take it again, and all the others.
        """
        read = clock.read(store())
        if read.agrees:
            return super().__call__(*args, **options)
        clocks.note_apart(store(), socket.gethostname(), -read.ahead)
        log.error(
            "No work is done here: this machine's clock is off the server's by %s. Set it (NTP).",
            timedelta(seconds=abs(round(read.ahead.total_seconds()))),
        )
        queue.connect(settings()).enqueue(self.name, *args)
        sleep(IDLE_SECONDS)
        return None


def create() -> Celery:
    """Return the application, bound to the server that holds the state.

    Raises `NewsletterError` where settings or server are not fit.
    """
    celery = Celery("newsletter", broker=queue.broker_url(settings()), task_cls=Punctual)
    celery.conf.update(
        queue.producer_options(),
        include=[
            "workers.schedule",
            "workers.polling",
            "workers.composing",
            "workers.sending",
            "workers.upkeep",
        ],
        beat_schedule=BEAT,
        beat_schedule_filename=str(settings().data_dir / "beat"),
        timezone="UTC",
        # a worker that dies gives its message back, and a repeated message finds its work done
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # what is not begun stays on the server, where letters overtake it
        worker_prefetch_multiplier=1,
        # with one process, a letter would wait until a day is composed or the sources have answered
        worker_concurrency=max(2, os.cpu_count() or 1),
        # portions are begun for 60 s, and one may take 17 min (SMTP: RFC 5321, 4.5.3.2); a task beyond the
        # visibility of its message is asked for once more, and finds its batch busy
        task_time_limit=1200,
        worker_soft_shutdown_timeout=20,
        # a cancel in the middle of a request would make doubt where there is none
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # leave the log to us
        worker_hijack_root_logger=False,
    )
    return celery


@setup_logging.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _log_to_stdout(**_: object) -> None:
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("celery.worker.strategy").setLevel(
        logging.WARNING
    )  # one line per received task is too many


@worker_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _set_aside_what_stays(**_: object) -> None:
    """Let no collection look at what was imported, and few at a batch: both took a quarter of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


try:
    app = create()
except NewsletterError as error:
    sys.exit(f"error: {error}")
