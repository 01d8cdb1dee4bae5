"""SMTP against a real Postfix: what it refuses, puts off and cuts short, counted from its own mailboxes."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postfix import Postfix

from newsletter.delivery.mailers.smtp import mailer as smtp
from newsletter.delivery.mailers.smtp import queue, session
from newsletter.delivery.mailers.smtp.mailer import Server, Smtp
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts

REQUEST = "2026-06-10.17.3"
MESSAGE = Message(subject="Diffusion", html="<p>" + "papers and papers " * 200 + "</p>", text="Papers.\n")
LARGE = MESSAGE.model_copy(update={"html": "<p>" + "papers and papers " * 2000 + "</p>"})
SITE = SiteFacts(name="P", base_url="https://papers.example.org", from_="P <papers@example.org>")
BOTH = pytest.mark.parametrize("door", ["plain", "in turn"])

Open = Callable[..., Smtp]


def readers(*numbers: int) -> list[Recipient]:
    """Return readers who have a mailbox."""
    return [Recipient(subscriber_id=n, address=f"reader{n}@example.org") for n in numbers]


def strangers(*numbers: int) -> list[Recipient]:
    """Return readers whose mailbox is gone."""
    return [Recipient(subscriber_id=n, address=f"gone{n}@example.org") for n in numbers]


@pytest.fixture
def opened(postfix: Postfix, certificate: tuple[Path, Path]) -> Iterator[Open]:
    """Return a function that opens a mailer on a door."""
    found: list[Smtp] = []

    def start(door: str, scheme: str = "smtp", *, trusts: bool = True, **values: Any) -> Smtp:
        context = ssl.create_default_context(cafile=str(certificate[0]) if trusts else None)
        found.append(Smtp(Server.read(postfix.url(door, scheme)), SITE, context=context, **values))
        return found[-1]

    yield start
    for mailer in found:
        mailer.close()


@BOTH
def test_an_unknown_recipient_is_one_recipients_failure(postfix: Postfix, opened: Open, door: str) -> None:
    """Postfix keeps the transaction after it; everybody behind gets their mail on the same connection."""
    people = [*strangers(1), *readers(2, 3), *strangers(4, 5), *readers(6), *strangers(7)]
    connections = postfix.connections()
    outcome = opened(door, connections=1).send(MESSAGE, people, request_id=REQUEST)
    assert (outcome.accepted, set(outcome.refused)) == ({2, 3, 6}, {1, 4, 5, 7})
    assert all("User unknown" in why for why in outcome.refused.values())
    assert (outcome.halt, outcome.uncertain, outcome.retry_after) == (None, frozenset(), None)
    assert postfix.arrived() == {2: 1, 3: 1, 6: 1}
    assert postfix.connections() == connections + 1


def test_a_connection_that_ended_with_a_refusal_carries_the_next_call(postfix: Postfix, opened: Open) -> None:
    """No transaction is left open on it."""
    mailer = opened("plain", connections=1)
    assert set(mailer.send(MESSAGE, strangers(1), request_id=REQUEST).refused) == {1}
    outcome = mailer.send(MESSAGE, readers(2), request_id=REQUEST)
    assert (outcome.accepted, outcome.halt) == ({2}, None)
    assert postfix.arrived() == {2: 1}


@pytest.mark.parametrize("door", ["plain", "in turn", "impatient"])
def test_a_list_of_dead_addresses_costs_the_living_nothing(postfix: Postfix, opened: Open, door: str) -> None:
    """Postfix answers ever slower, then hangs up, after errors in a row: a fresh connection takes over."""
    people = [*strangers(*range(1, 41)), *readers(*range(41, 61)), *strangers(*range(61, 81))]
    outcome = opened(door, connections=2).send(MESSAGE, people, request_id=REQUEST)
    assert outcome.accepted == set(range(41, 61))
    assert set(outcome.refused) == {*range(1, 41), *range(61, 81)}
    assert not outcome.uncertain
    assert postfix.arrived() == dict.fromkeys(range(41, 61), 1)


def test_greylisted_readers_are_put_off_and_nobody_else(postfix: Postfix, opened: Open) -> None:
    """450 at RCPT."""
    people = readers(*range(10, 40))
    outcome = opened("greylisting").send(MESSAGE, people, request_id=REQUEST)
    assert set(outcome.deferred) == {14, 24, 34}
    assert all("Greylisted" in why for why in outcome.deferred.values())
    assert outcome.accepted == set(range(10, 40)) - {14, 24, 34}
    assert postfix.arrived().keys() == outcome.accepted


def test_a_rate_limit_puts_off_everybody_and_blames_nobody(postfix: Postfix, opened: Open) -> None:
    """After five mails MAIL is answered with 450: the others wait, and no more is tried in this call."""
    outcome = opened("rate limit", connections=1).send(MESSAGE, readers(*range(1, 51)), request_id=REQUEST)
    assert outcome.accepted == {1, 2, 3, 4, 5}
    assert outcome.retry_after
    assert (dict(outcome.refused), dict(outcome.deferred), outcome.halt) == ({}, {}, None)
    assert postfix.arrived().keys() == outcome.accepted
    assert postfix.log().count("too much mail from") <= 4


@pytest.mark.parametrize(
    ("door", "words"), [("bad sender", "Access denied"), ("small", "too big")], ids=["sender", "size"]
)
def test_what_no_reader_is_to_blame_for_halts(postfix: Postfix, opened: Open, door: str, words: str) -> None:
    """A sender or a size that is refused: the server's words, and nobody is refused."""
    outcome = opened(door).send(LARGE, readers(*range(1, 4)), request_id=REQUEST)
    assert words in (outcome.halt or "")
    assert (dict(outcome.refused), outcome.uncertain) == ({}, frozenset())
    assert not postfix.arrived()


def test_a_server_that_restarts_loses_nobody(postfix: Postfix, opened: Open) -> None:
    """Kept connections are dead, and new ones are made."""
    mailer = opened("plain")
    assert len(mailer.send(MESSAGE, readers(*range(1, 41)), request_id=REQUEST).accepted) == 40
    postfix.restart()
    assert len(mailer.send(MESSAGE, readers(*range(41, 81)), request_id=REQUEST).accepted) == 40
    assert postfix.arrived() == dict.fromkeys(range(1, 81), 1)


@pytest.mark.parametrize(
    ("door", "scheme"), [("starttls", "smtp"), ("must encrypt", "smtp"), ("smtps", "smtps")]
)
def test_mails_travel_encrypted(postfix: Postfix, opened: Open, door: str, scheme: str) -> None:
    """By STARTTLS and from the first byte, under a certificate of our own authority."""
    assert opened(door, scheme).send(MESSAGE, readers(1, 2, 3), request_id=REQUEST).accepted == {1, 2, 3}
    assert all(b"using TLSv1" in mail for _, mail in postfix.mails())


@pytest.mark.parametrize("spare", [0.3, 60.0], ids=["with spare connections", "on one connection"])
def test_a_slow_look_up_doubts_nobody_and_holds_one_connection(
    postfix: Postfix, opened: Open, monkeypatch: pytest.MonkeyPatch, spare: float
) -> None:
    """Postfix keeps the answer to the mail before it back for as long as it thinks about the next one."""
    monkeypatch.setattr(smtp, "SPARE_AFTER_SECONDS", spare)
    monkeypatch.setattr(queue, "FIRST_REPLY_WITHIN_SECONDS", 0.5)
    people = readers(1, 5, 2, 3, 4, 6, 7, 8, 9)
    mailer = opened("slow", connections=2)
    outcome = mailer.send(MESSAGE, people, request_id=REQUEST)
    assert outcome.accepted == set(range(1, 10))
    assert not outcome.uncertain
    order = [to for to, _ in postfix.mails()]
    assert len(set(order)) == len(order) == 9
    assert (order[-1] == "reader5@example.org") is (spare < 1)  # the others did not wait for it, or they did


def test_who_is_slow_is_tried_last_and_alone_then_put_off(
    postfix: Postfix, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others have their mail meanwhile, and the time comes when that one is given up."""
    monkeypatch.setattr(queue, "FIRST_REPLY_WITHIN_SECONDS", 0.3)
    monkeypatch.setattr(queue, "REPLY_WITHIN_SECONDS", 0.6)
    mailer = opened("slow", connections=1)
    outcome = mailer.send(MESSAGE, readers(5, 1, 2, 3), request_id=REQUEST)
    assert outcome.accepted == {1, 2, 3}
    assert "silent" in outcome.deferred[5]
    monkeypatch.setattr(queue, "REPLY_WITHIN_SECONDS", 300.0)
    outcome = mailer.send(MESSAGE, readers(5, 6, 7), request_id=REQUEST)
    assert outcome.accepted == {5, 6, 7}
    assert postfix.arrived() == dict.fromkeys((1, 2, 3, 5, 6, 7), 1)


TROUBLE = {
    "untrusted certificate": (
        "starttls",
        "smtp",
        False,
        "certificate of localhost:{port} is not trusted: self",
    ),
    "untrusted certificate, TLS": (
        "smtps",
        "smtps",
        False,
        "certificate of localhost:{port} is not trusted: self",
    ),
    "TLS on a port for STARTTLS": (
        "starttls",
        "smtps",
        True,
        "does not begin with TLS (WRONG_VERSION_NUMBER)",
    ),
    "STARTTLS on a port for TLS": ("smtps", "smtp", True, "does not greet. A port that begins with TLS"),
    "a busy server": ("busy", "smtp", True, "wants no mail for now: 450"),
}


@pytest.mark.parametrize("case", TROUBLE.values(), ids=TROUBLE.keys())
def test_who_waits_is_told_why(
    postfix: Postfix, opened: Open, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, bool, str]
) -> None:
    """In the words of the server or the library, with what to change."""
    door, scheme, trusts, words = case
    monkeypatch.setattr(session, "OPENING_REPLY_WITHIN_SECONDS", 0.5)
    outcome = opened(door, scheme, trusts=trusts).send(MESSAGE, readers(1, 2, 3), request_id=REQUEST)
    assert words.format(port=postfix.ports[door]) in (outcome.reason or "")
    assert (outcome.accepted, outcome.uncertain, outcome.halt) == (frozenset(), frozenset(), None)
    assert outcome.retry_after


def test_a_user_for_a_server_without_log_in_is_told(postfix: Postfix, certificate: tuple[Path, Path]) -> None:
    """Nothing is tried that was not offered."""
    url = postfix.url("starttls").replace("://", "://ada:secret@")
    context = ssl.create_default_context(cafile=str(certificate[0]))
    mailer = Smtp(Server.read(url), SITE, context=context)
    outcome = mailer.send(MESSAGE, readers(1), request_id=REQUEST)
    mailer.close()
    assert "offers no log-in (AUTH)" in (outcome.halt or "")
    assert "secret" not in (outcome.halt or "")
