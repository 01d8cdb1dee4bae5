"""News that comes late, workers that stand still, outages: each doubles or drops where it is read wrongly."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe

from newsletter.delivery.feedback import events, uncertain
from newsletter.delivery.feedback.events import Event
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef, Claim, Denial, Denied, Ending, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending.batches import send_batch
from newsletter.errors import InvalidInputError
from newsletter.models import Recipient
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
PROOF = Event("processed", "r0@example.org", SEVEN, "2026-06-10.1.2")
"""An event of the first request."""


@pytest.fixture
def ref(store: Store, settings: Settings) -> BatchRef:
    """An edition that addresses five readers, 1 to 5, in one batch."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    return ref


def doubt(recipients: Sequence[Recipient], request_id: str) -> Outcome:
    """Answer nothing."""
    return Outcome(uncertain=frozenset(one.subscriber_id for one in recipients))


def send(store: Store, settings: Settings, ref: BatchRef, mailer: ObedientMailer) -> list[int]:
    """Do what a task does, and return whom it named."""
    send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer)
    return mailer.named


def begun(store: Store, ref: BatchRef) -> Claim:
    """Begin a request that names everybody, and go no further."""
    ledger = Ledger(store, mailer="sendgrid")
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    intent = ledger.intend(claim, "i" * len(claim.ids))
    assert isinstance(intent, Claim)
    return intent


def expire(store: Store, ref: BatchRef, ended: datetime = SEVEN) -> None:
    """Let a lease be over since then."""
    store.zadd(keys.DUE(day=ref.day), {str(ref.batch): int(ended.timestamp() * 1000)})


def given_up(store: Store, ref: BatchRef, ending: Ending) -> Claim:
    """Begin a request, lose the lease, and have its recipients settled without news of it."""
    intent = begun(store, ref)
    expire(store, ref)
    assert Ledger(store).claim(ref) == Denied(Denial.OVER)
    assert uncertain.settle_by_hand(store, DAY, ending) == 5
    return intent


def counts(store: Store) -> tuple[int, int, int, int]:
    """Return how many are accepted, uncertain, waiting, and proved to have two mails."""
    found = Ledger(store).progress(DAY)
    return found.accepted, found.uncertain, found.waiting, found.stray


def by_event(store: Store, intent: Claim) -> None:
    """SendGrid tells that it accepted the first request."""
    del intent
    events.apply(store, [PROOF], SEVEN)


def by_commit(store: Store, intent: Claim) -> None:
    """The worker that had been taken for dead tells it."""
    Ledger(store).commit(intent, "aaaaa")


LATE_NEWS = pytest.mark.parametrize("news", [by_event, by_commit])


@LATE_NEWS
def test_a_proof_that_comes_before_the_second_request_spares_everybody_a_second_mail(
    store: Store, settings: Settings, ref: BatchRef, news: Callable[[Store, Claim], None]
) -> None:
    """They had been given up and were waiting; now they are known to be mailed, and nobody has two."""
    intent = given_up(store, ref, Ending.RESENT)
    for _ in range(2):
        news(store, intent)
    assert counts(store) == (5, 0, 0, 0)
    assert send(store, settings, ref, ObedientMailer()) == []


@LATE_NEWS
def test_a_proof_between_a_claim_and_its_request_stops_the_request(
    store: Store, settings: Settings, ref: BatchRef, news: Callable[[Store, Claim], None]
) -> None:
    """The worker has read that they wait; it may not name them any more."""
    intent = given_up(store, ref, Ending.RESENT)
    ledger = Ledger(store)
    second = ledger.claim(ref)
    assert isinstance(second, Claim)
    news(store, intent)
    assert ledger.intend(second, "iiiii") == Denied(Denial.LOST)
    assert send(store, settings, ref, ObedientMailer()) == []
    assert counts(store) == (5, 0, 0, 0)
    assert sweep.open_batches(store) == ()


@LATE_NEWS
def test_a_proof_amid_the_second_sending_spares_those_whom_it_has_not_reached(
    store: Store, settings: Settings, ref: BatchRef, news: Callable[[Store, Claim], None]
) -> None:
    """Two were named again and have two mails, which is counted; the other three have one."""
    intent = given_up(store, ref, Ending.RESENT)

    def told_meanwhile(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        news(store, intent)
        return accept(recipients, request_id)

    assert send(store, settings, ref, ObedientMailer(told_meanwhile, portion=2)) == [1, 2]
    assert counts(store) == (5, 0, 0, 2)
    assert send(store, settings, ref, ObedientMailer()) == []


def test_a_late_refusal_overrules_what_was_only_assumed(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """The operator took them as mailed, and the worker knows that they were not: nobody is dropped."""
    intent = given_up(store, ref, Ending.ASSUMED)
    Ledger(store).abort(intent)
    assert counts(store) == (0, 0, 5, 0)
    assert send(store, settings, ref, ObedientMailer()) == [1, 2, 3, 4, 5]


def test_a_worker_that_stood_still_after_its_intent_does_not_begin_the_request(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """A paused machine wakes up when its silence may have been judged: it says nothing, and says so."""

    def clock() -> datetime:
        return SEVEN + (timedelta(hours=2) if store.hlen(keys.INTENT(day=DAY)) else timedelta(0))

    mailer = ObedientMailer()
    report = send_batch(store, settings, ref.day, ref.batch, clock, mailer=mailer)
    assert (mailer.sent, report.waiting) == ([], 5)
    assert send(store, settings, ref, mailer) == [1, 2, 3, 4, 5]


def test_who_is_put_off_holds_up_nobody_else_of_the_batch(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """Every server puts somebody off; the others get their mail now, and those wait a minute."""

    def put_off(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        ids = {one.subscriber_id for one in recipients}
        return Outcome(frozenset(ids - {2}), deferred=dict.fromkeys(ids & {2}, "450 come again later"))

    mailer = ObedientMailer(put_off, portion=2)
    assert send(store, settings, ref, mailer) == [1, 2, 3, 4, 5]
    assert counts(store) == (4, 0, 1, 0)
    assert sweep.open_batches(store) == ()
    assert sweep.open_batches(store, datetime.now(UTC) + timedelta(seconds=61)) == (ref,)


def by_leaving(store: Store, settings: Settings, one: int) -> None:
    """They press the button."""
    signup.unsubscribe(store, settings, one, SEVEN)


def by_bouncing(store: Store, settings: Settings, one: int) -> None:
    """Their mailbox is gone, as another mail of ours has found."""
    events.apply(store, [Event("bounce", f"r{one - 1}@example.org", SEVEN, "")], SEVEN)


@pytest.mark.parametrize("leave", [by_leaving, by_bouncing])
def test_who_leaves_while_their_batch_is_sent_slowly_is_not_mailed(
    store: Store, settings: Settings, ref: BatchRef, leave: Callable[[Store, Settings, int], None]
) -> None:
    """Portion by portion over SMTP, ten seconds each: leaving takes effect before the next one."""
    moments = [SEVEN]

    def slowly(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        moments.append(moments[-1] + timedelta(seconds=10))
        leave(store, settings, 4)
        return accept(recipients, request_id)

    mailer = ObedientMailer(slowly, portion=2)
    report = send_batch(store, settings, ref.day, ref.batch, lambda: moments[-1], mailer=mailer)
    assert mailer.named == [1, 2, 3, 5]
    assert (report.accepted, report.left) == (4, 1)


def test_silence_is_no_evidence_where_the_site_was_down_when_the_request_ended(
    store: Store, make_settings: Callable[..., Settings], ref: BatchRef
) -> None:
    """Everything was off for three hours: SendGrid still has to tell of the last request, and will."""
    settings = make_settings(mailer="sendgrid", sendgrid_api_key="SG.test", sendgrid_webhook_key="key")
    begun(store, ref)
    found = datetime.now(UTC)
    expire(store, ref, found - timedelta(hours=3))
    Ledger(store).claim(ref)
    just_before, now = found - timedelta(hours=3, minutes=1), found + timedelta(minutes=70)
    moments = [just_before, found, found + timedelta(minutes=65)]
    others = [Event("delivered", "x@example.org", moment, "2026-06-10.9.1") for moment in moments]
    events.apply(store, others, now)
    assert uncertain.settle(store, settings, now, mailer=ObedientMailer()).left == 5
    events.apply(store, [PROOF], now)
    assert counts(store) == (5, 0, 0, 0)


@pytest.mark.parametrize(("later", "left"), [("smtp", 5), ("sendgrid", 0)])
def test_no_event_speaks_for_what_another_mailer_carried(
    store: Store, make_settings: Callable[..., Settings], ref: BatchRef, later: str, left: int
) -> None:
    """SMTP left doubts and the operator went over to SendGrid, whose silence about them means nothing."""
    both = {"sendgrid_api_key": "SG.test", "sendgrid_webhook_key": "key", "smtp_url": "smtp://127.0.0.1:9"}
    settings = make_settings(mailer="sendgrid", **both)
    send(store, make_settings(mailer=later, **both), ref, ObedientMailer(doubt))
    (request,) = uncertain.uncertain(store, DAY)
    moments = [request.ended, request.since + timedelta(minutes=62)]
    now = request.since + timedelta(minutes=65)
    events.apply(store, [Event("delivered", "x@example.org", at, "2026-06-10.9.1") for at in moments], now)
    assert uncertain.settle(store, settings, now, mailer=ObedientMailer()).left == left


def test_a_proof_of_one_by_one_spares_each(store: Store, settings: Settings, ref: BatchRef) -> None:
    """A bounce tells of one recipient: after all were given up, that one is spared, and then the next."""
    given_up(store, ref, Ending.RESENT)
    assert [uncertain.prove(store, ref, 2, one) for one in (2, 4, 4)] == [True, True, False]
    assert counts(store) == (2, 0, 3, 0)
    assert send(store, settings, ref, ObedientMailer()) == [1, 3, 5]


def test_an_edition_whose_ledger_has_expired_is_not_sent_again(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """Who had it is forgotten after 45 days, so sending it by hand would mail everybody twice."""
    assert control.open_days(store) == (DAY,)
    for name in store.scan_iter(f"delivery:{DAY}*"):
        store.delete(name)
    assert control.open_days(store) == ()
    for send_again in (
        cohorts.everyone_waiting,
        lambda store, day: cohorts.freeze_everyone(store, settings, day),
    ):
        with pytest.raises(InvalidInputError, match="not remembered"):
            send_again(store, DAY)
