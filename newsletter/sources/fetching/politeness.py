"""Whose turn it is: how often, and how many at once, a host is asked.

arXiv asks for one request at a time and three seconds between two
(info.arxiv.org/help/api/tou.html); others get up to two requests at once. The operator's
own machine needs no manners.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Manners:
    """What a host is owed."""

    at_once: int = 2
    apart: timedelta = timedelta(0)
    """Between the starts of two requests."""


ARXIV = Manners(at_once=1, apart=timedelta(seconds=3))
OWN_MACHINE = Manners(at_once=1_000)


def owner(host: str) -> str:
    """Return whose machines a host belongs to, as far as manners go.

    >>> owner("rss.arxiv.org"), owner("blog.example.org")
    ('arxiv.org', 'blog.example.org')
    """
    return "arxiv.org" if host == "arxiv.org" or host.endswith(".arxiv.org") else host


def manners_towards(host: str) -> Manners:
    """Return what is owed to a host."""
    if owner(host) == "arxiv.org":
        return ARXIV
    if host in {"localhost", "::1"} or host.startswith("127."):
        return OWN_MACHINE
    return Manners()


class Doorman:
    """Lets requests through, host by host, in the order in which they came."""

    def __init__(self, manners: Callable[[str], Manners] = manners_towards) -> None:
        self._manners = manners
        self._doors: dict[str, asyncio.Semaphore] = {}
        self._next_start: dict[str, float] = defaultdict(float)

    def remember(self, host: str, seconds_ago: float) -> None:
        """Take note that an earlier poll asked `host`, so that two polls keep apart as well."""
        wait = self._manners(host).apart.total_seconds() - seconds_ago
        if wait > 0:
            start = asyncio.get_running_loop().time() + wait
            self._next_start[owner(host)] = max(start, self._next_start[owner(host)])

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until `host` may be asked, and hold its door while it is."""
        manners = self._manners(host)
        door = self._doors.setdefault(owner(host), asyncio.Semaphore(manners.at_once))
        async with door:
            if manners.apart:
                await self._keep_apart(owner(host), manners.apart.total_seconds())
            yield

    async def _keep_apart(self, whose: str, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        while (wait := self._next_start[whose] - clock()) > 0:  # noqa: ASYNC110 -- time is what is waited for
            await asyncio.sleep(wait)
        self._next_start[whose] = clock() + seconds  # from when it really starts: sleep may end late
