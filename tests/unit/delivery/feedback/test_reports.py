"""Reports of bounces: what each status means, and what strangers put into them."""

import base64
import os
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returned import ARF, OUT_OF_OFFICE, QMAIL, READ_RECEIPT, a_report, fields

from newsletter.delivery.feedback import reports
from newsletter.delivery.feedback.reports import Verdict

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


PROSE = {
    "qmail, local": (
        """\
Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <bounces@example.org>
Subject: On <ada@example.net> 552 5.2.2 quotas
""",
        GONE,
    ),
    "vpopmail": ("<ada@example.net>:\nSorry, no mailbox here by that name. vpopmail (#5.1.1)\n", GONE),
    "vpopmail, bouncing": ("<ada@example.net>:\nThis address no longer accepts mail.\n", GONE),
    "qmail, host": (
        "<ada@nosuch.example>:\nSorry, I couldn't find any host named so. (#5.1.2)\n",
        GONE,
    ),
    "qmail, given up": (
        (
            "<ada@example.net>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\n"
            "I'm not going to try again; this message has been in the queue too long.\n"
        ),
        TURNED_AWAY,
    ),
    "qmail, quota": ("<ada@example.net>:\nUser is over the quota. (#5.2.2)\n", TURNED_AWAY),
    "Exim": (
        (
            "A message that you sent could not be delivered to one or more of its\nrecipients. "
            "This is a permanent error. The following address(es) failed:\n\n"
            "  ada@example.net\n    Unrouteable address\n"
        ),
        GONE,
    ),
    "Exim, remote": (
        (
            "  ada@example.net\n    SMTP error from remote mail server after RCPT TO:<ada@example.net>:\n"
            "    host mx.example.net [192.0.2.1]: 550 unknown user\n"
        ),
        GONE,
    ),
    "Exim, expired": ("  ada@example.net\n    retry timeout exceeded: 451 come later\n", TURNED_AWAY),
    "sendmail": (
        (
            "   ----- The following addresses had permanent fatal errors -----\n<ada@example.net>\n"
            "    (reason: 550 5.1.1 <ada@example.net>... User unknown)\n\n"
            "   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n"
            ">>> DATA\n<<< 503 5.0.0 Need RCPT (recipient)\n"
        ),
        GONE,
    ),
    "Gmail": (
        (
            "Delivery to the following recipient failed permanently:\n\n     ada@example.net\n\n"
            "Technical details of permanent failure:\nGoogle tried to deliver your message, but it "
            "was rejected by the server\nfor the recipient domain example.net. "
            "The error that the other server returned was:\n"
            "550 5.1.1 <ada@example.net>: user unknown\n"
        ),
        GONE,
    ),
    "Yahoo": (
        "<ada@yahoo.com>:\n554: delivery error: dd This user doesn't have a yahoo.com account [0]\n",
        GONE,
    ),
    "a warning": (
        (
            "Your message to the following recipients is delayed; no action is required.\n\n"
            "  ada@example.net\n    host mx: 451 4.1.1 user unknown for now\n"
        ),
        NOTHING,
    ),
    "words far from any address": ("We like papers on unknown users.\n\nYours, the machine\n", NOTHING),
    "words in the copied mail": (
        "<ada@example.net>:\nno reason was given\n\nSubject: On unknown users at <ada@example.net>\n",
        NOTHING,
    ),
}


@pytest.mark.parametrize("name", PROSE)
def test_prose_is_read_where_it_stands_with_an_address(name: str) -> None:
    """As well-known servers write it; what is copied from our own mail is not theirs."""
    text, expected = PROSE[name]
    mail = f"From: MAILER-DAEMON@mx.example.net\nTo: {TO}\nSubject: failure notice\n\n{text}"
    assert reports.read(mail.encode()).verdict is expected


MIXED = """\
From: Mailer Daemon <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Delivery status notification: failed
Content-Type: multipart/{kind};boundary="107/mx"

--107/mx
Content-Type: text/plain; charset=us-ascii

An error has occurred while attempting to deliver a message for
the following list of recipients:

{words}

--107/mx
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ada@example.net
Action: failed
Status: {status}
{more}
--107/mx
Content-Type: text/rfc822-headers

Subject: On ada@example.net: user unknown
--107/mx--
"""


@pytest.mark.parametrize(
    ("status", "words", "more", "expected"),
    [
        ("5.0.0", "ada@example.net: 550 5.1.1 <ada@example.net>: User unknown", "", GONE),
        ("5.0.0", "ada@example.net: Domain does not exist", "", GONE),
        ("5.0.0", "  ada@example.net\n    Unrouteable address", "", GONE),
        ("5.0.0", "  grace@example.net\n    Unrouteable address", "", TURNED_AWAY),
        ("5.0.0", "something", "Diagnostic-Code: smtp; 550 No such user here\n", GONE),
        ("5.3.0", "something", "Diagnostic-Code: smtp; 550 5.1.1 no\n", GONE),
        ("5.0.350", "x", "Diagnostic-Code: smtp;550 5.0.350 Remote server error -> 550 5.1.1 gone\n", GONE),
        ("5.4.1", "x", "Diagnostic-Code: smtp;550 5.4.1 Recipient address rejected: Access denied\n", GONE),
        ("5.1.10", "x", "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound\n", GONE),
        ("5.4.1", "something", "Diagnostic-Code: smtp; 550 5.4.1 no answer\n", TURNED_AWAY),
        ("4.4.7", "ada@example.net: user unknown", "Diagnostic-Code: smtp; 450 unverified\n", TURNED_AWAY),
        ("4.0.0", "ada@example.net: user unknown", "", TURNED_AWAY),
        ("5.0.0", "something", "", TURNED_AWAY),
        (
            "5.1.0",
            "x",
            "Diagnostic-Code: smtp; 550 Sender address rejected: User unknown\n",
            TURNED_AWAY,
        ),
        ("5.1.1", "x", "Original-Recipient: rfc822;team@example.net\n", TURNED_AWAY),
        ("5.1.1", "x", "Original-Recipient: rfc822;Ada+2Bpapers@example.net\n", GONE),
    ],
)
@pytest.mark.parametrize("kind", ["report; report-type=delivery-status", "mixed"])
def test_a_status_that_says_nothing_is_asked_for_its_cause(
    status: str, words: str, more: str, expected: Verdict, kind: str
) -> None:
    """In the diagnostic, then in the words for people that stand with this very address."""
    mail = MIXED.format(to=TO, status=status, words=words, more=more, kind=kind)
    assert reports.read(mail.encode()).verdict is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", Verdict.COMPLAINT),
        ("fraud", Verdict.COMPLAINT),
        ("Opt-Out", Verdict.COMPLAINT),
        ("not-spam", NOTHING),
        ("auth-failure", NOTHING),
        ("", NOTHING),
    ],
)
def test_a_feedback_report_is_a_complaint_where_its_type_says_so(kind: str, expected: Verdict) -> None:
    """RFC 5965; a report on forged mail, or that something is no spam after all, is none."""
    read = reports.read(ARF.format(to=TO, kind=kind, original=TO).encode())
    assert read.verdict is expected
    assert TO in read.addressed


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ada@example.net", "ADA@Example.NET.", True),
        ("ada@example.net", "ada@mail.example.net", True),
        ("ada@example.net", "ada@notexample.net", False),
        ("ada@example.net", "grace@example.net", False),
        ("ada@example.net", "ada@example.org", False),
    ],
)
def test_a_mailbox_has_several_spellings(one: str, other: str, *, is_same: bool) -> None:
    """Servers fold case, and add the name of their host."""
    assert reports.is_same_mailbox(one, other) is is_same
    assert reports.is_same_mailbox(other, one) is is_same


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
        ("550 sorry, no mailbox here by that name", GONE),
        ("550 sorry, we do not want this", TURNED_AWAY),
        ("we use Exim 4.96.1 and 10.5.1.1", NOTHING),
        ("nothing that could be read", NOTHING),
    ],
)
def test_a_bounce_in_prose_is_understood_by_the_reply_that_it_quotes(reply: str, expected: Verdict) -> None:
    """Only from a mail system; words that many servers use are known where the reply has no status."""
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
