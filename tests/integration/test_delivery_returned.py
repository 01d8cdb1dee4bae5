"""Real reports of Postfix, Exim and OpenSMTPD, judged as the people say who collected them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mailing import subscribe

from newsletter.delivery.feedback import mailbox, reports
from newsletter.delivery.feedback.mailbox import Taken
from newsletter.delivery.feedback.reports import Verdict
from newsletter.delivery.mailers.smtp.return_path import ReturnPath
from newsletter.models import Recipient
from newsletter.settings import Settings
from newsletter.store import Store

NOW = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
SECRET = "0123456789abcdef" * 3
READERS = {
    3: "full@reader.example.net",
    6: "team@reader.example.net",
    7: "unknown@reader.example.net",
    8: "ada@refused.example.net",
    9: "ada@nosuch.example.net",
    10: "ada@servfail.example.net",
    14: "temp@reader.example.net",
    17: "bare@reader.example.net",
    18: "пётр@reader.example.net",
    19: "пётр@noutf8.example.net",
    22: "xfwd@reader.example.net",
    23: "nobody@exim.example.net",
    26: "nobody@courier.example.net",
}
RIGHT = {
    "arf-complaint-byhand": Verdict.COMPLAINT,
    "exim-forwardme_at_exim.example.net-failed-5.0.0": Verdict.GONE,
    "exim-nobody_at_exim.example.net-failed-5.0.0": Verdict.GONE,
    "osmtpd-ada_at_nosuch.example.net-failed-5.0.0": Verdict.GONE,
    "postfix-ada_at_nosuch.example.net-failed-5.4.4": Verdict.GONE,
    "postfix-ada_at_refused.example.net-failed-4.4.1": Verdict.TURNED_AWAY,
    "postfix-bare_at_reader.example.net-failed-5.7.1": Verdict.TURNED_AWAY,
    "postfix-full_at_reader.example.net-failed-5.2.2": Verdict.TURNED_AWAY,
    "postfix-moved_at_reader.example.net-failed-5.1.1": Verdict.TURNED_AWAY,
    "postfix-newcomer_at_reader.example.net-failed-5.1.1": Verdict.GONE,
    "postfix-nobody_at_courier.example.net-failed-4.4.1": Verdict.TURNED_AWAY,
    "postfix-nobody_at_exim.example.net-failed-4.4.1": Verdict.TURNED_AWAY,
    "postfix-temp_at_reader.example.net-failed-4.2.1": Verdict.TURNED_AWAY,
    "postfix-unknown_at_reader.example.net-failed-5.1.1": Verdict.GONE,
    "postfix-utf8_at_noutf8.example.net-failed-5.6.7": Verdict.TURNED_AWAY,
    "postfix-utf8_at_reader.example.net-failed-5.6.7": Verdict.TURNED_AWAY,
}
TAKEN = {
    Verdict.COMPLAINT: Taken.COMPLAINED,
    Verdict.GONE: Taken.GONE,
    Verdict.TURNED_AWAY: Taken.COUNTED,
    Verdict.NOTHING: Taken.NOTHING,
}


def test_every_real_report_says_what_it_says(shared: Path) -> None:
    """Delays say nothing, whatever server they come from."""
    found = {file.stem: reports.read(file.read_bytes()) for file in (shared / "data/cases/dsn").glob("*.eml")}
    assert len(found) >= len(RIGHT)
    said = {name: read.verdict for name, read in found.items()}
    assert said == {name: RIGHT.get(name, Verdict.NOTHING) for name in found}
    assert all("-delayed-" in name for name in found if name not in RIGHT)


def test_every_real_report_does_what_is_right_to_its_own_reader(
    shared: Path, store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Signed by the mails that went out; a forwarding that failed behind an address does not end it."""
    settings = make_settings(bounce_address="bounces@example.org", secret_key=SECRET)
    names = [READERS.get(number, f"r{number}@example.net") for number in range(1, 27)]
    assert subscribe(store, names) == list(range(1, 27))
    path = ReturnPath.at("bounces@example.org", (SECRET,))
    judged = 0
    for file in sorted((shared / "data/cases/dsn").glob("*.eml")):
        mail = file.read_bytes()
        tokens = path.read(reports.read(mail).addressed)
        reader = READERS.get(tokens[0].subscriber_id)
        if reader is None or not path.is_genuine(tokens[0], reader):
            continue  # its reader is not known
        expected = TAKEN[RIGHT.get(file.stem, Verdict.NOTHING)]
        if file.name.startswith("exim-"):
            expected = Taken.COUNTED
        assert (file.stem, mailbox.take(store, settings, mail, NOW)) == (file.stem, expected)
        judged += 1
    assert judged == 19


@pytest.mark.parametrize(
    ("name", "taken"),
    [("qmail_local_no_mailbox", Taken.GONE), ("arf_complaint", Taken.COMPLAINED)],
)
def test_the_small_cases_end_their_reader(
    shared: Path, store: Store, make_settings: Callable[..., Settings], name: str, taken: Taken
) -> None:
    """A status without a reply, and a complaint by mail."""
    settings = make_settings(bounce_address="bounces@example.org")
    (one,) = subscribe(store, ["ada@example.net"])
    recipient = Recipient(subscriber_id=one, address="ada@example.net")
    to = ReturnPath.at("bounces@example.org", settings.keys).writer("2026-11-30.1.2")(recipient)
    text = (shared / f"data/cases/bounces/{name}.tmpl").read_text()
    mail = text.format(to=to, addr="ada@example.net").encode()
    assert mailbox.take(store, settings, mail, NOW) is taken
