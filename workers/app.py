"""The Celery application and its settings.

Messages are hints and Redis state is the truth: a task takes ids alone, may
run twice or never, and what it left undone is found by the next tick. The
settings below follow from that; each was tried against kill -9, restarts of
the server and lost connections.
"""

import gc
import logging
import os
import sys
from datetime import timedelta
from functools import lru_cache

from celery import Celery
from celery.signals import setup_logging, worker_init

from newsletter import queue
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.errors import NewsletterError
from newsletter.settings import Settings
from newsletter.store import Store

COLLECT_AFTER = 20_000
"""Objects: some batches, which are freed as they end and leave little to collect."""
TICK_EVERY = timedelta(seconds=30)

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


def create() -> Celery:
    """Return the application, bound to the server that holds the state.

    Raises `NewsletterError` where settings or server are not fit.
    """
    celery = Celery("newsletter", broker=queue.broker_url(settings()))
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
