"""Where sources' memories and the operator's changes to the catalog are kept.

A poll's memos are written into the pipeline that stores the papers, so
that both commit in one MULTI: a validator that was kept without its papers
would hide them for good.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from newsletter.models import Source, SourceState
from newsletter.sources import freshness
from newsletter.sources.poll_state import PollState
from newsletter.store import Key, Store, unavailable_store

if TYPE_CHECKING:
    from redis.client import Pipeline

    from newsletter.sources.polling import Polled

MEMOS = Key(
    "sources:memos", "hash", "a source's name → its memo as JSON: validators, last batch, rhythm, faults"
)
ADDED = Key("sources:added", "hash", "a source's name → the Source that the operator added, as JSON")
DISABLED = Key("sources:disabled", "set", "names of sources that the operator disabled")
KEYS = (MEMOS, ADDED, DISABLED)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What is known of a source, for lists, the coverage line, the status page and metrics."""

    source: Source
    state: SourceState
    since: datetime | None
    """Since when it is in this state, where that is known."""
    reason: str
    last_ok: datetime | None
    """The last poll that got a readable answer."""
    papers: int
    """Sightings in the last document that was read."""


class SourceStore:
    """The memories of all sources."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def memos(self, names: Iterable[str]) -> dict[str, PollState]:
        """Return what is remembered of sources, by name; one that was never polled is missing."""
        wanted = list(names)
        if not wanted:
            return {}
        with unavailable_store():
            found = cast("list[str | None]", self._store.hmget(MEMOS(), wanted))
        return {name: PollState.loads(text) for name, text in zip(wanted, found, strict=True) if text}

    def record(self, pipe: "Pipeline", polled: Iterable["Polled"]) -> None:
        """Write the memos of a poll into a pipeline; the caller commits it together with the papers."""
        memos = [part for one in polled for part in (one.source.name, one.memo.dumps())]
        if memos:
            pipe.hset(MEMOS(), items=memos)

    def due(self, sources: Sequence[Source], now: datetime) -> tuple[str, ...]:
        """Return the names of enabled sources whose next poll is due, in the given order."""
        memos = self.memos(source.name for source in sources)
        return tuple(source.name for source in sources if source.enabled and _is_due(source, memos, now))

    def health(self, sources: Sequence[Source], now: datetime) -> tuple[SourceHealth, ...]:
        """Return the state of each source, in the given order."""
        memos = self.memos(source.name for source in sources)
        return tuple(_health(source, memos.get(source.name), now) for source in sources)


def _is_due(source: Source, memos: dict[str, PollState], now: datetime) -> bool:
    memo = memos.get(source.name)
    return memo is None or memo.url != source.url or memo.due_at is None or memo.due_at <= now


def _health(source: Source, memo: PollState | None, now: datetime) -> SourceHealth:
    verdict = freshness.verdict(source, memo, now)
    is_known = memo is not None and memo.url == source.url
    return SourceHealth(
        source=source,
        state=verdict.state,
        since=verdict.since,
        reason=verdict.reason,
        last_ok=memo.ok_at if memo and is_known else None,
        papers=memo.papers if memo and is_known else 0,
    )
