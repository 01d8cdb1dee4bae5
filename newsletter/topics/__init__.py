"""Papers → topics."""

from newsletter.topics.bursts import Burst, bursts
from newsletter.topics.grouping.clustering import find_topics
from newsletter.topics.keyphrases import keyphrases
from newsletter.topics.matching import DayIndex, Following, as_mailed, holds
from newsletter.topics.memory.memory import Memory
from newsletter.topics.standing import beside, find_subjects

__all__ = [
    "Burst",
    "DayIndex",
    "Following",
    "Memory",
    "as_mailed",
    "beside",
    "bursts",
    "find_subjects",
    "find_topics",
    "holds",
    "keyphrases",
]
