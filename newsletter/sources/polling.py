"""Poll many sources at once: politely, conditionally, and with a value for everything that may happen."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from newsletter.models import Sighting, Source
from newsletter.settings import Settings
from newsletter.sources import memory
from newsletter.sources.documents import Problem
from newsletter.sources.faults import (
    AddressRefusedError,
    Fault,
    FaultKind,
    SourceError,
    UnreachableError,
    UnreadableError,
)
from newsletter.sources.fetch import Answer, Client, Limits, Resolver, Validators
from newsletter.sources.memory import Memo
from newsletter.sources.politeness import Doorman, Manners, manners_towards, owner
from newsletter.sources.reading import Reading, read


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
    memo: Memo
    """What to remember; see `SourceStore.record`."""
    sightings: tuple[Sighting, ...] = ()
    dropped: tuple[Problem, ...] = ()
    """Parts that were left out, each with its reason."""
    error: Fault | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """How the world is reached; tests and benchmarks choose their own."""

    limits: Limits = Limits()
    resolver: Resolver | None = None
    """Looks names up; the machine's own resolver where None."""
    manners: Callable[[str], Manners] = manners_towards


def poll(
    sources: Sequence[Source],
    memos: Mapping[str, Memo],
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
    return asyncio.run(_poll(wanted, memos, settings, now, on_progress, network or Network()))


async def _poll(
    sources: list[Source],
    memos: Mapping[str, Memo],
    settings: Settings,
    now: datetime,
    on_progress: Callable[[Polled], None] | None,
    network: Network,
) -> tuple[Polled, ...]:
    doorman = Doorman(network.manners)
    for memo in memos.values():
        if memo.checked_at:
            doorman.remember(urlsplit(memo.url).hostname or "", (now - memo.checked_at).total_seconds())
    places = asyncio.Semaphore(network.limits.at_once)
    async with Client(settings, limits=network.limits, resolver=network.resolver, doorman=doorman) as client:

        async def one(source: Source) -> Polled:
            async with places:
                polled = await _poll_one(source, memos.get(source.name), client, now)
            if on_progress:
                on_progress(polled)
            return polled

        return tuple(await asyncio.gather(*map(one, sources)))


async def _poll_one(source: Source, known: Memo | None, client: Client, now: datetime) -> Polled:
    memo = known if known is not None and known.url == source.url else Memo()
    if memo.not_before and memo.not_before > now:
        fault = Fault(FaultKind.BUSY, memo.fault)
        return Polled(source, Outcome.SKIPPED, replace(memo, due_at=memo.not_before), error=fault)
    try:
        answer = await client.get(source.url, memo.validators if memo.body_hash else Validators(), now)
        if answer.is_unchanged:
            return Polled(source, Outcome.UNCHANGED, memory.after_silence(memo, source, now))
        if memo.body_hash and memory.hash_of(source, answer.body) == memo.body_hash:
            return Polled(source, Outcome.UNCHANGED, memory.after_silence(memo, source, now, answer))
        reading = read(
            source, answer.body, answer.content_type, answer.url, now, cap_bytes=client.limits.body_bytes
        )
    except (AddressRefusedError, UnreachableError, UnreadableError) as error:
        return _failed(source, memo, error, now)
    return _succeeded(source, memo, answer, reading, now)


def _succeeded(source: Source, memo: Memo, answer: Answer, reading: Reading, now: datetime) -> Polled:
    after = memory.after_reading(memo, source, answer, reading, now)
    if not reading.entries:
        outcome = Outcome.EMPTY
    else:
        outcome = Outcome.NEW if memory.has_new(memo, after) else Outcome.REPEATED
    return Polled(source, outcome, after, reading.sightings, reading.dropped)


def _failed(source: Source, memo: Memo, error: SourceError, now: datetime) -> Polled:
    fault = Fault.of(error)
    pause = error.retry_after if isinstance(error, UnreachableError) else None
    return Polled(source, Outcome.FAILED, memory.after_fault(memo, source, fault, now, pause), error=fault)


def shards(sources: Sequence[Source], size: int = 300) -> tuple[tuple[str, ...], ...]:
    """Cut sources into tasks of about `size`, each host whole in one, so that its manners hold."""
    by_owner: dict[str, list[str]] = {}
    for source in sources:
        by_owner.setdefault(owner(urlsplit(source.url).hostname or ""), []).append(source.name)
    result: list[list[str]] = []
    for names in by_owner.values():
        if not result or len(result[-1]) + len(names) > size:
            result.append([])
        result[-1] += names
    return tuple(map(tuple, result))
