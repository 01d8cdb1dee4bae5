"""What stands in the store can be read by a person, and by us."""

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.models import Consent, SubscriberStatus
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept.records import Reader

ASKED = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
SECONDS = int(ASKED.timestamp())
USUAL = ["Ada@example.org", 7, "Europe/Berlin", SECONDS, "203.0.113", 95]


def test_a_usual_record_is_read_in_full() -> None:
    """Address, choices and consent all stand in six places."""
    ada = Reader(7, USUAL).whole()
    assert (ada.id, ada.address, ada.status) == (7, "Ada@example.org", SubscriberStatus.ACTIVE)
    assert (ada.preferences.hour, ada.preferences.timezone) == (7, "Europe/Berlin")
    assert ada.consent == Consent(
        requested_at=ASKED,
        requested_from="203.0.113.0/24",
        confirmed_at=ASKED + timedelta(seconds=95),
        confirmed_from="203.0.113.0/24",
    )


@pytest.mark.parametrize(
    ("tail", "consent"),
    [
        pytest.param(
            [SECONDS, "203.0.113", None, 0, 0, 0, "p"],
            Consent(requested_at=ASKED, requested_from="203.0.113.0/24"),
            id="not-confirmed",
        ),
        pytest.param(
            [SECONDS, "import", 0],
            Consent(requested_at=ASKED, confirmed_at=ASKED, how="import"),
            id="imported",
        ),
        pytest.param(
            [SECONDS, "api 2001:db8:1:2::", 0, 0, "203.0.113"],
            Consent(
                requested_at=ASKED,
                requested_from="2001:db8:1:2::/64",
                confirmed_at=ASKED,
                confirmed_from="203.0.113.0/24",
                how="api",
            ),
            id="elsewhere",
        ),
        pytest.param(
            [SECONDS, "203.0.113", 0, {"limit": 5}, "-"],
            Consent(requested_at=ASKED, requested_from="203.0.113.0/24", confirmed_at=ASKED),
            id="confirmed-from-nowhere-known",
        ),
        pytest.param(
            [SECONDS, "command", None, 0, 0, 0, "p"], Consent(requested_at=ASKED, how="command"), id="command"
        ),
        pytest.param([SECONDS, "", 0], Consent(requested_at=ASKED, confirmed_at=ASKED), id="no-network"),
    ],
)
def test_consent_is_read_whatever_way_it_came(tail: list[object], consent: Consent) -> None:
    """When, from where and how, without a word more than is known."""
    assert Reader(1, [*USUAL[:3], *tail]).consent == consent


def test_who_left_has_an_instant() -> None:
    """The last place tells when; nobody else has it."""
    assert Reader(1, USUAL).left_at is None
    assert Reader(1, ["a@example.org", 7, "UTC", SECONDS, "", 3, 0, 0, SECONDS, "u"]).left_at == ASKED


@pytest.mark.parametrize(("letter", "status"), records.STATUSES.items())
def test_a_status_stands_last_unless_it_is_what_most_have(letter: str, status: SubscriberStatus) -> None:
    """Who is active has no letter; for everybody else the last place tells."""
    tail = [] if letter == records.ACTIVE else [0, 0, 0, letter]
    reader = Reader(1, [*USUAL, *tail])
    assert (reader.status, reader.is_active) == (status, status is SubscriberStatus.ACTIVE)


def test_every_status_has_a_letter() -> None:
    """None is forgotten when one is added."""
    assert set(records.STATUSES.values()) == set(SubscriberStatus)
