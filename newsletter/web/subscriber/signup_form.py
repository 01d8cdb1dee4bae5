"""What the sign-up form shows before anybody has typed: the same wherever it stands."""

from newsletter.models import Preferences
from newsletter.web.serving.site import Site
from newsletter.web.subscriber import next_edition, zones


def offered(site: Site) -> Preferences:
    """Return what the form is filled in with."""
    zone = site.settings.timezone
    return Preferences(hour=site.settings.send_at, timezone=zone if zone in zones.known() else "UTC")


def form_facts(site: Site, preferences: Preferences) -> dict[str, object]:
    """Return what the form needs besides its stamp."""
    return {
        "preferences": preferences,
        "first": next_edition.next_edition(preferences, site.now()),
        "regions": zones.by_region(),
        "email": "",
        "fault": "",
        "meant": None,
        "sure": "",
    }
