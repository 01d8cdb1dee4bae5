"""Topics and signals make an edition: what trends, what is chosen, and why."""

from newsletter.editions.assembly.explain import explain
from newsletter.editions.assembly.tailoring import for_reader, is_quiet_for
from newsletter.editions.scoring.history import History
from newsletter.editions.scoring.trending import rank

__all__ = ["History", "explain", "for_reader", "is_quiet_for", "rank"]
