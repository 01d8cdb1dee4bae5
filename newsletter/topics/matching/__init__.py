"""Papers and what readers follow or mute: which are for whom."""

from newsletter.topics.matching.following import Answer, Following
from newsletter.topics.matching.headings import as_mailed
from newsletter.topics.matching.index import DayIndex, Places, holds, places

__all__ = ["Answer", "DayIndex", "Following", "Places", "as_mailed", "holds", "places"]
