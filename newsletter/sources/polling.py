"""Poll many sources at once: politely, conditionally, and with a value for everything that may happen."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from newsletter.models import Sighting, Source
from newsletter.settings import Settings
from newsletter.sources import poll_state
from newsletter.sources.faults import (
    AddressRefusedError,
    Fault,
    FaultKind,
    SourceError,
    UnreachableError,
    UnreadableError,
)
from newsletter.sources.fetching.fetch import Client, Limits
from newsletter.sources.fetching.politeness import HostLimiter, HostLimits, limits_for, owner
from newsletter.sources.fetching.resolving import Resolver
from newsletter.sources.fetching.responses import Answer
from newsletter.sources.formats.reading import Reading, read
from newsletter.sources.markup.xml_split import Problem
from newsletter.sources.poll_state import PollState


class Outcome(StrEnum):
    """What became of polling one source."""

    NEW = "new"
    """Something that was not there before."""
    REPEATED = "repeated"
    """A changed document without a new entry: other votes, another date."""
    EMPTY = "empty"
    """A readable document without entries, as on arXiv's Sundays."""
    UNCHANGED = "unchanged"
    """304, or the same bytes: nothing was read."""
    SKIPPED = "skipped"
    """Not asked: its host wants to be left alone."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Polled:
    """What one source gave to one poll."""

    source: Source
    outcome: Outcome
    memo: PollState
    """What to remember; see `SourceStore.record`."""
    sightings: tuple[Sighting, ...] = ()
    dropped: tuple[Problem, ...] = ()
    """Parts that were left out, each with its reason."""
    error: Fault | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """How the world is reached; tests and benchmarks choose their own."""

    limits: Limits = field(default_factory=Limits)
    resolver: Resolver | None = None
    """Looks names up; the machine's own resolver where None."""
    host_limits: Callable[[str], HostLimits] = limits_for


def poll(
    sources: Sequence[Source],
    memos: Mapping[str, PollState],
    settings: Settings,
    now: datetime,
    *,
    on_progress: Callable[[Polled], None] | None = None,
    network: Network | None = None,
) -> tuple[Polled, ...]:
    """Ask every enabled source, and return what each gave, in the given order.

    Nothing is stored: write the papers and `SourceStore.record` in one
    transaction. Never raises for what a source does. `on_progress` is called
    as each one ends.
    """
    wanted = [source for source in sources if source.enabled]
    if not wanted:
        return ()
    return asyncio.run(
        _poll(wanted, memos, settings, now, on_progress=on_progress, network=network or Network())
    )


async def _poll(
    sources: list[Source],
    memos: Mapping[str, PollState],
    settings: Settings,
    now: datetime,
    *,
    on_progress: Callable[[Polled], None] | None,
    network: Network,
) -> tuple[Polled, ...]:
    limiter = HostLimiter(network.host_limits)
    for memo in memos.values():
        if memo.checked_at:
            limiter.remember(_host_of(memo.url), (now - memo.checked_at).total_seconds())
    results: dict[str, Polled] = {}
    places = asyncio.Semaphore(network.limits.at_once)
    async with Client(settings, limits=network.limits, resolver=network.resolver, limiter=limiter) as client:

        async def work(queue: Iterator[Source]) -> None:
            for source in queue:
                async with places:
                    polled = await _poll_one(source, memos.get(source.name), client, now)
                results[source.name] = polled
                if on_progress:
                    on_progress(polled)

        await asyncio.gather(*(work(queue) for queue in _queues(sources, network)))
    return tuple(results[source.name] for source in sources)


def _queues(sources: list[Source], network: Network) -> Iterator[Iterator[Source]]:
    """Yield a queue for each worker: a host's sources wait for each other, not in the way of other hosts."""
    by_owner: dict[str, list[Source]] = {}
    for source in sources:
        by_owner.setdefault(_host(source), []).append(source)
    for host, theirs in by_owner.items():
        queue = iter(theirs)
        workers = min(network.host_limits(host).at_once, network.limits.at_once, len(theirs))
        yield from (queue for _ in range(workers))


def _host(source: Source) -> str:
    return owner(_host_of(source.url))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # refused with its reason when it is asked
        return ""


async def _poll_one(source: Source, known: PollState | None, client: Client, now: datetime) -> Polled:
    memo = known if known is not None and known.url == source.url else PollState()
    if memo.not_before and memo.not_before > now:
        fault = Fault(FaultKind.BUSY, memo.fault)
        return Polled(source, Outcome.SKIPPED, replace(memo, due_at=memo.not_before), error=fault)
    try:
        answer = await client.get(source.url, memo.validators, now)
        if answer.is_unchanged:
            return Polled(source, Outcome.UNCHANGED, poll_state.after_silence(memo, source, now))
        if memo.body_hash and poll_state.hash_of(source, answer.body) == memo.body_hash:
            return Polled(source, Outcome.UNCHANGED, poll_state.after_silence(memo, source, now, answer))
        reading = read(
            source, answer.body, answer.content_type, answer.url, now, cap_bytes=client.limits.body_bytes
        )
    except (AddressRefusedError, UnreachableError, UnreadableError) as error:
        return _failed(source, memo, error, now)
    return _succeeded(source, memo, answer, reading, now)


def _succeeded(source: Source, memo: PollState, answer: Answer, reading: Reading, now: datetime) -> Polled:
    after, fresh = poll_state.after_reading(memo, source, answer, reading, now)
    outcome = Outcome.NEW if fresh else Outcome.REPEATED if reading.entries else Outcome.EMPTY
    return Polled(source, outcome, after, reading.sightings, reading.dropped)


def _failed(source: Source, memo: PollState, error: SourceError, now: datetime) -> Polled:
    fault = Fault.of(error)
    pause = error.retry_after if isinstance(error, UnreachableError) else None
    return Polled(
        source, Outcome.FAILED, poll_state.after_fault(memo, source, fault, now, pause), error=fault
    )


def shards(sources: Sequence[Source], size: int = 300) -> tuple[tuple[str, ...], ...]:
    """Cut sources into tasks of about `size`, each host whole in one, so that its limits hold."""
    by_owner: dict[str, list[str]] = {}
    for source in sources:
        by_owner.setdefault(_host(source), []).append(source.name)
    result: list[list[str]] = []
    for names in by_owner.values():
        if not result or len(result[-1]) + len(names) > size:
            result.append([])
        result[-1] += names
    return tuple(map(tuple, result))
