"""Poll 500 sources that have not changed, beside the naive loop.

    python tests/bench/polling.py [--sources 500] [--latency-ms 50] [--rounds 3]

Both sides ask the same loopback server (a process of its own, so that its
work is on nobody's bill), which waits before each answer, answers 304 to whoever
asks on condition and a feed of 20 papers to whoever does not. Ours is all that
one Celery task does: the message, the memories read from a real server, the
poll, the memories written back. The other side is `feedparser.parse(url)` in a
loop, which keeps no validators, so it is sent the feed each time; a third row
shows the same loop with the tag kept by hand. CPU is user and system time of
this process; the sides take turns within one run.
"""

import argparse
import asyncio
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

import feedparser
from celery import Celery

from newsletter import queue, settings, store
from newsletter.embedded import EmbeddedServer
from newsletter.models import Source
from newsletter.sources.poll_state import PollState
from newsletter.sources.polling import Outcome, poll
from newsletter.sources.store import SourceStore

ETAG = '"unchanged"'
_ENTRY = """<item><title>A paper about the number {0}</title><link>https://arxiv.org/abs/2606.{0:05}</link>
<description>arXiv:2606.{0:05}v1 Announce Type: new\nAbstract: {1}</description><category>cs.LG</category>
<guid isPermaLink="false">oai:arXiv.org:2606.{0:05}v1</guid><pubDate>Wed, 10 Jun 2026 00:00:00 -0400</pubDate>
<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ada Lovelace, Charles Babbage</dc:creator></item>"""
FEED = (
    "<rss version='2.0'><channel><title>cs.LG updates on arXiv.org</title>"
    + "".join(_ENTRY.format(number, "We count, and find that counting helps. " * 30) for number in range(20))
    + "</channel></rss>"
).encode()
FLOORS = {"CPU": 20, "wall": 50}


class Cost(NamedTuple):
    """What one side took, in seconds."""

    cpu: float
    wall: float


def serve(pipe: Connection, latency_seconds: float) -> None:
    """Answer each request after the latency: 304 where it carries the tag, a small feed where it does not."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(latency_seconds)
            if ETAG.encode() in head:
                writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode())
            else:
                head_lines = f"HTTP/1.1 200 OK\r\nETag: {ETAG}\r\nContent-Length: {len(FEED)}\r\n\r\n"
                writer.write(head_lines.encode() + FEED)
            await writer.drain()
            if b"connection: close" in head.lower():
                break
        writer.close()

    async def tolerant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(tolerant, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def measured(work: Callable[[], None]) -> Cost:
    """Return what `work` took."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def main() -> None:
    """Measure, print a table, and fail below the floors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there, asked.latency_ms / 1000), daemon=True)
    server.start()
    folder = Path(tempfile.mkdtemp(prefix="np-"))
    redis = EmbeddedServer(folder)
    redis.enter()
    try:
        ratios = compare(asked.sources, asked.rounds, here.recv(), redis, folder)
    finally:
        server.kill()
        redis.leave()
        shutil.rmtree(folder)
    too_low = [name for name, floor in FLOORS.items() if ratios[name] < floor]
    if too_low and asked.sources >= 500:
        raise SystemExit(f"below the floor: {', '.join(too_low)}")


def compare(count: int, rounds: int, port: int, server: EmbeddedServer, folder: Path) -> dict[str, float]:
    """Run all sides in turn, print what each took, and return the ratios to the naive loop."""
    ours = _our_side(count, port, server, folder)
    urls = [source.url for source in _sources(count, port)]

    def naive() -> None:
        for url in urls:
            assert len(feedparser.parse(url).entries) == 20

    def with_tag() -> None:
        for url in urls:
            assert feedparser.parse(url, etag=ETAG).status == 304

    ours()  # imports and the first connection are paid by a worker once
    sides = {
        "feedparser.parse(url)": naive,
        "feedparser.parse(url, etag=…)": with_tag,
        "one task, ours": ours,
    }
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            costs[name].append(measured(side))
    print(f"{count} sources that have not changed, median of {rounds} rounds")
    for name, taken in costs.items():
        cpu, wall = (median(values) for values in zip(*taken, strict=True))
        print(f"{name:32} CPU {cpu:7.3f} s   wall {wall:7.3f} s")
    theirs, best = costs["feedparser.parse(url)"], costs["one task, ours"]
    ratios = {
        "CPU": median(cost.cpu for cost in theirs) / median(cost.cpu for cost in best),
        "wall": median(cost.wall for cost in theirs) / median(cost.wall for cost in best),
    }
    print("; ".join(f"{name} {ratio:.0f}x less (floor {FLOORS[name]}x)" for name, ratio in ratios.items()))
    return ratios


def _sources(count: int, port: int) -> list[Source]:
    return [Source(name=f"s{number}", url=f"http://127.0.0.1:{port}/{number}") for number in range(count)]


def _our_side(count: int, port: int, server: EmbeddedServer, folder: Path) -> Callable[[], None]:
    chosen = settings.load(
        {}, directory=folder, redis_url=f"unix://{server.socket}", allow_private_sources=True, secret_key="x"
    )
    client = store.connect(chosen)
    kept = SourceStore(client)
    sources = _sources(count, port)
    for source in sources:  # as an earlier poll left them
        memo = PollState(
            url=source.url, etag=ETAG, body_hash="known", kind="feed", entries=20, known="A" * 140
        )
        client.hset("sources:memos", source.name, memo.dumps())
    app = Celery("bench", set_as_current=False)

    @app.task(name="bench.poll")  # type: ignore[untyped-decorator]  # celery ships no types
    def task(*names: str) -> None:
        now = datetime.now(UTC) + timedelta(hours=1)
        polled = poll([one for one in sources if one.name in set(names)], kept.memos(names), chosen, now)
        assert {one.outcome for one in polled} == {Outcome.UNCHANGED}
        with client.pipeline() as pipe:
            kept.record(pipe, polled)
            pipe.execute()

    def run() -> None:
        names = [source.name for source in sources]
        queue.connect(chosen).enqueue("bench.poll", *names)
        task.apply(args=names, throw=True)

    return run


if __name__ == "__main__":
    main()
