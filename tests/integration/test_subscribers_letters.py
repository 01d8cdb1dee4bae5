"""A letter is sent once, or known to be in doubt: whichever worker dies at whichever step."""

from datetime import timedelta

import pytest
from signups import NOON, Signups

from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup, suppression
from newsletter.subscribers.consent.signup import Confirmed
from newsletter.subscribers.notices import LEASE, Claim, LetterKind, LetterState

FIRST = int(NOON.timestamp() * 1000)
"""The number of the first letter: the instant in which it was written."""
AFTER_THE_LEASE = LEASE + timedelta(seconds=1)


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """A list on which somebody has just asked: the first letter waits."""
    signups = Signups(store, settings)
    signups.ask()
    return signups


def claimed(list_: Signups, letter: int = FIRST) -> Claim:
    """Take a letter that can be taken."""
    claim = list_.letters.claim(letter, list_.now)
    assert claim is not None
    return claim


def state(list_: Signups, letter: int = FIRST) -> LetterState | None:
    """How far a letter has come."""
    found = list_.letters.get(letter)
    return found.state if found else None


def test_a_claim_says_whom_and_where_to(list_: Signups) -> None:
    """Everything that it takes to send the letter, as it is now."""
    claim = claimed(list_)
    assert (claim.letter.kind, claim.subscriber.address) == (LetterKind.CONFIRM, "ada@example.org")
    assert claim.subscriber.status is SubscriberStatus.PENDING


def test_a_letter_has_one_holder(list_: Signups) -> None:
    """A repeated message finds it held, and the sweep leaves it alone, until the lease ends."""
    claimed(list_)
    assert list_.letters.claim(FIRST, list_.now) is None
    assert list_.letters.pending(list_.now + LEASE - timedelta(seconds=1)) == ()
    assert list_.letters.pending(list_.now + LEASE) == (FIRST,)


def test_a_sent_letter_is_done(list_: Signups) -> None:
    """Nobody takes it again, and it goes away in time."""
    claim = claimed(list_)
    assert list_.letters.intend(claim, "letter.1.1", list_.now)
    list_.letters.sent(FIRST, list_.now)
    list_.later(days=1)
    assert list_.letters.pending(list_.now) == ()
    assert list_.letters.claim(FIRST, list_.now) is None
    assert state(list_) is LetterState.SENT
    assert list_.store.ttl(f"letter:{FIRST}") > 0


def test_a_worker_that_dies_before_the_intent_loses_nothing(list_: Signups) -> None:
    """Its lease ends, the sweep finds the letter, another sends it, and the first can no more."""
    dead = claimed(list_)
    list_.later(seconds=AFTER_THE_LEASE.total_seconds())
    assert list_.letters.pending(list_.now) == (FIRST,)
    alive = claimed(list_)
    assert not list_.letters.intend(dead, "letter.1.1", list_.now)
    assert list_.letters.intend(alive, "letter.1.2", list_.now)


def test_a_worker_that_dies_after_the_intent_leaves_doubt_and_no_double(list_: Signups) -> None:
    """It may have been sent: it is shown, with what the provider was told, and never sent again from here."""
    list_.letters.intend(claimed(list_), "letter.1.1", list_.now)
    list_.later(seconds=AFTER_THE_LEASE.total_seconds())
    assert list_.letters.claim(FIRST, list_.now) is None
    (doubtful,) = list_.letters.uncertain()
    assert (doubtful.state, doubtful.request_id) == (LetterState.UNCERTAIN, "letter.1.1")
    assert list_.letters.pending(list_.now + timedelta(days=1)) == ()


def test_letters_in_doubt_that_have_expired_hide_no_living_one(list_: Signups) -> None:
    """A thousand dead ids stand first, and are forgotten when somebody looks."""
    list_.letters.doubt(claimed(list_), "timeout", list_.now)
    list_.store.zadd("letters:uncertain", {str(number): 1 for number in range(1000, 2000)})
    assert [letter.id for letter in list_.letters.uncertain(1)] == [FIRST]
    assert list_.store.zcard("letters:uncertain") == 1


def test_whoever_misses_a_doubtful_confirmation_gets_a_new_one(list_: Signups) -> None:
    """Asking again records a letter of its own."""
    list_.letters.doubt(claimed(list_), "timeout", list_.now)
    list_.ask()
    assert list_.mail() == [("confirm", 1)]


def test_what_happened_outside_counts_after_the_lease_and_after_doubt(list_: Signups) -> None:
    """A slow worker's success is a fact, and so is the provider's event."""
    list_.letters.intend(claimed(list_), "letter.1.1", list_.now)
    list_.later(seconds=AFTER_THE_LEASE.total_seconds())
    list_.letters.claim(FIRST, list_.now)
    assert state(list_) is LetterState.UNCERTAIN
    list_.letters.sent(FIRST, list_.now)
    assert (state(list_), list_.letters.uncertain()) == (LetterState.SENT, ())


def test_an_intent_needs_a_lease_that_outlasts_the_sending(list_: Signups) -> None:
    """Else another worker would take the letter for abandoned while it is under way."""
    claim = claimed(list_)
    list_.later(seconds=50)
    assert not list_.letters.intend(claim, "letter.1.1", list_.now)
    assert state(list_) is LetterState.CLAIMED


def test_an_intent_is_recorded_once(list_: Signups) -> None:
    """One claim sends once: a second intent is refused."""
    claim = claimed(list_)
    assert list_.letters.intend(claim, "letter.1.1", list_.now)
    assert not list_.letters.intend(claim, "letter.1.1", list_.now)


def test_a_letter_that_was_not_accepted_waits_its_time(list_: Signups) -> None:
    """Postponed, it is due again from the instant that the mailer named, and sent then."""
    claim = claimed(list_)
    list_.letters.intend(claim, "letter.1.1", list_.now)
    list_.letters.postpone(claim, list_.now + timedelta(minutes=5), "429")
    assert list_.letters.claim(FIRST, list_.now) is None
    list_.later(minutes=5)
    assert list_.letters.pending(list_.now) == (FIRST,)
    assert list_.letters.intend(claimed(list_), "letter.1.2", list_.now)


def test_a_refused_letter_is_not_tried_again(list_: Signups) -> None:
    """The reason stays for a week, for whoever is asked about it."""
    list_.letters.refuse(claimed(list_), "550 no such user", list_.now)
    list_.later(days=1)
    assert list_.letters.pending(list_.now) == ()
    letter = list_.letters.get(FIRST)
    assert letter is not None
    assert (letter.state, letter.reason) == (LetterState.REFUSED, "550 no such user")


def test_who_lost_the_letter_cannot_decide_about_it(list_: Signups) -> None:
    """A superseded worker neither gives it back nor refuses nor doubts it."""
    dead = claimed(list_)
    list_.later(seconds=AFTER_THE_LEASE.total_seconds())
    claimed(list_)
    before = list_.everything()
    list_.letters.refuse(dead, "550", list_.now)
    list_.letters.doubt(dead, "timeout", list_.now)
    list_.letters.postpone(dead, list_.now, "429")
    assert list_.everything() == before


@pytest.mark.parametrize("gone", ["confirmed", "left", "erased", "complained", "rejected"])
def test_a_confirmation_that_nobody_needs_is_dropped(list_: Signups, gone: str) -> None:
    """What the reader did since is looked at when the letter is taken."""
    token = list_.token("confirm")
    match gone:
        case "confirmed":
            assert list_.press(token) is Confirmed.CONFIRMED
        case "left":
            list_.leave()
        case "erased":
            signup.erase(list_.store, 1, list_.now)
        case "complained":
            suppression.suppress(list_.store, "ada@example.org", suppression.Reason.COMPLAINED, now=list_.now)
        case "rejected":
            signup.reject(list_.store, list_.settings, list_.token("reject"), list_.now)
    assert list_.letters.claim(FIRST, list_.now) is None
    assert state(list_) is LetterState.DROPPED
    assert 1 not in list_.letters.pending(list_.now)


def test_who_left_gets_no_welcome(list_: Signups) -> None:
    """Unsubscribing takes effect before the next mail, the welcome included."""
    list_.press(list_.token("confirm"))
    list_.leave()
    assert [list_.letters.claim(one, list_.now) for one in list_.letters.pending(list_.now)] == [None, None]


def test_a_letter_that_never_was_is_no_work(list_: Signups) -> None:
    """A message with a wrong id does no harm."""
    assert list_.letters.claim(999, list_.now) is None
    list_.letters.sent(999, list_.now)
    assert list_.letters.get(999) is None


def test_an_address_stands_in_no_letter(list_: Signups) -> None:
    """Letters name an id, so that erasing a reader needs to look nowhere else."""
    claimed(list_)
    assert "ada" not in str(list_.store.hgetall(f"letter:{FIRST}"))
