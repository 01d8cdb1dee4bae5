"""What comes back: events in any order and number, and what they, silence and the operator settle."""

import itertools
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe

from newsletter import queue as queue_module
from newsletter.delivery import mailers
from newsletter.delivery.feedback import events
from newsletter.delivery.feedback import uncertain as settling
from newsletter.delivery.feedback.events import Event
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep, tallies
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef, Claim, Ending, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.reputation import SOFT_LIMIT
from newsletter.delivery.sending import notices
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Preferences, Recipient, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import suppression
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.subscribers.notices import Letterbox, LetterState

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
REQUEST = "2026-06-10.1.2"


@pytest.fixture
def frozen(store: Store, settings: Settings) -> tuple[BatchRef, list[int]]:
    """An edition that addresses five readers in one batch."""
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    return ref, ids


def doubt(recipients: Sequence[Recipient], request_id: str) -> Outcome:
    """Answer nothing."""
    return Outcome(uncertain=frozenset(one.subscriber_id for one in recipients))


def an_event(kind: str = "delivered", address: str = "r0@example.org", **values: object) -> Event:
    """Return an event of the first request."""
    defaults: dict[str, object] = {"at": SEVEN, "request_id": REQUEST}
    return Event(kind, address, **(defaults | values))  # type: ignore[arg-type]


def test_one_event_proves_the_whole_request(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """SendGrid accepts a request or it does not."""
    ref, _ = frozen
    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(doubt))
    assert Ledger(store).progress(DAY).uncertain == 5
    assert events.apply(store, [an_event("processed")], SEVEN).settled == 5
    progress = Ledger(store).progress(DAY)
    assert (progress.accepted, progress.uncertain) == (5, 0)


def test_an_event_that_comes_before_the_doubt_is_remembered(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The worker was killed while SendGrid answered, and the event was faster than the next worker."""
    ref, _ = frozen
    ledger = Ledger(store)
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    assert isinstance(ledger.intend(claim, "iiiii"), Claim)
    events.apply(store, [an_event()], SEVEN)
    store.zadd(keys.DUE(day=DAY), {"1": 1})
    mailer = ObedientMailer()
    assert send_batch(store, settings, ref.day, ref.batch, mailer=mailer).denied == "over"
    assert mailer.sent == []
    progress = ledger.progress(DAY)
    assert (progress.accepted, progress.uncertain) == (5, 0)


def test_an_event_of_a_request_that_was_sent_again_is_a_stray(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The limit of silence was too short: five people got two mails, and the operator sees it, once."""
    ref, _ = frozen
    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(doubt))
    assert settling.settle_by_hand(store, DAY, Ending.RESENT) == 5
    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer())
    for _ in range(3):
        events.apply(store, [an_event()], SEVEN)
    assert Ledger(store).progress(DAY).stray == 5


def test_an_event_of_a_letter_settles_it(store: Store, settings: Settings) -> None:
    """Letters carry an id of their own."""
    from newsletter.subscribers.consent import signup

    queue = queue_module.connect(settings)
    signup.request(
        store, queue, settings, "ada@example.org", preferences=Preferences(), origin="198.51.100.7", now=SEVEN
    )
    (one,) = Letterbox(store).pending(SEVEN)
    notices.send_letter(store, settings, one, lambda: SEVEN, mailer=ObedientMailer(doubt))
    letter = Letterbox(store).get(one)
    assert letter is not None
    assert letter.state is LetterState.UNCERTAIN
    events.apply(store, [an_event(request_id=f"letter-{one}.1")], SEVEN)
    letter = Letterbox(store).get(one)
    assert letter is not None
    assert letter.state is LetterState.SENT


@pytest.mark.parametrize(
    ("event", "status", "reason"),
    [
        (an_event("bounce"), SubscriberStatus.BOUNCED, Reason.BOUNCED),
        (an_event("spamreport"), SubscriberStatus.COMPLAINED, Reason.COMPLAINED),
        (an_event("unsubscribe"), SubscriberStatus.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
        (an_event("group_unsubscribe"), SubscriberStatus.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
        (an_event("dropped", reason="Bounced Address"), SubscriberStatus.BOUNCED, Reason.BOUNCED),
        (
            an_event("dropped", reason="Spam Reporting Address"),
            SubscriberStatus.COMPLAINED,
            Reason.COMPLAINED,
        ),
        (an_event("blocked"), SubscriberStatus.ACTIVE, None),
        (an_event("deferred"), SubscriberStatus.ACTIVE, None),
        (an_event("dropped", reason="Recipient List over Package Quota"), SubscriberStatus.ACTIVE, None),
        (an_event("delivered"), SubscriberStatus.ACTIVE, None),
        (an_event("account_status_change"), SubscriberStatus.ACTIVE, None),
    ],
    ids=lambda value: value.kind if isinstance(value, Event) else None,
)
def test_who_must_not_be_mailed_any_more_is_suppressed_and_nobody_else(
    store: Store,
    frozen: tuple[BatchRef, list[int]],
    event: Event,
    status: SubscriberStatus,
    reason: Reason | None,
) -> None:
    """By the kind of the event and the reason of a drop."""
    _, ids = frozen
    events.apply(store, [event], SEVEN)
    reader = SubscriberStore(store).get(ids[0])
    assert reader is not None
    assert reader.status is status
    found = suppression.find(store, "r0@example.org")
    assert (found.reason if found else None) is reason


def test_an_address_that_is_blocked_again_and_again_is_suppressed(
    store: Store, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Five mailings in a row; the same block told five times is one; a delivery between them begins anew."""
    del frozen
    for _ in range(SOFT_LIMIT):
        events.apply(store, [an_event("blocked")], SEVEN)
    assert suppression.find(store, "r0@example.org") is None
    for mailing in range(3, 6):
        events.apply(store, [an_event("blocked", request_id=f"2026-06-{mailing:02}.1.2")], SEVEN)
    events.apply(store, [an_event("delivered")], SEVEN)
    for mailing in range(SOFT_LIMIT):
        assert suppression.find(store, "r0@example.org") is None
        events.apply(store, [an_event("blocked", request_id=f"2026-05-{10 + mailing}.2.2")], SEVEN)
    assert suppression.find(store, "r0@example.org") is not None


def test_the_order_and_the_number_of_events_do_not_matter(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Shuffled, told again, and cut into posts in another way, they lead to the same state."""
    ref, _ = frozen
    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(doubt))
    told = [
        an_event(kind, f"r{n}@example.org", at=SEVEN + timedelta(seconds=n))
        for n, kind in itertools.product(range(3), ("processed", "delivered", "deferred"))
    ]
    told += [an_event("spamreport", "r4@example.org"), an_event("bounce", "r4@example.org")]
    before = {name: store.dump(name) for name in store.scan_iter("*")}
    results = []
    for seed in range(4):
        store.flushall()
        for name, value in before.items():
            store.restore(name, 0, value)
        chance = random.Random(seed)
        posts = chance.sample(told, len(told)) + chance.sample(told, 4)
        for start in range(0, len(posts), 3):
            events.apply(store, posts[start : start + 3], SEVEN)
        progress = Ledger(store).progress(DAY)
        complaint = suppression.find(store, "r4@example.org")
        results.append((progress, tallies.totals(store, DAY), complaint))
    assert all(result == results[0] for result in results)
    progress, totals, complaint = results[0]
    assert (progress.accepted, progress.uncertain) == (5, 0)
    assert totals == {"processed": 3, "delivered": 3, "deferred": 3, "bounce": 1, "spamreport": 1}
    assert complaint is not None
    assert complaint.reason is Reason.COMPLAINED


def uncertain_since(store: Store, settings: Settings, ref: BatchRef) -> datetime:
    """Leave a batch uncertain, and return since when it is."""
    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(doubt))
    (request,) = settling.uncertain(store, DAY)
    return request.since


def heard(store: Store, moments: Sequence[datetime]) -> None:
    """Hear events of other requests, made at these moments."""
    now = max(moments)
    events.apply(store, [an_event(request_id="2026-06-10.99.1", at=moment) for moment in moments], now)


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ([timedelta(0), timedelta(minutes=62)], 5),
        ([timedelta(minutes=62)], 0),
        ([timedelta(0), timedelta(minutes=30)], 0),
        ([], 0),
    ],
    ids=["around it and beyond the limit", "only beyond", "only within", "nothing"],
)
def test_silence_is_evidence_only_while_the_webhook_is_provably_alive(
    store: Store,
    make_settings: Callable[..., Settings],
    frozen: tuple[BatchRef, list[int]],
    offsets: list[timedelta],
    expected: int,
) -> None:
    """Events of other requests of that time, and of later ones than the limit: this one was not accepted."""
    settings = make_settings(mailer="sendgrid", sendgrid_api_key="SG.test", sendgrid_webhook_key="key")
    ref, _ = frozen
    since = uncertain_since(store, settings, ref)
    if offsets:
        heard(store, [since + offset for offset in offsets])
    report = settling.settle(store, settings, since + timedelta(minutes=65), mailer=ObedientMailer())
    assert report.resent == expected
    assert sweep.open_batches(store) == ((ref,) if expected else ())


@pytest.mark.parametrize(
    ("policy", "accepted", "uncertain", "waiting"),
    [("hold", 0, 5, 0), ("assume", 5, 0, 0), ("resend", 0, 0, 5)],
)
def test_without_evidence_the_operators_policy_stands(  # noqa: PLR0917 - pytest names them
    store: Store,
    make_settings: Callable[..., Settings],
    frozen: tuple[BatchRef, list[int]],
    policy: str,
    accepted: int,
    uncertain: int,
    waiting: int,
) -> None:
    """Not before the limit of silence, and never by guessing."""
    settings = make_settings(mailer="smtp", smtp_url="smtp://127.0.0.1:9", uncertain=policy)
    ref, _ = frozen
    since = uncertain_since(store, settings, ref)
    settling.settle(store, settings, since + timedelta(minutes=50), mailer=ObedientMailer())
    assert Ledger(store).progress(DAY).uncertain == 5
    settling.settle(store, settings, since + timedelta(minutes=61), mailer=ObedientMailer())
    progress = Ledger(store).progress(DAY)
    assert (progress.accepted, progress.uncertain, progress.waiting) == (accepted, uncertain, waiting)


def test_a_worker_that_is_only_late_is_given_time(
    store: Store, make_settings: Callable[..., Settings], frozen: tuple[BatchRef, list[int]]
) -> None:
    """Nothing is settled within the grace."""
    settings = make_settings(uncertain="resend", silence_minutes=1)
    ref, _ = frozen
    since = uncertain_since(store, settings, ref)
    assert settling.settle(store, settings, since + timedelta(seconds=100)).left == 5


def test_the_outbox_is_asked_what_it_holds(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Killed between two files: who has a mail is accepted, the others get theirs, nobody gets two."""
    ref, _ = frozen
    outbox = mailers.make(settings)

    def half(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        from newsletter.models import Message

        outbox.send(Message(subject="S", html=None, text="T"), recipients[:2], request_id=request_id)
        return doubt(recipients, request_id)

    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(half))
    (request,) = settling.uncertain(store, DAY)
    report = settling.settle(store, settings, request.since + timedelta(minutes=3))
    assert (report.proved, report.resent) == (2, 3)
    send_batch(store, settings, ref.day, ref.batch)
    assert len(list(settings.outbox_dir.rglob("*.eml"))) == 5
    assert Ledger(store).progress(DAY).accepted == 5


def test_only_those_who_failed_are_tried_again(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """`edition send --only-failed` reaches the refused, and neither the accepted nor the uncertain."""
    ref, ids = frozen
    answer = Outcome(
        frozenset({ids[0], ids[3]}), {ids[1]: "550", ids[4]: "550"}, uncertain=frozenset({ids[2]})
    )
    send_batch(
        store, settings, ref.day, ref.batch, mailer=ObedientMailer(lambda recipients, request_id: answer)
    )
    assert control.retry_refused(store, DAY) == 2
    assert control.retry_refused(store, DAY) == 0
    mailer = ObedientMailer(accept)
    for open_ref in sweep.open_batches(store):
        send_batch(store, settings, open_ref.day, open_ref.batch, mailer=mailer)
    assert mailer.named == [ids[1], ids[4]]
    assert Ledger(store).progress(DAY).refused == 0
