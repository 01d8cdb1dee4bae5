"""What strangers wrote, made safe to set: anybody may write to a source, and sources make an edition."""

import re
from collections.abc import Iterable

from newsletter.models import Coverage, Edition, Entry, Paper, Section
from newsletter.rendering import phrasing

_LONGEST_TITLE = 500
_LONGEST_SENTENCE = 600
_LONGEST_NAME = 80
_NAMED_AUTHORS = 4
"""How many a mail names; the others are only counted."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, breaks of lines and paragraphs, halves of characters (categories Cc, Zl, Zp, Cs)."""
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
"""Bidirectional controls: one left open turns the rest of a mail around."""


def disarmed(edition: Edition) -> Edition:
    """Return the edition with its texts in one line, of a sane length, without controls.

    Links that are not of the web are left out, and so is the tail, which no reader sees.
    """
    return edition.model_copy(
        update={
            "sections": tuple(_section(section) for section in edition.sections),
            "also": _entries(edition.also),
            "coverage": tuple(_coverage(one) for one in edition.coverage),
            "notes": tuple(line(note, _LONGEST_SENTENCE) for note in edition.notes),
            "tail": (),
        }
    )


def line(text: str, longest: int) -> str:
    r"""Return a text as one printable line, cut with an ellipsis where it is too long.

    >>> line("a\n\u202eb\x00  c", 10), line("abcdef", 4)
    ('a b c', 'abc…')
    """
    if not text.isprintable():
        text = _TURNING.sub("", _CONTROL.sub(" ", text))
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _section(section: Section) -> Section:
    return section.model_copy(
        update={"label": line(section.label, _LONGEST_NAME), "entries": _entries(section.entries)}
    )


def _entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(_entry(entry) for entry in entries)


def paper(one: Paper, *, named: int | None = _NAMED_AUTHORS) -> Paper:
    """Return a paper with its texts, first authors (None: all of them) and links disarmed."""
    names = tuple(line(name, _LONGEST_NAME) for name in one.authors[:named])
    return one.model_copy(
        update={
            "title": line(one.title, _LONGEST_TITLE) or "Untitled",
            "abstract": line(one.abstract, len(one.abstract) + 1),
            "authors": names + one.authors[len(names) :],
            "categories": tuple(line(name, _LONGEST_NAME) for name in one.categories),
            "doi": one.doi and line(one.doi, _LONGEST_SENTENCE),
            "arxiv_id": one.arxiv_id and line(one.arxiv_id, _LONGEST_NAME),
            "links": tuple(link for link in one.links if phrasing.is_web(link.url)),
            "mentions": tuple(mention for mention in one.mentions if phrasing.is_web(mention.url)),
        }
    )


def _entry(entry: Entry) -> Entry:
    said = tuple(line(sentence, _LONGEST_SENTENCE) for sentence in entry.summary[:2])
    reasons = tuple(
        one.model_copy(update={"detail": line(one.detail, _LONGEST_SENTENCE)}) for one in entry.reasons
    )
    why = line(entry.why, _LONGEST_SENTENCE)
    return entry.model_copy(
        update={"paper": paper(entry.paper), "summary": said, "why": why, "reasons": reasons}
    )


def _coverage(one: Coverage) -> Coverage:
    return one.model_copy(
        update={"title": line(one.title, _LONGEST_NAME), "note": line(one.note, _LONGEST_NAME)}
    )
