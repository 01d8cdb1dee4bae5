"""The index follows the store: what changed is written, what is gone is removed."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import tantivy

from newsletter.editions.store import EditionStore
from newsletter.models import Paper
from newsletter.papers.store import PaperStore
from newsletter.search import documents
from newsletter.search.index_store import IndexStore, State
from newsletter.store import Store

CHECK_EVERY = timedelta(hours=1)
"""Papers expire without a word, so the index is compared with the store."""
_AT_ONCE = 250
_HEAP_BYTES = 50_000_000
"""What the engine holds in memory before it writes a segment."""

Pace = Callable[[int, int], None]
"""Called after each lot with how many papers are written, and of how many; it may wait, or raise to stop."""


def _at_full_speed(_written: int, _of: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What was done to the index."""

    written: int = 0
    removed: int = 0
    is_rebuilt: bool = False


def refresh(
    store: Store, index_store: IndexStore, now: datetime, pace: Pace = _at_full_speed
) -> Refreshed | None:
    """Bring the index up to date; None where another process is at it.

    An index that is missing, damaged, of another layout or too far behind is
    made anew; readers keep the old one until the new one is whole. Killed at
    any moment, the next refresh does what this one did not finish. Raises
    `IndexFaultError` where the disk does not let it, and `StoreUnavailableError`.
    """
    with index_store.writing() as is_writer:
        if not is_writer:
            return None
        following = _Following(store, index_store, pace)
        state = index_store.state()
        if state and index_store.is_sound(state) and (changed := following.changed(state)) is not None:
            return following.follow(state, changed, now)
        return following.rebuild(now)


def rebuild(
    store: Store, index_store: IndexStore, now: datetime, pace: Pace = _at_full_speed
) -> Refreshed | None:
    """Make the index anew, whatever there is; None where another process is at it. Raises as `refresh`."""
    with index_store.writing() as is_writer:
        return _Following(store, index_store, pace).rebuild(now) if is_writer else None


class _Following:
    """One time of writing: the store as it was when it began, and what has been written since."""

    def __init__(self, store: Store, index_store: IndexStore, pace: Pace) -> None:
        self._papers = PaperStore(store)
        self._editions = EditionStore(store)
        self._index_store = index_store
        self._pace = pace
        # read before anything else: what changes meanwhile is written again next time, and nothing is missed
        self._revision = self._papers.revision()
        self._days = self._editions.dates()

    def changed(self, state: State) -> frozenset[str] | None:
        """Return the papers that changed since; None where that cannot be told, or an edition has gone."""
        return self._papers.changes(state.revision) if set(state.editions) <= set(self._days) else None

    def rebuild(self, now: datetime) -> Refreshed:
        """Fill a new folder and let it take the old one's place."""
        state = State(
            layout=documents.LAYOUT,
            folder=self._index_store.fresh_folder(),
            revision=self._revision,
            editions=self._days,
            checked_at=now,
        )
        writer = self._index_store.engine(state.folder).writer(_HEAP_BYTES, 1)
        written = self._write(writer, self._days, self._papers.ids(), is_new=True)
        self._close(writer, state)
        return Refreshed(len(written), is_rebuilt=True)

    def follow(self, state: State, changed: frozenset[str], now: datetime) -> Refreshed:
        """Write what is new since `state` and remove what is gone."""
        days = tuple(day for day in self._days if day not in state.editions)
        is_check_due = now - state.checked_at >= CHECK_EVERY
        if not (changed or days or is_check_due):
            return Refreshed()
        engine = self._index_store.engine(state.folder)
        gone, missing = self._compared(engine) if is_check_due else (frozenset[str](), frozenset[str]())
        writer = engine.writer(_HEAP_BYTES, 1)
        written = self._write(writer, days, changed | missing)
        gone |= self._unannounced(changed - written)
        for name in gone:
            writer.delete_documents_by_term("id", name)
        progress = {"revision": self._revision, "editions": self._days}
        checked = {"checked_at": now} if is_check_due else {}
        self._close(writer, state.model_copy(update=progress | checked))
        return Refreshed(len(written), len(gone))

    def _compared(self, engine: tantivy.Index) -> tuple[frozenset[str], frozenset[str]]:
        """Return the ids that the index holds and the store does not, and the other way round."""
        engine.reload()
        living = engine.searcher().terms_with_prefix("id", "", tantivy.Query.all_query())
        held = frozenset(name for name, _ in living)
        kept = self._papers.ids()
        return self._unannounced(held - kept), kept - held

    def _unannounced(self, ids: frozenset[str]) -> frozenset[str]:
        """Return those of `ids` that no edition keeps."""
        return ids - self._editions.announced(ids)

    def _write(
        self,
        writer: tantivy.IndexWriter,
        days: Collection[date],
        ids: frozenset[str],
        *,
        is_new: bool = False,
    ) -> frozenset[str]:
        """Write the papers that editions announced, then others; return the ids of all that were found."""
        written: set[str] = set()
        for lot in self._lots(days, ids, written):
            for paper, day in lot:
                if paper.id not in written:
                    if not is_new:
                        writer.delete_documents_by_term("id", paper.id)
                    writer.add_document(documents.document(paper, day))
                    written.add(paper.id)
            self._pace(len(written), max(len(ids), len(written)))
        return frozenset(written)

    def _lots(
        self, days: Collection[date], ids: frozenset[str], written: set[str]
    ) -> Iterator[Iterable[tuple[Paper, date | None]]]:
        for day in days:
            yield self._announced(day)
        left = sorted(ids - written)
        for start in range(0, len(left), _AT_ONCE):
            yield self._kept(left[start : start + _AT_ONCE])

    def _announced(self, day: date) -> Iterator[tuple[Paper, date]]:
        """Yield an edition's papers, as they are known now or else as it froze them."""
        edition = self._editions.get(day)
        entries = edition.entries if edition else ()
        ids = [entry.paper.id for entry in entries]
        fresh, first = self._papers.get(ids), self._editions.announced_on(ids)
        for entry in entries:
            yield fresh.get(entry.paper.id, entry.paper), first.get(entry.paper.id, day)

    def _kept(self, ids: Collection[str]) -> Iterator[tuple[Paper, date | None]]:
        days = self._editions.announced_on(ids)
        for name, paper in self._papers.get(ids).items():
            if name == paper.id:  # one that goes by another id now has been noted under that too
                yield paper, days.get(name)

    def _close(self, writer: tantivy.IndexWriter, state: State) -> None:
        writer.commit()
        writer.wait_merging_threads()
        self._index_store.keep(state)
