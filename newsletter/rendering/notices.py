"""Letters: single mails to one person, each an answer to something that happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from newsletter.models import Edition, Message, Preferences
from newsletter.rendering import digest, phrasing
from newsletter.rendering.site import SiteFacts
from newsletter.rendering.templating import inert, markup, templates, untrusted

Kind = Literal["confirm", "invitation", "welcome", "already", "new-address", "move-wished", "old-address"]
"""Asking for consent, for a form and for the operator; the first mail after it; to who signs up again;
a change of address: to the new one, and to the old one before and after."""
_TO_SUBSCRIBERS = frozenset({"welcome", "already"})
"""Letters that can be left with one click, as any digest."""
_LONGEST_HEADLINE = 78


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

    `confirm` and `invitation` hold `-confirm_url-` and `-reject_url-`, good for `link_days`.
    `welcome` holds `-manage_url-` and `-unsubscribe_url-`, the latest edition
    if there is one (tailored to the reader), and `first_at`, when the first
    daily one comes (shown in the zone of the preferences). `already` holds
    the same two placeholders, `new-address` holds `-confirm_url-`,
    `move-wished` holds `-manage_url-`, `old-address` holds `-back_url-`, good
    for `link_days`. A letter says nothing that a stranger
    could have typed into the form that caused it, except in `welcome`, which
    goes to proven addresses.
    """
    preferences = preferences or Preferences()
    folder = site.templates_dir
    known = inert.facts(
        {
            "site": site,
            "preferences": preferences,
            "first_at": phrasing.appointment(first_at, preferences) if first_at else None,
            "link_days": link_days,
            "edition": None,
        }
    )
    if edition is not None and not edition.is_quiet:
        known |= digest.facts(edition, preferences, site)
    html = None
    if preferences.format == "html":
        known, html = digest.fitted(templates.mail(f"{kind}/body.html", folder), known)
    return Message(
        subject=" ".join(templates.mail(f"{kind}/subject.txt", folder).render(known).split()),
        html=html,
        text=templates.mail(f"{kind}/body.txt", folder).render(known),
        headers=_headers(kind, known["site"]),
    )


def alert(site: SiteFacts, headline: str, known: Sequence[str], todo: str) -> Message:
    """Return a mail to the operator: what happened, what is known of it, and what to do next."""
    folder = site.templates_dir
    facts = inert.facts(
        {"site": site, "headline": untrusted.line(headline, _LONGEST_HEADLINE), "known": tuple(known)}
    ) | {"todo": inert.command(todo)}  # ours, with commands to copy
    return Message(
        subject=" ".join(templates.mail("alert/subject.txt", folder).render(facts).split()),
        html=markup.for_mail(templates.mail("alert/body.html", folder).render(facts)),
        text=templates.mail("alert/body.txt", folder).render(facts),
        headers=_headers("alert", facts["site"]),
    )


def _headers(kind: str, site: SiteFacts) -> tuple[tuple[str, str], ...]:
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
        *site.unsubscribe_headers,
    )
