"""The time zones that a reader may pick."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from zoneinfo import available_timezones

_REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)


@lru_cache(maxsize=1)
def by_region() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Return pairs of zone and the name it is shown by, under their regions.

    Older spellings stay, because browsers still report some of them.
    """
    zones = sorted(zone for zone in available_timezones() if zone.partition("/")[0] in _REGIONS)
    return {
        region: tuple((zone, _place(zone)) for zone in run)
        for region, run in groupby(zones, key=lambda zone: zone.partition("/")[0])
    }


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Return every zone that the form offers."""
    return frozenset({"UTC"} | {zone for run in by_region().values() for zone, _ in run})


def _place(zone: str) -> str:
    return zone.partition("/")[2].replace("_", " ").replace("/", " – ")
