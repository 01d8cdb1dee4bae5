"""An edition as a mail: subject, HTML and plain text from one frozen value."""

from collections.abc import Iterator
from typing import Any

from jinja2 import Template

from newsletter.models import Edition, Entry, Message, Preferences, Section
from newsletter.rendering import coverage, inert, markup, phrasing, strangers, templates
from newsletter.rendering.site import SiteFacts

LARGEST_HTML = 90_000
"""Bytes. Gmail clips a mail near 102 KB, and the unsubscribe link with it."""
LONGEST_SUBJECT = 60
"""Characters that phones show."""


def render(edition: Edition, preferences: Preferences, site: SiteFacts) -> Message:
    """Return the mail of an edition that is already tailored to a reader.

    The placeholders `-unsubscribe_url-` and `-manage_url-` stand where
    recipients differ. What would make the HTML larger than `LARGEST_HTML` is
    left to the web edition, from the end, and counted in a line that links
    there. A reader of plain text gets no HTML part.
    """
    known = facts(edition, preferences, site)
    subject, html = _subject(known, site), None
    if preferences.format == "html":
        known, html = fitted(templates.mail("digest/body.html", site.templates_dir), known)
    return Message(
        subject=subject,
        html=html,
        text=templates.mail("digest/body.txt", site.templates_dir).render(known),
        headers=headers(edition, known["site"]),
    )


def headers(edition: Edition, site: SiteFacts) -> tuple[tuple[str, str], ...]:
    """Return the headers of list mail: RFC 2369, RFC 2919, RFC 8058 and Google's Feedback-ID."""
    return (
        ("List-Id", site.list_id),
        *site.unsubscribe_headers,
        ("List-Archive", f"<{site.url('/archive')}>"),
        ("Feedback-ID", f"{_issue(edition)}:digest:list:{site.sender_id}"),
    )


def _issue(edition: Edition) -> str:
    first = f"{edition.since:%Y%m%d}-" if edition.since else ""
    return f"{first}{edition.date:%Y%m%d}"


def facts(edition: Edition, preferences: Preferences, site: SiteFacts) -> dict[str, Any]:
    """Return what a template that carries an edition may name, every text in it inert."""
    edition, preferences, site = (
        inert.value(one) for one in (strangers.disarmed(edition), preferences, site)
    )
    return {
        "edition": edition,
        "preferences": preferences,
        "site": site,
        "total": len(edition.entries),
        "more": 0,
        "minutes": phrasing.reading_minutes(sum(_words(entry) for entry in edition.entries)),
        "coverage": coverage.sentences(edition),
        "silence": coverage.silence(edition, preferences) if edition.is_quiet else None,
        "strongest": _strongest(edition),
    }


def fitted(page: Template, known: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Set a page with as many papers as keep it within `LARGEST_HTML`; return what it shows, and the HTML."""
    edition: Edition | None = known["edition"]
    if edition is None:
        return known, markup.for_mail(page.render(known))
    kept = known["total"]
    while True:
        shown = known | {"edition": _shortened(edition, kept), "more": known["total"] - kept}
        html = markup.for_mail(page.render(shown))
        if len(html) <= LARGEST_HTML or kept == 0:
            return shown, html
        kept = min(kept - 1, kept * LARGEST_HTML // len(html))


def _subject(known: dict[str, Any], site: SiteFacts) -> str:
    """Name as many of the first topics, at most two, as a phone shows."""
    template = templates.mail("digest/subject.txt", site.templates_dir)
    subject = ""
    for labels in _fewer_labels([section.label for section in known["edition"].sections[:2]]):
        subject = " ".join(template.render(known, labels=labels).split())
        if len(subject) <= LONGEST_SUBJECT:
            return subject
    return subject[: LONGEST_SUBJECT - 1].rstrip() + "…"


def _fewer_labels(labels: list[str]) -> Iterator[list[str]]:
    yield labels
    if len(labels) > 1:
        yield labels[:1]
    words = labels[0].split() if labels else []
    for kept in range(len(words) - 1, 0, -1):
        yield [" ".join(words[:kept]) + "…"]


def _shortened(edition: Edition, kept: int) -> Edition:
    """Return an edition with its first `kept` entries in reading order; a topic left empty goes."""
    if kept >= len(edition.entries):
        return edition
    sections: list[Section] = []
    room = kept
    for section in edition.sections:
        entries = section.entries[:room]
        room -= len(entries)
        if entries:
            sections.append(section.model_copy(update={"entries": entries}))
    return edition.model_copy(update={"sections": tuple(sections), "also": edition.also[:room]})


def _words(entry: Entry) -> int:
    read = (entry.paper.title, *entry.summary, phrasing.reason(entry))
    return sum(len(text.split()) for text in read)


def _strongest(edition: Edition) -> Section | None:
    """Return the topic that stands out most from its usual share."""
    measured = [section for section in edition.sections if section.trend.ratio is not None]
    return max(measured, key=lambda section: section.trend.ratio or 0, default=None)
