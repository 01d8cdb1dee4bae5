"""Letters carry exactly the links they are about, and nothing that a stranger could have typed."""

import re
from datetime import UTC, datetime

import pytest
import specimens

from newsletter.models import Preferences
from newsletter.rendering import notices
from newsletter.rendering.digest import LARGEST_HTML
from newsletter.rendering.mime import PLACEHOLDER

FIRST = datetime(2026, 11, 23, 6, tzinfo=UTC)
PLACEHOLDERS = {
    "confirm": {"-confirm_url-", "-reject_url-"},
    "invitation": {"-confirm_url-", "-reject_url-"},
    "welcome": {"-manage_url-", "-unsubscribe_url-"},
    "already": {"-manage_url-", "-unsubscribe_url-"},
    "new-address": {"-confirm_url-"},
    "move-wished": {"-manage_url-"},
    "old-address": {"-back_url-"},
}


@pytest.mark.parametrize("kind", PLACEHOLDERS)
def test_both_parts_hold_the_links_that_the_letter_is_about(kind):
    """HTML and text ask for the same placeholders, and for no others."""
    message = notices.render(kind, specimens.SITE)
    for part in (message.html or "", message.text):
        assert set(PLACEHOLDER.findall(part)) == PLACEHOLDERS[kind]
    for name in PLACEHOLDERS[kind]:
        assert f'href="{name}"' in (message.html or "")
        assert f"\n{name}\n" in message.text


@pytest.mark.parametrize("kind", PLACEHOLDERS)
def test_a_letter_says_that_a_machine_wrote_it(kind):
    """No holiday note answers it, and each header stands once."""
    headers = notices.render(kind, specimens.SITE).headers
    names = [name for name, _ in headers]
    assert ("Auto-Submitted", "auto-generated") in headers
    assert len(names) == len(set(names))


def test_only_letters_to_subscribers_can_be_left_with_one_click():
    """Who has not confirmed has nothing to unsubscribe from."""
    for kind in PLACEHOLDERS:
        headers = dict(notices.render(kind, specimens.SITE).headers)
        assert ("List-Unsubscribe" in headers) == (kind in {"welcome", "already"})
        assert ("List-Unsubscribe-Post" in headers) == ("List-Unsubscribe" in headers)


def test_a_confirmation_repeats_nothing_that_was_typed_into_the_form():
    """Who signs up somebody else cannot make us mail them a message."""
    typed = Preferences(topics=("buy gold at evil.example",), muted=("call 555",))
    message = notices.render("confirm", specimens.SITE, preferences=typed)
    for part in (message.subject, message.html or "", message.text):
        assert not re.search("gold|555", part)


def test_a_welcome_holds_the_latest_edition_whole():
    """Every paper of it is there, within the size of a digest, and the first own edition is dated."""
    edition = specimens.an_edition()
    message = notices.render(
        "welcome", specimens.SITE, preferences=specimens.READER, edition=edition, first_at=FIRST
    )
    for entry in edition.entries:
        assert f"https://arxiv.org/abs/{entry.paper.arxiv_id}" in (message.html or "")
        assert f"https://arxiv.org/abs/{entry.paper.arxiv_id}" in message.text
    assert "Monday, 23 November, around 07:00 (Europe/Berlin)" in " ".join(message.text.split())
    large = notices.render("welcome", specimens.SITE, edition=specimens.a_long_edition(50))
    assert len(large.html or "") <= LARGEST_HTML


@pytest.mark.parametrize("edition", [None, specimens.a_quiet_edition()], ids=["none", "quiet"])
def test_a_welcome_without_an_edition_names_the_hour_of_the_first(edition):
    """A new service, or a quiet day, promises no edition that is not there."""
    message = notices.render(
        "welcome", specimens.SITE, preferences=specimens.READER, edition=edition, first_at=FIRST
    )
    text = " ".join(message.text.split())
    assert "Your first edition comes on Monday, 23 November, around 07:00 (Europe/Berlin)." in text
    assert "latest edition" not in message.subject + text


def test_a_reader_of_text_gets_letters_in_text():
    """The format that was chosen holds from the first letter on."""
    preferences = Preferences(format="text")
    assert notices.render("welcome", specimens.SITE, preferences=preferences).html is None


def test_an_alert_tells_what_is_known_and_what_to_do():
    """The operator reads the facts and the next step in both parts; markup in them is shown, not obeyed."""
    message = notices.alert(
        specimens.SITE, "The edition\r\nis overdue", ["<b>0 of 1,204</b> sent."], "Start a worker."
    )
    assert message.subject == "Trending Papers: The edition is overdue"
    assert "&lt;b&gt;0 of 1,204&lt;/b&gt; sent." in (message.html or "")
    assert "<b>0 of 1,204</b> sent." in message.text
    assert "Start a worker." in message.text
    assert ("Auto-Submitted", "auto-generated") in message.headers
