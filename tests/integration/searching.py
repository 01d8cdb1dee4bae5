"""Papers to be found, and an index of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from builders import NOON, a_sighting

from newsletter.models import Sighting
from newsletter.papers.store import PaperStore
from newsletter.search import Results, parse, search
from newsletter.search.index_store import IndexStore
from newsletter.search.refresh import Refreshed, refresh
from newsletter.settings import Settings
from newsletter.store import Store


class Library:
    """A store with papers, and the index of one data directory that follows it."""

    def __init__(self, store: Store, settings: Settings, now: datetime = NOON) -> None:
        self.store = store
        self.now = now
        self.index_store = IndexStore(settings.data_dir)

    def keep(self, *sightings: Sighting) -> None:
        """Let a poll bring papers."""
        PaperStore(self.store).absorb(sightings)

    def refresh(self) -> Refreshed:
        """Bring the index up to date."""
        done = refresh(self.store, self.index_store, self.now)
        assert done is not None
        return done

    def search(self, query: str, page: int = 1) -> Results:
        """Ask the index as it is."""
        index = self.index_store.index()
        assert index is not None
        return search(index, parse(query), page=page)

    def found(self, query: str) -> list[str]:
        """Return the ids that a query finds, the best first."""
        return [hit.paper.id for hit in self.search(query).hits]


def a_work(
    number: int, title: str, abstract: str = "", authors: Iterable[str] = (), **values: Any
) -> Sighting:
    """Return what arXiv says of a work; its number is its id."""
    name = f"2606.{number:05}"
    return a_sighting(arxiv_id=name, title=title, abstract=abstract, authors=tuple(authors), **values)
