"""What strangers wrote, made safe to set: anybody may write to a source, and sources make an edition."""

import re
from collections.abc import Iterable

from newsletter.models import Coverage, Edition, Entry, Paper, Section

_LONGEST_TITLE = 500
_LONGEST_SENTENCE = 600
_LONGEST_NAME = 80
_NAMED_AUTHORS = 4
"""How many a mail names; the others are only counted."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, breaks of lines and paragraphs, halves of characters (categories Cc, Zl, Zp, Cs)."""
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
"""Bidirectional controls: one left open turns the rest of a mail around."""
_PLACEHOLDER_END = "_url-"


def disarmed(edition: Edition) -> Edition:
    """Return the edition with its texts in one line, of a sane length, without controls and placeholders.

    The tail, which no reader sees, is left out.
    A source that could bring `-manage_url-` into a link would be handed each
    reader's token with the click.
    """
    clean = edition.model_copy(
        update={
            "sections": tuple(_section(section) for section in edition.sections),
            "also": _entries(edition.also),
            "coverage": tuple(_coverage(one) for one in edition.coverage),
            "tail": (),
        }
    )
    written = clean.model_dump_json()
    if _PLACEHOLDER_END not in written:
        return clean
    return Edition.model_validate_json(written.replace(_PLACEHOLDER_END, "_url%2D"))


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
    """Return a paper with its title, abstract and first authors (None: all of them) disarmed."""
    names = tuple(line(name, _LONGEST_NAME) for name in one.authors[:named])
    return one.model_copy(
        update={
            "title": line(one.title, _LONGEST_TITLE) or "Untitled",
            "abstract": line(one.abstract, len(one.abstract) + 1),
            "authors": names + one.authors[len(names) :],
        }
    )


def _entry(entry: Entry) -> Entry:
    said = tuple(line(sentence, _LONGEST_SENTENCE) for sentence in entry.summary[:2])
    return entry.model_copy(
        update={"paper": paper(entry.paper), "summary": said, "why": line(entry.why, _LONGEST_SENTENCE)}
    )


def _coverage(one: Coverage) -> Coverage:
    return one.model_copy(
        update={"title": line(one.title, _LONGEST_NAME), "note": line(one.note, _LONGEST_NAME)}
    )
