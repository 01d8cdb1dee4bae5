"""One clock for all machines: the Redis server's.

Leases, throttles and what is due are kept by the server's clock, so a machine
whose own is wrong must not judge by it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from newsletter.store import Store, unavailable_store

MOST_APART: Final = timedelta(minutes=1)
"""A worker whose clock differs by more does no work: mails and signatures carry its time, too."""


@dataclass(frozen=True)
class Clock:
    """The server's clock, as this machine reads it."""

    ahead: timedelta
    """How far the server is ahead of this machine; negative where it is behind."""

    def now(self) -> datetime:
        """Return the server's time."""
        return datetime.now(UTC) + self.ahead

    @property
    def agrees(self) -> bool:
        """Whether this machine's clock is near enough.

        >>> Clock(timedelta(seconds=-59)).agrees, Clock(timedelta(minutes=5)).agrees
        (True, False)
        """
        return abs(self.ahead) <= MOST_APART


def read(store: Store) -> Clock:
    """Ask the server for its time, once."""
    began = datetime.now(UTC)
    with unavailable_store():
        seconds, micros = store.time()
    ended = datetime.now(UTC)
    return Clock(
        datetime.fromtimestamp(int(seconds), UTC)
        + timedelta(microseconds=int(micros))
        - (began + (ended - began) / 2)
    )
