"""One suite for the port: whoever implements it delivers once, and to each their own."""

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from free_port import free_port
from postfix import Postfix
from sendgrid_server import Behaviour, SendGridServer
from smtp_listener import Manners, SmtpListener

from newsletter.delivery import mailers
from newsletter.delivery.mailers.port import Mailer
from newsletter.models import Message, Recipient
from newsletter.settings import Settings

REQUEST = "2026-06-10.17.3"
MESSAGE = Message(
    subject="Diffusion, attention – and 23 more",
    html='<!doctype html><html lang="en"><body><p>r&#233;sum&#233; .</p>\n'
    '<p><a href="-unsubscribe_url-">leave</a> <a href="-manage_url-">change</a></p></body></html>',
    text="Résumé\n.\n..two dots\nFrom here\nLeave: -unsubscribe_url-\nChange: -manage_url-\n",
    headers=(
        ("List-Id", "<digest.papers.example.org>"),
        ("List-Unsubscribe", "<-unsubscribe_url->"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
)


def a_recipient(number: int, address: str = "") -> Recipient:
    """Return somebody with links of their own."""
    return Recipient.of(
        subscriber_id=number,
        address=address or f"reader{number}@example.org",
        substitutions=(
            ("-unsubscribe_url-", f"https://papers.example.org/u/t{number}"),
            ("-manage_url-", f"https://papers.example.org/manage/m{number}"),
        ),
    )


@dataclass
class Delivered:
    """A mail as its reader sees it."""

    address: str
    subject: str
    text: str
    html: str | None
    unsubscribe: str
    one_click: str


@dataclass
class Harness:
    """A mailer, and a way to look at what it delivered."""

    mailer: Mailer
    delivered: Callable[[], list[Delivered]]


def read_mail(address: str, content: bytes) -> Delivered:
    """Read a mail as a client does."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    html = mail.get_body(("html",))
    text = mail.get_body(("plain",))
    assert text is not None
    return Delivered(
        address,
        mail["Subject"],
        text.get_content().replace("\r\n", "\n"),
        html.get_content().replace("\r\n", "\n") if html else None,
        mail["List-Unsubscribe"],
        mail["List-Unsubscribe-Post"],
    )


@pytest.fixture
def site(make_settings: Callable[..., Settings]) -> Callable[..., Settings]:
    """Settings of a public site."""

    def build(**values: Any) -> Settings:
        defaults: dict[str, Any] = {
            "base_url": "https://papers.example.org",
            "from_": "Trending Papers <papers@example.org>",
        }
        return make_settings(**(defaults | values))

    return build


@pytest.fixture
def outbox(site: Callable[..., Settings]) -> Harness:
    """Files in a folder."""
    settings = site(mailer="outbox")
    folder: Path = settings.outbox_dir

    def delivered() -> list[Delivered]:
        found = sorted(folder.rglob("*.eml"))
        mails = [path.read_bytes() for path in found]
        return [read_mail(str(email.message_from_bytes(mail)["To"]), mail) for mail in mails]

    return Harness(mailers.make(settings), delivered)


class Keeper:
    """What aiosmtpd hands its mails to."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one."""
        self.mails.append((envelope.rcpt_tos[0], envelope.content))
        return "250 ok"


@pytest.fixture
def smtp(site: Callable[..., Settings]) -> Iterator[Harness]:
    """A server that takes one command at a time."""
    keeper = Keeper()
    port = free_port()
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    mailer = mailers.make(site(mailer="smtp", smtp_url=f"smtp://127.0.0.1:{port}"))
    yield Harness(mailer, lambda: [read_mail(address, content) for address, content in keeper.mails])
    mailer.close()
    controller.stop()


@pytest.fixture
def smtp_pipelined(site: Callable[..., Settings]) -> Iterator[Harness]:
    """A server that announces PIPELINING."""
    with SmtpListener(Manners()) as listener:
        mailer = mailers.make(site(mailer="smtp", smtp_url=listener.url))
        yield Harness(
            mailer, lambda: [read_mail(address, undotted(mail)) for address, mail in listener.accepted]
        )
        mailer.close()


@pytest.fixture
def smtp_postfix(site: Callable[..., Settings], postfix: Postfix) -> Iterator[Harness]:
    """A server that we did not write."""
    mailer = mailers.make(site(mailer="smtp", smtp_url=postfix.url("plain")))
    yield Harness(mailer, lambda: [read_mail(address, mail) for address, mail in postfix.mails()])
    mailer.close()


def undotted(content: bytes) -> bytes:
    """Undo what a sender does to lines that begin with a full stop (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.\.", b".", content)


@pytest.fixture
def sendgrid(site: Callable[..., Settings]) -> Iterator[Harness]:
    """SendGrid's API."""
    with SendGridServer(Behaviour()) as server:
        mailer = mailers.make(site(mailer="sendgrid", sendgrid_host=server.url, sendgrid_api_key="SG.test"))

        def delivered() -> list[Delivered]:
            return [
                read_request(request, person)
                for request in server.accepted
                for person in request["personalizations"]
            ]

        yield Harness(mailer, delivered)
        mailer.close()


def read_request(request: dict[str, Any], person: dict[str, Any]) -> Delivered:
    """Return what SendGrid makes of one personalization."""
    parts = {part["type"]: part["value"] for part in request["content"]}
    for placeholder, value in person["substitutions"].items():
        parts = {kind: text.replace(placeholder, value) for kind, text in parts.items()}
    headers = request.get("headers", {}) | person["headers"]
    return Delivered(
        person["to"][0]["email"],
        request["subject"],
        parts["text/plain"],
        parts.get("text/html"),
        headers["List-Unsubscribe"],
        headers["List-Unsubscribe-Post"],
    )


@pytest.fixture(params=["outbox", "smtp", "smtp_pipelined", "smtp_postfix", "sendgrid"])
def harness(request: pytest.FixtureRequest) -> Harness:
    """Each implementation in turn."""
    return request.getfixturevalue(request.param)


def test_each_recipient_gets_one_mail_with_links_of_their_own(harness: Harness) -> None:
    """A thousand readers share a message; nobody is left out, nobody gets another's link."""
    recipients = [a_recipient(number) for number in range(1, 101)]
    outcome = harness.mailer.send(MESSAGE, recipients, request_id=REQUEST)
    delivered = {mail.address: mail for mail in harness.delivered()}
    assert outcome.accepted == {recipient.subscriber_id for recipient in recipients}
    assert len(harness.delivered()) == len(delivered) == 100
    for number in range(1, 101):
        mail = delivered[f"reader{number}@example.org"]
        assert mail.unsubscribe == f"<https://papers.example.org/u/t{number}>"
        assert f"https://papers.example.org/u/t{number}\n" in mail.text
        assert f'"https://papers.example.org/u/t{number}"' in (mail.html or "")
        assert f"https://papers.example.org/manage/m{number}" in mail.text
    assert not outcome.refused
    assert not outcome.uncertain


def test_what_is_delivered_is_what_was_rendered(harness: Harness) -> None:
    """Accents, full stops at line starts and dashes in the subject survive the way."""
    harness.mailer.send(MESSAGE, [a_recipient(1)], request_id=REQUEST)
    (mail,) = harness.delivered()
    assert mail.subject == MESSAGE.subject
    assert mail.one_click == "List-Unsubscribe=One-Click"
    assert mail.text == (
        "Résumé\n.\n..two dots\nFrom here\nLeave: https://papers.example.org/u/t1\n"
        "Change: https://papers.example.org/manage/m1\n"
    )
    assert (mail.html or "").rstrip("\n").endswith('manage/m1">change</a></p></body></html>')


def test_a_reader_of_plain_text_gets_no_html(harness: Harness) -> None:
    """A message without HTML has one part."""
    outcome = harness.mailer.send(
        MESSAGE.model_copy(update={"html": None}), [a_recipient(1)], request_id=REQUEST
    )
    (mail,) = harness.delivered()
    assert outcome.accepted == {1}
    assert mail.html is None


def test_an_impossible_address_is_one_recipients_failure(harness: Harness) -> None:
    """The others get their mail, and the reason says whom it was about."""
    recipients = [a_recipient(1), a_recipient(2, "two@example.org, three@example.org"), a_recipient(3)]
    outcome = harness.mailer.send(MESSAGE, recipients, request_id=REQUEST)
    assert outcome.accepted == {1, 3}
    assert set(outcome.refused) == {2}
    assert "is not an address" in outcome.refused[2]
    assert sorted(mail.address for mail in harness.delivered()) == [
        "reader1@example.org",
        "reader3@example.org",
    ]


def test_an_international_domain_is_written_in_ascii(harness: Harness) -> None:
    """The local part stays as typed."""
    outcome = harness.mailer.send(MESSAGE, [a_recipient(1, "ada@bücher.example")], request_id=REQUEST)
    assert outcome.accepted == {1}
    assert [mail.address for mail in harness.delivered()] == ["ada@xn--bcher-kva.example"]


def test_nobody_to_send_to_is_nothing_to_do(harness: Harness) -> None:
    """An empty list makes no request."""
    assert harness.mailer.send(MESSAGE, [], request_id=REQUEST).accepted == frozenset()
    assert harness.delivered() == []
