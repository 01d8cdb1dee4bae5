"""SMTP: every reply is read, a recipient's failure stays theirs, and a broken line doubts one mail."""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from free_port import free_port
from smtp_listener import Manners, SmtpListener

from newsletter.delivery import mailers
from newsletter.delivery.mailers.smtp import pipeline, queue
from newsletter.delivery.mailers.smtp.mailer import Server, Smtp
from newsletter.errors import SettingsError
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings

REQUEST = "2026-06-10.17.3"
MESSAGE = Message(subject="Diffusion", html="<p>" + "papers and papers " * 2000 + "</p>", text="Papers.\n")
SITE = SiteFacts(name="P", base_url="https://papers.example.org", from_="P <papers@example.org>")
PIPELINED = ("PIPELINING", "8BITMIME")
IN_TURN = ("8BITMIME",)


def recipients(count: int) -> list[Recipient]:
    """Return so many readers."""
    return [Recipient(subscriber_id=n, address=f"reader{n}@example.org") for n in range(1, count + 1)]


@pytest.fixture
def connected() -> Iterator[Callable[..., tuple[Smtp, SmtpListener]]]:
    """Start a server with the manners told, and a mailer on it."""
    open_ones: list[tuple[Smtp, SmtpListener]] = []

    def start(
        *, connections: int = 4, mails_a_connection: int = 100, **manners: Any
    ) -> tuple[Smtp, SmtpListener]:
        listener = SmtpListener(Manners(**manners))
        listener.__enter__()
        mailer = Smtp(
            Server.read(listener.url), SITE, connections=connections, mails_a_connection=mails_a_connection
        )
        open_ones.append((mailer, listener))
        return mailer, listener

    yield start
    for mailer, listener in open_ones:
        mailer.close()
        listener.__exit__()


@pytest.mark.parametrize("extensions", [PIPELINED, IN_TURN], ids=["pipelined", "in turn"])
def test_a_refused_recipient_is_one_recipients_failure(connected: Any, extensions: tuple[str, ...]) -> None:
    """550 is for good, 452 is for now, and the mails around them arrive."""
    refused = {"reader3@example.org": "550 5.1.1 no such user", "reader5@example.org": "452 mailbox full"}
    mailer, listener = connected(extensions=extensions, refused=refused, connections=1)
    outcome = mailer.send(MESSAGE, recipients(8), request_id=REQUEST)
    assert outcome.accepted == {1, 2, 4, 6, 7, 8}
    assert outcome.refused == {3: "550 5.1.1 no such user"}
    assert outcome.deferred == {5: "452 mailbox full"}
    assert outcome.retry_after is None
    assert sorted(address for address, _ in listener.accepted) == [
        f"reader{n}@example.org" for n in (1, 2, 4, 6, 7, 8)
    ]
    assert {content.count(b"\r\n.\r\n") for _, content in listener.accepted} == {0}


def test_a_server_that_puts_everybody_off_is_left_alone_for_a_while(connected: Any) -> None:
    """Going on would only annoy it."""
    mailer, _ = connected(refused={f"reader{n}@example.org": "451 busy" for n in range(1, 4)})
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert (outcome.accepted, set(outcome.deferred)) == (frozenset(), {1, 2, 3})
    assert outcome.retry_after


def test_a_server_that_waits_for_a_mail_to_nobody_gets_none(connected: Any) -> None:
    """It asked for the content although it had refused the recipient: it is sent a lone full stop."""
    refused = {"reader2@example.org": "550 5.1.1 no such user", "reader4@example.org": "452 mailbox full"}
    mailer, listener = connected(refused=refused, takes_data_for_nobody=True, connections=1)
    outcome = mailer.send(MESSAGE, recipients(4), request_id=REQUEST)
    assert (outcome.accepted, set(outcome.refused), set(outcome.deferred)) == ({1, 3}, {2}, {4})
    assert [address for address, _ in listener.accepted] == ["reader1@example.org", "reader3@example.org"]
    assert all(content.count(b"MIME-Version") == 1 for _, content in listener.accepted)


@pytest.mark.parametrize("extensions", [PIPELINED, IN_TURN], ids=["pipelined", "in turn"])
@pytest.mark.parametrize("reply", ["421 4.7.0 try later", "503 5.5.1 what?"], ids=["goodbye", "out of step"])
def test_a_recipient_who_ends_the_connection_goes_to_the_end(
    connected: Any, extensions: tuple[str, ...], reply: str
) -> None:
    """The others are served first; after a second try that one is put off, and the sender is not in doubt."""
    mailer, listener = connected(extensions=extensions, refused={"reader1@example.org": reply}, connections=1)
    outcome = mailer.send(MESSAGE, recipients(5), request_id=REQUEST)
    assert outcome.accepted == {2, 3, 4, 5}
    assert (outcome.halt, outcome.uncertain, dict(outcome.refused)) == (None, frozenset(), {})
    assert reply in outcome.deferred[1]
    assert sum("reader1@" in command for command in listener.commands) == 2


@pytest.mark.parametrize("extensions", [PIPELINED, IN_TURN], ids=["pipelined", "in turn"])
def test_a_server_that_says_503_to_everybody_refuses_nobody(
    connected: Any, extensions: tuple[str, ...]
) -> None:
    """It is out of step with us, which says nothing about the sender: all wait."""
    mailer, listener = connected(extensions=extensions, sender_reply="503 5.5.1 AUTH first")
    outcome = mailer.send(MESSAGE, recipients(50), request_id=REQUEST)
    assert (outcome.halt, dict(outcome.refused), dict(outcome.deferred)) == (None, {}, {})
    assert outcome.retry_after
    assert listener.connections <= 8


@pytest.mark.parametrize("extensions", [PIPELINED, IN_TURN], ids=["pipelined", "in turn"])
@pytest.mark.parametrize(
    "fault",
    ["hang_up_in_data", "hang_up_after_dot", "hang_up_before_accepting"],
    ids=lambda name: name.replace("_", " "),
)
@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_breaks_doubles_nobody_and_loses_nobody_but_the_uncertain(
    connected: Any, extensions: tuple[str, ...], fault: str, seed: int
) -> None:
    """By the server's own log: who is called accepted was, who waits was not, the rest is uncertain."""
    mailer, listener = connected(extensions=extensions, seed=seed, **{fault: 0.1})
    waiting = recipients(120)
    accepted: set[int] = set()
    uncertain: set[int] = set()
    for _ in range(100):
        outcome = mailer.send(MESSAGE, waiting, request_id=REQUEST)
        accepted |= outcome.accepted
        uncertain |= outcome.uncertain
        waiting = [one for one in waiting if one.subscriber_id not in outcome.accepted | outcome.uncertain]
        if not waiting:
            break
    logged = Counter(
        int(address.removeprefix("reader").partition("@")[0]) for address, _ in listener.accepted
    )
    assert listener.hung_up > 0
    assert not waiting
    assert set(logged.values()) == {1}
    assert accepted <= set(logged)
    assert set(logged) - accepted <= uncertain
    assert accepted | uncertain == set(range(1, 121))
    assert accepted.isdisjoint(uncertain)
    assert len(uncertain) <= listener.hung_up


def test_the_mails_behind_a_broken_line_leave_on_the_next_one(connected: Any) -> None:
    """In the same call: whoever is not uncertain is accepted, the one whose envelope had left already too."""
    mailer, listener = connected(hang_up_after_dot=0.1, connections=1)
    outcome = mailer.send(MESSAGE, recipients(60), request_id=REQUEST)
    assert listener.hung_up > 0
    assert outcome.accepted | outcome.uncertain == set(range(1, 61))


def test_a_line_that_breaks_before_the_content_doubts_nobody(connected: Any) -> None:
    """421 after every second mail: all arrive, over as many connections as it takes."""
    mailer, listener = connected(most_mails=2, connections=2)
    outcome = mailer.send(MESSAGE, recipients(20), request_id=REQUEST)
    assert outcome.accepted == set(range(1, 21))
    assert not outcome.uncertain
    assert listener.connections >= 10


def test_connections_are_kept_between_calls_and_replaced_after_their_share(connected: Any) -> None:
    """One connection carries a hundred mails, whatever calls they come in."""
    mailer, listener = connected(connections=1, mails_a_connection=30)
    for _ in range(3):
        mailer.send(MESSAGE, recipients(10), request_id=REQUEST)
    assert listener.connections == 1
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    assert listener.connections == 2
    assert len(listener.accepted) == 31


def test_an_idle_connection_that_was_closed_is_replaced_unnoticed(connected: Any) -> None:
    """Nobody is doubted, nobody is lost."""
    mailer, listener = connected(connections=1)
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    for conversation in list(listener.open):
        listener._loop.call_soon_threadsafe(conversation.transport.close)
    while listener.open:
        pass
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert outcome.accepted == {1, 2, 3}
    assert listener.connections == 2


def test_one_write_carries_the_end_of_a_mail_and_the_next_envelope(connected: Any) -> None:
    """So a mail costs one round trip: 20 mails at 20 ms take 20 round trips and some, not 80."""
    mailer, _ = connected(connections=1, round_trip_seconds=0.02)
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    started = datetime.now(UTC)
    outcome = mailer.send(MESSAGE, recipients(20), request_id=REQUEST)
    assert len(outcome.accepted) == 20
    assert datetime.now(UTC) - started < timedelta(seconds=0.02 * 60)


def test_a_sender_who_is_refused_halts(connected: Any) -> None:
    """No recipient is at fault."""
    mailer, _ = connected(sender_reply="553 5.7.1 not your address")
    outcome = mailer.send(MESSAGE, recipients(20), request_id=REQUEST)
    assert "553 5.7.1 not your address" in (outcome.halt or "")
    assert not outcome.refused


def test_a_server_that_refuses_every_recipient_is_reported_word_by_word(connected: Any) -> None:
    """What that says about us is judged by whoever knows the whole edition."""
    refused = {one.address: "554 5.7.1 relay access denied" for one in recipients(6)}
    mailer, _ = connected(refused=refused)
    people = [*recipients(6), Recipient(subscriber_id=7, address="no address")]
    outcome = mailer.send(MESSAGE, people, request_id=REQUEST)
    assert outcome.halt is None
    assert set(outcome.refused) == {1, 2, 3, 4, 5, 6, 7}
    assert outcome.refused[1] == "554 5.7.1 relay access denied"


def test_readers_whom_we_cannot_write_to_say_nothing_about_the_sender(connected: Any) -> None:
    """Each is refused with a reason, the others get their mail, and nothing is halted."""
    people = [Recipient(subscriber_id=n, address=f"no address {n}") for n in range(1, 7)]
    mailer, _ = connected()
    outcome = mailer.send(MESSAGE, people, request_id=REQUEST)
    assert (set(outcome.refused), outcome.halt) == ({1, 2, 3, 4, 5, 6}, None)
    outcome = mailer.send(MESSAGE, [*people[1:], *recipients(1)], request_id=REQUEST)
    assert (outcome.accepted, set(outcome.refused)) == ({1}, {2, 3, 4, 5, 6})


@pytest.mark.parametrize(
    ("patience", "last_patience", "in_doubt"),
    [(0.05, 45.0, 0), (0.3, 0.05, 3)],
    ids=["before the content", "after the last byte"],
)
def test_a_server_that_falls_silent_is_left(
    connected: Any, monkeypatch: pytest.MonkeyPatch, patience: float, last_patience: float, in_doubt: int
) -> None:
    """Only the mail whose last byte has left is in doubt, on each connection that was tried."""
    mailer, listener = connected(connections=1, round_trip_seconds=0.2)
    monkeypatch.setattr(queue, "FIRST_REPLY_WITHIN_SECONDS", patience)
    monkeypatch.setattr(pipeline, "LAST_REPLY_WITHIN_SECONDS", last_patience)
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert not outcome.accepted
    assert len(outcome.uncertain) == len(listener.accepted) == in_doubt


def test_the_right_password_is_let_in_and_a_wrong_one_halts(connected: Any) -> None:
    """The message names the setting, and not the password."""
    mailer, listener = connected(user="ada", password="secret")
    assert mailer.send(MESSAGE, recipients(2), request_id=REQUEST).accepted == {1, 2}
    wrong = Smtp(Server.read(f"smtp://ada:guess@127.0.0.1:{listener.port}"), SITE)
    outcome = wrong.send(MESSAGE, recipients(2), request_id=REQUEST)
    wrong.close()
    assert "SMTP_URL" in (outcome.halt or "")
    assert "guess" not in (outcome.halt or "")


def test_a_password_does_not_travel_in_clear_to_another_machine(
    connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server elsewhere that offers no STARTTLS gets no password."""
    mailer, listener = connected(user="ada", password="secret")
    monkeypatch.setattr(Server, "is_local", property(lambda server: False))
    outcome = mailer.send(MESSAGE, recipients(2), request_id=REQUEST)
    assert "STARTTLS" in (outcome.halt or "")
    assert not any("AUTH" in command for command in listener.commands)


def test_a_local_part_beyond_ascii_needs_a_server_that_takes_it(connected: Any) -> None:
    """With SMTPUTF8 it is asked for; without, that reader is refused with a reason and the others are not."""
    people = [*recipients(1), Recipient(subscriber_id=2, address="josé@example.org")]
    mailer, listener = connected(extensions=(*PIPELINED, "SMTPUTF8"), connections=1)
    assert mailer.send(MESSAGE, people, request_id=REQUEST).accepted == {1, 2}
    assert "MAIL FROM:<papers@example.org> SMTPUTF8" in listener.commands
    mailer, listener = connected(extensions=PIPELINED, connections=1)
    outcome = mailer.send(MESSAGE, people, request_id=REQUEST)
    assert outcome.accepted == {1}
    assert "SMTPUTF8" in outcome.refused[2]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://127.0.0.1:9", "127.0.0.1:9 refuses the connection"),
        ("smtp://localhost:9", "localhost:9 refuses the connection"),
        ("smtp://mail.invalid:587", "The host mail.invalid is not known"),
    ],
    ids=["closed port", "closed port of two addresses", "unknown host"],
)
def test_a_server_that_cannot_be_reached_accepted_nothing(url: str, words: str) -> None:
    """They may all be sent again, and the reason names what to correct."""
    mailer = Smtp(Server.read(url), SITE)
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    mailer.close()
    assert (outcome.accepted, outcome.uncertain, outcome.refused) == (frozenset(), frozenset(), {})
    assert outcome.retry_after
    assert words in (outcome.reason or "")


class Injected(asyncio.Protocol):
    """A server behind somebody who adds a reply in clear to the one that agrees to TLS."""

    def __init__(self, context: ssl.SSLContext, heard: list[bytes]) -> None:
        self.context, self.heard = context, heard

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self.transport = transport
        transport.write(b"220 server\r\n")

    def data_received(self, data: bytes) -> None:
        """Offer STARTTLS, agree to it, and go on in clear."""
        self.heard.append(data)
        if data.startswith(b"EHLO"):
            self.transport.write(b"250-server\r\n250 STARTTLS\r\n")
        elif data.startswith(b"STARTTLS"):
            self.transport.write(b"220 go on\r\n250-server\r\n250 AUTH PLAIN\r\n")
            self.upgrade = asyncio.ensure_future(
                asyncio.get_running_loop().start_tls(self.transport, self, self.context, server_side=True)
            )
            self.upgrade.add_done_callback(self._encrypted)

    def _encrypted(self, upgrade: "asyncio.Future[Any]") -> None:
        if upgrade.exception() is None:
            self.transport = upgrade.result()


def test_nothing_that_came_before_the_handshake_is_believed_after_it(certificate: tuple[Path, Path]) -> None:
    """A reply that somebody on the way puts behind `220` would pass for one that came encrypted."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*certificate)
    heard: list[bytes] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = loop.create_server(lambda: Injected(serving, heard), "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result()
    port = server.sockets[0].getsockname()[1]
    mailer = Smtp(
        Server.read(f"smtp://ada:secret@localhost:{port}"),
        SITE,
        context=ssl.create_default_context(cafile=str(certificate[0])),
    )
    outcome = mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    mailer.close()
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert "goes on in clear" in (outcome.reason or "")
    assert not any(b"AUTH" in data for data in heard)
    assert not outcome.accepted


@pytest.mark.parametrize("offered", ["", "AUTH CRAM-MD5 XOAUTH2"], ids=["none", "others"])
def test_a_log_in_that_is_not_offered_halts_with_what_is(connected: Any, offered: str) -> None:
    """The user in `SMTP_URL` is told apart from one that is refused."""
    _, listener = connected(extensions=(*PIPELINED, *filter(None, [offered])))
    mailer = Smtp(Server.read(f"smtp://ada:secret@127.0.0.1:{listener.port}"), SITE)
    outcome = mailer.send(MESSAGE, recipients(2), request_id=REQUEST)
    mailer.close()
    assert (offered.removeprefix("AUTH ").replace(" ", ", ") or "offers no log-in") in (outcome.halt or "")
    assert not any("AUTH" in command for command in listener.commands)


@pytest.mark.parametrize("url", ["smtp://", "mail.example.org", "http://mail.example.org", "smtp://h:port"])
def test_an_address_that_is_none_names_the_setting(url: str) -> None:
    """And shows how one is written."""
    with pytest.raises(SettingsError, match="SMTP_URL is not a valid address"):
        Server.read(url)


def test_a_missing_address_names_the_setting(make_settings: Callable[..., Settings]) -> None:
    """It is needed for this mailer alone."""
    with pytest.raises(SettingsError, match="SMTP_URL is not set"):
        mailers.make(make_settings(mailer="smtp"))


class Keeper:
    """What aiosmtpd hands its mails to."""

    def __init__(self) -> None:
        self.secure: list[bool] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Note whether the line was encrypted."""
        self.secure.append(
            session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None
        )
        return "250 ok"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"], ids=["STARTTLS", "TLS"])
def test_the_line_is_encrypted_where_the_server_can(scheme: str, certificate: tuple[Path, Path]) -> None:
    """STARTTLS where it is offered, TLS from the first byte for smtps://; the certificate is checked."""
    cert, key = certificate
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(cert, key)
    controller = Controller(Keeper(), hostname="localhost", port=free_port(), tls_context=serving)
    trusted = ssl.create_default_context(cafile=str(cert))
    controller.start()
    with SmtpListener(Manners(), serving) as listener:
        port = listener.port if scheme == "smtps" else controller.port
        mailer = Smtp(Server.read(f"{scheme}://localhost:{port}"), SITE, context=trusted)
        stranger = Smtp(Server.read(f"{scheme}://localhost:{port}"), SITE)
        try:
            assert mailer.send(MESSAGE, recipients(2), request_id=REQUEST).accepted == {1, 2}
            assert stranger.send(MESSAGE, recipients(2), request_id=REQUEST).accepted == frozenset()
        finally:
            mailer.close()
            stranger.close()
            controller.stop()
    assert controller.handler.secure == ([True, True] if scheme == "smtp" else [])
