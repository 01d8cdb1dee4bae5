"""How often one network may ask for what costs more than a page that is kept."""

import threading
from collections import Counter
from datetime import datetime, timedelta

_WINDOW = timedelta(minutes=1)


class Turnstile:
    """Counts a minute's requests by network, in this process alone; safe between threads.

    Nothing is stored, because looking at a page changes nothing; a site of
    several processes lets as many times more through.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._minute = 0
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def wait(self, network: str, now: datetime) -> timedelta:
        """Count a request, and return how long its network has to wait: zero where it may pass."""
        minute, into = divmod(now.timestamp(), _WINDOW.total_seconds())
        with self._lock:
            if minute != self._minute:
                self._minute, self._asked = int(minute), Counter()
            self._asked[network] += 1
            may_pass = self._asked[network] <= self._most
        return timedelta(0) if may_pass else _WINDOW - timedelta(seconds=into)
