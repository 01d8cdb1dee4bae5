"""Single letters: sent once, with the discipline of the ledger."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import links
import pytest
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe

from newsletter import queue as queue_module
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import sweep
from newsletter.delivery.ledger.ledger import Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending import notices
from newsletter.models import Preferences, Recipient
from newsletter.rendering import notices as rendering
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import on_request
from newsletter.subscribers.consent import keyring, moving, signup, tokens
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.subscribers.notices import Letterbox, LetterKind, LetterState

SIX_THIRTY = datetime(2026, 6, 10, 6, 30, tzinfo=UTC)


def ask(store: Store, settings: Settings, address: str = "ada@example.org", **wishes: object) -> int:
    """Fill in the form, and return the letter's id."""
    queue = queue_module.connect(settings)
    wanted = Preferences(hour=7, **wishes)
    signup.request(store, queue, settings, address, preferences=wanted, origin="198.51.100.7", now=SIX_THIRTY)
    (letter,) = sweep.open_letters(store, SIX_THIRTY)
    return int(letter)


def confirm(store: Store, settings: Settings, address: str = "ada@example.org") -> int:
    """Press the button in the confirmation, and return the welcome's id."""
    found = SubscriberStore(store).find_id(address)
    assert found is not None
    token = links.token(store, settings, "confirm", found, SIX_THIRTY)
    signup.confirm(
        store, queue_module.connect(settings), settings, token, origin="198.51.100.7", now=SIX_THIRTY
    )
    (letter,) = sweep.open_letters(store, SIX_THIRTY)
    return int(letter)


def send(store: Store, settings: Settings, letter: int, mailer: ObedientMailer) -> str:
    """Do what a task does."""
    return notices.send_letter(store, settings, letter, lambda: SIX_THIRTY, mailer=mailer).state


def test_a_confirmation_is_sent_once_with_links_that_work(store: Store, settings: Settings) -> None:
    """The tokens in it are the reader's; a second task finds nothing to do."""
    letter = ask(store, settings)
    seen: list[Recipient] = []

    def look(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        seen.extend(recipients)
        return accept(recipients, request_id)

    assert send(store, settings, letter, ObedientMailer(look)) == "sent"
    assert send(store, settings, letter, ObedientMailer(look)) == "left alone"
    (recipient,) = seen
    values = dict(recipient.substitutions)
    token = values["-confirm_url-"].removeprefix(f"{settings.base_url}/confirm/")
    reading = tokens.read("confirm", token, keyring.of(store, settings), now=SIX_THIRTY)
    assert reading.subscriber_id == recipient.subscriber_id
    assert reading.is_for("ada@example.org")
    assert values["-reject_url-"].startswith(f"{settings.base_url}/reject/")
    assert sweep.open_letters(store, SIX_THIRTY + timedelta(days=1)) == ()


def welcome(store: Store, settings: Settings, **wishes: object) -> ObedientMailer:
    """Subscribe, confirm, and send both letters; return who sent the welcome."""
    send(store, settings, ask(store, settings, **wishes), ObedientMailer())
    mailer = ObedientMailer()
    assert send(store, settings, confirm(store, settings), mailer) == "sent"
    return mailer


def test_a_welcome_carries_the_edition_and_the_daily_mail_does_not_repeat_it(
    store: Store, settings: Settings
) -> None:
    """Half an hour later it would have been due."""
    publish(store, an_edition())
    mailer = welcome(store, settings)
    (message,) = mailer.messages.values()
    assert "Paper 1 of 10 June" in message.text
    assert cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1)) == ()


def test_a_welcome_without_an_edition_says_when_the_first_one_comes(store: Store, settings: Settings) -> None:
    """Half past six is before the chosen hour of seven."""
    mailer = welcome(store, settings)
    (message,) = mailer.messages.values()
    assert "7:00" in message.text


def test_a_welcome_does_not_carry_what_would_be_empty(store: Store, settings: Settings) -> None:
    """And leaves the daily mail to count that reader as quiet."""
    publish(store, an_edition())
    mailer = welcome(store, settings, topics=("protein folding",))
    (message,) = mailer.messages.values()
    assert "Paper 1" not in message.text
    cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1))
    assert Ledger(store).progress(DAY).quiet == 1


def test_a_postponed_welcome_still_carries_its_edition(store: Store, settings: Settings) -> None:
    """It took the edition with the first try; the daily mail leaves it to the second."""
    publish(store, an_edition())
    send(store, settings, ask(store, settings), ObedientMailer())
    letter = confirm(store, settings)
    busy = ObedientMailer(lambda recipients, request_id: Outcome(retry_after=timedelta(minutes=2)))
    assert send(store, settings, letter, busy) == "postponed"
    assert cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1)) == ()
    later = SIX_THIRTY + timedelta(hours=1)
    mailer = ObedientMailer()
    notices.send_letter(store, settings, letter, lambda: later, mailer=mailer)
    (message,) = mailer.messages.values()
    assert "Paper 1 of 10 June" in message.text


def test_a_welcome_to_who_was_addressed_already_does_not_repeat_the_edition(
    store: Store, settings: Settings
) -> None:
    """The cohort came first: it was frozen between the confirmation and the welcome."""
    publish(store, an_edition())
    send(store, settings, ask(store, settings), ObedientMailer())
    letter = confirm(store, settings)
    assert len(cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1))) == 1
    mailer = ObedientMailer()
    send(store, settings, letter, mailer)
    (message,) = mailer.messages.values()
    assert "Paper 1" not in message.text


def want_latest(store: Store, settings: Settings, reader: int = 1, now: datetime = SIX_THIRTY) -> int | None:
    """Press “send me the latest edition”; return the letter's id, if there is one."""
    on_request.send_latest(store, queue_module.connect(settings), reader, now)
    found = sweep.open_letters(store, now)
    return int(found[-1]) if found else None


def latest(store: Store, settings: Settings) -> str:
    """Ask for the latest edition, and return the text of the mail that comes."""
    letter, mailer = want_latest(store, settings), ObedientMailer()
    assert letter is not None
    assert send(store, settings, letter, mailer) == "sent"
    (message,) = mailer.messages.values()
    return message.text


def test_the_latest_edition_comes_when_it_is_asked_for_and_not_again_by_itself(
    store: Store, settings: Settings
) -> None:
    """Half an hour before the digest was due; the cohort leaves it out."""
    subscribe(store, ["ada"])
    publish(store, an_edition())
    assert "Paper 1 of 10 June" in latest(store, settings)
    assert cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1)) == ()
    assert want_latest(store, settings) is None, "once an hour"


def test_who_had_the_edition_may_ask_for_it_again(store: Store, settings: Settings) -> None:
    """They pressed a button that says so."""
    subscribe(store, ["ada"])
    publish(store, an_edition())
    assert len(cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1))) == 1
    assert "Paper 1 of 10 June" in latest(store, settings)


def test_the_latest_edition_is_the_readers_own(store: Store, settings: Settings) -> None:
    """Tailored as the daily mail is, and honest where that leaves nothing; the daily count stays right."""
    subscribe(store, ["ada"], Preferences(hour=7, topics=("protein folding",)))
    publish(store, an_edition())
    text = latest(store, settings)
    assert "Paper 1" not in text
    assert "nothing was left after your preferences" in " ".join(text.split())
    cohorts.freeze_due(store, settings, SIX_THIRTY + timedelta(hours=1))
    assert Ledger(store).progress(DAY).quiet == 1


def test_an_edition_that_is_gone_is_refused_and_not_tried_for_ever(store: Store, settings: Settings) -> None:
    """A store without editions: the letter is settled, with a word to the operator."""
    subscribe(store, ["ada"])
    letter = want_latest(store, settings)
    assert letter is not None
    assert send(store, settings, letter, ObedientMailer()) == "refused"
    assert sweep.open_letters(store, SIX_THIRTY + timedelta(days=1)) == ()


def test_a_change_of_address_reaches_both_with_links_that_work(store: Store, settings: Settings) -> None:
    """The new one gets the link that moves, the old one its preferences, before and after."""
    subscribe(store, ["ada"])
    queue, seen = queue_module.connect(settings), dict[str, tuple[str, str]]()

    def look(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        (one,) = recipients
        seen[one.address] = one.substitutions[-1]
        return accept(recipients, request_id)

    moving.request(store, queue, settings, 1, "new@example.net", now=SIX_THIRTY)
    for letter in sweep.open_letters(store, SIX_THIRTY):
        assert send(store, settings, int(letter), ObedientMailer(look)) == "sent"
    page = links.token(store, settings, "manage", 1, SIX_THIRTY)
    manage = ("-manage_url-", f"{settings.base_url}/manage/{page}")
    name, url = seen.pop("new@example.net")
    assert (name, list(seen.values())) == ("-confirm_url-", [manage])
    token = url.removeprefix(f"{settings.base_url}/move/")
    seen.clear()
    assert moving.confirm(store, queue, settings, token, now=SIX_THIRTY) is moving.Moved.MOVED
    (letter,) = sweep.open_letters(store, SIX_THIRTY)
    send(store, settings, int(letter), ObedientMailer(look))
    back = links.back(store, settings, 1)
    assert list(seen.values()) == [("-back_url-", f"{settings.base_url}/move/{back}")]
    assert "new@example.net" not in seen


def test_every_kind_of_letter_has_its_templates() -> None:
    """A kind without them would be claimed, fail, and be claimed again for ever."""
    with_templates = {kind.value for kind in LetterKind} - {LetterKind.LATEST}
    assert with_templates == set(get_args(rendering.Kind))


@pytest.mark.parametrize(
    ("outcome", "report", "state"),
    [
        (Outcome(uncertain=frozenset({1})), "uncertain", LetterState.UNCERTAIN),
        (Outcome(refused={1: "550 no such user"}), "refused", LetterState.REFUSED),
        (Outcome(refused={1: "554 5.7.1 relay access denied"}), "postponed", LetterState.PENDING),
        (Outcome(rejected="Bad Request"), "postponed", LetterState.PENDING),
        (Outcome(deferred={1: "452 full"}), "postponed", LetterState.PENDING),
        (Outcome(halt="Disk full. Make room."), "postponed", LetterState.PENDING),
        (Outcome(), "postponed", LetterState.PENDING),
    ],
    ids=["no answer", "refused", "sender refused", "malformed", "deferred", "halt", "not begun"],
)
def test_each_end_of_a_letter_is_kept(
    store: Store, settings: Settings, outcome: Outcome, report: str, state: LetterState
) -> None:
    """Only what was certainly not accepted is tried again."""
    letter = ask(store, settings)
    assert send(store, settings, letter, ObedientMailer(lambda recipients, request_id: outcome)) == report
    kept = Letterbox(store).get(letter)
    assert kept is not None
    assert kept.state is state
    due = sweep.open_letters(store, SIX_THIRTY + timedelta(hours=1))
    assert due == ((str(letter),) if state is LetterState.PENDING else ())


def test_a_letter_that_is_refused_by_our_own_fault_is_told_and_given_up_after_a_day(
    store: Store, settings: Settings
) -> None:
    """The operator reads the server's words without the address; nobody confirms a day later anyhow."""
    letter = ask(store, settings)
    denied = ObedientMailer(
        lambda recipients, request_id: Outcome(
            refused={1: "554 5.7.1 <ada@example.org>: Relay access denied"}
        )
    )
    send(store, settings, letter, denied)
    told = str(store.get(notices.HALTED()))
    assert ("Relay access denied" in told, "ada@" in told) == (True, False)
    later = SIX_THIRTY + notices.WORTH_SENDING + timedelta(minutes=1)
    assert notices.send_letter(store, settings, letter, lambda: later, mailer=denied).state == "refused"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(refused={1: "550 5.1.1 <ada@example.org>: User unknown"}),
        Outcome(deferred={1: "450 4.2.1 ada@example.org: greylisted"}),
        Outcome(reason="421 too many mails to ada@example.org"),
        Outcome(halt="535 papers@example.org may not send to ada@example.org. Log in."),
        Outcome(rejected="400 ada@example.org is malformed"),
    ],
    ids=["refused", "deferred", "not begun", "halt", "malformed"],
)
def test_no_reason_that_is_kept_holds_an_address(store: Store, settings: Settings, outcome: Outcome) -> None:
    """They stay for weeks, also where the reader is erased."""
    letter = ask(store, settings)
    send(store, settings, letter, ObedientMailer(lambda recipients, request_id: outcome))
    kept = Letterbox(store).get(letter)
    assert kept is not None
    assert kept.reason
    assert "@" not in kept.reason
    assert "@" not in (store.get(notices.HALTED()) or "")


def test_a_worker_killed_after_the_intent_does_not_send_the_letter_again(
    store: Store, settings: Settings
) -> None:
    """It may have arrived; who misses it asks again."""
    letter = ask(store, settings)

    def die(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(store, settings, letter, ObedientMailer(die))
    mailer = ObedientMailer()
    later = SIX_THIRTY + timedelta(minutes=5)
    notices.send_letter(store, settings, letter, lambda: later, mailer=mailer)
    assert mailer.sent == []
    assert [one.id for one in Letterbox(store).uncertain()] == [letter]


def test_a_letter_to_who_left_meanwhile_is_dropped(store: Store, settings: Settings) -> None:
    """A welcome that was waiting is no reason to mail somebody who unsubscribed."""
    (one,) = subscribe(store, ["gone"])
    signup.unsubscribe(store, settings, one, SIX_THIRTY)
    send(store, settings, ask(store, settings), ObedientMailer())
    letter = confirm(store, settings)
    signup.unsubscribe(store, settings, one + 1, SIX_THIRTY)
    mailer = ObedientMailer()
    assert send(store, settings, letter, mailer) == "left alone"
    assert mailer.sent == []
