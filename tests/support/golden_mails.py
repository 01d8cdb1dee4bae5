"""The mails in `tests/golden/mails`, as files, as messages and as bytes on the wire."""

from datetime import datetime
from pathlib import Path

import specimens

from newsletter.models import Message
from newsletter.rendering.mime import Envelope

FOLDER = Path(__file__).parents[1] / "golden" / "mails"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))


def html(name: str) -> str:
    """A mail's HTML part."""
    return (FOLDER / f"{name}.html").read_text("utf-8")


def message(name: str) -> Message:
    """A mail as it was rendered."""
    head, _, text = (FOLDER / f"{name}.txt").read_text("utf-8").partition("\n\n")
    (_, subject), *headers = (tuple(line.split(": ", 1)) for line in head.splitlines())
    return Message(subject=subject, html=html(name), text=text, headers=tuple(headers))


def on_the_wire(name: str, sent_at: datetime) -> bytes:
    """A mail as a mail server gets it."""
    envelope = Envelope(message(name), specimens.SITE, sent_at=sent_at, stamp="2026-11-22")
    return envelope.splice(specimens.RECIPIENT)
