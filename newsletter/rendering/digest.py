"""An edition as a mail: subject, HTML and plain text from one frozen value."""

import re
from typing import Any

from jinja2 import Template

from newsletter.models import Edition, Entry, Front, Message, Preferences
from newsletter.rendering import coverage, phrasing
from newsletter.rendering.site import SiteFacts
from newsletter.rendering.templating import inert, markup, templates, untrusted

LARGEST_HTML = 90_000
"""Bytes. Gmail clips a mail near 102 KB, and the unsubscribe link with it."""
LONGEST_SUBJECT = 60
"""Characters that phones show."""
_FORMULA = re.compile(r"\$([^$]+)\$")
"""The signs around TeX's formulas, which spam filters take for a currency in a subject."""
_LONGEST_TOPIC = 24
"""Characters of a topic in a subject; the rest is the title's."""


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
        inert.value(one) for one in (untrusted.disarmed(edition), preferences, site)
    )
    front = edition.front
    return {
        "edition": edition,
        "preferences": preferences,
        "site": site,
        "total": len(edition.entries),
        "more": 0,
        "minutes": phrasing.reading_minutes(_words(front)),
        "coverage": coverage.sentences(edition),
        "silence": coverage.silence(edition, preferences) if edition.is_quiet else None,
        "topic": next(iter((*front.sections, *front.topics.values())), None),
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
    """Name the top paper and the top topic, the paper's title as far as a phone shows it."""
    template = templates.mail("digest/subject.txt", site.templates_dir)
    edition: Edition = known["edition"]
    title = _FORMULA.sub(r"\1", edition.front.top[0].paper.title) if not edition.is_quiet else ""
    topic = _cut(known["topic"].label, _LONGEST_TOPIC) if known["topic"] else ""

    def filled(title: str) -> str:
        return " ".join(template.render(known | {"title": title, "label": topic}).split())

    subject = filled(title)
    if title and len(subject) > LONGEST_SUBJECT:
        subject = filled(_cut(title, max(1, len(title) + LONGEST_SUBJECT - len(subject))))
    return _cut(subject, LONGEST_SUBJECT)


def _cut(text: str, longest: int) -> str:
    """Shorten a text between words, or within the first one.

    >>> _cut("flow matching at scale", 14), _cut("Attention: Why", 11), _cut("flow", 4)
    ('flow matching…', 'Attention…', 'flow')
    """
    if len(text) <= longest:
        return text
    kept = text[:longest].rpartition(" ")[0] or text[: longest - 1]
    return kept.rstrip(" ,;:.-–—") + "…"


def _shortened(edition: Edition, kept: int) -> Edition:
    """Return an edition with its first `kept` entries in reading order; a topic left empty goes."""
    if kept >= len(edition.entries):
        return edition
    names = {entry.paper.id for entry in edition.entries[:kept]}

    def left(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        return tuple(entry for entry in entries if entry.paper.id in names)

    sections = [section.model_copy(update={"entries": left(section.entries)}) for section in edition.sections]
    return edition.model_copy(
        update={
            "sections": tuple(section for section in sections if section.entries),
            "also": left(edition.also),
        }
    )


def _words(front: Front) -> int:
    """Count what is read: of the papers that are set in a line their titles."""
    told = (*front.top, *(entry for section in front.sections for entry in section.entries))
    read = [text for one in told for text in (one.paper.title, *one.summary, phrasing.reason(one))]
    return sum(len(text.split()) for text in (*read, *(one.paper.title for one in front.also)))
