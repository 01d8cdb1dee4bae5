"""What `/status.json` says, as numbers for Prometheus to keep."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from newsletter.models import SourceState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(report: Mapping[str, Any], delivery: Mapping[str, int]) -> bytes:
    """Return a report of the status page, and the newest delivery's totals, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Report(report, delivery))
    return generate_latest(registry)


class _Report(Collector):
    """Hands one report over; nothing is counted between two requests, since the store has it all."""

    def __init__(self, report: Mapping[str, Any], delivery: Mapping[str, int]) -> None:
        self._report = report
        self._delivery = delivery

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield each family once."""
        edition = self._report["edition"]
        yield _gauge("newsletter_edition_overdue", "1 where the last edition is missing.", edition["overdue"])
        yield _gauge("newsletter_edition_papers", "Papers in the newest edition.", edition["papers"])
        if edition["composed_at"]:
            composed = datetime.fromisoformat(edition["composed_at"]).timestamp()
            yield _gauge("newsletter_edition_composed_timestamp_seconds", "When it was composed.", composed)
        states = GaugeMetricFamily(
            "newsletter_source_state", "1 at the state a source is in.", labels=("source", "state")
        )
        papers = GaugeMetricFamily(
            "newsletter_source_papers", "Papers in its last document.", labels=("source",)
        )
        for source in self._report["sources"]:
            for state in SourceState:
                states.add_metric((source["name"], state.value), source["state"] == state.value)
            papers.add_metric((source["name"],), source["papers"])
        yield states
        yield papers
        yield _family("newsletter_subscribers", "Readers.", "status", self._report["subscribers"])
        yield _family("newsletter_delivery_recipients", "The newest edition's.", "state", self._delivery)


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


def _family(name: str, about: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family
