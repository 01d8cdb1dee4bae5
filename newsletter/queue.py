"""Enqueue a task by its name; the only word that rooms have for Celery.

A message is a hint: what must be done is derived again from stored state by
the tick, so a lost message costs half a minute and a repeated one nothing.

There are two lanes in one queue. Letters, ticks and alerts stand in the fast
one, everything else in the slow one, and a worker takes nothing from the slow
lane while the fast one holds anything.
"""

from functools import lru_cache
from typing import Final

from celery import Celery
from kombu.exceptions import OperationalError

from newsletter import embedded
from newsletter.errors import StoreUnavailableError
from newsletter.redis_address import RedisAddress
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store

_QUEUE: Final = "newsletter"
_PREFIX: Final = "mq:"
FAST: Final = 0
SLOW: Final = 9
"""Priorities; the transport asks for the lowest number first."""
_SEPARATOR: Final = ":"
_FAST_TASKS: Final = frozenset(
    {"workers.schedule.tick", "workers.sending.send_letter", "workers.upkeep.alert"}
)
"""Short tasks that somebody waits for. Whatever is not among them is slow."""


class Queue:
    """A producer of Celery messages that keeps its connection."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("newsletter", broker=broker_url, set_as_current=False)
        self._app.conf.update(producer_options(), broker_connection_retry=False)
        # nobody waits the six seconds that kombu would try for: the tick makes up for a broker that is down
        self._app.conf.broker_transport_options |= {"max_retries": 1, "interval_start": 0}

    def enqueue(self, name: str, *ids: str | int) -> None:
        """Ask a worker to run the task called `name` with `ids` (never more than ids: state lives in Redis).

        Raises `StoreUnavailableError` where the broker does not answer; the
        caller has recorded the work already, so the tick will find it.
        """
        try:
            self._app.send_task(
                name, args=list(ids), ignore_result=True, retry=False, priority=priority_of(name)
            )
        except (OperationalError, *self._app.connection_for_write().recoverable_connection_errors) as error:
            raise StoreUnavailableError(
                "The queue does not answer. Nothing is lost: the next tick enqueues it again."
            ) from error


def priority_of(name: str) -> int:
    """Return the priority of a task, by its name.

    >>> priority_of("workers.sending.send_letter"), priority_of("workers.sending.send_batch")
    (0, 9)
    """
    return FAST if name in _FAST_TASKS else SLOW


def has_urgent(store: Store) -> bool:
    """Whether a letter, a tick or an alert waits for a worker."""
    with unavailable_store():
        return bool(store.llen(_PREFIX + _QUEUE))


def slow_tasks(store: Store) -> int:
    """Return how many tasks wait in the slow lane."""
    with unavailable_store():
        return int(store.llen(f"{_PREFIX}{_QUEUE}{_SEPARATOR}{SLOW}"))


def producer_options() -> dict[str, object]:
    """Return the Celery settings that producers and workers must share."""
    return {
        "task_ignore_result": True,
        "task_default_queue": _QUEUE,
        "broker_transport_options": {
            "priority_steps": [FAST, SLOW],
            "sep": _SEPARATOR,
            "visibility_timeout": 600,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "global_keyprefix": _PREFIX,
        },
    }


def broker_url(settings: Settings) -> str:
    """Return Celery's address of the server that also holds the state."""
    return RedisAddress.read(embedded.redis_url(settings)).for_broker


@lru_cache(maxsize=4)
def _queue_at(url: str) -> Queue:
    return Queue(url)


def connect(settings: Settings) -> Queue:
    """Return the process's queue for these settings."""
    return _queue_at(broker_url(settings))
