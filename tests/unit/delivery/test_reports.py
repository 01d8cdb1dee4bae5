"""Reports of bounces: what each status means, and what strangers put into them."""

import base64
import os
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returned import OUT_OF_OFFICE, QMAIL, READ_RECEIPT, a_report, fields

from newsletter.delivery import reports
from newsletter.delivery.reports import Verdict

TO = "bounces+token@example.org"
GONE, TURNED_AWAY, NOTHING = Verdict.GONE, Verdict.TURNED_AWAY, Verdict.NOTHING


@pytest.mark.parametrize(
    ("status", "action", "diagnostic", "expected"),
    [
        ("5.1.1", "failed", "", GONE),
        ("5.1.1 (bad destination mailbox)", "Failed", "", GONE),
        ("5.1.2", "failed", "", GONE),
        ("5.1.10", "failed", "", GONE),
        ("5.2.1", "failed", "", GONE),
        ("5.4.4", "failed", "", GONE),
        ("5.0.0", "failed", "smtp; 550 5.1.1 <ada@example.net>: User unknown", GONE),
        ("", "failed", "smtp; 550-5.1.1 The email account does not exist", GONE),
        ("5.2.2", "failed", "smtp; 552 5.2.2 mailbox full", TURNED_AWAY),
        ("5.7.1", "failed", "smtp; 550 5.7.1 blocked by policy", TURNED_AWAY),
        ("5.7.26", "failed", "smtp; 550-5.7.26 unauthenticated", TURNED_AWAY),
        ("5.1.8", "failed", "smtp; 553 5.1.8 bad sender", TURNED_AWAY),
        ("5.7.1", "failed", "smtp; 550 5.1.1 said elsewhere", TURNED_AWAY),
        ("4.4.7", "failed", "", TURNED_AWAY),
        ("5.0.0", "failed", "smtp; 554 no", TURNED_AWAY),
        ("", "failed", "", TURNED_AWAY),
        ("4.4.1", "delayed", "", NOTHING),
        ("5.1.1", "delayed", "", NOTHING),
        ("2.0.0", "delivered", "", NOTHING),
        ("2.0.0", "relayed", "", NOTHING),
        ("2.0.0", "expanded", "", NOTHING),
    ],
)
def test_a_status_tells_an_address_that_is_gone_from_a_mail_that_was_turned_away(
    status: str, action: str, diagnostic: str, expected: Verdict
) -> None:
    """Address faults are for good; full mailboxes, policies, delays and our own faults are not."""
    mail = a_report(TO, fields(status, action, diagnostic))
    assert reports.read(mail).verdict is expected


def test_the_mildest_end_of_several_recipients_counts() -> None:
    """An alias of three, one of whom has moved, is not gone; one that reached somebody did not fail."""
    gone, full, relayed = fields("5.1.1"), fields("5.2.2"), fields("2.0.0", "relayed")
    assert reports.read(a_report(TO, gone, full)).verdict is TURNED_AWAY
    assert reports.read(a_report(TO, gone, relayed)).verdict is NOTHING
    assert reports.read(a_report(TO, gone, gone)).verdict is GONE


def test_a_report_needs_no_final_recipient() -> None:
    """Whom it is about stands in the address that it came to."""
    read = reports.read(a_report(TO, "Action: failed\nStatus: 5.1.1"))
    assert (read.verdict, read.status) == (GONE, "5.1.1")
    assert TO in read.addressed


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_a_status_part_may_be_encoded(encoding: str) -> None:
    """RFC 3464 asks for seven bits and some servers encode nevertheless."""
    status = (
        b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; ad\xe4@example.net\r\n" + fields().encode()
    )
    content = {
        "base64": base64.encodebytes(status),
        "quoted-printable": status.replace(b"=", b"=3D").replace(b"\xe4", b"=E4"),
        "8bit": status,
    }[encoding]
    mail = (
        b"To: x\r\nContent-Type: multipart/report; boundary=B\r\n\r\n--B\r\n"
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: "
        + encoding.encode()
        + b"\r\n\r\n"
        + content
        + b"\r\n--B--\r\n"
    )
    assert reports.read(mail).verdict is GONE


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("550 5.1.1 <ada@example.net>: Recipient address rejected", GONE),
        ("550 #5.1.0 Address rejected.", GONE),
        ("552 5.2.2 The recipient's mailbox is full", TURNED_AWAY),
        ("550 sorry, no mailbox here by that name", TURNED_AWAY),
        ("we use Exim 4.96.1 and 10.5.1.1", NOTHING),
        ("nothing that could be read", NOTHING),
    ],
)
def test_a_bounce_in_prose_is_understood_by_the_reply_that_it_quotes(reply: str, expected: Verdict) -> None:
    """Only from a mail system, and never by guessing at its words."""
    assert reports.read(QMAIL.format(to=TO, reply=reply).encode()).verdict is expected


@pytest.mark.parametrize(
    "mail",
    [
        OUT_OF_OFFICE.format(to=TO),
        READ_RECEIPT.format(to=TO),
        QMAIL.format(to=TO, reply="550 5.1.1 x").replace("MAILER-DAEMON@example.net", "ada@example.net"),
        QMAIL.format(to=TO, reply="550 5.1.1 x").replace("failure notice", "Automatic reply: 550 5.1.1"),
        QMAIL.format(to=TO, reply="550 5.1.1 x").replace("failure notice", "=?utf-8?q?Out_of_office?="),
        "",
        "\r\n\r\n",
        "no header at all",
    ],
    ids=[
        "holiday",
        "read receipt",
        "a person",
        "automatic reply",
        "encoded holiday",
        "empty",
        "blank",
        "text",
    ],
)
def test_what_is_no_bounce_means_nothing(mail: str) -> None:
    """Whatever codes it quotes."""
    assert reports.read(mail.encode()).verdict is NOTHING


def bombs() -> dict[str, bytes]:
    """Return mails made to keep a parser busy."""
    nested = "".join(f"Content-Type: multipart/report; boundary=b{n}\n\n--b{n}\n" for n in range(20_000))
    return {
        "nested multiparts": f"To: {TO}\n{nested}".encode(),
        "ten megabytes": a_report(TO, original="A line of the original.\n" * 440_000),
        "a header of a megabyte": b"To: " + b"a" * 1_000_000 + b"\n\n",
        "folded lines": b"To: x" + b"\n " * 300_000 + b"\n\n",
        "encoded words": b"Subject: " + b"=?utf-8?q?=3D?= " * 30_000 + b"\n\n",
        "boundaries": b"Content-Type: multipart/report; boundary=x\n\n" + b"--x\n" * 120_000,
        "digits": b"From: mailer-daemon@x\n\n" + b"5." * 250_000,
        "pluses": b"To: " + b"bounces+" * 60_000 + b"\n\n",
        "groups": a_report(TO, *(["X: y"] * 60_000)),
        "no end of a word": b"Subject: =?x?b?" + b"A" * 400_000 + b"\n\n",
        "random bytes": random.Random(1).randbytes(500_000),
    }


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_costs_a_moment_and_means_no_more_than_it_says(name: str) -> None:
    """Time grows with the size and with nothing else; the largest take a tenth of a second."""
    mail = bombs()[name]
    started = time.process_time()
    read = reports.read(mail)
    assert time.process_time() - started < 0.5
    assert (read.verdict is GONE) == (name == "ten megabytes")


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(noise: bytes) -> None:
    """Put anywhere into a genuine report."""
    mail = a_report(TO)
    for at in (0, 40, 300, len(mail) // 2):
        reports.read(mail[:at] + noise + mail[at:])
    reports.read(noise + os.linesep.encode() * 2 + noise)
