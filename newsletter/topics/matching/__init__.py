"""Papers and the phrases that readers follow or mute: which hold which."""

from newsletter.topics.matching.headings import as_mailed
from newsletter.topics.matching.index import DayIndex, Places, holds, places

__all__ = ["DayIndex", "Places", "as_mailed", "holds", "places"]
