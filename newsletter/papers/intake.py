"""One poll, from asking the sources to the papers it brought, kept in one transaction."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.polling import Network, Polled, poll
from newsletter.sources.store import SourceStore
from newsletter.store import Store


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What a poll brought."""

    polled: tuple[Polled, ...]
    """One for each source that was asked, in the catalog's order."""
    new_papers: int
    updated_papers: int
    """Papers known before of which something was learnt: votes, a version, another source."""
    seconds: float


def poll_into(
    store: Store,
    settings: Settings,
    now: datetime,
    names: Iterable[str] | None = None,
    *,
    dry_run: bool = False,
    on_progress: Callable[[Polled], None] | None = None,
    network: Network | None = None,
) -> IntakeReport:
    """Ask the sources called `names` (every enabled one where None), and keep what they say.

    Papers and what is remembered of the sources commit together: killed at
    any moment, the next poll brings again what this one did not keep. Two
    at once lose nothing. `dry_run` tells the same and keeps nothing. Raises
    `StoreUnavailableError`, never for what a source does.
    """
    started = time.monotonic()
    wanted = None if names is None else set(names)
    asked = [one for one in catalog.configured(settings, store) if wanted is None or one.name in wanted]
    memories = SourceStore(store)
    memos = memories.memos(source.name for source in asked)
    polled = poll(asked, memos, settings, now, on_progress=on_progress, network=network)
    sightings = [sighting for one in polled for sighting in one.sightings]
    papers = PaperStore(store)
    if dry_run:
        change = papers.weigh(sightings)
    else:
        change = papers.absorb(sightings, also=lambda pipe: memories.record(pipe, polled))
    return IntakeReport(polled, len(change.new), len(change.updated), time.monotonic() - started)
