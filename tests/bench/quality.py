"""Adapters of the quality harnesses: they convert and call, nothing else.

python ../shared/eval/eval_dedupe.py ../shared/data/quality --adapter tests/bench/quality.py:group
"""

from datetime import UTC, datetime
from typing import Any

from newsletter.models import Sighting
from newsletter.papers import merge
from newsletter.sources import identifiers

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def group(records: list[dict[str, Any]]) -> dict[str, int]:
    """Say which records are of the same work: equal number, same work."""
    papers = merge(_sighting(record) for record in records)
    return {mention.source: number for number, paper in enumerate(papers) for mention in paper.mentions}


def _sighting(record: dict[str, Any]) -> Sighting:
    ref = record["ref"]
    work = identifiers.in_address(ref) or identifiers.in_identifier(ref) or identifiers.arxiv_number(ref)
    return Sighting(
        source=record["key"],
        observed_at=NOON,
        url=ref,
        title=record["title"],
        abstract=record["abstract"],
        authors=tuple(record["authors"]),
        arxiv_id=work.arxiv_id if work else None,
        version=work.version if work else None,
        doi=work.doi if work else None,
    )
