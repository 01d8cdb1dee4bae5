"""What stands against a mail by the replies to its envelope, whatever a server makes of pipelining."""

import pytest

from newsletter.delivery.mailers.smtp.replies import Reply, Verdict, is_for_good, judge

OK, GO = "250 ok", "354 go on"
CASES = {
    "all is well": ((OK, OK, GO), None),
    "251 will forward": ((OK, "251 will forward", GO), None),
    "252 cannot verify": ((OK, "252 cannot verify", GO), None),
    "only the sender so far": ((OK,), None),
    "nothing yet": ((), None),
    "unknown, Postfix": (
        (OK, "550 5.1.1 unknown", "554 5.5.1 Error: no valid recipients"),
        Verdict.RECIPIENT,
    ),
    "unknown, Exim": ((OK, "550 Unrouteable address", "503-All RCPT were rejected"), Verdict.RECIPIENT),
    "unknown, sendmail": ((OK, "550 5.1.1 User unknown", "503 5.0.0 Need RCPT"), Verdict.RECIPIENT),
    "unknown, and content wanted": ((OK, "550 5.1.1 unknown", GO), Verdict.RECIPIENT),
    "greylisted": ((OK, "450 4.2.0 greylisted", "554 no valid recipients"), Verdict.RECIPIENT),
    "mailbox full": ((OK, "452 4.2.2 over quota", "554 no valid recipients"), Verdict.RECIPIENT),
    "mailbox full for good": ((OK, "552 5.2.2 over quota", "554 no valid recipients"), Verdict.RECIPIENT),
    "impossible recipient": ((OK, "501 5.1.3 bad address syntax", "554 none"), Verdict.RECIPIENT),
    "refused at DATA": ((OK, OK, "451 4.7.1 greylisted"), Verdict.RECIPIENT),
    "nested MAIL": (("503 5.5.1 nested MAIL", "550 5.1.1 unknown", "554 none"), Verdict.CONNECTION),
    "out of step at RCPT": ((OK, "503 need MAIL", "503 need RCPT"), Verdict.CONNECTION),
    "not SMTP's": (("250 ok", "354 what", "354 go on"), Verdict.CONNECTION),
    "250 to DATA": ((OK, OK, "250 ok"), Verdict.CONNECTION),
    "goodbye": (("421 4.3.2 closing",), Verdict.CONNECTION),
    "goodbye at RCPT": ((OK, "421 4.7.0 too many errors"), Verdict.CONNECTION),
    "goodbye after a refusal": ((OK, "550 5.1.1 unknown", "421 4.7.0 too many errors"), Verdict.RECIPIENT),
    "rate limit": (("450 4.7.1 too much mail", "503 need MAIL", "503 need RCPT"), Verdict.BUSY),
    "no space": (("452 4.3.1 insufficient system storage", "503 no", "503 no"), Verdict.BUSY),
    "refused sender": (("553 5.7.1 not yours", "503 need MAIL", "503 need RCPT"), Verdict.SENDER),
    "no log-in": (("530 5.7.0 authentication required", "503 no", "503 no"), Verdict.SENDER),
    "no log-in, told late": ((OK, "530 5.7.0 must STARTTLS first", "503 no"), Verdict.SENDER),
    "takes no mail": (("521 5.3.2 no mail here", "521 no", "521 no"), Verdict.SENDER),
    "our name is not known": ((OK, "504 5.5.2 <x>: Helo command rejected", "503 no"), Verdict.SENDER),
    "too large, Postfix": (("552 5.3.4 Message size exceeds fixed limit", "503", "503"), Verdict.SIZE),
    "too large, sendmail": (("552 5.2.3 Message is too large; 20000 bytes max", "503", "503"), Verdict.SIZE),
}


def said(line: str) -> Reply:
    """Read a reply."""
    return Reply(int(line[:3]), line[4:])


@pytest.mark.parametrize(("lines", "verdict"), CASES.values(), ids=CASES.keys())
def test_the_first_reply_that_is_not_good_decides(lines: tuple[str, ...], verdict: Verdict | None) -> None:
    """Those behind it only follow from it."""
    found = judge([said(line) for line in lines])
    assert (found.verdict if found else None) is verdict


def test_503_is_never_for_good_and_never_about_the_sender() -> None:
    """Wherever it stands, it says that the two sides are out of step."""
    out_of_step = said("503 5.5.1 bad sequence")
    assert not is_for_good(out_of_step)
    for place in range(3):
        found = judge([*[said(OK)] * place, out_of_step])
        assert found is not None
        assert found.verdict is Verdict.CONNECTION
