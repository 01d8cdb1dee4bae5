"""How far an intent is on disk before its request leaves, on each kind of server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from mailing import an_edition, publish, subscribe

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger.ledger import Claim, Ledger
from newsletter.delivery.ledger.store import Durability, durability
from newsletter.settings import Settings
from newsletter.store import Store

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)


@pytest.fixture
def lazy(store: Store) -> Iterator[Store]:
    """A server that writes to disk once a second."""
    store.config_set("appendfsync", "everysec")
    yield store
    store.config_set("appendfsync", "always")


def test_the_embedded_server_promises_every_change(store: Store) -> None:
    """It writes before it answers."""
    assert durability(store) is Durability.ALWAYS


def test_a_server_that_writes_later_is_waited_for(lazy: Store, settings: Settings) -> None:
    """The intent is confirmed by WAITAOF, and the walk through the ledger is the same."""
    assert durability(lazy) is Durability.WAITED
    publish(lazy, an_edition())
    subscribe(lazy, ["one"])
    (ref,) = cohorts.freeze_due(lazy, settings, SEVEN)
    ledger = Ledger(lazy, promise=Durability.WAITED)
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    intent = ledger.intend(claim, "i")
    assert isinstance(intent, Claim)
    assert ledger.commit(intent, "a") == "committed"
