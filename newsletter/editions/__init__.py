"""Topics and signals make an edition: what trends, what is chosen, and why."""

from newsletter.editions.explain import explain
from newsletter.editions.history import History
from newsletter.editions.tailoring import for_reader, is_quiet_for
from newsletter.editions.trending import rank

__all__ = ["History", "explain", "for_reader", "is_quiet_for", "rank"]
