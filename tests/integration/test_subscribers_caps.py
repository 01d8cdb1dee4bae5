"""The form floods nobody's inbox, whoever fills it in, and its outside says nothing."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from signups import Signups

from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup, suppression
from newsletter.subscribers.consent.signup import Requested


@pytest.fixture
def capped(store: Store, make_settings: Callable[..., Settings]) -> Signups:
    """A list with small caps: 3 a day an address, 5 an hour a network, 40 mails an hour in all."""
    return Signups(
        store,
        make_settings(confirmations_per_address_day=3, signups_per_network_hour=5, signup_mails_per_hour=40),
    )


def networks(start: int = 0) -> list[str]:
    """Return clients in 200 networks of their own."""
    return [f"10.{start}.{n}.1" for n in range(200)]


def test_one_address_gets_at_most_its_confirmations_a_day(capped: Signups) -> None:
    """Two hundred networks asking for one address cause three mails; tomorrow it can ask again."""
    outcomes = Counter(capped.ask(origin=client) for client in networks())
    assert outcomes == {Requested.CONFIRM: 3, Requested.CAPPED: 197}
    assert len(capped.mail()) == 3
    capped.later(days=1)
    assert capped.ask(origin="192.0.2.1") is Requested.CONFIRM


def test_all_addresses_together_get_at_most_so_many_mails_an_hour(capped: Signups) -> None:
    """Two hundred networks asking for as many addresses cause forty mails, reminders among them."""
    capped.join("ada@example.org", origin="192.0.2.1")
    capped.ask("ada@example.org", origin="192.0.2.1")
    outcomes = Counter(
        capped.ask(f"victim{n}@example.org", origin=client) for n, client in enumerate(networks())
    )
    assert outcomes == {Requested.CONFIRM: 38, Requested.CAPPED: 162}
    assert capped.subscribers.count() == 39, "who was not mailed is not kept"
    capped.later(hours=1)
    assert capped.ask("victim199@example.org", origin="192.0.2.9") is Requested.CONFIRM


def test_being_turned_away_depends_on_the_network_alone(capped: Signups) -> None:
    """Of six requests from one network the sixth is turned away, whatever the state of the address."""
    capped.join("active@example.org", origin="192.0.2.1")
    capped.join("gone@example.org", origin="192.0.2.1")
    capped.leave("gone@example.org")
    suppression.suppress(capped.store, "spam@example.org", suppression.Reason.COMPLAINED, now=capped.now)
    capped.ask("pending@example.org", origin="192.0.2.1")
    for number, state in enumerate(("new", "pending", "active", "gone", "spam")):
        client = f"10.9.{number}.7"
        outcomes = [capped.ask(f"{state}@example.org", origin=client) for _ in range(6)]
        assert [one is Requested.TOO_MANY for one in outcomes] == [False] * 5 + [True], state


def test_neighbours_share_a_network_and_strangers_do_not(capped: Signups) -> None:
    """A /24 counts as one, and so does a /64, whatever the rest of the address."""
    outcomes = [capped.ask(f"r{n}@example.org", origin=f"2001:db8::{n:x}") for n in range(6)]
    assert outcomes[-1] is Requested.TOO_MANY
    assert capped.ask("other@example.org", origin="2001:db8:0:1::1") is Requested.CONFIRM


def test_clients_without_a_network_are_not_lumped_together(capped: Signups) -> None:
    """Behind a unix socket nothing is known of clients: only the other caps hold."""
    outcomes = {capped.ask(f"r{n}@example.org", origin="") for n in range(10)}
    assert outcomes == {Requested.CONFIRM}


def test_a_network_may_ask_again_at_the_next_full_hour(capped: Signups) -> None:
    """What Retry-After says is true to the second."""
    capped.later(minutes=12, seconds=34)
    for n in range(6):
        last = capped.ask(f"r{n}@example.org")
    assert last is Requested.TOO_MANY
    wait = signup.retry_after(capped.now)
    assert wait == timedelta(minutes=47, seconds=26)
    capped.now += wait - timedelta(seconds=1)
    assert capped.ask("late@example.org") is Requested.TOO_MANY
    capped.later(seconds=1)
    assert capped.ask("late@example.org") is Requested.CONFIRM


def test_counters_go_away_by_themselves(capped: Signups) -> None:
    """No counter outlives twice its window."""
    capped.join()
    capped.ask()
    counters = list(capped.store.scan_iter(match="signup:*"))
    assert len(counters) == 4
    assert all(0 < capped.store.ttl(key) <= timedelta(days=2).total_seconds() for key in counters)
