"""Joining and leaving: what each step changes, and that repeats change nothing."""

from datetime import timedelta

import pytest
from signups import AT_HOME, NOON, ON_THE_ROAD, Signups

from newsletter.errors import InvalidInputError
from newsletter.models import Consent, Preferences, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import keyring, signup, suppression, tokens
from newsletter.subscribers.consent.signup import Confirmed, Left, Requested, Returned
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.schedule import Slot


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list."""
    return Signups(store, settings)


def test_a_reader_joins_and_the_consent_is_kept(list_: Signups) -> None:
    """Asked at home and confirmed on the road: both instants and both networks stand there."""
    assert list_.ask("Ada@Example.org", hour=6, timezone="Europe/Berlin", topics=("RL",)) is Requested.CONFIRM
    token = list_.token("confirm")
    list_.later(minutes=3)
    assert list_.press(token, origin=ON_THE_ROAD) is Confirmed.CONFIRMED
    ada = list_.subscribers.find("ada@example.org")
    assert ada is not None
    assert (ada.address, ada.status) == ("Ada@example.org", SubscriberStatus.ACTIVE)
    assert ada.preferences == Preferences(hour=6, timezone="Europe/Berlin", topics=("RL",))
    assert ada.consent == Consent(
        requested_at=NOON,
        requested_from="203.0.113.0/24",
        confirmed_at=NOON + timedelta(minutes=3),
        confirmed_from="198.51.100.0/24",
    )


def test_each_step_records_the_letter_that_it_needs(list_: Signups) -> None:
    """A confirmation for who asks, a welcome for who confirms, a reminder for who asks again."""
    reader = list_.join()
    list_.ask()
    assert list_.mail() == [("confirm", reader), ("welcome", reader), ("already", reader)]


def test_who_is_subscribed_is_told_so_once_a_day(list_: Signups) -> None:
    """Whoever types somebody's address into the form cannot flood them."""
    list_.join()
    assert [list_.ask() for _ in range(3)] == [Requested.ALREADY, Requested.TOLD, Requested.TOLD]
    assert len(list_.mail()) == 3


def test_confirming_again_changes_nothing(list_: Signups) -> None:
    """A second press finds it done: no second welcome, no later date of consent."""
    list_.ask()
    token = list_.token("confirm")
    list_.press(token)
    before = list_.everything()
    list_.later(hours=1)
    assert list_.press(token, origin=ON_THE_ROAD) is Confirmed.ALREADY
    assert list_.everything() == before


def test_a_confirmation_expires_after_a_week(list_: Signups) -> None:
    """A late press changes nothing; asking again sends a link that works."""
    list_.ask()
    token = list_.token("confirm")
    list_.later(days=7, seconds=1)
    before = list_.everything()
    assert list_.press(token) is Confirmed.EXPIRED
    assert list_.everything() == before
    assert list_.ask() is Requested.CONFIRM
    assert list_.press(list_.token("confirm")) is Confirmed.CONFIRMED


def test_links_of_another_purpose_do_nothing(list_: Signups) -> None:
    """An unsubscribe link does not confirm, and a confirmation does not unsubscribe."""
    list_.ask()
    before = list_.everything()
    assert list_.press(list_.token("unsubscribe")) is Confirmed.DAMAGED
    link = list_.token("confirm")
    assert signup.unsubscribe(list_.store, list_.settings, link, list_.now) is Left.DAMAGED
    assert signup.resubscribe(list_.store, list_.settings, link, list_.now) is Returned.DAMAGED
    unsubscribe = list_.token("unsubscribe")
    assert signup.reject(list_.store, list_.settings, unsubscribe, list_.now) is Left.DAMAGED
    assert list_.everything() == before


def test_the_newest_request_is_the_one_that_is_confirmed(list_: Signups) -> None:
    """Who asks again before confirming chose again."""
    list_.ask(hour=6)
    list_.later(minutes=1)
    list_.ask(hour=9, timezone="Asia/Tokyo")
    list_.press(list_.token("confirm"))
    ada = list_.subscribers.find("ada@example.org")
    assert ada is not None
    assert (ada.preferences.hour, ada.preferences.timezone) == (9, "Asia/Tokyo")
    assert ada.consent.requested_at == list_.now
    assert list_.subscribers.count() == 1


def test_asking_does_not_change_what_a_reader_chose(list_: Signups) -> None:
    """A stranger with the form cannot move an active reader's hour."""
    reader = list_.join(hour=6)
    list_.ask(hour=9)
    ada = list_.subscribers.get(reader)
    assert ada is not None
    assert ada.preferences.hour == 6


def test_leaving_takes_effect_at_once_and_for_good(list_: Signups) -> None:
    """No slot and no batch names them any more; the record remembers that they left."""
    reader = list_.join(hour=6)
    assert list_.leave() is Left.LEFT
    assert list_.subscribers.ids_due(Slot("UTC", 6)) == ()
    assert list_.subscribers.mailable([reader]) == {}
    (gone,) = list_.subscribers.get_many([reader])
    assert (gone.status, gone.left_at) == (SubscriberStatus.UNSUBSCRIBED, NOON)
    before = list_.everything()
    list_.later(days=400)
    assert list_.leave() is Left.ALREADY
    assert list_.everything() == before


def test_an_old_confirmation_does_not_bring_back_who_left(list_: Signups) -> None:
    """A link scanner that opens last week's mail re-subscribes nobody."""
    list_.ask()
    token = list_.token("confirm")
    list_.press(token)
    list_.leave()
    assert list_.press(token) is Confirmed.EXPIRED
    assert list_.subscribers.by_status()[SubscriberStatus.UNSUBSCRIBED] == 1


def test_who_left_confirms_again_to_come_back(list_: Signups) -> None:
    """Asking alone does not make them active; the id stays theirs."""
    reader = list_.join()
    list_.leave()
    list_.later(days=2)
    assert list_.ask() is Requested.CONFIRM
    assert list_.subscribers.mailable([reader]) == {}
    assert list_.join() == reader
    (back,) = list_.subscribers.get_many([reader])
    assert (back.status, back.left_at) == (SubscriberStatus.ACTIVE, None)


def test_an_unsubscription_can_be_undone_for_a_day(list_: Signups) -> None:
    """Undo gives everything back, slot included, without a mail; later one subscribes again."""
    reader = list_.join(hour=6, topics=("RL",))
    before, waiting = list_.subscribers.get(reader), list_.mail()
    list_.leave()
    link = list_.token("unsubscribe")
    list_.later(hours=24)
    assert signup.resubscribe(list_.store, list_.settings, link, list_.now) is Returned.RETURNED
    assert list_.subscribers.get(reader) == before
    assert list_.subscribers.ids_due(Slot("UTC", 6)) == (reader,)
    assert signup.resubscribe(list_.store, list_.settings, link, list_.now) is Returned.ALREADY
    assert list_.mail() == waiting
    list_.leave()
    list_.later(hours=24, seconds=1)
    assert signup.resubscribe(list_.store, list_.settings, link, list_.now) is Returned.EXPIRED


def test_undo_makes_nobody_active_who_never_confirmed(list_: Signups) -> None:
    """Asking, unsubscribing and undoing is no way around the confirmation."""
    list_.ask()
    list_.leave()
    assert (
        signup.resubscribe(list_.store, list_.settings, list_.token("unsubscribe"), list_.now)
        is Returned.EXPIRED
    )


def test_this_was_not_me_forgets_the_address_and_blocks_the_form(list_: Signups) -> None:
    """For 30 days nothing more is mailed there, and only the block is kept."""
    list_.ask()
    token, no = list_.token("confirm"), list_.token("reject")
    assert signup.reject(list_.store, list_.settings, no, list_.now) is Left.LEFT
    assert list_.subscribers.count() == 0
    assert "ada" not in str(list_.everything()).lower()
    assert list_.ask() is Requested.BLOCKED
    assert [kind for kind, _ in list_.mail()] == ["confirm"], "only the one that was on its way"
    assert signup.reject(list_.store, list_.settings, no, list_.now) is Left.ALREADY
    blocks = list(list_.store.scan_iter(match="signup:rejected:*"))
    assert [timedelta(seconds=list_.store.ttl(block)) for block in blocks] == [timedelta(days=30)]
    assert list_.press(token) is Confirmed.EXPIRED


def test_this_was_not_me_from_an_active_reader_unsubscribes(list_: Signups) -> None:
    """Who confirmed is not erased by an old mail's other link, only left alone."""
    list_.ask()
    no = list_.token("reject")
    list_.press(list_.token("confirm"))
    list_.later(days=100)
    assert signup.reject(list_.store, list_.settings, no, list_.now) is Left.LEFT
    assert list_.subscribers.by_status()[SubscriberStatus.UNSUBSCRIBED] == 1


def test_a_forgotten_reader_leaves_a_digest_and_nothing_else(list_: Signups) -> None:
    """Record, index and slot go; the address stands nowhere; the id is never given again."""
    reader = list_.join(topics=tuple(f"a long phrase about topic {n}" for n in range(20)))
    assert list_.store.keys("subscribers:wishes:*")
    assert signup.erase(list_.store, reader, list_.now)
    assert not signup.erase(list_.store, reader, list_.now)
    assert "ada" not in str(list_.everything()).lower()
    assert not list_.store.keys("subscribers:wishes:*")
    assert (list_.subscribers.get(reader), list_.subscribers.count()) == (None, 0)
    assert suppression.find(list_.store, "ada@example.org") == suppression.Suppression(Reason.ERASED, NOON)
    assert list_.join() != reader
    assert not suppression.find(list_.store, "ada@example.org"), "their own word lifts it"


def test_who_never_confirms_is_forgotten_without_a_trace(list_: Signups) -> None:
    """After two weeks the address that somebody typed is gone; who confirmed stays."""
    list_.ask("typed@example.org")
    list_.join("ada@example.org")
    list_.later(days=14)
    assert signup.forget_unconfirmed(list_.store, list_.now) == 0
    list_.later(seconds=1)
    assert signup.forget_unconfirmed(list_.store, list_.now) == 1
    assert "typed" not in str(list_.everything())
    assert not suppression.find(list_.store, "typed@example.org")
    assert list_.subscribers.count() == 1


def test_after_a_complaint_nothing_is_mailed_to_that_address_again(list_: Signups) -> None:
    """Neither the form nor an old link nor undo brings it back."""
    reader = list_.join()
    link, unsubscribe = list_.token("confirm"), list_.token("unsubscribe")
    waiting = list_.mail()
    assert suppression.suppress(list_.store, "ADA@example.org", Reason.COMPLAINED, now=list_.now) == reader
    assert list_.ask() is Requested.BLOCKED
    assert list_.press(link) is Confirmed.EXPIRED
    assert signup.resubscribe(list_.store, list_.settings, unsubscribe, list_.now) is Returned.EXPIRED
    assert list_.mail() == waiting
    assert list_.letters.claim(list_.letters.pending(list_.now)[0], list_.now) is None
    signup.erase(list_.store, reader, list_.now)
    assert list_.ask() is Requested.BLOCKED


def test_who_bounced_may_ask_again(list_: Signups) -> None:
    """Confirming proves that the mailbox works, so the suppression is lifted."""
    reader = list_.join()
    suppression.suppress(list_.store, "ada@example.org", Reason.BOUNCED, now=list_.now)
    assert list_.subscribers.mailable([reader]) == {}
    list_.later(days=1)
    assert list_.join() == reader
    assert not suppression.find(list_.store, "ada@example.org")


@pytest.mark.parametrize(
    ("address", "chosen"),
    [
        pytest.param("ada", {}, id="no-address"),
        pytest.param("ada@example.org", {"timezone": "Nowhere/Land"}, id="no-zone"),
        pytest.param("ada@example.org", {"topics": ("x" * 200,)}, id="long-topic"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(list_: Signups, address: str, chosen: dict[str, object]) -> None:
    """A refused form leaves no counter, no record and no letter."""
    with pytest.raises(InvalidInputError):
        list_.ask(address, **chosen)
    assert list_.everything() == {}


def test_a_queue_that_is_down_loses_nobody(list_: Signups, monkeypatch: pytest.MonkeyPatch) -> None:
    """The letter is recorded before it is enqueued, so the sweep finds it."""
    from newsletter import queue as queue_module

    list_.queue = queue_module.Queue("redis+socket:///nowhere.sock?virtual_host=0")
    assert list_.ask() is Requested.CONFIRM
    assert [kind for kind, _ in list_.mail()] == ["confirm"]


def test_links_survive_a_rotated_secret(list_: Signups, make_settings: object) -> None:
    """Yesterday's mails hold yesterday's signatures; leaving works with a key that nobody can drop."""
    list_.join()
    old, manage = list_.token("unsubscribe"), list_.token("manage")
    list_.settings = make_settings(secret_key="a-new-secret")  # type: ignore[operator]
    assert list_.token("manage") != manage
    assert list_.token("unsubscribe") == old
    assert signup.unsubscribe(list_.store, list_.settings, old, list_.now) is Left.LEFT


def test_ids_are_dense_and_in_the_order_of_asking(list_: Signups) -> None:
    """Bitmaps and batches count on it."""
    for n in range(5):
        list_.ask(f"reader{n}@example.org", origin=f"10.0.{n}.1")
    assert [reader.id for reader in list_.subscribers.iterate()] == [1, 2, 3, 4, 5]


def test_nobody_learns_from_a_token_who_it_is_for(list_: Signups) -> None:
    """A link holds an id and a signature; the address is not in it."""
    list_.ask()
    keys = keyring.of(list_.store, list_.settings)
    reading = tokens.read("confirm", list_.token("confirm"), keys, now=list_.now)
    assert reading.subscriber_id == list_.subscribers.find_id("ada@example.org")
    assert AT_HOME not in str(list_.everything()), "the network is kept, the client's address is not"
