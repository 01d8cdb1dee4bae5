"""Numbers that are given once: readers' ids, and letters' instants."""

from datetime import datetime
from typing import Final

from newsletter.store import Store, unavailable_store
from newsletter.subscribers import notices
from newsletter.subscribers.kept import store as subscribers

LEAP_OF_IDS: Final = 32 * subscribers.BLOCK
"""A million: more than come between two backups, and 128 KB in each edition's bitmap of who was addressed."""
LEAP_OF_INSTANTS: Final = 3_600_000
"""An hour in milliseconds: the letters of a large import are numbered ahead of the clock."""


def leap(store: Store, now: datetime) -> None:
    """Give no number from here on that was given since the backup from which this store was restored."""
    with unavailable_store():
        store.incrby(subscribers.LAST(), LEAP_OF_IDS)
        last = int(str(store.get(notices.LAST()) or 0))
        store.set(notices.LAST(), max(last, int(now.timestamp() * 1000)) + LEAP_OF_INSTANTS)
