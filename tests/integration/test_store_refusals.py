"""A server that answers and does nothing: told as away, waited for, and left by readers all the same."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import redis
from mailing import DAY, an_edition, publish, subscribe
from processes import until

from newsletter import store as store_module
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger.ledger import Claim, Ledger
from newsletter.errors import StoreUnavailableError
from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store, insisting
from newsletter.store import unavailable_store as unavailable
from newsletter.subscribers.consent import signup, suppression
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SubscriberStore


class WebServer(BaseHTTPRequestHandler):
    """Says 400, as web servers do to what is no HTTP."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_web_server_at_the_address_is_one_clear_line() -> None:
    """A port taken for another is a frequent slip."""
    with HTTPServer(("127.0.0.1", 0), WebServer) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        client = store_module.client_of(f"redis://127.0.0.1:{server.server_port}/0")
        with pytest.raises(StoreUnavailableError, match="does not speak Redis's protocol"), unavailable():
            client.ping()
        client.close()
        server.shutdown()
        serving.join()


SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)


@contextmanager
def busy(store: Store) -> Iterator[None]:
    """Have the server run a script that does not end."""
    limit = store.config_get("lua-time-limit")["lua-time-limit"]
    store.config_set("lua-time-limit", 10)
    endless = threading.Thread(target=run_for_ever, args=(store,))
    endless.start()
    until("a busy server", lambda: not answers(store))
    try:
        yield
    finally:
        end(store)
        endless.join()
        store.config_set("lua-time-limit", limit)


def run_for_ever(store: Store) -> None:
    """Run until somebody ends it."""
    with pytest.raises(redis.ResponseError):
        store.eval("while true do end", 0)


def answers(store: Store) -> bool:
    """Whether the server does anything."""
    try:
        return bool(store.ping())
    except redis.ResponseError:
        return False


def end(store: Store) -> None:
    """End the endless script; nothing runs any more where it has ended."""
    with suppress(redis.ResponseError):
        store.script_kill()


@contextmanager
def without_primary(store: Store) -> Iterator[None]:
    """Have the server follow a primary that is not there, and give out nothing old."""
    store.config_set("replica-serve-stale-data", "no")
    store.replicaof("127.0.0.1", 1)
    try:
        yield
    finally:
        store.execute_command("REPLICAOF", "NO", "ONE")
        store.config_set("replica-serve-stale-data", "yes")


@pytest.mark.parametrize(("state", "remedy"), [(busy, "SCRIPT KILL"), (without_primary, "the primary")])
def test_a_known_end_is_no_doubt_after_a_server_was_busy_or_lost_its_primary(
    store: Store, settings: Settings, state: Callable[[Store], AbstractContextManager[None]], remedy: str
) -> None:
    """The error says what to do, and the end is written as soon as the server works again."""
    publish(store, an_edition())
    subscribe(store, ["r0", "r1"])
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    ledger = Ledger(store)
    claim = ledger.claim(ref)
    assert isinstance(claim, Claim)
    intent = ledger.intend(claim, "ii")
    assert isinstance(intent, Claim)
    with state(store), pytest.raises(StoreUnavailableError, match=remedy):
        ledger.commit(intent, "aa")
    assert insisting(lambda: ledger.commit(intent, "aa"), within=timedelta(seconds=5)) == "committed"
    assert ledger.progress(DAY).accepted == 2


def test_readers_leave_a_server_that_is_out_of_memory(store: Store, settings: Settings) -> None:
    """By their own word, by a complaint, and for good; everything else is refused and says why."""
    by_link, by_complaint, for_good = subscribe(store, ["r0", "r1", "r2"])
    limit = store.config_get("maxmemory")["maxmemory"]
    store.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailableError, match="out of memory"):
            publish(store, an_edition())
        assert signup.unsubscribe(store, settings, by_link, SEVEN) is signup.Left.LEFT
        suppression.suppress(store, "r1@example.org", Reason.COMPLAINED, now=SEVEN)
        signup.erase(store, for_good, SEVEN)
    finally:
        store.config_set("maxmemory", limit)
    statuses = [reader.status for reader in SubscriberStore(store).get_many([by_link, by_complaint])]
    assert statuses == [SubscriberStatus.UNSUBSCRIBED, SubscriberStatus.COMPLAINED]
    assert SubscriberStore(store).get(for_good) is None
    assert SubscriberStore(store).mailable([by_link, by_complaint, for_good]) == {}
