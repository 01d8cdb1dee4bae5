"""A killed worker's doubts, settled by the log of a real Postfix."""

import smtplib
from collections.abc import Callable
from datetime import UTC, datetime

from mailing import DAY, an_edition, publish, subscribe
from postfix import Postfix

from newsletter.delivery import doubts, mailers
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import progress
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import Claim, Denial, Denied, Ledger
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)


def test_those_are_taken_as_sent_whom_the_log_shows(
    store: Store, make_settings: Callable[..., Settings], postfix: Postfix
) -> None:
    """Of eight five are handed in and one is cut off in the middle: five are settled, three stay in doubt."""
    settings = make_settings(
        mailer="smtp",
        smtp_url=postfix.url("plain"),
        base_url="https://a-site-of-its-own.example.org",
        from_="P <papers@example.org>",
    )
    site = SiteFacts.of(settings)
    publish(store, an_edition())
    ids = subscribe(store, (f"reader{n}" for n in range(1, 9)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    claim = Ledger(store).claim(ref)
    assert isinstance(claim, Claim)
    intent = Ledger(store).intend(claim, "i" * len(claim.ids))
    assert isinstance(intent, Claim)
    mailer = mailers.make(settings)
    people = [
        Recipient(subscriber_id=one, address=f"reader{n}@example.org") for n, one in enumerate(ids[:5], 1)
    ]
    message = Message(subject="Diffusion", html=None, text="Papers.\n")
    assert len(mailer.send(message, people, request_id=intent.request_id).accepted) == 5
    mailer.close()
    store.zadd(keys.DUE(day=DAY), {str(ref.batch): 1})  # the worker is dead, and its lease over
    assert Ledger(store).claim(ref) == Denied(Denial.OVER)
    doubted = doubts.listed(store, site, DAY)
    assert [one.subscriber_id for one in doubted] == ids
    with smtplib.SMTP("127.0.0.1", postfix.ports["plain"]) as cut_off:
        cut_off.ehlo()
        for command in ("MAIL FROM:<papers@example.org>", "RCPT TO:<reader6@example.org>", "DATA"):
            cut_off.docmd(command)
        cut_off.send(f"Message-ID: <{doubted[5].message_id}>\r\n\r\n".encode() + b"papers\r\n" * 9000)
        cut_off.close()
    postfix.mails()
    lines = postfix.log().splitlines()
    assert doubts.settle_by_log(store, site, DAY, lines) == 5
    assert [one.address for one in doubts.listed(store, site, DAY)] == [
        f"reader{n}@example.org" for n in (6, 7, 8)
    ]
    found = progress.read(store, DAY)
    assert (found.accepted, found.uncertain, found.waiting) == (5, 3, 0)
    assert doubts.settle_by_log(store, site, DAY, lines) == 0
