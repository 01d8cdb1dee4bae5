"""Everything that is kept, found again by its words: an index on disk, derived from the store."""

from newsletter.search.index_store import Cabinet, Index, IndexFaultError
from newsletter.search.query import Query, parse
from newsletter.search.results import Hit, Results
from newsletter.search.searching import by_author, search

__all__ = ["Cabinet", "Hit", "Index", "IndexFaultError", "Query", "Results", "by_author", "parse", "search"]
