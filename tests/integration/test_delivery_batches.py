"""One batch: claimed, looked at again, intended, sent once, committed; and what each accident leads to."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef, Claim, Denial, Denied, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending.batch_sender import GIVE_UP_AFTER, BatchReport
from newsletter.delivery.sending.batches import send_batch
from newsletter.errors import InvalidInputError
from newsletter.models import Preferences, Recipient
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup
from newsletter.subscribers.kept.store import SubscriberStore

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
INSTANTLY = timedelta(milliseconds=1)


class WorkerKilledError(BaseException):
    """Ends a task where a signal would."""


@pytest.fixture
def frozen(store: Store, settings: Settings) -> tuple[BatchRef, list[int]]:
    """An edition that addresses five readers in one batch."""
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    return ref, ids


def send(store: Store, settings: Settings, ref: BatchRef, mailer: ObedientMailer) -> BatchReport:
    """Do what a task does."""
    return send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer)


@pytest.mark.parametrize("phrases", [(), tuple(f"a long phrase about topic {n}" for n in range(20))])
def test_whoever_pauses_after_the_freeze_is_not_mailed(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]], phrases: tuple[str, ...]
) -> None:
    """However long the record; a pause that is over, and an end in the reader's own zone, change nothing."""
    ref, ids = frozen
    for one, until in zip(ids, (DAY + timedelta(days=1), DAY, DAY + timedelta(days=9)), strict=False):
        paused = Preferences(hour=7, paused_until=until, topics=phrases)
        SubscriberStore(store).save_preferences(one, paused, SEVEN)
    tokyo = Preferences(hour=7, timezone="Pacific/Kiritimati", paused_until=DAY + timedelta(days=1))
    SubscriberStore(store).save_preferences(ids[3], tokyo, SEVEN)
    mailer = ObedientMailer()
    late = SEVEN + timedelta(hours=5)  # tomorrow in Kiritimati
    report = send_batch(store, settings, ref.day, ref.batch, lambda: late, mailer=mailer)
    assert mailer.named == [ids[1], ids[3], ids[4]]
    assert (report.accepted, Ledger(store).progress(ref.day).left) == (3, 2)


def leave_behind(store: Store, ref: BatchRef) -> Claim:
    """Be a worker that was killed right after its intent, its lease over."""
    ledger = Ledger(store, lease=INSTANTLY, longest=timedelta(0))
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    intent = ledger.intend(claim, "i" * len(claim.ids))
    while isinstance(intent, Denied):  # the lease of a millisecond was over already
        claim = ledger.claim(ref)
        assert isinstance(claim, Claim)
        intent = ledger.intend(claim, "i" * len(claim.ids))
    assert isinstance(intent, Claim)
    expire(store, ref)
    return intent


def expire(store: Store, ref: BatchRef) -> None:
    """Let a lease end."""
    store.zadd(keys.DUE(day=ref.day), {str(ref.batch): 1})


def test_a_batch_is_sent_once_and_the_second_task_finds_nothing(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """A repeated message sends nothing again."""
    ref, ids = frozen
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).accepted == 5
    assert send(store, settings, ref, mailer).denied == "over"
    assert mailer.named == ids
    progress = Ledger(store).progress(DAY)
    assert (progress.accepted, progress.waiting, progress.is_done) == (5, 0, True)


def test_who_left_after_the_freeze_is_not_mailed(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Unsubscribing and erasing take effect before the next send."""
    ref, ids = frozen
    signup.unsubscribe(store, settings, ids[1], SEVEN)
    signup.erase(store, ids[3], SEVEN)
    mailer = ObedientMailer()
    report = send(store, settings, ref, mailer)
    assert mailer.named == [ids[0], ids[2], ids[4]]
    assert (report.accepted, report.left) == (3, 2)
    assert Ledger(store).progress(DAY).left == 2


def test_a_batch_that_everybody_left_makes_no_request(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """And it is over."""
    ref, ids = frozen
    for one in ids:
        signup.unsubscribe(store, settings, one, SEVEN)
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).left == 5
    assert mailer.sent == []
    assert sweep.open_batches(store) == ()


def test_the_intent_is_there_before_the_request(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Whoever looks while the request runs finds it noted under the very id that the request carries."""
    ref, _ = frozen
    seen: list[tuple[str, dict[str, str]]] = []

    def look(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        seen.append((request_id, dict(store.hgetall(keys.INTENT(day=DAY)))))
        return accept(recipients, request_id)

    send(store, settings, ref, ObedientMailer(look))
    ((request, intents),) = seen
    assert (request, intents["1"].split()[0]) == ("2026-06-10.1.2", "2")
    assert store.hgetall(keys.INTENT(day=DAY)) == {}


def test_a_worker_killed_after_its_intent_leaves_the_batch_uncertain_and_unsent(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Nobody knows whether the request left, so nobody sends it again."""
    ref, _ = frozen

    def die(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        raise WorkerKilledError

    with pytest.raises(WorkerKilledError):
        send(store, settings, ref, ObedientMailer(die))
    expire(store, ref)
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).denied == "over"
    assert mailer.sent == []
    progress = Ledger(store).progress(DAY)
    assert (progress.uncertain, progress.waiting) == (5, 0)
    assert sweep.open_batches(store) == ()


def test_a_worker_killed_before_its_intent_costs_a_lease(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """While it runs nobody else may; then the batch is sent as if nothing had been."""
    ref, ids = frozen
    assert isinstance(Ledger(store).claim(ref), Claim)
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).denied == "busy"
    assert sweep.open_batches(store) == ()
    expire(store, ref)
    assert sweep.open_batches(store) == (ref,)
    assert send(store, settings, ref, mailer).accepted == 5
    assert mailer.named == ids


def test_who_lost_the_lease_may_not_begin_a_request(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The fencing token of the one who came later stands."""
    ref, _ = frozen
    ledger = Ledger(store)
    slow = ledger.claim(ref)
    assert isinstance(slow, Claim)
    expire(store, ref)
    assert isinstance(ledger.claim(ref), Claim)
    assert ledger.intend(slow, "iiiii") == Denied(Denial.LOST)


def test_a_lease_that_a_request_could_outlast_is_no_lease(
    store: Store, frozen: tuple[BatchRef, list[int]]
) -> None:
    """A request may take as long as the mailer says; less must not be left when it begins."""
    ref, _ = frozen
    ledger = Ledger(store, lease=timedelta(seconds=30), longest=timedelta(seconds=31))
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    assert ledger.intend(claim, "iiiii") == Denied(Denial.LOST)


def test_a_commit_after_the_lease_was_lost_is_still_a_fact(
    store: Store, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The batch had been called uncertain, and is not any more."""
    ref, _ = frozen
    slow = leave_behind(store, ref)
    ledger = Ledger(store)
    assert ledger.claim(ref) == Denied(Denial.OVER)
    assert ledger.progress(DAY).uncertain == 5
    assert ledger.commit(slow, "aaaaa") == "settled"
    progress = ledger.progress(DAY)
    assert (progress.accepted, progress.uncertain) == (5, 0)


def test_an_abort_after_the_lease_was_lost_lets_them_be_sent(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """A late refusal is as good as an early one."""
    ref, ids = frozen
    slow = leave_behind(store, ref)
    ledger = Ledger(store)
    ledger.claim(ref)
    ledger.abort(slow)
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).accepted == 5
    assert mailer.named == ids


def test_a_repeated_commit_changes_nothing(store: Store, frozen: tuple[BatchRef, list[int]]) -> None:
    """A driver may send a script twice when a connection breaks."""
    ref, _ = frozen
    ledger = Ledger(store)
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    intent = ledger.intend(claim, "iiiii")
    assert isinstance(intent, Claim)
    assert ledger.intend(claim, "iiiii") == intent
    assert ledger.commit(intent, "aaaar") == "committed"
    assert ledger.commit(intent, "aaaar") == "known"
    progress = ledger.progress(DAY)
    assert (progress.accepted, progress.refused, progress.stray) == (4, 1, 0)


def test_whom_the_mailer_did_not_reach_is_sent_later_and_nobody_else(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Accepted, refused and uncertain recipients are never named again; the others are."""
    ref, ids = frozen

    def some(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        return Outcome(
            frozenset({ids[0]}), {ids[1]: "550 no such user"}, {ids[4]: "450 later"}, frozenset({ids[2]})
        )

    report = send(store, settings, ref, ObedientMailer(some))
    assert (report.accepted, report.refused, report.uncertain, report.waiting) == (1, 1, 1, 2)
    assert store.hgetall(keys.REFUSALS(day=DAY)) == {str(ids[1]): "550 no such user"}
    mailer = ObedientMailer()
    assert send(store, settings, ref, mailer).denied == "busy"
    expire(store, ref)  # who was put off waits a minute
    assert send(store, settings, ref, mailer).waiting == 0
    assert mailer.named == [ids[3], ids[4]]
    progress = Ledger(store).progress(DAY)
    assert (progress.accepted, progress.refused, progress.uncertain) == (3, 1, 1)


def test_a_mailer_that_asks_for_a_pause_gets_it(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Until then the batch is neither swept nor claimed."""
    ref, _ = frozen
    busy = ObedientMailer(lambda recipients, request_id: Outcome(retry_after=timedelta(minutes=5)))
    assert send(store, settings, ref, busy).waiting == 5
    assert sweep.open_batches(store) == ()
    assert send(store, settings, ref, ObedientMailer()).denied == "busy"
    score = store.zscore(keys.DUE(day=DAY), "1")
    assert score is not None
    assert score / 1000 - store.time()[0] == pytest.approx(300, abs=5)


def test_a_request_refused_as_a_whole_is_halved_down_to_the_bad_recipient(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """One bad address costs one reader their mail, and some requests."""
    ref, ids = frozen

    def picky(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        named = [one.subscriber_id for one in recipients]
        return Outcome(rejected="bad address") if ids[3] in named else accept(recipients, request_id)

    mailer = ObedientMailer(picky)
    report = send(store, settings, ref, mailer)
    assert (report.accepted, report.refused, report.waiting) == (4, 1, 0)
    assert len({request for request, _ in mailer.sent}) == len(mailer.sent)
    assert store.hget(keys.REFUSALS(day=DAY), str(ids[3])) == "bad address"


def test_a_mail_that_is_refused_for_everybody_halts_and_gives_nobody_up(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Where nobody at all was accepted, the mail is at fault and not its readers."""
    ref, _ = frozen
    report = send(store, settings, ref, ObedientMailer(lambda recipients, request_id: Outcome(rejected="no")))
    assert report.halted is not None
    progress = Ledger(store).progress(DAY)
    assert (progress.refused, progress.waiting) == (0, 5)
    assert progress.held == report.halted


def test_a_halt_holds_the_edition_until_the_operator_resumes_it(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Spent credits stop everything, suppress nobody, and say what to do."""
    ref, _ = frozen
    broke = ObedientMailer(
        lambda recipients, request_id: Outcome(halt="Maximum credits exceeded. Pay, then resume.")
    )
    assert send(store, settings, ref, broke).halted == "Maximum credits exceeded. Pay, then resume."
    assert send(store, settings, ref, ObedientMailer()).denied == "held"
    assert sweep.open_batches(store) == ()
    assert control.resume(store, DAY)
    assert send(store, settings, ref, ObedientMailer()).accepted == 5


def test_a_hold_takes_effect_between_two_portions_of_a_batch(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The request that is under way ends, the next is not begun."""
    ref, ids = frozen

    def hold(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        control.hold(store, DAY, "a typo in the subject")
        return accept(recipients, request_id)

    mailer = ObedientMailer(hold, portion=2)
    report = send(store, settings, ref, mailer)
    assert (report.accepted, report.waiting, report.denied) == (2, 3, "held")
    control.resume(store, DAY)
    expire(store, ref)
    rest = ObedientMailer(portion=2)
    send(store, settings, ref, rest)
    assert mailer.named + rest.named == ids


def test_a_fault_in_the_mail_itself_is_found_before_anything_leaves(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """A sender that cannot be written halts; the readers wait."""

    def raise_it(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        raise InvalidInputError("The sender is not a valid address. Correct NEWSLETTER_FROM.")

    ref, _ = frozen
    report = send(store, settings, ref, ObedientMailer(raise_it))
    assert report.halted == "The sender is not a valid address. Correct NEWSLETTER_FROM."
    assert Ledger(store).progress(DAY).waiting == 5


def test_workers_that_race_for_a_batch_name_everybody_once(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """Eight tasks for one batch: one of them sends it."""
    ref, ids = frozen
    mailer = ObedientMailer(portion=2)
    threads = [threading.Thread(target=send, args=(store, settings, ref, mailer)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mailer.named) == ids


def test_after_a_restored_backup_every_open_edition_is_held_and_old_tokens_prove_nothing(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """What was sent since the backup is not known here, so a person decides."""
    ref, _ = frozen
    assert control.new_epoch(store) == (DAY,)
    assert send(store, settings, ref, ObedientMailer()).denied == "held"
    control.resume(store, DAY)
    mailer = ObedientMailer()
    send(store, settings, ref, mailer)
    assert mailer.sent[0][0] == "2026-06-10.1.1000002"


def test_a_recipient_who_is_deferred_for_two_days_is_given_up(
    store: Store, settings: Settings, frozen: tuple[BatchRef, list[int]]
) -> None:
    """The day's papers are no news any more."""
    ref, ids = frozen
    mailer = ObedientMailer(lambda recipients, request_id: Outcome(deferred={ids[0]: "452 mailbox full"}))
    report = send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN + GIVE_UP_AFTER, mailer=mailer)
    assert (report.refused, report.waiting) == (1, 4)
    assert store.hget(keys.REFUSALS(day=DAY), str(ids[0])) == "given up after two days: 452 mailbox full"


def test_the_mail_of_each_rendering_is_the_readers_own(store: Store, settings: Settings) -> None:
    """Who follows a phrase gets its papers, who asked for text gets no HTML."""
    publish(store, an_edition())
    wishes = [
        Preferences(hour=7),
        Preferences(hour=7, topics=("attention",)),
        Preferences(hour=7, format="text"),
    ]
    ids = subscribe(store, ["all", "some", "text"], lambda n: wishes[n])
    mailer = ObedientMailer()
    for ref in cohorts.freeze_due(store, settings, SEVEN):
        send(store, settings, ref, mailer)
    everything, some, text = (mailer.messages[one] for one in ids)
    assert "diffusion" in everything.text
    assert "Paper 1" in everything.text
    assert "Paper 1" not in some.text
    assert "Paper 2" in some.text
    assert text.html is None


def test_the_ledger_costs_at_most_five_bytes_a_recipient(store: Store, settings: Settings) -> None:
    """Ten thousand readers in their batches, with everything that the ledger keeps of them after delivery."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(10_000)))
    for ref in cohorts.freeze_due(store, settings, SEVEN):
        send(store, settings, ref, ObedientMailer())
    used = sum(int(store.memory_usage(name, samples=0) or 0) for name in store.scan_iter(f"delivery:{DAY}*"))
    assert used / 10_000 <= 5
