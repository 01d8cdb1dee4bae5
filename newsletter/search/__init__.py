"""Everything that is kept, found again by its words: an index on disk, derived from the store."""

from newsletter.search.index_store import Index, IndexFaultError, IndexStore
from newsletter.search.query import Query, parse
from newsletter.search.results import Hit, Results
from newsletter.search.searching import by_author, search

__all__ = [
    "Hit",
    "Index",
    "IndexFaultError",
    "IndexStore",
    "Query",
    "Results",
    "by_author",
    "parse",
    "search",
]
