"""Signatures hold at who receives the mail: checked by dkimpy, over the bytes that a server took."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from free_port import free_port
from hypothesis import given
from hypothesis import strategies as st

from newsletter.cli.operations.check import find_faults
from newsletter.delivery import mailers
from newsletter.delivery.mailers.dkim import PrivateKey, SignedEnvelope, Signer
from newsletter.errors import SettingsError
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings

AT = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
SITE = SiteFacts(
    name="P",
    base_url="https://papers.example.org",
    from_="Tägliche Papiere <papers@example.org>",
    reply_to="editor@example.org",
    bounce_address="bounces@example.org",
)
LINKS = (
    ("-unsubscribe_url-", "https://papers.example.org/u/" + "tok=en" * 30),
    ("-manage_url-", "https://papers.example.org/manage/t"),
    ("-unsubscribe_mail_url-", "mailto:bounces@example.org?subject=unsubscribe%20t"),
)
ADA = Recipient.of(7, "ada@example.net", LINKS)


@cache
def a_key(kind: str) -> PrivateKey:
    """Return a key of a kind."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    return rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> str:
    """Return a private key as operators keep it."""
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def a_message(
    text: str, html: str | None = None, subject: str = "Diffusion, Transformer über alles"
) -> Message:
    """Return a digest with all its headers."""
    return Message(
        subject=subject,
        html=html,
        text=text,
        headers=(
            ("List-Id", SITE.list_id),
            *SITE.unsubscribe_headers,
            ("List-Archive", "<https://papers.example.org/archive>"),
            ("Feedback-ID", "20260610:digest:list:papersexampleor"),
        ),
    )


def verifies(mail: bytes, signer: Signer) -> bool:
    """Whether a signature holds, by the key that stands in the DNS."""
    name, value = signer.record
    published = {f"{name}.".encode(): value.encode()}
    return bool(dkim.verify(mail, dnsfunc=lambda asked, timeout=5: published.get(asked)))


def signed(message: Message, signer: Signer, recipient: Recipient = ADA) -> bytes:
    """Return a mail as it leaves."""
    envelope = SignedEnvelope(message, SITE, sent_at=AT, stamp="2026-06-10", signer=signer)
    return envelope.splice(recipient)


TEXT = (
    "Papers.\n\n    a  list\twith   blanks \n.a dot\n..two dots\n.\n"
    + "long line " * 300
    + "\nLeave: -unsubscribe_url- or -manage_url-\nFrom the start\nümläute — 論文\n\n\n \n\n"
)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_mail_that_a_server_took_verifies(
    make_settings: Callable[..., Settings], kind: str, tmp_path: Path
) -> None:
    """Dots stuffed and taken out, long lines, blank lines at the end, links of one's own: each mail holds."""
    taken: list[bytes] = []

    class Keeps:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            taken.append(envelope.content)
            return "250 ok"

    key = tmp_path / "dkim.pem"
    key.write_text(pem(a_key(kind)))
    port = free_port()
    controller = Controller(Keeps(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings = make_settings(
            mailer="smtp",
            smtp_url=f"smtp://127.0.0.1:{port}",
            from_=SITE.from_,
            base_url=SITE.base_url,
            dkim_key=str(key),
        )
        people = [Recipient.of(n, f"r{n}@example.net", LINKS) for n in range(5)]
        mailer = mailers.make(settings)
        html = "<p>.</p>\n" + "<p>Papers and  papers</p>" * 500 + "<a href='-unsubscribe_url-'>Leave</a>"
        outcome = mailer.send(a_message(TEXT, html), people, request_id="2026-06-10.1.1")
        mailer.close()
    finally:
        controller.stop()
    signer = Signer.of(settings)
    assert signer is not None
    assert len(outcome.accepted) == len(taken) == 5
    assert [verifies(mail, signer) for mail in taken] == [True] * 5
    assert len({re.search(rb"bh=([^;]+)", mail)[1] for mail in taken}) == 1  # type: ignore[index]
    assert max(len(line) for mail in taken for line in mail.split(b"\r\n")) <= 998


def test_the_outbox_signs_too(make_settings: Callable[..., Settings]) -> None:
    """What can be looked at there is what would leave; a key may stand in the environment itself."""
    settings = make_settings(
        dkim_key=pem(a_key("ed25519")).replace("\n", "\\n"),
        dkim_domain="mail.example.org",
        dkim_selector="s1",
    )
    mailers.make(settings).send(a_message(TEXT), [ADA], request_id="2026-06-10.1.1")
    (file,) = settings.outbox_dir.rglob("*.eml")
    signer = Signer.of(settings)
    assert signer is not None
    assert signer.record[0] == "s1._domainkey.mail.example.org"
    assert verifies(file.read_bytes(), signer)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"From: ", b"From: Mallory <m@example.net>\r\nFrom: "),
        (b"To: ada@", b"To: eve@"),
        (b"/u/tok=en", b"/u/other="),
        (b"subject=unsubscribe%20t", b"subject=unsubscribe%20x"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"List-Id: <digest", b"List-Id: <other"),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.1"),
        (b"Papers.", b"Papers!"),
        (b"a  list", b"al ist"),
    ],
    ids=lambda value: value.decode()[:30].strip(),
)
def test_what_is_changed_on_the_way_breaks_the_signature(before: bytes, after: bytes) -> None:
    """Each header that mailbox providers act upon, and the body; the check can fail."""
    signer = Signer("example.org", "papers", a_key("ed25519"))
    mail = signed(a_message(TEXT), signer)
    assert verifies(mail, signer)
    changed = mail.replace(before, after, 1)
    assert changed != mail
    assert not verifies(changed, signer)


def test_a_second_sender_cannot_be_added() -> None:
    """From is signed once more than it is there: a program that shows the first of two shows no stranger."""
    mail = signed(a_message(TEXT), Signer("example.org", "papers", a_key("ed25519")))
    names = re.search(rb"h=([^;]+);", mail.replace(b"\r\n\t", b""))
    assert names is not None
    assert names[1].split(b":").count(b"from") == 2


def test_blanks_that_change_on_the_way_do_not() -> None:
    """Relaxed, of headers and body: folding, runs of blanks, blanks and blank lines at the end."""
    signer = Signer("example.org", "papers", a_key("ed25519"))
    mail = signed(a_message(TEXT), signer)
    harmless = mail.replace(b"a  list", b"a \t list", 1).replace(b"Subject: ", b"subject:  \r\n ", 1)
    assert verifies(harmless + b"\r\n\r\n", signer)


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
            st.sampled_from(
                ["-unsubscribe_url-", "-manage_url-", "\n", "\n.\n", " \n", "\t", "  ", "=", "x" * 90]
            ),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_every_text_verifies(pieces: list[str], has_html: bool) -> None:
    """Whatever stands beside a link, and however a body ends."""
    signer = Signer("example.org", "papers", a_key("ed25519"))
    text = "".join(pieces)
    assert verifies(signed(a_message(text, text if has_html else None), signer), signer)


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"dkim_key": "/nowhere/dkim.pem"}, "openssl genrsa"),
        ({"dkim_key": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"}, "openssl genrsa"),
        ({"dkim_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "nobody verifies"),
        ({"dkim_key": pem(a_key("ed25519")), "dkim_selector": "a b"}, "NEWSLETTER_DKIM_SELECTOR"),
        ({"dkim_key": pem(a_key("ed25519")), "from_": "P <papers@localhost>"}, "NEWSLETTER_FROM"),
    ],
    ids=["no file", "no key", "a curve that nobody knows", "selector", "domain"],
)
def test_an_unfit_key_is_told_before_the_start(
    make_settings: Callable[..., Settings], values: dict[str, str], remedy: str
) -> None:
    """By `newsletter check`, and by every mailer that would need it; the key itself is never shown."""
    settings = make_settings(**({"from_": "P <papers@example.org>"} | values))
    (fault,) = find_faults(settings)
    assert remedy in fault
    assert "PRIVATE" not in fault
    with pytest.raises(SettingsError):
        mailers.make(settings)
