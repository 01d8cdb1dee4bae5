"""Settings as operators write them: put right where that is certain, else refused in a sentence."""

from datetime import time
from email import message_from_bytes, policy
from email.utils import parseaddr
from pathlib import Path

import pytest
from builders import NOON

from newsletter.errors import SettingsError
from newsletter.models import Message, Recipient
from newsletter.rendering.mime import Envelope
from newsletter.rendering.site import SiteFacts
from newsletter.settings import load


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ('"Papers <papers@example.org>"', "Papers", "papers@example.org"),
        ("'Papers <papers@example.org>'", "Papers", "papers@example.org"),
        ('"Papers, Ltd." <papers@example.org>', "Papers, Ltd.", "papers@example.org"),
        ("Papers, Ltd. <papers@example.org>", "Papers, Ltd.", "papers@example.org"),
        ("Papers @ Lab <papers@example.org>", "Papers @ Lab", "papers@example.org"),
        ('The "Best" Papers <papers@example.org>', 'The "Best" Papers', "papers@example.org"),
        ("Papers (Lab) <papers@example.org>", "Papers (Lab)", "papers@example.org"),
        ("Bücher <papers@bücher.example>", "Bücher", "papers@xn--bcher-kva.example"),
        ("papers@bücher.example", "", "papers@xn--bcher-kva.example"),
        ("<papers@example.org>", "", "papers@example.org"),
        ("Papers <papers@localhost>", "Papers", "papers@localhost"),
    ],
)
def test_a_sender_arrives_as_it_was_meant(written: str, name: str, address: str, tmp_path: Path) -> None:
    """In the mail's From as in the envelope, which is ASCII; quotes around it are nobody's name."""
    site = SiteFacts.of(load({"NEWSLETTER_FROM": written}, directory=tmp_path))
    assert parseaddr(site.from_) == (name, address)
    assert site.sender_address.isascii()
    mail = Envelope(Message(subject="s", text="t", html=None), site, sent_at=NOON, stamp="x").splice(
        Recipient(subscriber_id=1, address="ada@example.org")
    )
    sender = message_from_bytes(mail, policy=policy.default)["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("Papers papers@example.org", "Name <papers@example.org>"),
        ("Papers", "papers@example.org"),
        ("Papers <papers>", "papers@example.org"),
        ("Papers <pa pers@example.org>", "papers@example.org"),
        ("Papers <päpers@example.org>", "ASCII"),
        ("Papers <a@example.org>, More <b@example.org>", "more than one address"),
        ("Papers <papers@example.org>\nBcc: x@example.org", "one line"),
        ("Papers <papers@exa_mple..org>", "papers@example.org"),
    ],
)
@pytest.mark.parametrize("setting", ["NEWSLETTER_FROM", "NEWSLETTER_REPLY_TO"])
def test_a_sender_that_would_not_arrive_is_refused(
    written: str, remedy: str, setting: str, tmp_path: Path
) -> None:
    """At the start, with how to write it."""
    with pytest.raises(SettingsError, match=setting) as refused:
        load({setting: written}, directory=tmp_path)
    assert remedy in str(refused.value)


@pytest.mark.parametrize("value", ['"https://papers.example.org"', "'https://papers.example.org' "])
def test_quotes_that_docker_keeps_are_taken_off_every_setting(value: str, tmp_path: Path) -> None:
    """`--env-file` hands them on."""
    assert load({"NEWSLETTER_BASE_URL": value}, directory=tmp_path).base_url == "https://papers.example.org"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("06:00", time(6)),
        ("6:30", time(6, 30)),
        ("6am", time(6)),
        ("12 AM", time(0)),
        ("12pm", time(12)),
        ("7:15 pm", time(19, 15)),
        ("7", time(7)),
        ("06:00:00", time(6)),
        ("18h30", time(18, 30)),
    ],
)
def test_a_time_of_day_is_read_as_people_write_it(written: str, meant: time, tmp_path: Path) -> None:
    """A bare hour is one, and not seconds after midnight."""
    assert load({"NEWSLETTER_CUT_OFF": written}, directory=tmp_path).cut_off == meant


@pytest.mark.parametrize("written", ["25:00", "13pm", "noon", "6:75", "-1"])
def test_what_is_no_time_of_day_is_refused_with_an_example(written: str, tmp_path: Path) -> None:
    """In words about times."""
    with pytest.raises(SettingsError, match=r"NEWSLETTER_CUT_OFF.*not a time of day.*06:00"):
        load({"NEWSLETTER_CUT_OFF": written}, directory=tmp_path)


def test_a_number_in_toml_is_no_time(tmp_path: Path) -> None:
    """`cut_off = 7` would be seven seconds after midnight."""
    (tmp_path / "newsletter.toml").write_text("cut_off = 7\n")
    with pytest.raises(SettingsError, match='write it in quotes, such as "06:00"'):
        load({}, directory=tmp_path)
    (tmp_path / "newsletter.toml").write_text("cut_off = 07:30:00\n")
    assert load({}, directory=tmp_path).cut_off == time(7, 30)


@pytest.mark.parametrize("name", ["", " ", "  \t"])
def test_a_newsletter_has_a_name(name: str, tmp_path: Path) -> None:
    """An empty one in the file is refused; an empty variable is as good as none."""
    assert load({"NEWSLETTER_NAME": name}, directory=tmp_path).name == "Trending Papers"
    (tmp_path / "newsletter.toml").write_text(f"name = '{name}'\n")
    with pytest.raises(SettingsError, match="NEWSLETTER_NAME"):
        load({}, directory=tmp_path)


def test_a_hint_names_the_documented_spelling(tmp_path: Path) -> None:
    """`PORT` stands without prefix, because platforms set it so."""
    with pytest.raises(SettingsError, match=r"Did you mean PORT\?"):
        load({"NEWSLETTER_PROT": "80"}, directory=tmp_path)
    assert load({"NEWSLETTER_PORT": "80"}, directory=tmp_path).port == 80
