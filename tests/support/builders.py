"""Builders of values: a test names what matters to it, the rest is unremarkable."""

from datetime import UTC, datetime
from typing import Any

from newsletter.models import Paper, Sighting

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def a_sighting(**values: Any) -> Sighting:
    """Return a sighting that an arXiv-like source made at noon."""
    number = values.get("arxiv_id", "2606.00001")
    defaults: dict[str, Any] = {
        "source": "arxiv-cs-lg",
        "observed_at": NOON,
        "url": f"https://arxiv.org/abs/{number}",
        "title": "A paper about nothing in particular",
        "arxiv_id": number,
    }
    return Sighting(**(defaults | values))


def a_paper(**values: Any) -> Paper:
    """Return a paper first seen at noon."""
    number = values.get("arxiv_id", "2606.00001")
    defaults: dict[str, Any] = {
        "id": f"arxiv:{number}",
        "arxiv_id": number,
        "title": "A paper about nothing in particular",
        "first_seen": NOON,
    }
    return Paper(**(defaults | values))
