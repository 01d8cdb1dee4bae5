"""Which mails a log proves to be taken, by lines as mail servers write them."""

import pytest

from newsletter.delivery.mail_logs import accepted

ID = "2026-06-10.7@papers.example.org"
NAMED = f"Jun 10 07:00:01 mx postfix/cleanup[9]: E5E2F2325C7: message-id=<{ID}>"
QUEUED = (
    "Jun 10 07:00:01 mx postfix/qmgr[8]: E5E2F2325C7: from=<p@example.org>, size=9, nrcpt=1 (queue active)"
)
PROOFS = {
    "Postfix": [NAMED, QUEUED],
    "Postfix, long queue ids": [
        NAMED.replace("E5E2F2325C7", "4KzQ0x1bWjz2"),
        QUEUED.replace("E5E2F2325C7", "4KzQ0x1bWjz2"),
    ],
    "Postfix, a second instance": [line.replace("postfix/", "postfix-out/") for line in (NAMED, QUEUED)],
    "Postfix, only deliveries kept": [
        NAMED,
        "mx postfix/smtp[7]: E5E2F2325C7: to=<a@x.example>, relay=x, status=sent",
    ],
    "Postfix, ISO dates": [f"2026-06-10T07:00:01.5+02:00 {line[16:]}" for line in (NAMED, QUEUED)],
    "Exim": [f"2026-06-10 07:00:01 1rAbCd-0001Xy-2Z <= p@x.example H=localhost [::1] P=esmtp S=75 id={ID}"],
    "Exim 4.97, in syslog": [
        f'Jun 10 07:00:01 mx exim[9]: 1rAbCd-00000001Xyz-2Zab <= <> H=(x) [::1] P=esmtps K S=7 id={ID} T="x"'
    ],
    "sendmail": [
        f"mx sendmail[9]: 55A701: from=<p@x.example>, size=7, class=0, nrcpts=1, msgid=<{ID}>, proto=ESMTP"
    ],
}
NO_PROOFS = {
    "the connection broke in the content": [NAMED],
    "its queue id came again": [NAMED, "… postfix/qmgr[8]: E5E2F2325C7: removed", QUEUED],
    "another's queue id": [NAMED, QUEUED.replace("E5E2F2325C7", "A5E2F2325C7")],
    "refused": [f"mx sendmail[9]: 55A701: from=<p@x.example>, size=7, class=0, nrcpts=0, msgid=<{ID}>"],
    "delivered by Exim to somebody": [
        "2026-06-10 07:00:01 1rAbCd-0001Xy-2Z => a@example.org R=dnslookup T=remote_smtp"
    ],
}


@pytest.mark.parametrize("lines", PROOFS.values(), ids=PROOFS.keys())
def test_a_mail_that_the_server_took_over_is_proved_once(lines: list[str]) -> None:
    """Other mails between its lines change nothing."""
    noise = ["Jun 10 07:00:01 mx postfix/smtpd[1]: connect from localhost[127.0.0.1]", "", "\ufffd"]
    assert list(accepted([part for line in lines for part in (*noise, line)])) == [ID]


@pytest.mark.parametrize("lines", NO_PROOFS.values(), ids=NO_PROOFS.keys())
def test_what_only_names_a_mail_proves_nothing(lines: list[str]) -> None:
    """Postfix names a mail before it is whole."""
    assert list(accepted(lines)) == []
