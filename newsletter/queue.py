"""Enqueue a task by its name; the only word that rooms have for Celery.

A message is a hint: what must be done is derived again from stored state by
the tick, so a lost message costs half a minute and a repeated one nothing.
"""

from functools import lru_cache

from celery import Celery
from kombu.exceptions import OperationalError

from newsletter import embedded
from newsletter.errors import StoreUnavailableError
from newsletter.redis_address import RedisAddress
from newsletter.settings import Settings


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
            self._app.send_task(name, args=list(ids), ignore_result=True, retry=False)
        except (OperationalError, *self._app.connection_for_write().recoverable_connection_errors) as error:
            raise StoreUnavailableError(
                "The queue does not answer. Nothing is lost: the next tick enqueues it again."
            ) from error


def producer_options() -> dict[str, object]:
    """Return the Celery settings that producers and workers must share."""
    return {
        "task_ignore_result": True,
        "task_default_queue": "newsletter",
        "broker_transport_options": {
            "visibility_timeout": 600,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "global_keyprefix": "mq:",
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
