"""Two things at once end as one after the other would have."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import links
import pytest
from signups import Signups

from newsletter.models import Preferences, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import moving, signup
from newsletter.subscribers.consent.moving import Moved
from newsletter.subscribers.consent.signup import Confirmed, Left, Requested
from newsletter.subscribers.schedule import Slot

T = TypeVar("T")


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list."""
    return Signups(store, settings)


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Run all of these at the same time."""
    start = Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_presses_at_once_confirm_once(list_: Signups) -> None:
    """One welcome, whichever comes first; eight browsers, ten readers."""
    for n in range(10):
        address = f"reader{n}@example.org"
        list_.ask(address, origin=f"10.0.{n}.1")
        token = list_.token("confirm", address)
        outcomes = Counter(at_once(*[lambda token=token: list_.press(token)] * 8))
        assert outcomes == {Confirmed.CONFIRMED: 1, Confirmed.ALREADY: 7}
    assert Counter(kind for kind, _ in list_.mail()) == {"confirm": 10, "welcome": 10}
    assert sum(list_.subscribers.slots().values()) == 10


def test_two_forms_at_once_make_one_reader(list_: Signups) -> None:
    """One record and one id; no more confirmations than the cap allows."""
    outcomes = Counter(
        at_once(*[lambda n=n: list_.ask("ADA@example.org", origin=f"10.0.{n}.1") for n in range(8)])
    )
    assert outcomes == {Requested.CONFIRM: 3, Requested.CAPPED: 5}
    assert list_.subscribers.count() == 1
    assert int(list_.store.get("subscribers:last")) == 1


def test_who_leaves_while_everything_else_happens_is_gone(list_: Signups) -> None:
    """Unsubscribing beside a change of preferences, another press and a request: no slot names them after."""
    for n in range(10):
        address = f"reader{n}@example.org"
        list_.ask(address, origin=f"10.0.{n}.1", hour=6)
        confirm, leave = list_.token("confirm", address), list_.token("unsubscribe", address)
        list_.press(confirm)
        reader = list_.subscribers.find_id(address)
        at_once(
            lambda leave=leave: signup.unsubscribe(list_.store, list_.settings, leave, list_.now),
            lambda reader=reader: list_.subscribers.save_preferences(reader, Preferences(hour=9)),
            lambda confirm=confirm: list_.press(confirm),
        )
    assert list_.subscribers.by_status()[SubscriberStatus.UNSUBSCRIBED] == 10
    assert list_.subscribers.slots() == {}
    assert list_.subscribers.ids_due(Slot("UTC", 6)) == list_.subscribers.ids_due(Slot("UTC", 9)) == ()


def test_who_leaves_during_a_freeze_is_not_mailed(list_: Signups) -> None:
    """Ids may have been read before they left; the look just before sending leaves them out."""
    stays, leaves = list_.join("a@example.org", hour=6), list_.join("b@example.org", hour=6)
    frozen = list_.subscribers.ids_due(Slot("UTC", 6))
    assert frozen == (stays, leaves)
    assert list_.leave("b@example.org") is Left.LEFT
    assert list_.subscribers.mailable(frozen) == {stays: "a@example.org"}


def test_eight_workers_take_each_letter_once(list_: Signups) -> None:
    """However often a message is repeated, one worker holds the letter."""
    for n in range(10):
        list_.ask(f"reader{n}@example.org", origin=f"10.0.{n}.1")
    for letter in list_.letters.pending(list_.now):
        claims = at_once(*[lambda letter=letter: list_.letters.claim(letter, list_.now)] * 8)
        assert sum(claim is not None for claim in claims) == 1


def test_erasing_beside_confirming_leaves_nothing_half_done(list_: Signups) -> None:
    """Either the press comes too late, or the erased was active for a moment: nothing of them stays."""
    for n in range(10):
        address = f"reader{n}@example.org"
        list_.ask(address, origin=f"10.0.{n}.1")
        token, reader = list_.token("confirm", address), list_.subscribers.find_id(address)
        at_once(
            lambda token=token: list_.press(token),
            lambda reader=reader: signup.erase(list_.store, reader, list_.now),
        )
    assert list_.subscribers.count() == 0
    assert list_.subscribers.slots() == {}
    assert not list_.store.exists("subscribers:unconfirmed")


def moves(list_: Signups, *readers: int, to: str) -> list[Callable[[], Moved]]:
    """Have each of these readers ask for one and the same address; return the presses that confirm it."""
    asked = []
    for reader in readers:
        moving.request(list_.store, list_.queue, list_.settings, reader, to, now=list_.now)
        asked.append(links.move(list_.store, list_.settings, reader))
    return [
        lambda link=link: moving.confirm(list_.store, list_.queue, list_.settings, link, now=list_.now)
        for link in asked
    ]


def test_two_readers_who_move_to_one_address_at_once_do_not_share_it(list_: Signups) -> None:
    """One has it; the other stays where they were."""
    for n in range(8):
        first, second = (list_.join(f"{who}{n}@example.org", origin=f"10.0.{n}.1") for who in ("a", "b"))
        outcomes = Counter(at_once(*moves(list_, first, second, to=f"both{n}@example.net")))
        assert outcomes == {Moved.MOVED: 1, Moved.EXPIRED: 1}
        owner = list_.subscribers.find_id(f"both{n}@example.net")
        assert owner in (first, second)
        other = first if owner == second else second
        assert list_.subscribers.find_id(list_.subscribers.get(other).address) == other


def test_a_press_twice_at_once_moves_once(list_: Signups) -> None:
    """The old address is told once."""
    for n in range(8):
        reader = list_.join(f"r{n}@example.org", origin=f"10.0.{n}.1")
        (press,) = moves(list_, reader, to=f"new{n}@example.net")
        assert Counter(at_once(*[press] * 6)) == {Moved.MOVED: 1, Moved.ALREADY: 5}
    assert Counter(kind for kind, _ in list_.mail())["old-address"] == 8


def test_who_leaves_while_moving_is_gone_under_either_address(list_: Signups) -> None:
    """Whichever comes first, nobody is mailed any more, and one index entry names them."""
    for n in range(8):
        reader = list_.join(f"r{n}@example.org", origin=f"10.0.{n}.1")
        leave = list_.token("unsubscribe", f"r{n}@example.org")
        (press,) = moves(list_, reader, to=f"new{n}@example.net")
        at_once(press, lambda leave=leave: signup.unsubscribe(list_.store, list_.settings, leave, list_.now))
        kept = list_.subscribers.get(reader)
        assert kept.status is SubscriberStatus.UNSUBSCRIBED
        found = [list_.subscribers.find_id(one) for one in (f"r{n}@example.org", f"new{n}@example.net")]
        assert sorted(found, key=str) == sorted([None, reader], key=str)
    assert sum(list_.subscribers.slots().values()) == 0
