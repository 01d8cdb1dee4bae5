"""Politeness: arXiv is asked once in three seconds, the operator's own machine as often as wanted."""

import asyncio
from datetime import timedelta
from itertools import pairwise

from newsletter.sources.fetching.politeness import ARXIV, Doorman, Manners, manners_towards, owner


def test_all_of_arxivs_hosts_are_one() -> None:
    """Its terms count requests, whichever of its names they go to."""
    assert {owner(host) for host in ("arxiv.org", "rss.arxiv.org", "export.arxiv.org")} == {"arxiv.org"}
    assert owner("notarxiv.org") == "notarxiv.org"
    assert manners_towards("export.arxiv.org") == ARXIV == Manners(1, timedelta(seconds=3))
    assert manners_towards("example.org").at_once == 2
    assert manners_towards("127.0.0.1").apart == timedelta(0)


def test_turns_keep_apart_and_one_at_a_time() -> None:
    """No two hold the door at once, and starts are as far apart as is owed, also after an earlier poll."""
    apart = 0.03
    doorman = Doorman(lambda _: Manners(1, timedelta(seconds=apart)))
    starts: list[float] = []
    inside = 0

    async def visit() -> None:
        nonlocal inside
        async with doorman.turn("a.example"):
            inside += 1
            assert inside == 1
            starts.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0)
            inside -= 1

    async def main() -> float:
        begun = asyncio.get_running_loop().time()
        doorman.remember("a.example", seconds_ago=0)
        await asyncio.gather(*(visit() for _ in range(4)))
        return begun

    begun = asyncio.run(main())
    moments = [begun, *starts]
    assert all(later - sooner >= apart * 0.99 for sooner, later in pairwise(moments))


def test_no_more_visitors_are_inside_than_a_host_is_owed() -> None:
    """Two at a time, however many wait and however long they stay."""
    doorman = Doorman(lambda _: Manners(2))
    inside: list[int] = []
    most = 0

    async def visit(number: int) -> None:
        nonlocal most
        async with doorman.turn("a.example"):
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
    doorman = Doorman(lambda host: Manners(1, timedelta(hours=1 if host == "slow.example" else 0)))

    async def main() -> None:
        async with doorman.turn("slow.example"), asyncio.timeout(5), doorman.turn("fast.example"):
            pass

    asyncio.run(main())
