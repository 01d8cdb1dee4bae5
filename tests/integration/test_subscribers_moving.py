"""A reader changes the address: only the new one can say so, and the old one hears of it."""

from datetime import timedelta

import links
import pytest
from signups import Signups

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import moving, signup, suppression
from newsletter.subscribers.consent.moving import Asked, Moved
from newsletter.subscribers.notices import Claim, LetterKind
from newsletter.subscribers.schedule import Slot

OLD, NEW = "ada@example.org", "Countess@example.net"


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """A list with one reader, whose first letters are done."""
    signups = Signups(store, settings)
    signups.join(OLD, hour=6, topics=("RL",))
    for letter in signups.letters.pending(signups.now):
        signups.letters.sent(letter, signups.now)
    return signups


def ask(list_: Signups, address: str = NEW, reader: int = 1) -> Asked:
    """Type another address into the preferences."""
    return moving.request(list_.store, list_.queue, list_.settings, reader, address, now=list_.now)


def press(list_: Signups, token: str) -> Moved:
    """Press the button behind the link in the new address's mail."""
    return moving.confirm(list_.store, list_.queue, list_.settings, token, now=list_.now)


def token(list_: Signups) -> str:
    """Return what stands in the newest question's link."""
    return links.move(list_.store, list_.settings, 1)


def taken(list_: Signups) -> list[Claim]:
    """Take every letter that can be taken."""
    claims = [list_.letters.claim(letter, list_.now) for letter in list_.letters.pending(list_.now)]
    return [claim for claim in claims if claim]


def test_the_new_address_confirms_and_the_old_one_is_told(list_: Signups) -> None:
    """Choices, consent, slot and id stay; only then does the address change, in the index too."""
    before = list_.subscribers.get(1)
    assert before is not None
    assert ask(list_) is Asked.CONFIRM
    assert list_.subscribers.get(1) == before
    warning, question = taken(list_)
    assert (warning.letter.kind, warning.subscriber.address) == (LetterKind.MOVE_WISHED, OLD)
    assert (question.letter.kind, question.subscriber.address) == (LetterKind.NEW_ADDRESS, NEW)
    list_.later(days=3)
    link = token(list_)
    assert press(list_, link) is Moved.MOVED
    assert list_.subscribers.get(1) == before.model_copy(update={"address": NEW})
    assert list_.subscribers.find_id(NEW) == 1
    assert list_.subscribers.find_id(OLD) is None
    assert list_.subscribers.ids_due(Slot("UTC", 6)) == (1,)
    for claim in (warning, question):
        list_.letters.sent(claim.letter.id, list_.now)
    (notice,) = taken(list_)
    assert (notice.letter.kind, notice.subscriber.address) == (LetterKind.OLD_ADDRESS, OLD)


def test_a_second_press_changes_nothing(list_: Signups) -> None:
    """The wish was fulfilled."""
    ask(list_)
    link = token(list_)
    press(list_, link)
    before = list_.everything()
    assert press(list_, link) is Moved.ALREADY
    assert list_.everything() == before


def test_only_the_newest_wish_can_be_confirmed(list_: Signups) -> None:
    """A link to an address typed by mistake is worth nothing once another was typed."""
    ask(list_, "mistake@example.net")
    mistaken = token(list_)
    list_.later(seconds=1)
    ask(list_, NEW)
    assert [claim.subscriber.address for claim in taken(list_)] == [OLD, OLD, NEW]
    assert press(list_, mistaken) is Moved.EXPIRED
    assert press(list_, token(list_)) is Moved.MOVED
    assert list_.subscribers.find_id("mistake@example.net") is None


def test_a_wish_expires_after_a_week(list_: Signups) -> None:
    """The link is too old then, and the address that was typed is gone."""
    ask(list_)
    link = token(list_)
    assert list_.store.ttl("subscribers:move:1") == timedelta(days=7).total_seconds()
    list_.later(days=7, seconds=1)
    assert press(list_, link) is Moved.EXPIRED
    assert press(list_, link[:-1]) is Moved.DAMAGED
    assert press(list_, list_.token("manage", OLD)) is Moved.DAMAGED


def test_nobody_learns_whose_address_it_is(list_: Signups) -> None:
    """An address that has an owner, or wants no mail, is not asked; all else is as for any other."""
    list_.join("owner@example.org", origin="192.0.2.1")
    suppression.suppress(list_.store, "spam@example.org", suppression.Reason.COMPLAINED, now=list_.now)
    waiting = list_.mail()
    for outcome, address in [
        (Asked.CONFIRM, "free@example.org"),
        (Asked.TAKEN, "OWNER@example.org"),
        (Asked.BLOCKED, "spam@example.org"),
    ]:
        assert ask(list_, address) is outcome
        assert moving.wished(list_.store, 1) == address
    list_.later(seconds=5)
    new = [kind for kind, _ in list_.mail()[len(waiting) :]]
    assert sorted(new) == ["move-wished"] * 3 + ["new-address"]


def test_two_wishes_in_one_second_do_not_share_a_link(list_: Signups) -> None:
    """Or who can read the first address could move the reader to the second, which was never asked."""
    ask(list_, "mine@example.net")
    mine = token(list_)
    ask(list_, "theirs@example.net")
    assert press(list_, mine) is Moved.EXPIRED
    assert list_.subscribers.find_id(OLD) == 1
    assert press(list_, token(list_)) is Moved.MOVED


def test_who_stops_a_change_makes_its_link_worthless(list_: Signups) -> None:
    """The old address was told in time: neither link nor letter does anything any more."""
    ask(list_)
    link = token(list_)
    assert moving.stop(list_.store, 1)
    assert not moving.stop(list_.store, 1)
    assert moving.wished(list_.store, 1) is None
    assert taken(list_) == []
    assert press(list_, link) is Moved.EXPIRED
    assert list_.subscribers.find_id(OLD) == 1


def test_a_reader_asks_so_often_and_no_more(list_: Signups) -> None:
    """Whatever the addresses: the form behind one link floods nobody, and tells nobody apart."""
    outcomes = [ask(list_, f"victim{n}@example.org") for n in range(moving.WISHES_A_DAY + 1)]
    assert outcomes == [Asked.CONFIRM] * moving.WISHES_A_DAY + [Asked.TOO_MANY]
    list_.later(minutes=1)
    before = list_.mail()
    assert ask(list_, "one-more@example.org") is Asked.TOO_MANY
    assert list_.mail() == before
    list_.later(days=1)
    assert ask(list_, "tomorrow@example.org") is Asked.CONFIRM


def test_an_address_that_found_an_owner_meanwhile_is_not_taken_over(list_: Signups) -> None:
    """Whoever confirms first has it."""
    ask(list_)
    link = token(list_)
    list_.join(NEW, origin="192.0.2.1")
    assert press(list_, link) is Moved.EXPIRED
    assert list_.subscribers.find_id(OLD) == 1
    assert list_.subscribers.find_id(NEW) == 2


def test_questions_count_towards_the_caps_of_the_form(list_: Signups) -> None:
    """Nobody floods a stranger by changing an address again and again."""
    outcomes = [ask(list_, "victim@example.org") for _ in range(4)]
    assert outcomes == [Asked.CONFIRM] * 3 + [Asked.CAPPED]
    assert list_.ask("victim@example.org") is signup.Requested.CAPPED
    assert press(list_, token(list_)) is Moved.MOVED, "the last one mailed still works"


def test_the_same_address_in_another_spelling_is_a_change(list_: Signups) -> None:
    """Mail goes out as typed; the reader stays the only one with that key."""
    assert ask(list_, OLD) is Asked.SAME
    assert ask(list_, "Ada@example.org") is Asked.CONFIRM
    assert press(list_, token(list_)) is Moved.MOVED
    assert list_.subscribers.find_id(OLD) == 1
    assert list_.subscribers.mailable([1]) == {1: "Ada@example.org"}


@pytest.mark.parametrize("gone", ["left", "erased"])
def test_who_is_gone_moves_nowhere(list_: Signups, gone: str) -> None:
    """Neither the link nor the letter does anything any more, and erasing leaves no address behind."""
    ask(list_)
    link = token(list_)
    if gone == "left":
        list_.leave(OLD)
    else:
        signup.erase(list_.store, 1, list_.now)
        assert "ountess" not in str(list_.everything())
    assert press(list_, link) is Moved.EXPIRED
    assert taken(list_) == []
    assert ask(list_) is Asked.UNKNOWN


def test_erasing_after_a_move_forgets_both_addresses(list_: Signups) -> None:
    """The notice to the old address is dropped rather than kept waiting with it."""
    ask(list_)
    press(list_, token(list_))
    signup.erase(list_.store, 1, list_.now)
    assert not any(word in str(list_.everything()).lower() for word in ("ada@", "countess"))
    assert taken(list_) == []


def test_what_is_no_address_changes_nothing(list_: Signups) -> None:
    """Refused with advice, before anything is counted."""
    before = list_.everything()
    with pytest.raises(InvalidInputError, match="Please"):
        ask(list_, "countess")
    assert list_.everything() == before


def test_choices_made_meanwhile_stay(list_: Signups) -> None:
    """A move changes the address and nothing else."""
    ask(list_)
    list_.subscribers.save_preferences(1, Preferences(hour=9))
    press(list_, token(list_))
    found = list_.subscribers.get(1)
    assert found is not None
    assert (found.address, found.preferences.hour) == (NEW, 9)
