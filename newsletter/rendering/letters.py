"""Letters: single mails to one person, each an answer to something that happened."""

from datetime import datetime
from typing import Any, Literal

from newsletter.models import Edition, Message, Preferences
from newsletter.rendering import digest, phrasing, templates
from newsletter.rendering.site import SiteFacts

Kind = Literal["confirm", "welcome", "already"]
"""Asking for consent; the first mail after it; telling somebody who signs up again that they are in."""
_TO_SUBSCRIBERS = frozenset({"welcome", "already"})
"""Letters to subscribers: they can be left with one click, as any digest."""


def render(
    kind: Kind,
    site: SiteFacts,
    *,
    preferences: Preferences | None = None,
    edition: Edition | None = None,
    first_at: datetime | None = None,
    link_days: int = 7,
) -> Message:
    """Return a letter; what differs between readers stands as placeholders.

    `confirm` holds `-confirm_url-` and `-reject_url-`, good for `link_days`.
    `welcome` holds `-manage_url-` and `-unsubscribe_url-`, the latest edition
    if there is one (tailored to the reader), and `first_at`, when the first
    daily one comes (shown in the zone of the preferences). `already` holds
    the same two placeholders.
    """
    preferences = preferences or Preferences()
    mails = templates.environment("email", site.templates_dir)
    known: dict[str, Any] = {
        "site": site,
        "preferences": preferences,
        "first_at": phrasing.appointment(first_at, preferences) if first_at else None,
        "link_days": link_days,
        "edition": None,
    }
    if edition is not None and not edition.is_quiet:
        known |= digest.facts(edition, preferences, site)
    html = None
    if preferences.format == "html":
        known, html = digest.fitted(mails.get_template(f"{kind}/body.html"), known)
    return Message(
        subject=" ".join(mails.get_template(f"{kind}/subject.txt").render(known).split()),
        html=html,
        text=mails.get_template(f"{kind}/body.txt").render(known),
        headers=_headers(kind, site),
    )


def _headers(kind: Kind, site: SiteFacts) -> tuple[tuple[str, str], ...]:
    """Say that a machine wrote this, so that no holiday note answers it (RFC 3834)."""
    automatic = (
        ("Auto-Submitted", "auto-generated"),
        ("Feedback-ID", f"letter:{kind}:list:{site.sender_id}"),
    )
    if kind not in _TO_SUBSCRIBERS:
        return automatic
    return (
        *automatic,
        ("List-Id", site.list_id),
        ("List-Unsubscribe", "<-unsubscribe_url->"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
