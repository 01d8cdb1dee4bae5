"""Who is at fault, by the words in which mail servers refuse."""

import pytest
from mailing import DAY

from newsletter.delivery.faults import Fault, fault_of, without_addresses
from newsletter.delivery.judgement import ENOUGH, reason_to_halt
from newsletter.delivery.ledger.progress import Progress

ADDRESS = [
    "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown in relay recipient table",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ada@example.net not found by SMTP address lookup",
    "550-5.2.1 The email account that you tried to reach is inactive.",
    "550 5.1.0 Domain example.net does not accept mail (nullMX)",
    "550 5.4.1 Recipient address rejected: Access denied. [x.prod.protection.outlook.com]",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "554 delivery error: dd This user doesn't have a yahoo.com account (ada@yahoo.com) [0]",
    "550 #5.1.1 ada@example.net... User unknown",
    "550 No such user here",
    "550 Unrouteable address",
    "550 sorry, no mailbox here by that name",
    "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
    "550 Unknown user",
    "550 ada@example.net recipient unknown",
    "550 The account has been disabled",
    "550 5.0.350 Remote server returned an error -> 550 5.1.1 User unknown",
]
MAILBOX = [
    "552 5.2.2 mailbox full",
    "452 4.2.2 The email account that you tried to reach is over quota",
    "552 Requested mail action aborted: exceeded storage allocation",
    "550 Mailbox for ada@example.net is full",
    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly",
    "552 5.2.2 Mail quota exceeded",
]
SENDER = [
    "554 5.7.1 <ada@example.net>: Relay access denied",
    "550 5.7.1 Sender rejected",
    "553 5.1.8 <papers@example.org>: Sender address rejected: Domain not found",
    "550 5.1.0 <papers@example.org>: Sender address rejected: User unknown in virtual mailbox table",
    "530 5.7.0 Authentication required",
    "530 Must issue a STARTTLS command first",
    "550 relay not permitted",
    "550 Relaying denied",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "550 5.7.26 This mail is unauthenticated, which poses a security risk",
    "550 SPF check failed for example.org",
    "550 DMARC policy violation",
    "550-5.7.1 DKIM signature missing",
    "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "550 Sender verify failed",
    "535 5.7.8 Error: authentication failed",
    "550 5.7.515 Access denied, sending domain EXAMPLE.ORG does not meet the required authentication level.",
    "554 Message rejected: Email address is not verified. The following identities failed the check",
    "550 Your account has been suspended",
    "554 5.7.1 Your SMTP account is temporarily blocked",
    "550 5.4.5 Daily user sending limit exceeded",
    "550 Daily sending quota exceeded",
    "550 Outgoing mail quota exceeded",
    "554 Message rejected: Sending paused for this account.",
    "451 Authentication failed: Maximum credits exceeded",
]
POLICY = [
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    "571 Message refused, your host is on a blacklist",
    "550 Administrative prohibition",
    "451 4.7.1 Try again later, policy",
    "given up after two days: 450 4.7.1 greylisted",
]


@pytest.mark.parametrize(
    ("words", "fault"),
    [(one, Fault.ADDRESS) for one in ADDRESS]
    + [(one, Fault.MAILBOX) for one in MAILBOX]
    + [(one, Fault.SENDER) for one in SENDER]
    + [(one, Fault.POLICY) for one in POLICY]
    + [
        ("552 5.3.4 Message too big", Fault.SERVER),
        ("451 4.3.0 Local error in processing", Fault.UNKNOWN),
        ("451 4.4.1 No answer from host", Fault.NETWORK),
        ("554 5.6.0 Message contains bare LF", Fault.REQUEST),
        ("554 no", Fault.UNKNOWN),
        ("Bad Request", Fault.UNKNOWN),
        ("", Fault.UNKNOWN),
    ],
)
def test_the_words_tell_who_is_at_fault(words: str, fault: Fault) -> None:
    """The enhanced status decides, prose where there is none, and a refused sender before both."""
    assert fault_of(words) is fault


def test_an_address_with_telling_words_in_it_tells_nothing() -> None:
    """A reader may be called `relay.denied` or `unknown.user`."""
    assert fault_of("550 <no.such.user@spf.example>: no") is Fault.UNKNOWN


def test_words_are_told_without_addresses() -> None:
    """Whatever brackets they stand in, and whoever's they are."""
    said = '550 <ada@example.net>, "grace"@bücher.example and (o\'neil+x@a.b): no'
    assert "@" not in without_addresses(said)
    assert without_addresses(said).endswith("no")


def after(**counts: int) -> Progress:
    """Return how far an edition of ten has come."""
    return Progress(DAY, recipients=10, **counts)


@pytest.mark.parametrize(
    ("found", "words", "named", "halts"),
    [
        (after(refused=1, refused_in_row=1), ["554 5.7.1 Relay access denied"], 1, True),
        (after(refused=1), ["554 5.7.1 Relay access denied"], 2, False),
        (after(refused=1, refused_in_row=1), ["550 5.1.1 User unknown"], 1, False),
        (after(refused=4, refused_in_row=ENOUGH - 1), ["554 no"], 1, False),
        (after(refused=5, refused_in_row=ENOUGH), ["554 no"], 1, True),
        (after(refused=5, refused_in_row=ENOUGH), ["550 5.1.1 User unknown"], 1, True),
        (after(refused=1, left=9, refused_in_row=1), ["550 5.1.1 User unknown"], 1, True),
        (after(refused=1, left=8, uncertain=1, refused_in_row=1), ["550 5.1.1 User unknown"], 1, False),
        (after(accepted=1, refused=9, refused_in_row=ENOUGH), ["550 5.1.1 User unknown"], 1, False),
        (after(accepted=1, refused=9, refused_in_row=ENOUGH), ["554 5.7.1 Relay access denied"], 1, True),
        (after(accepted=1, refused=2, refused_in_row=2), ["554 5.7.1 Relay access denied"], 1, False),
    ],
    ids=[
        *("sender refused", "others still to be tried", "one dead address", "four unclear", "five unclear"),
        *("five dead", "nobody waits", "one is uncertain", "dead after somebody", "refused since"),
        "two refused since",
    ],
)
def test_an_edition_stops_where_the_sender_is_in_doubt(
    found: Progress, words: list[str], named: int, halts: bool
) -> None:
    """A single dead address stops nothing while others are to be tried."""
    assert (reason_to_halt(found, words, named=named) is not None) is halts
