"""SendGrid's suppression lists, read from a server of our own that pages, limits and refuses."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from free_port import free_port
from mailing import subscribe
from sendgrid_server import Behaviour, SendGridServer

from newsletter.delivery.feedback import reconciling
from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import suppression
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SubscriberStore

NIGHT = datetime(2026, 6, 20, 0, 1, tzinfo=UTC)
"""Readers of `subscribe` have confirmed on 10 June at noon."""


def entry(address: str, days_ago: float = 1.0) -> dict[str, object]:
    """Return what stands in a list."""
    created = int((NIGHT - timedelta(days=days_ago)).timestamp())
    return {"created": created, "email": address, "reason": "550 no", "status": "5.1.1"}


@pytest.fixture
def sendgrid() -> Iterator[SendGridServer]:
    """SendGrid, with nothing in its lists yet."""
    with SendGridServer(Behaviour()) as server:
        yield server


@pytest.fixture
def settings(sendgrid: SendGridServer, make_settings: Callable[..., Settings]) -> Settings:
    """A newsletter that mails through it."""
    return make_settings(mailer="sendgrid", sendgrid_host=sendgrid.url, sendgrid_api_key="SG.test")


def status(store: Store, number: int) -> SubscriberStatus:
    """Return where a reader stands."""
    reader = SubscriberStore(store).get(number)
    assert reader is not None
    return reader.status


def test_each_list_suppresses_by_its_own_reason_and_blocks_suppress_nobody(
    store: Store, settings: Settings, sendgrid: SendGridServer
) -> None:
    """Also addresses that nobody has subscribed yet: an import must not bring them in."""
    ids = subscribe(store, (f"r{n}" for n in range(6)))
    sendgrid.behaviour.suppressions = {
        "bounces": [entry("r0@example.org"), entry("stranger@example.org")],
        "invalid_emails": [entry("r1@example.org"), entry("no address at all")],
        "spam_reports": [entry("R2@example.org")],
        "unsubscribes": [entry("r3@example.org")],
        "blocks": [entry("r4@example.org")],
    }
    assert reconciling.due(store, settings, NIGHT)
    found = reconciling.reconcile(store, settings, NIGHT)
    assert (found.suppressed, found.blocked, found.is_done) == (5, 1, True)
    assert [status(store, one) for one in ids] == [
        SubscriberStatus.BOUNCED,
        SubscriberStatus.BOUNCED,
        SubscriberStatus.COMPLAINED,
        SubscriberStatus.UNSUBSCRIBED,
        SubscriberStatus.ACTIVE,
        SubscriberStatus.ACTIVE,
    ]
    assert suppression.find(store, "stranger@example.org")
    assert not reconciling.due(store, settings, NIGHT + timedelta(hours=20))
    assert reconciling.due(store, settings, NIGHT + timedelta(days=1))


def test_long_lists_are_read_page_by_page_and_the_next_night_only_what_is_new(
    store: Store, settings: Settings, sendgrid: SendGridServer
) -> None:
    """1,200 entries are three pages; the next night begins a day before the last one, for safety."""
    many = [entry(f"b{n}@example.org", days_ago=30 + n / 100) for n in range(1200)]
    sendgrid.behaviour.suppressions = {"bounces": many}
    assert reconciling.reconcile(store, settings, NIGHT).suppressed == 1200
    pages = [path for path in sendgrid.asked if "/bounces?" in path]
    assert [parse_qs(urlsplit(page).query)["offset"] for page in pages] == [["0"], ["500"], ["1000"]]
    many.insert(0, entry("new@example.org", days_ago=-0.5))
    found = reconciling.reconcile(store, settings, NIGHT + timedelta(days=1))
    assert (found.suppressed, suppression.find(store, "new@example.org") is not None) == (1, True)


@pytest.mark.parametrize("answer", [429, 503])
def test_a_reading_that_was_stopped_goes_on_where_it_stood(
    store: Store, settings: Settings, sendgrid: SendGridServer, answer: int
) -> None:
    """The limit's own time is waited for, each page is asked for once, and nothing is left out."""
    sendgrid.behaviour.suppressions = {"bounces": [entry(f"b{n}@example.org") for n in range(700)]}
    sendgrid.behaviour.suppression_answers = [200, answer]
    stopped = reconciling.reconcile(store, settings, NIGHT)
    assert (stopped.suppressed, stopped.is_done) == (500, False)
    assert f"bounces answers {answer}" in reconciling.state(store).fault
    assert not reconciling.due(store, settings, NIGHT)
    later = NIGHT + timedelta(minutes=15)
    assert reconciling.due(store, settings, later)
    found = reconciling.reconcile(store, settings, later)
    assert (found.suppressed, found.is_done) == (200, True)
    assert reconciling.state(store) == reconciling.State(at=later)


def test_a_key_without_the_right_is_told_and_tried_again_hours_later(
    store: Store, settings: Settings, sendgrid: SendGridServer
) -> None:
    """401: nobody is suppressed, nothing is lost, and the operator reads what to do."""
    sendgrid.behaviour.key = "another"
    found = reconciling.reconcile(store, settings, NIGHT)
    assert (found.suppressed, found.is_done) == (0, False)
    assert "Let the API key read suppressions" in found.fault
    assert not reconciling.due(store, settings, NIGHT + timedelta(hours=5))
    assert reconciling.due(store, settings, NIGHT + timedelta(hours=6))


def test_a_server_that_is_away_is_a_fault_and_no_trace(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Tried again in a quarter of an hour."""
    url = f"http://127.0.0.1:{free_port()}"
    settings = make_settings(mailer="sendgrid", sendgrid_host=url, sendgrid_api_key="SG.test")
    assert "cannot be reached" in reconciling.reconcile(store, settings, NIGHT).fault
    assert reconciling.due(store, settings, NIGHT + timedelta(minutes=15))


def test_a_reader_who_has_confirmed_since_is_not_suppressed_by_an_old_entry(
    store: Store, settings: Settings, sendgrid: SendGridServer
) -> None:
    """The address works again by its owner's own word; an entry made afterwards counts."""
    ids = subscribe(store, ["r0", "r1"], at=NIGHT - timedelta(days=10))
    old, new = entry("r0@example.org", days_ago=20), entry("r1@example.org", days_ago=2)
    sendgrid.behaviour.suppressions = {"bounces": [new, old]}
    found = reconciling.reconcile(store, settings, NIGHT)
    assert (found.suppressed, found.confirmed_since) == (1, 1)
    assert status(store, ids[0]) is SubscriberStatus.ACTIVE
    found_again = suppression.find(store, "r1@example.org")
    assert found_again is not None
    assert found_again.reason is Reason.BOUNCED


def test_reading_twice_changes_nothing(store: Store, settings: Settings, sendgrid: SendGridServer) -> None:
    """A task that is run twice, or a night that overlaps the last."""
    subscribe(store, ["r0"])
    sendgrid.behaviour.suppressions = {"spam_reports": [entry("r0@example.org")]}
    reconciling.reconcile(store, settings, NIGHT)
    before = {name: store.dump(name) for name in store.scan_iter("subscribers:*")}
    store.delete("delivery:reconciled")
    reconciling.reconcile(store, settings, NIGHT + timedelta(days=1))
    assert {name: store.dump(name) for name in store.scan_iter("subscribers:*")} == before


def test_other_mailers_have_nothing_to_reconcile(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """No key, no list."""
    assert not reconciling.due(store, make_settings(), NIGHT)
    assert not reconciling.due(store, make_settings(mailer="sendgrid"), NIGHT)
