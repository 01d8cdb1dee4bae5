"""Mails as files: a change in what readers see is a diff that a person reads."""

import re
from collections import Counter
from datetime import UTC, datetime
from html import unescape

import pytest
import specimens

from newsletter.models import Message, SourceState
from newsletter.rendering import digest, notices, text_layout
from newsletter.rendering.mime import Envelope

FIRST = datetime(2026, 11, 23, 6, tzinfo=UTC)
MAILS = {
    "day": lambda: _digest(specimens.an_edition()),
    "hard": lambda: _digest(specimens.an_edition("hard")),
    "one-paper": lambda: _digest(
        specimens.an_edition(sections=(), also=specimens.an_edition().also[:1], candidates=12)
    ),
    "week": lambda: digest.render(
        specimens.a_week(), specimens.READER.model_copy(update={"frequency": "weekly"}), specimens.SITE
    ),
    "quiet": lambda: _digest(specimens.a_quiet_edition()),
    "broken": lambda: _digest(
        specimens.a_quiet_edition(
            coverage=tuple(
                one.model_copy(update={"state": SourceState.FAILING, "papers": 0})
                for one in specimens.COVERAGE
            )
        )
    ),
    "filtered": lambda: digest.render(
        specimens.a_quiet_edition(candidates=486),
        specimens.READER.model_copy(update={"topics": ("proteins", "diffusion"), "muted": ("survey",)}),
        specimens.SITE,
    ),
    "confirm": lambda: notices.render("confirm", specimens.SITE, preferences=specimens.READER),
    "welcome": lambda: notices.render(
        "welcome",
        specimens.SITE,
        preferences=specimens.READER,
        edition=specimens.an_edition(),
        first_at=FIRST,
    ),
    "welcome-first": lambda: notices.render(
        "welcome", specimens.SITE, preferences=specimens.READER, first_at=FIRST
    ),
    "already": lambda: notices.render("already", specimens.SITE, preferences=specimens.READER),
    "invitation": lambda: notices.render("invitation", specimens.SITE, preferences=specimens.READER),
    "move-wished": lambda: notices.render("move-wished", specimens.SITE),
    "new-address": lambda: notices.render("new-address", specimens.SITE),
    "old-address": lambda: notices.render("old-address", specimens.SITE),
    "alert": lambda: notices.alert(
        specimens.SITE,
        "The edition of 22 Nov is overdue",
        ("It was due at 06:00 and 0 of 1,204 readers have it.", "The worker was last seen at 05:41."),
        "Start a worker: celery -A workers.app worker",
    ),
}


def _digest(edition) -> Message:
    return digest.render(edition, specimens.READER, specimens.SITE)


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_reads_as_it_did(name, golden):
    """Subject, headers, text and HTML are those of the golden files."""
    message = MAILS[name]()
    head = "\n".join([f"Subject: {message.subject}", *(f"{key}: {value}" for key, value in message.headers)])
    golden(f"mails/{name}.txt", f"{head}\n\n{message.text}")
    golden(f"mails/{name}.html", f"{message.html}\n")


@pytest.mark.parametrize("name", MAILS)
def test_html_and_text_lead_to_the_same_places(name):
    """Each link of one part stands in the other, as often; rspamd gives a point where their sum is odd."""
    message = MAILS[name]()
    linked = Counter(re.findall(r'href="([^"]*)"', message.html or ""))
    written = Counter(re.findall(r"https?://[^\s)]+|-[a-z]+_url-", message.text))
    assert Counter({unescape(url): count for url, count in linked.items()}) == written


LONG = "a day of 25 papers"
LIST_HEADERS = {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Archive", "Feedback-ID"}
OF_EVERY_MAIL = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Feedback-ID"}
DIGESTS = {"day", "week", "hard", "one-paper", "quiet", "broken", "filtered", LONG}


@pytest.mark.parametrize("name", [*MAILS, LONG])
def test_a_mail_keeps_to_the_limits_of_clients_and_servers(name):
    """Sizes that Gmail shows whole, lines that servers take, each header once and readable as it stands."""
    message = _digest(specimens.a_long_edition(25)) if name == LONG else MAILS[name]()
    assert len(message.html) <= 90_000
    (style,) = re.findall(r"<style>(.*?)</style>", message.html, re.DOTALL)
    assert len(style) <= 16_384
    assert not re.search(r"@[^{}]*\{[^{}]*\{[^{}]*@", style)  # Gmail drops a block with nested rules
    assert " src=" not in message.html
    envelope = Envelope(message, specimens.SITE, sent_at=specimens.CUT_OFF, stamp="2026-11-22")
    wire = envelope.splice(specimens.RECIPIENT)
    assert wire.isascii()
    assert max(len(line) for line in wire.split(b"\r\n")) <= 998
    assert wire.count(b"\n") == wire.count(b"\r\n")
    head, _, _ = wire.partition(b"\r\n\r\n")
    names = re.findall(rb"^([A-Za-z-]+):", head, re.MULTILINE)
    assert len(names) == len(set(names))
    assert {one.decode() for one in names} >= OF_EVERY_MAIL | (LIST_HEADERS if name in DIGESTS else set())
    for line in re.findall(rb"^(?:List-|Feedback-ID).*(?:\r\n .*)*", head, re.MULTILINE):
        assert b"=?" not in line
        assert b"\n" not in line
    assert max(map(text_layout.width, _unbroken(message.text))) <= 72


def _unbroken(text: str) -> list[str]:
    """Lines that could have been broken: an address never is."""
    return [line for line in text.splitlines() if "://" not in line and "_url-" not in line] or [""]
