"""A server that has lost its last changes, and a worker that still knows: facts are merged, doubles told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe

from newsletter.delivery.feedback import events, uncertain
from newsletter.delivery.feedback.events import Event
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef, Claim, Committed, Denied, Ending, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Recipient
from newsletter.settings import Settings
from newsletter.store import Store

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)


@pytest.fixture
def ref(store: Store, settings: Settings) -> BatchRef:
    """An edition that addresses five readers, 1 to 5, in one batch."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    return ref


def snapshot(store: Store) -> dict[str, bytes]:
    """Return everything, as a replica has it."""
    return {str(name): store.dump(name) for name in store.scan_iter("*")}


def lose_the_tail(store: Store, kept: dict[str, bytes]) -> None:
    """Be that replica, promoted."""
    store.flushall()
    for name, value in kept.items():
        store.restore(name, 0, value)


def begun(store: Store, ref: BatchRef) -> Claim:
    """Begin a request that names everybody, and go no further."""
    ledger = Ledger(store)
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    intent = ledger.intend(claim, "i" * len(claim.ids))
    assert isinstance(intent, Claim)
    return intent


def send(store: Store, settings: Settings, ref: BatchRef, mailer: ObedientMailer) -> list[int]:
    """Do what a task does, and return whom it named."""
    send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer)
    return mailer.named


def counts(store: Store) -> tuple[int, int, int, int]:
    """Return how many are accepted, uncertain, waiting, and proved to have two mails."""
    found = Ledger(store).progress(DAY)
    return found.accepted, found.uncertain, found.waiting, found.stray


def test_who_was_accepted_before_the_server_forgot_it_is_not_sent_to_again(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """The request's end comes before anybody else begins: nobody has two, and it may be told twice."""
    kept = snapshot(store)
    intent = begun(store, ref)
    lose_the_tail(store, kept)
    for _ in range(2):
        Ledger(store).commit(intent, "aaaau")
        assert counts(store) == (4, 1, 0, 0)
    assert send(store, settings, ref, ObedientMailer()) == []


def test_who_was_sent_to_again_is_counted(store: Store, settings: Settings, ref: BatchRef) -> None:
    """Another worker took the forgotten batch, under the same token, and was done first."""
    kept = snapshot(store)
    intent = begun(store, ref)
    lose_the_tail(store, kept)
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer) == [1, 2, 3, 4, 5]
    assert mailer.sent[0][0] == intent.request_id
    assert Ledger(store).commit(intent, "aaa..") == "stray"
    assert counts(store) == (5, 0, 0, 3)
    assert Ledger(store).commit(intent, "aaa..") == "known"
    assert counts(store) == (5, 0, 0, 3)


def test_who_is_being_sent_to_again_is_counted_when_that_ends(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """Two of the second request are refused, so they have one mail."""
    kept = snapshot(store)
    intent = begun(store, ref)
    lose_the_tail(store, kept)
    told: list[Committed] = []

    def meanwhile(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        told.append(Ledger(store).commit(intent, "aaaaa"))
        return Outcome(frozenset({1, 2, 3}), {4: "550 no", 5: "550 no"})

    report = send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=ObedientMailer(meanwhile))
    assert (told, report.stray) == (["settled"], True)
    assert counts(store) == (5, 0, 0, 3)


def test_an_end_is_merged_where_its_readers_stand_in_other_batches_by_now(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """The freeze was forgotten too, and made again with others; some are in no batch at all."""
    kept = {name: value for name, value in snapshot(store).items() if not name.startswith("delivery:")}
    intent = begun(store, ref)
    lose_the_tail(store, kept)
    subscribe(store, ["r5"])
    for number, one in ((0, 1), (1, 2)):
        store.hset("subscribers:at:0", str(one), f'["r{number}@example.org",7,"UTC",0,"",0]')
    assert Ledger(store).commit(intent, "aa.aa") == "settled"
    again = [one for frozen in cohorts.freeze_due(store, settings, SEVEN) for one in ids_of(store, frozen)]
    assert again == [3, 6]
    assert [send(store, settings, ref, ObedientMailer())] == [[3, 6]]


def test_an_end_is_merged_into_a_batch_with_other_members(
    store: Store, settings: Settings, ref: BatchRef
) -> None:
    """Places in the marks are other readers now."""
    kept = {name: value for name, value in snapshot(store).items() if not name.startswith("delivery:")}
    intent = begun(store, ref)
    lose_the_tail(store, kept)
    subscribe(store, ["r5"])
    (again,) = cohorts.freeze_due(store, settings, SEVEN)
    assert Ledger(store).commit(intent, "aa.aa") == "settled"
    assert send(store, settings, again, ObedientMailer()) == [3, 6]
    assert counts(store) == (6, 0, 0, 0)


def ids_of(store: Store, ref: BatchRef) -> tuple[int, ...]:
    """Return whom a batch addresses."""
    return uncertain.members(store, ref)


EVERYBODY = frozenset(range(1, 6))
PROOF = Event("processed", "r0@example.org", SEVEN, "2026-06-10.1.2")


def given_up(store: Store, ref: BatchRef) -> None:
    """Leave the first request in doubt, and have it sent again after silence."""
    begun(store, ref)
    store.zadd(keys.DUE(day=DAY), {"1": int(SEVEN.timestamp() * 1000)})
    assert isinstance(Ledger(store).claim(ref), Denied)
    assert uncertain.settle_by_hand(store, DAY, Ending.RESENT) == 5


@pytest.mark.parametrize(
    ("second", "at_once", "doubled"),
    [
        (Outcome(retry_after=timedelta(minutes=1)), 0, 0),
        (Outcome(refused=dict.fromkeys(EVERYBODY, "550 5.1.1 no")), 0, 0),
        (Outcome(uncertain=EVERYBODY), 0, 5),
        (Outcome(EVERYBODY), 5, 5),
    ],
    ids=["not begun", "refused", "in doubt", "accepted"],
)
def test_who_is_known_to_be_accepted_never_waits_again(  # noqa: PLR0917 - pytest names them
    store: Store, settings: Settings, ref: BatchRef, second: Outcome, at_once: int, doubled: int
) -> None:
    """Proved while they are sent to a second time: there is no third, whatever the second comes to."""
    given_up(store, ref)

    def proved_meanwhile(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        events.apply(store, [PROOF], SEVEN)
        return second

    send(store, settings, ref, ObedientMailer(proved_meanwhile))
    assert counts(store) == (5, 0, 0, at_once)
    store.zadd(keys.DUE(day=DAY), {"1": 1})
    assert send(store, settings, ref, ObedientMailer(accept)) == []
    events.apply(store, [PROOF, Event("processed", "r0@example.org", SEVEN, "2026-06-10.1.4")], SEVEN)
    uncertain.settle_by_hand(store, DAY, Ending.RESENT)
    assert counts(store) == (5, 0, 0, doubled)
    store.zadd(keys.DUE(day=DAY), {"1": 1})
    assert send(store, settings, ref, ObedientMailer(accept)) == []


def test_a_proof_of_one_in_doubt_twice_is_final(store: Store, settings: Settings, ref: BatchRef) -> None:
    """The second request is in doubt when the first is proved; given up, it mails nobody a third time."""
    given_up(store, ref)

    def doubt(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        return Outcome(uncertain=frozenset(one.subscriber_id for one in recipients))

    send(store, settings, ref, ObedientMailer(doubt))
    events.apply(store, [PROOF], SEVEN)
    uncertain.settle_by_hand(store, DAY, Ending.RESENT)
    assert counts(store) == (5, 0, 0, 0)
    assert send(store, settings, ref, ObedientMailer(accept)) == []
