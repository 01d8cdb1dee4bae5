"""Whose turn it is: how often, and how many at once, a host is asked.

arXiv asks for one request at a time and three seconds between two
(info.arxiv.org/help/api/tou.html); others get up to two requests at once. The operator's
own machine needs no such limits.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What a host is owed."""

    at_once: int = 2
    apart: timedelta = timedelta(0)
    """Between the starts of two requests."""


ARXIV = HostLimits(at_once=1, apart=timedelta(seconds=3))
OWN_MACHINE = HostLimits(at_once=1_000)


def owner(host: str) -> str:
    """Return whose machines a host belongs to, for the limits on its requests.

    >>> owner("rss.arxiv.org"), owner("blog.example.org")
    ('arxiv.org', 'blog.example.org')
    """
    return "arxiv.org" if host == "arxiv.org" or host.endswith(".arxiv.org") else host


def limits_for(host: str) -> HostLimits:
    """Return what is owed to a host."""
    if owner(host) == "arxiv.org":
        return ARXIV
    if host in {"localhost", "::1"} or host.startswith("127."):
        return OWN_MACHINE
    return HostLimits()


class HostLimiter:
    """Lets requests through, host by host, in the order in which they came."""

    def __init__(self, limits: Callable[[str], HostLimits] = limits_for) -> None:
        self._limits = limits
        self._doors: dict[str, asyncio.Semaphore] = {}
        self._next_start: dict[str, float] = defaultdict(float)

    def remember(self, host: str, seconds_ago: float) -> None:
        """Take note that an earlier poll asked `host`, so that two polls keep apart as well."""
        wait = self._limits(host).apart.total_seconds() - seconds_ago
        if wait > 0:
            start = asyncio.get_running_loop().time() + wait
            self._next_start[owner(host)] = max(start, self._next_start[owner(host)])

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until `host` may be asked, and hold its door while it is."""
        limits = self._limits(host)
        door = self._doors.setdefault(owner(host), asyncio.Semaphore(limits.at_once))
        async with door:
            if limits.apart:
                await self._keep_apart(owner(host), limits.apart.total_seconds())
            yield

    async def _keep_apart(self, whose: str, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        while (wait := self._next_start[whose] - clock()) > 0:  # noqa: ASYNC110 -- time is what is waited for
            await asyncio.sleep(wait)
        self._next_start[whose] = clock() + seconds  # from when it really starts: sleep may end late
