"""Politeness: arXiv is asked once in three seconds, the operator's own machine as often as wanted."""

import asyncio
import selectors
from datetime import timedelta
from itertools import pairwise

import pytest

from newsletter.sources.fetching.politeness import ARXIV, HostLimiter, HostLimits, limits_for, owner


def test_all_of_arxivs_hosts_are_one() -> None:
    """Its terms count requests, whichever of its names they go to."""
    assert {owner(host) for host in ("arxiv.org", "rss.arxiv.org", "export.arxiv.org")} == {"arxiv.org"}
    assert owner("notarxiv.org") == "notarxiv.org"
    assert limits_for("export.arxiv.org") == ARXIV == HostLimits(1, timedelta(seconds=3))
    assert limits_for("example.org").at_once == 2
    assert limits_for("127.0.0.1").apart == timedelta(0)


def test_turns_keep_apart_and_one_at_a_time() -> None:
    """No two hold the door at once, and starts are as far apart as is owed, also after an earlier poll."""
    apart = 0.03
    limiter = HostLimiter(lambda _: HostLimits(1, timedelta(seconds=apart)))
    starts: list[float] = []
    inside = 0

    async def visit() -> None:
        nonlocal inside
        async with limiter.turn("a.example"):
            inside += 1
            assert inside == 1
            starts.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0)
            inside -= 1

    async def main() -> float:
        begun = asyncio.get_running_loop().time()
        limiter.remember("a.example", seconds_ago=0)
        await asyncio.gather(*(visit() for _ in range(4)))
        return begun

    begun = asyncio.run(main())
    moments = [begun, *starts]
    assert all(later - sooner >= apart * 0.99 for sooner, later in pairwise(moments))


def test_no_more_visitors_are_inside_than_a_host_is_owed() -> None:
    """Two at a time, however many wait and however long they stay."""
    limiter = HostLimiter(lambda _: HostLimits(2))
    inside: list[int] = []
    most = 0

    async def visit(number: int) -> None:
        nonlocal most
        async with limiter.turn("a.example"):
            inside.append(number)
            most = max(most, len(inside))
            for _ in range(5):
                await asyncio.sleep(0)
            inside.remove(number)

    async def main() -> None:
        await asyncio.gather(*map(visit, range(7)))

    asyncio.run(main())
    assert most == 2


def test_hosts_do_not_wait_for_each_other() -> None:
    """A host that is owed a long pause holds up nobody else."""
    limiter = HostLimiter(lambda host: HostLimits(1, timedelta(hours=1 if host == "slow.example" else 0)))

    async def main() -> bool:
        limiter.remember("slow.example", seconds_ago=0)
        slow = asyncio.create_task(_visit(limiter, "slow.example"))
        async with asyncio.timeout(5):
            await _visit(limiter, "fast.example")
        is_waiting = not slow.done()
        slow.cancel()
        return is_waiting

    assert asyncio.run(main())


async def _visit(limiter: HostLimiter, host: str) -> None:
    async with limiter.turn(host):
        pass


class Clockwork(selectors.SelectSelector):
    """Lets the time that a loop would wait pass at once, and counts how often it was woken."""

    now, woken = 0.0, 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, later."""
        self.woken += 1
        assert self.woken < 1_000, "the loop is woken again and again instead of being left to sleep"
        self.now += max(0.0, timeout or 0.0)
        return super().select(0)


class FastLoop(asyncio.SelectorEventLoop):
    """A loop by whose own clock hours pass in a moment."""

    def __init__(self) -> None:
        self.clockwork = Clockwork()
        super().__init__(self.clockwork)

    def time(self) -> float:
        """Return the clock's time."""
        return self.clockwork.now


@pytest.mark.timeout(20)
def test_waiting_costs_nothing() -> None:
    """Who waits for arXiv sleeps: five visits take their twelve seconds and a few dozen wake-ups."""
    loop = FastLoop()
    limiter = HostLimiter()

    async def main() -> None:
        await asyncio.gather(*(_visit(limiter, "export.arxiv.org") for _ in range(5)))

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())
        assert loop.time() == pytest.approx(12)
        assert loop.clockwork.woken < 100
