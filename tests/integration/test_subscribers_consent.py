"""Nobody is mailed without their own yes, whatever others do with forms, links, imports and backups."""

import re
from datetime import timedelta

import links
import pytest
from signups import Signups

from newsletter import store as store_module
from newsletter.delivery import restoration
from newsletter.models import Preferences, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import keyring, moving, signup, suppression, tokens
from newsletter.subscribers.consent.moving import Asked, Moved
from newsletter.subscribers.consent.signup import Confirmed, Left, Requested, Returned
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.importing.plan import import_csv

ADA, EVE = "ada@example.org", "eve@example.net"
ELSEWHERE = "192.0.2.1"


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list."""
    return Signups(store, settings)


def status(list_: Signups, address: str = ADA) -> SubscriberStatus | None:
    """Where an address stands."""
    found = list_.subscribers.find(address)
    return found.status if found else None


def vouch(list_: Signups, address: str = ADA) -> None:
    """Import an address as the operator does who can prove its consent."""
    import_csv(list_.store, [address], confirmed=True, defaults=Preferences(), now=list_.now)


def a_month_later(list_: Signups) -> None:
    """Let the time pass for which “this wasn't me” keeps forms from asking: the server's clock is another."""
    list_.later(days=31)
    for block in list_.store.scan_iter(match="signup:rejected:*"):
        list_.store.delete(block)


def undo(list_: Signups, token: str) -> Returned:
    """Press the button on the page of an unsubscribe link."""
    return signup.resubscribe(list_.store, list_.settings, token, list_.now)


def stranger_asks(list_: Signups, address: str = ADA) -> Requested:
    """Type somebody's address into the form."""
    return list_.ask(address, origin=ELSEWHERE, hour=3)


def ask_move(list_: Signups, address: str, reader: int = 1) -> str:
    """Ask for a move, and return what the new address is mailed."""
    asked = moving.request(list_.store, list_.queue, list_.settings, reader, address, now=list_.now)
    assert asked is Asked.CONFIRM
    return links.move(list_.store, list_.settings, reader)


def press_move(list_: Signups, token: str) -> Moved:
    """Press the button behind a move's link."""
    return moving.confirm(list_.store, list_.queue, list_.settings, token, now=list_.now)


def test_a_link_mailed_to_one_address_moves_nobody_to_another(list_: Signups) -> None:
    """Move here, stop, move there, all in one second: what came here proves nothing of there."""
    list_.join(ADA)
    suppression.suppress(list_.store, "victim@example.com", Reason.UNSUBSCRIBED, now=list_.now)
    mine = ask_move(list_, EVE)
    moving.stop(list_.store, 1)
    theirs = ask_move(list_, "victim@example.com")
    assert press_move(list_, mine) is Moved.EXPIRED
    assert status(list_, "victim@example.com") is None
    assert suppression.find(list_.store, "victim@example.com"), "and what they said before still stands"
    assert press_move(list_, theirs) is Moved.MOVED


def test_no_wish_has_the_instant_of_one_that_ended(list_: Signups) -> None:
    """The same address, asked twice in one second: the link of the wish that was stopped stays dead."""
    list_.join(ADA)
    first = ask_move(list_, EVE)
    moving.stop(list_.store, 1)
    assert ask_move(list_, EVE) != first
    assert press_move(list_, first) is Moved.EXPIRED


def test_a_no_to_a_move_outlives_the_question(list_: Signups) -> None:
    """Who says “no mail” to an address that was asked, by any old link to it, is not moved there after it."""
    list_.join(ADA)
    list_.join(EVE, origin=ELSEWHERE)
    no = list_.token("unsubscribe", EVE)
    signup.erase(list_.store, 2, list_.now)
    asked = ask_move(list_, EVE)
    signup.unsubscribe(list_.store, list_.settings, no, list_.now)
    assert press_move(list_, asked) is Moved.EXPIRED


def test_links_from_before_a_move_end_but_for_leaving(list_: Signups) -> None:
    """Neither the old address's page nor its undo says anything for the new one; its unsubscribing does."""
    list_.join(ADA)
    manage, leave = list_.token("manage"), list_.token("unsubscribe")
    press_move(list_, ask_move(list_, EVE))
    keys = keyring.known(list_.store, list_.settings)
    assert not tokens.read("manage", manage, keys, now=list_.now).is_for(EVE)
    assert list_.leave(EVE) is Left.LEFT
    assert undo(list_, leave) is Returned.EXPIRED
    assert status(list_, EVE) is SubscriberStatus.UNSUBSCRIBED
    assert undo(list_, list_.token("unsubscribe", EVE)) is Returned.RETURNED
    assert signup.unsubscribe(list_.store, list_.settings, leave, list_.now) is Left.LEFT


def test_an_address_that_was_left_by_moving_comes_back_by_no_import(list_: Signups) -> None:
    """An older export still names it."""
    list_.join(ADA)
    press_move(list_, ask_move(list_, EVE))
    vouch(list_)
    assert status(list_) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ſmith@example.org", "smith@example.org", id="long-s"),
        pytest.param("smith@example.org", "ſmith@example.org", id="short-s"),
        pytest.param("groß@example.org", "gross@example.org", id="sharp-s"),
        pytest.param("ADA@example.org", "ada@example.org", id="case"),
        pytest.param("ﬁn@example.org", "fin@example.org", id="ligature"),
    ],
)
def test_what_one_spelling_was_mailed_activates_no_other(list_: Signups, one: str, other: str) -> None:
    """An address as typed is what is mailed, and what is proved."""
    list_.ask(one)
    first = list_.token("confirm", one)
    list_.ask(other)
    second = list_.token("confirm", other)
    list_.press(first)
    assert other not in list_.subscribers.mailable(range(1, 4)).values()
    assert list_.press(second) is Confirmed.CONFIRMED
    assert other in list_.subscribers.mailable(range(1, 4)).values()


def test_who_left_is_not_brought_back_by_strangers_upkeep_and_an_import(list_: Signups) -> None:
    """Unsubscribed, typed into the form by somebody, tidied, vouched for: still gone."""
    list_.join(ADA)
    list_.leave()
    assert stranger_asks(list_) is Requested.CONFIRM
    assert status(list_) is SubscriberStatus.UNSUBSCRIBED
    list_.later(days=16)
    signup.forget_unconfirmed(list_.store, list_.now)
    vouch(list_)
    assert status(list_) is SubscriberStatus.UNSUBSCRIBED


@pytest.mark.parametrize("left_before", [True, False])
def test_this_was_not_me_is_remembered_for_good(list_: Signups, left_before: bool) -> None:
    """The form is blocked for 30 days; after it, no import may say that they agreed."""
    if left_before:
        list_.join(ADA)
        list_.leave()
    stranger_asks(list_)
    no, yes = list_.token("reject"), list_.token("confirm")
    signup.reject(list_.store, list_.settings, no, list_.now)
    assert stranger_asks(list_) is Requested.BLOCKED
    a_month_later(list_)
    vouch(list_)
    assert status(list_) is not SubscriberStatus.ACTIVE
    assert stranger_asks(list_) is Requested.CONFIRM
    assert list_.press(yes) is Confirmed.EXPIRED, "and the link of then is over"
    assert list_.press(list_.token("confirm")) is Confirmed.CONFIRMED


def test_this_was_not_me_counts_after_the_address_was_forgotten(list_: Signups) -> None:
    """An old mail's link suppresses the mailbox, though no record is left."""
    list_.ask("Ada@example.org")
    no = list_.token("reject", ADA)
    list_.later(days=15)
    assert signup.forget_unconfirmed(list_.store, list_.now) == 1
    assert signup.reject(list_.store, list_.settings, no, list_.now) is Left.ALREADY
    vouch(list_)
    assert status(list_) is None


def test_a_link_of_before_they_left_does_not_bring_them_back(list_: Signups) -> None:
    """In the very second in which they left and somebody asked again."""
    list_.ask(ADA)
    old = list_.token("confirm")
    list_.press(old)
    list_.leave()
    stranger_asks(list_)
    assert list_.press(old) is Confirmed.EXPIRED
    asked = list_.token("confirm")
    list_.leave()
    stranger_asks(list_)
    assert list_.press(asked) is Confirmed.EXPIRED
    assert status(list_) is SubscriberStatus.UNSUBSCRIBED


def test_a_strangers_form_leaves_undo_and_choices_as_they_were(list_: Signups) -> None:
    """What the reader had is given back whole, within its day."""
    list_.join(ADA, hour=6, topics=("RL",))
    before = list_.subscribers.find(ADA)
    list_.leave()
    stranger_asks(list_)
    list_.later(hours=23)
    assert undo(list_, list_.token("unsubscribe")) is Returned.RETURNED
    assert list_.subscribers.find(ADA) == before


def test_who_comes_back_gets_what_they_asked_for_now(list_: Signups) -> None:
    """The wish beside the record is what the confirmation makes true."""
    reader = list_.join(ADA, hour=6)
    list_.leave()
    list_.later(days=3)
    list_.ask("Ada@example.org", hour=9)
    letter = list_.letters.pending(list_.now)[-1]
    claim = list_.letters.claim(letter, list_.now)
    assert claim is not None
    assert (claim.subscriber.address, claim.subscriber.preferences.hour) == ("Ada@example.org", 9)
    assert list_.press(list_.token("confirm")) is Confirmed.CONFIRMED
    found = list_.subscribers.get(reader)
    assert found is not None
    assert (found.address, found.preferences.hour) == ("Ada@example.org", 9)
    assert found.consent.requested_at == list_.now


def test_an_operator_invites_nobody_who_left(list_: Signups) -> None:
    """Whatever way they left; once they asked the operator, they are asked, and no import decides."""
    list_.join(ADA)
    list_.leave()
    list_.ask("no@example.org", origin=ELSEWHERE)
    no = list_.token("reject", "no@example.org")
    signup.reject(list_.store, list_.settings, no, list_.now)
    a_month_later(list_)
    signup.erase(list_.store, list_.join("gone@example.org", origin=ELSEWHERE), list_.now)
    waiting = list_.mail()
    for address in (ADA, "no@example.org", "GONE@example.org"):
        assert invite(list_, address) is Requested.LEFT
        assert list_.mail() == waiting
        assert suppression.lift(list_.store, address, now=list_.now)
        vouch(list_, address)
        assert status(list_, address) is not SubscriberStatus.ACTIVE
        assert invite(list_, address) is Requested.CONFIRM
        waiting = list_.mail()


def invite(list_: Signups, address: str) -> Requested:
    """Say `newsletter subscribers add`."""
    return signup.request(
        list_.store,
        list_.queue,
        list_.settings,
        address,
        preferences=Preferences(),
        origin="",
        now=list_.now,
        how="command",
    )


def restored(list_: Signups, backup: dict[bytes, bytes]) -> None:
    """Put an older copy of the store back, as a whole machine's snapshot does: nobody notices."""
    list_.store.flushall()
    for name, value in backup.items():
        list_.store.restore(name, 0, value)


def copied(settings: Settings) -> dict[bytes, bytes]:
    """Copy the store, byte for byte."""
    raw = store_module.connect(settings, decode=False)
    return {name: raw.dump(name) for name in raw.scan_iter()}


@pytest.mark.parametrize("is_noticed", [True, False])
def test_after_a_restore_no_link_of_one_reader_serves_another(
    list_: Signups, settings: Settings, is_noticed: bool
) -> None:
    """Hers confirm, open and unsubscribe nobody else, and still unsubscribe her once she is back."""
    list_.join("first@example.org")
    backup = copied(settings)
    list_.ask(ADA, origin=ELSEWHERE)
    hers = {purpose: list_.token(purpose) for purpose in ("confirm", "manage", "unsubscribe", "reject")}
    letters = set(list_.store.scan_iter(match="letter:*"))
    list_.later(hours=1)
    restored(list_, backup)
    if is_noticed:
        restoration.declare(list_.store, settings, list_.now)
    list_.ask("bob@example.org", origin=ELSEWHERE)
    bob = list_.subscribers.find("bob@example.org")
    assert bob is not None
    assert (bob.id == 2) is not is_noticed
    assert list_.press(hers["confirm"]) is Confirmed.EXPIRED
    assert signup.reject(list_.store, list_.settings, hers["reject"], list_.now) is Left.ALREADY
    assert signup.unsubscribe(list_.store, list_.settings, hers["unsubscribe"], list_.now) is Left.ALREADY
    page = tokens.read("manage", hers["manage"], keyring.known(list_.store, settings), now=list_.now)
    assert not page.is_for(bob.address)
    assert list_.subscribers.find("bob@example.org") == bob
    new = set(list_.store.scan_iter(match="letter:*")) - letters
    assert len(new) == 1, "a late event of an old letter finds no new one of its number"
    a_month_later(list_)
    list_.join(ADA, origin=ELSEWHERE)
    assert signup.unsubscribe(list_.store, list_.settings, hers["unsubscribe"], list_.now) is Left.LEFT


def test_a_mail_tells_nobody_how_many_readers_there_are(list_: Signups) -> None:
    """Letters are numbered by the clock, not by their count."""
    list_.ask(ADA)
    (name,) = list_.store.scan_iter(match="letter:*")
    number = int(re.sub(r"\D", "", name))
    assert abs(number / 1000 - list_.now.timestamp()) < timedelta(minutes=1).total_seconds()
