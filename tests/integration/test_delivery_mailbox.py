"""What comes back by mail: bounces are believed for their signature alone, and readers leave by mail."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pytest
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from returned import ARF, OUT_OF_OFFICE, a_report, fields
from smtp_listener import Manners, SmtpListener

from newsletter import settings as settings_module
from newsletter.delivery import mailers
from newsletter.delivery.feedback import mailbox, uncertain
from newsletter.delivery.feedback.mailbox import Taken
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import tallies
from newsletter.delivery.ledger.ledger import BatchRef, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.mailers.smtp.return_path import ReturnPath
from newsletter.delivery.reputation import SOFT_LIMIT
from newsletter.delivery.sending import links
from newsletter.delivery.sending.batches import send_batch
from newsletter.errors import InvalidInputError
from newsletter.models import Recipient, SubscriberStatus
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import keyring, signup, suppression
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SEAL, SubscriberStore

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
BOUNCES = "bounces@example.org"
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """A newsletter whose bounces are read."""
    return make_settings(bounce_address=BOUNCES)


@pytest.fixture
def frozen(store: Store, settings: Settings) -> tuple[BatchRef, list[int]]:
    """An edition that addresses five readers in one batch."""
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    return ref, ids


def return_path(settings: Settings, number: int, address: str, request_id: str = "2026-06-10.1.2") -> str:
    """Return where a mail of ours to a reader comes back to."""
    path = ReturnPath.at(BOUNCES, settings.keys)
    return path.writer(request_id)(Recipient(subscriber_id=number, address=address))


def status_of(store: Store, number: int) -> SubscriberStatus:
    """Return where a reader stands."""
    reader = SubscriberStore(store).get(number)
    assert reader is not None
    return reader.status


def test_a_mail_that_a_server_sends_back_ends_the_mailing_to_who_is_gone(
    store: Store, make_settings: Callable[..., Settings], frozen: tuple[BatchRef, list[int]]
) -> None:
    """Sent over SMTP, returned to the envelope's own sender, and read; nobody else is touched."""
    ref, ids = frozen
    with SmtpListener(Manners()) as listener:
        settings = make_settings(bounce_address=BOUNCES, mailer="smtp", smtp_url=listener.url)
        assert send_batch(store, settings, ref.day, ref.batch).accepted == 5
        mailers.make(settings).close()
        senders = [line[11:-1] for line in listener.commands if line.startswith("MAIL FROM:")]
        recipients = [address for address, _ in listener.accepted]
    assert len(set(senders)) == 5
    assert not [sender for sender in senders if "r0" in sender or len(sender.partition("@")[0]) > 64]
    returned = senders[recipients.index("r3@example.org")]
    assert mailbox.take(store, settings, a_report(returned), SEVEN) is Taken.GONE
    assert status_of(store, ids[3]) is SubscriberStatus.BOUNCED
    assert suppression.find(store, "r3@example.org") is not None
    assert [status_of(store, one) for one in ids if one != ids[3]] == [SubscriberStatus.ACTIVE] * 4
    assert tallies.totals(store, DAY) == {"bounce": 1}


def test_a_bounce_told_again_changes_nothing(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The same state, byte by byte, and folding of the local part's case on the way does no harm."""
    _, ids = frozen
    mail = a_report(return_path(settings, ids[0], "r0@example.org"))
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.GONE
    before = {name: store.dump(name) for name in store.scan_iter("*")}
    shouted = a_report(return_path(settings, ids[0], "r0@example.org").upper())
    for again in (mail, shouted):
        assert mailbox.take(store, settings, again, SEVEN + timedelta(minutes=5)) is Taken.GONE
    assert {name: store.dump(name) for name in store.scan_iter("*")} == before


def forged(settings: Settings, ids: Sequence[int]) -> dict[str, str]:
    """Return addresses that a stranger could come up with."""
    genuine = return_path(settings, ids[0], "r0@example.org")
    other = return_path(settings, ids[1], "r1@example.org")
    mac = re.compile(r"[a-z2-7]{16}(?=@)")
    return {
        "another reader's number": genuine.replace(f".{ids[0]}.", f".{ids[1]}."),
        "another reader's signature": mac.sub(lambda _: mac.findall(other)[0], genuine),
        "another request": genuine.replace("2026-06-10.1.2", "2026-06-10.1.3"),
        "a signature made up": mac.sub("a" * 16, genuine),
        "another key": ReturnPath.at(BOUNCES, ["guessed"]).writer("2026-06-10.1.2")(
            Recipient(subscriber_id=ids[0], address="r0@example.org")
        ),
        "an address that the reader left": return_path(settings, ids[0], "old@example.org"),
        "nobody": return_path(settings, 999_999_999_999, "r0@example.org"),
        "another host": genuine.replace("@example.org", "@example.org.evil.example"),
        "an edition of last year": return_path(settings, ids[0], "r0@example.org", "2025-06-10.1.2"),
        "an edition to come": return_path(settings, ids[0], "r0@example.org", "2026-07-10.1.2"),
        "a letter that was never written": return_path(settings, ids[0], "r0@example.org", "letter-77.1"),
        "no token": BOUNCES,
        "an alert": return_path(settings, 0, "r0@example.org", "alert-held.1"),
    }


@pytest.mark.parametrize("trick", forged(settings_module.load({}, secret_key="k"), [1, 2]))
def test_a_stranger_can_bounce_nobody_away(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], trick: str
) -> None:
    """Without our signature over this mail and this address nothing changes at all."""
    _, ids = frozen
    before = {name: store.dump(name) for name in store.scan_iter("*")}
    mail = a_report(forged(settings, ids)[trick], fields(recipient="r0@example.org"))
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.NOTHING
    assert {name: store.dump(name) for name in store.scan_iter("*")} == before


def test_a_holiday_note_to_a_return_path_changes_nothing(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """RFC 3834 has them sent there."""
    _, ids = frozen
    mail = OUT_OF_OFFICE.format(to=return_path(settings, ids[0], "r0@example.org")).encode()
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.NOTHING
    assert status_of(store, ids[0]) is SubscriberStatus.ACTIVE


def test_mailings_that_are_turned_away_again_and_again_end_it(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Five different mailings; the same one, tried five times, is one."""
    _, ids = frozen
    full = fields("5.2.2")

    def bounce(edition: int, attempt: int = 2) -> Taken:
        path = return_path(settings, ids[0], "r0@example.org", f"2026-06-{edition:02}.1.{attempt}")
        return mailbox.take(store, settings, a_report(path, full), SEVEN + timedelta(days=edition - 10))

    store.hset("subscribers:at:0", str(ids[0]), '["r0@example.org",7,"UTC",0,"",0]')
    for attempt in range(SOFT_LIMIT):
        assert bounce(10, attempt) is Taken.COUNTED
    for edition in range(11, 10 + SOFT_LIMIT - 1):
        assert bounce(edition) is Taken.COUNTED
    assert status_of(store, ids[0]) is SubscriberStatus.ACTIVE
    assert bounce(10 + SOFT_LIMIT) is Taken.GONE
    found = suppression.find(store, "r0@example.org")
    assert found is not None
    assert found.reason is Reason.BOUNCED


def test_an_old_bounce_does_not_undo_a_new_confirmation(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Who confirmed after that mailing can be reached again; the mailbox may still hold the old report."""
    _, ids = frozen
    store.hset("subscribers:at:0", str(ids[0]), f'["r0@example.org",7,"UTC",{int(SEVEN.timestamp())},"",9e5]')
    mail = a_report(return_path(settings, ids[0], "r0@example.org"))
    assert mailbox.take(store, settings, mail, SEVEN + timedelta(days=20)) is Taken.NOTHING


def test_a_bounce_proves_that_this_mail_was_accepted_and_no_other(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Over SMTP each mail of a request has an end of its own."""
    ref, ids = frozen

    def doubt(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        return Outcome(uncertain=frozenset(one.subscriber_id for one in recipients))

    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(doubt))
    mailbox.take(store, settings, a_report(return_path(settings, ids[2], "r2@example.org")), SEVEN)
    progress = Ledger(store).progress(DAY)
    assert (progress.accepted, progress.uncertain) == (1, 4)
    (request,) = uncertain.uncertain(store, DAY)
    assert request.mask == "uu-uu"


def test_a_reader_leaves_by_mail_before_the_next_send(
    store: Store, make_settings: Callable[..., Settings], frozen: tuple[BatchRef, list[int]]
) -> None:
    """The header of a real mail offers it beside the link, and the mail that it makes is understood."""
    ref, ids = frozen
    with SmtpListener(Manners()) as listener:
        settings = make_settings(bounce_address=BOUNCES, mailer="smtp", smtp_url=listener.url)
        send_batch(store, settings, ref.day, ref.batch)
        mailers.make(settings).close()
        content = dict(listener.accepted)["r1@example.org"]
    mail = message_from_bytes(content, policy=policy.default)
    link, by_mail = re.findall(r"<([^>]+)>", mail["List-Unsubscribe"])
    assert link.startswith("http://localhost:8000/u/")
    address, _, subject = unquote(by_mail).removeprefix("mailto:").partition("?subject=")
    assert (address.startswith("bounces+u-"), subject) == (True, "unsubscribe")
    assert len(address.partition("@")[0]) <= 64
    assert b"=?" not in content.partition(b"List-Unsubscribe:")[2].partition(b"List-")[0]
    sent = f"From: whoever@example.net\r\nTo: {address}\r\nSubject: {subject}\r\n\r\n".encode()
    publish(store, an_edition(DAY + timedelta(days=1)))
    (tomorrow,) = cohorts.freeze_due(store, settings, SEVEN + timedelta(days=1))
    assert mailbox.take(store, settings, sent, SEVEN) is Taken.LEFT
    assert mailbox.take(store, settings, sent, SEVEN) is Taken.LEFT
    assert status_of(store, ids[1]) is SubscriberStatus.UNSUBSCRIBED
    mailer = ObedientMailer()
    send_batch(store, settings, tomorrow.day, tomorrow.batch, mailer=mailer)
    assert mailer.named == [ids[0], *ids[2:]]


SUBJECTS = [
    *("unsubscribe", "", "AW: unsubscribe", "[EXTERNAL] unsubscribe", "***SPAM*** unsubscribe"),
    *("abmelden", "=?utf-8?q?D=C3=A9sabonner?=", "Re: Trending papers"),
]
TOKEN_SUBJECTS = [
    *("unsubscribe {}", "AW: unsubscribe {}", "[EXTERNAL] unsubscribe {}", "***SPAM*** unsubscribe {}"),
    *("unsubscribe+{}", "Unsubscribe  {}.", "RE: Fwd: UNSUBSCRIBE {}", "unsubscribe%20{}", "unsubscribe: {}"),
    *("=?utf-8?q?unsubscribe_{}?=", '"unsubscribe {}"'),
]


def leaving_address(store: Store, settings: Settings, number: int) -> tuple[str, str]:
    """Return the address that a reader leaves at by mail, and the token in it."""
    reader = SubscriberStore(store).get(number)
    assert reader is not None
    links_of = dict(links.of(number, reader.address, SiteFacts.of(settings), keyring.of(store, settings)))
    address = links_of[links.BY_MAIL].removeprefix("mailto:").partition("?")[0]
    return address, links_of[links.UNSUBSCRIBE].rpartition("/")[2]


@pytest.mark.parametrize("change", [str, str.upper, lambda address: f"{address}."], ids=["", "folded", "dot"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_address_that_a_mail_came_to_unsubscribes_whatever_the_subject(
    store: Store,
    settings: Settings,
    frozen: tuple[BatchRef, list[int]],
    subject: str,
    change: Callable[[str], str],
) -> None:
    """Clients and gateways put what they like in front of a subject, or send none."""
    _, ids = frozen
    address, _ = leaving_address(store, settings, ids[1])
    mail = f"From: r1@example.org\r\nTo: <{change(address)}>\r\nSubject: {subject}\r\n\r\n".encode()
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.LEFT
    expected = [SubscriberStatus.ACTIVE] * 5
    expected[1] = SubscriberStatus.UNSUBSCRIBED
    assert [status_of(store, one) for one in ids] == expected


def a_token(store: Store, settings: Settings, number: int, first: str) -> str:
    """Return a reader's token that begins so, under the first key of the store's that makes one."""
    for key in count():
        store.set(SEAL(), f"{key:064x}")
        _, token = leaving_address(store, settings, number)
        if token.startswith(first):
            return token
    raise AssertionError


@pytest.mark.parametrize("first", ["", "-", "_"])
@pytest.mark.parametrize("subject", TOKEN_SUBJECTS)
def test_a_token_is_found_anywhere_in_a_subject(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], subject: str, first: str
) -> None:
    """As the mails of before had it; whatever it begins with."""
    _, ids = frozen
    token = a_token(store, settings, ids[2], first)
    if "?q?" in subject:
        token = token.replace("_", "=5F")  # which stands for a blank there
    mail = f"From: r2@example.org\r\nTo: {BOUNCES}\r\nSubject: {subject.format(token)}\r\n\r\n".encode()
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.LEFT
    assert status_of(store, ids[2]) is SubscriberStatus.UNSUBSCRIBED


@pytest.mark.parametrize("behind", ["u-" + "a" * 34, "u-" + "a" * 48, "u-", "u-0189", "u-" + "a" * 17])
def test_an_address_with_a_token_made_up_unsubscribes_nobody(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], behind: str
) -> None:
    """Nor does it fail."""
    _, ids = frozen
    mail = f"From: r0@example.org\r\nTo: bounces+{behind}@example.org\r\nSubject: unsubscribe\r\n\r\n"
    assert mailbox.take(store, settings, mail.encode(), SEVEN) is Taken.NOTHING
    assert [status_of(store, one) for one in ids] == [SubscriberStatus.ACTIVE] * 5


@pytest.mark.parametrize("where", ["to", "original"])
def test_a_complaint_to_a_signed_return_path_suppresses_its_reader(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], where: str
) -> None:
    """And nobody else; the token may stand in the address or in what the report says of the original."""
    _, ids = frozen
    path = return_path(settings, ids[3], "r3@example.org")
    to = {"to": "abuse@example.org", "original": "papers@example.org"} | {where: path}
    mail = ARF.format(kind="abuse", **to).encode()
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.COMPLAINED
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.COMPLAINED
    assert status_of(store, ids[3]) is SubscriberStatus.COMPLAINED
    found = suppression.find(store, "r3@example.org")
    assert found is not None
    assert found.reason is Reason.COMPLAINED
    assert [status_of(store, one) for one in ids if one != ids[3]] == [SubscriberStatus.ACTIVE] * 4
    assert tallies.totals(store, DAY) == {"spamreport": 1}


def test_a_complaint_that_nobody_signed_for_changes_nothing(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Feedback loops are open to everybody."""
    _, ids = frozen
    forged_path = return_path(settings, ids[3], "r2@example.org")
    mail = ARF.format(kind="abuse", to=forged_path, original=forged_path).encode()
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.NOTHING
    assert status_of(store, ids[3]) is SubscriberStatus.ACTIVE


@pytest.mark.parametrize(
    ("recipient", "taken"),
    [
        ("R0@example.org", Taken.GONE),
        ("<r0@mx.example.org>", Taken.GONE),
        ("", Taken.GONE),
        ("member@example.org", Taken.COUNTED),
        ("r1@example.org", Taken.COUNTED),
    ],
)
def test_only_a_report_on_the_readers_own_address_ends_it(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], recipient: str, taken: Taken
) -> None:
    """A member who left a team does not end the team's mail."""
    _, ids = frozen
    mail = a_report(return_path(settings, ids[0], "r0@example.org"), fields(recipient=recipient))
    assert mailbox.take(store, settings, mail, SEVEN) is taken


def test_what_comes_back_for_a_fault_of_our_own_is_counted_and_ends_nobody(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """SPF, DKIM and DMARC are ours to mend, and a provider that asks for them has a third of a list."""
    _, ids = frozen
    ours = fields("5.7.26", diagnostic="smtp; 550-5.7.26 This mail is unauthenticated")
    for edition in range(10, 10 + SOFT_LIMIT + 1):
        path = return_path(settings, ids[0], "r0@example.org", f"2026-06-{edition:02}.1.2")
        taken = mailbox.take(store, settings, a_report(path, ours), SEVEN + timedelta(days=edition - 10))
        assert taken is not Taken.GONE
    assert status_of(store, ids[0]) is SubscriberStatus.ACTIVE


@pytest.mark.parametrize(
    "subject", ["unsubscribe", "unsubscribe me please", "unsubscribe " + "A" * 26, "help"]
)
def test_a_mail_without_a_token_of_ours_unsubscribes_nobody(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], subject: str
) -> None:
    """A sender's address proves nothing."""
    _, ids = frozen
    mail = f"From: r0@example.org\r\nTo: {BOUNCES}\r\nSubject: {subject}\r\n\r\nunsubscribe".encode()
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.NOTHING
    assert [status_of(store, one) for one in ids] == [SubscriberStatus.ACTIVE] * 5


def command(settings: Settings, folder: Path, *arguments: str, mail: bytes = b"") -> tuple[int, str]:
    """Run `newsletter mailbox read` as a mail server does."""
    url = settings.redis_url
    assert url is not None
    environ = {
        "REDIS_URL": url.get_secret_value(),
        "NEWSLETTER_BOUNCE_ADDRESS": BOUNCES,
        "NEWSLETTER_SECRET_KEY": settings.keys[0],
        "PYTHONPATH": str(REPOSITORY),
    }
    line = [
        sys.executable,
        "-c",
        "from newsletter.cli.main import main; main()",
        "mailbox",
        "read",
        *arguments,
    ]
    done = subprocess.run(line, input=mail, env=environ, cwd=folder, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def today(settings: Settings, number: int, address: str) -> bytes:
    """Return a bounce of today's mail, by the clock on the wall."""
    request = f"{datetime.now(UTC):%Y-%m-%d}.1.2"
    return a_report(return_path(settings, number, address, request), original="x\n" * 1_000_000)


def test_a_mail_server_pipes_mails_in_and_keeps_what_could_not_be_noted(
    store: Store,
    settings: Settings,
    make_settings: Callable[..., Settings],
    frozen: tuple[BatchRef, list[int]],
    tmp_path: Path,
) -> None:
    """Exit 0 for every mail that was read, 75 while the store is down."""
    _, ids = frozen
    mail = today(settings, ids[0], "r0@example.org")
    down = make_settings(redis_url=f"unix://{tmp_path}/none.sock")
    code, said = command(down, tmp_path, mail=mail)
    assert (code, "error: " in said) == (75, True)
    assert command(settings, tmp_path, mail=mail) == (0, "not mailed any more\n")
    assert command(settings, tmp_path, mail=b"Subject: hello\n\nhello") == (0, "left alone\n")
    assert status_of(store, ids[0]) is SubscriberStatus.BOUNCED


@pytest.mark.parametrize(
    ("dotenv", "arguments", "said"),
    [
        (b"NEWSLETTER_BOUNCE_ADRESS=x\n", (), "Did you mean NEWSLETTER_BOUNCE_ADDRESS?"),
        (b"NEWSLETTER_NAME=\xff\n", (), ".env cannot be read: it is not UTF-8"),
        (b"NEWSLETTER_DKIM_KEY=x\nNEWSLETTER_SEND_AT=99\n", (), "NEWSLETTER_SEND_AT"),
        (b"", ("nowhere",), "neither a Maildir nor an mbox file"),
    ],
    ids=["unknown setting", "bytes", "bad value", "missing folder"],
)
def test_whatever_a_person_can_mend_is_tried_again(
    settings: Settings, tmp_path: Path, dotenv: bytes, arguments: tuple[str, ...], said: str
) -> None:
    """With 1 a mail server would return the report to the null sender, which is nobody."""
    (tmp_path / ".env").write_bytes(dotenv)
    code, printed = command(settings, tmp_path, *arguments, mail=b"Subject: hello\n\nhello")
    assert (code, said in printed, "Traceback" in printed) == (75, True, False), printed


def read(store: Store, settings: Settings, folder: Path) -> list[Taken]:
    """Read a folder in this process."""
    return list(mailbox.take_folder(store, settings, folder, lambda: datetime.now(UTC)))


def test_a_maildir_is_worked_off_and_an_mbox_is_left_as_it_is(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], tmp_path: Path
) -> None:
    """What led to something is marked as seen; what a person should read is not."""
    _, ids = frozen
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    new, cur = tmp_path / "box" / "new", tmp_path / "box" / "cur"
    (new / "1.a").write_bytes(today(settings, ids[0], "r0@example.org"))
    (new / "2.b").write_bytes(b"Subject: a question\n\nHow are you?")
    assert command(settings, tmp_path, "box") == (0, "1 not mailed any more, 1 left alone\n")
    assert sorted(file.name for file in cur.iterdir()) == ["1.a:2,S", "2.b:2,"]
    assert read(store, settings, tmp_path / "box") == []
    mbox = tmp_path / "mbox"
    mails = [today(settings, ids[1], "r1@example.org"), today(settings, ids[2], "r2@example.org")]
    mbox.write_bytes(
        b"".join(b"From MAILER-DAEMON Wed Jun 10 07:00:00 2026\n" + mail + b"\n" for mail in mails)
    )
    before = mbox.read_bytes()
    assert read(store, settings, mbox) == [Taken.GONE, Taken.GONE]
    assert mbox.read_bytes() == before
    assert status_of(store, ids[2]) is SubscriberStatus.BOUNCED
    with pytest.raises(InvalidInputError, match="Name one that is"):
        read(store, settings, tmp_path / "nowhere")


def test_a_letter_that_bounces_ends_it_too(store: Store, settings: Settings) -> None:
    """An address that does not exist is not asked again to confirm until somebody signs up anew."""
    from newsletter import queue
    from newsletter.delivery.ledger import sweep
    from newsletter.delivery.sending import notices
    from newsletter.models import Preferences

    signup.request(
        store,
        queue.connect(settings),
        settings,
        "ada@example.org",
        preferences=Preferences(),
        origin="198.51.100.7",
        now=SEVEN,
    )
    (letter,) = sweep.open_letters(store, SEVEN)
    notices.send_letter(store, settings, letter, lambda: SEVEN, mailer=ObedientMailer())
    mail = a_report(return_path(settings, 1, "ada@example.org", f"letter-{letter}.1"))
    assert mailbox.take(store, settings, mail, SEVEN + timedelta(hours=1)) is Taken.GONE
    assert status_of(store, 1) is SubscriberStatus.BOUNCED


def test_a_server_that_knows_no_such_reader_is_believed_at_once(
    store: Store, make_settings: Callable[..., Settings], frozen: tuple[BatchRef, list[int]]
) -> None:
    """`550 5.1.1` to RCPT ends it, a full mailbox is counted, and what is no reply means nothing."""
    ref, ids = frozen
    refused = {"r0@example.org": "550 5.1.1 no such user", "r1@example.org": "552 5.2.2 mailbox full"}
    with SmtpListener(Manners(refused=refused)) as listener:
        settings = make_settings(mailer="smtp", smtp_url=listener.url)
        assert send_batch(store, settings, ref.day, ref.batch).refused == 2
        mailers.make(settings).close()
    assert [status_of(store, one) for one in ids[:3]] == [
        SubscriberStatus.BOUNCED,
        SubscriberStatus.ACTIVE,
        SubscriberStatus.ACTIVE,
    ]
    assert len(list(store.scan_iter("delivery:soft:*"))) == 1


def test_a_server_that_accepts_nobody_ends_nothing(
    store: Store, make_settings: Callable[..., Settings], frozen: tuple[BatchRef, list[int]]
) -> None:
    """A relay that is set up wrong calls everybody unknown; a small list must not vanish for that."""
    ref, ids = frozen
    for one in ids[3:]:
        signup.unsubscribe(store, make_settings(), one, SEVEN)
    refused = {f"r{n}@example.org": "550 5.1.1 no such user" for n in range(3)}
    with SmtpListener(Manners(refused=refused)) as listener:
        settings = make_settings(mailer="smtp", smtp_url=listener.url)
        report = send_batch(store, settings, ref.day, ref.batch)
        assert (report.refused, report.waiting, report.halted is not None) == (0, 3, True)
        mailers.make(settings).close()
    assert [status_of(store, one) for one in ids[:3]] == [SubscriberStatus.ACTIVE] * 3


def test_the_envelope_tells_whose_a_bounce_is_where_no_header_does(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """`--to` of the command: some servers hand over the bare mail."""
    _, ids = frozen
    mail = a_report("undisclosed-recipients:;")
    assert mailbox.take(store, settings, mail, SEVEN) is Taken.NOTHING
    path = return_path(settings, ids[0], "r0@example.org")
    assert mailbox.take(store, settings, mail, SEVEN, sent_to=path) is Taken.GONE
