"""What a batch may cost: one task, twelve round trips to the server."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import redis.connection
from mailing import an_edition, publish, subscribe
from sendgrid_server import Behaviour, SendGridServer
from smtp_listener import Manners, SmtpListener

from newsletter.delivery import mailers
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.sending.batches import send_batch
from newsletter.settings import Settings
from newsletter.store import Store

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
MOST_ROUND_TRIPS = 12


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what is written to the server: a pipeline is one write and one round trip."""
    counted: list[int] = []
    send = redis.connection.AbstractConnection.send_packed_command

    def counting(self: object, *arguments: object, **options: object) -> object:
        counted.append(1)
        return send(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", counting)
    return counted


def a_batch_costs(store: Store, settings: Settings, round_trips: list[int]) -> int:
    """Send two batches of a thousand, and return what the second took: the first renders and connects."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(2000)))
    first, second = cohorts.freeze_due(store, settings, SEVEN)
    assert send_batch(store, settings, first.day, first.batch).accepted == 1000
    round_trips.clear()
    assert send_batch(store, settings, second.day, second.batch).accepted == 1000
    return len(round_trips)


def test_a_batch_for_sendgrid_takes_a_request_and_few_round_trips(
    store: Store, make_settings: Callable[..., Settings], round_trips: list[int]
) -> None:
    """Claim, read, intend, commit."""
    with SendGridServer(Behaviour()) as server:
        settings = make_settings(mailer="sendgrid", sendgrid_host=server.url, sendgrid_api_key="SG.test")
        assert a_batch_costs(store, settings, round_trips) <= 4
        mailers.make(settings).close()
        assert len(server.requests) == 2


def test_a_batch_over_smtp_takes_at_most_twelve_round_trips(
    store: Store, make_settings: Callable[..., Settings], round_trips: list[int]
) -> None:
    """Its portions are smaller, so that a killed worker doubts fewer."""
    with SmtpListener(Manners()) as listener:
        settings = make_settings(mailer="smtp", smtp_url=listener.url)
        assert a_batch_costs(store, settings, round_trips) <= MOST_ROUND_TRIPS
        mailers.make(settings).close()
