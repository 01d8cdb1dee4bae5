"""SendGrid: requests as its own description wants them, and every answer read for what it means."""

import copy
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import description
import orjson
import pytest
from description import Posted, overstepped
from openapi_core import OpenAPI
from sendgrid_server import Behaviour, SendGridServer

from newsletter.delivery import mailers
from newsletter.delivery.mailers.port import Mailer
from newsletter.errors import InvalidInputError, SettingsError
from newsletter.models import Message, Recipient
from newsletter.settings import Settings

REQUEST = "2026-06-10.17.3"
MESSAGE = Message(
    subject="Diffusion – and more",
    html='<!doctype html><p>r&#233;sum&#233; <a href="-unsubscribe_url-">leave</a></p>',
    text="Leave: -unsubscribe_url-\n",
    headers=(
        ("List-Id", "<digest.papers.example.org>"),
        ("List-Unsubscribe", "<-unsubscribe_url->"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
)


def recipients(count: int) -> list[Recipient]:
    """Return so many readers."""
    return [
        Recipient.of(
            subscriber_id=number,
            address=f"reader{number}@example.org",
            substitutions=(("-unsubscribe_url-", f"https://papers.example.org/u/t{number}"),),
        )
        for number in range(1, count + 1)
    ]


@pytest.fixture
def connected(
    make_settings: Callable[..., Settings],
) -> Iterator[Callable[..., tuple[Mailer, SendGridServer]]]:
    """Start a server that behaves as told, and a mailer on it."""
    open_servers: list[SendGridServer] = []
    open_mailers: list[Mailer] = []

    def start(*, timeout: float = 10.0, **behaviour: Any) -> tuple[Mailer, SendGridServer]:
        server = SendGridServer(Behaviour(**behaviour))
        server.__enter__()
        open_servers.append(server)
        settings = make_settings(
            mailer="sendgrid",
            sendgrid_host=server.url,
            sendgrid_api_key="SG.test",
            sendgrid_timeout=timeout,
            from_="Trending Papers <papers@example.org>",
            reply_to="editor@example.org",
        )
        mailer = mailers.make(settings)
        open_mailers.append(mailer)
        return mailer, server

    yield start
    for mailer in open_mailers:
        mailer.close()
    for server in open_servers:
        server.__exit__()


@pytest.fixture(scope="module")
def openapi(shared: Path) -> OpenAPI:
    """SendGrid's own description."""
    return description.load(shared)


def test_every_request_is_what_sendgrids_description_wants(connected: Any, openapi: OpenAPI) -> None:
    """Many personalizations, with values, headers and arguments of their own, and a text-only one."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(100), request_id=REQUEST)
    mailer.send(MESSAGE.model_copy(update={"html": None}), recipients(1), request_id=REQUEST)
    assert len(server.requests) == 2
    for seen in server.requests:
        assert openapi.unmarshal_request(Posted(seen.headers, seen.body)).errors == []
        assert overstepped(seen.body) == []


def test_the_check_against_the_description_can_fail(connected: Any, openapi: OpenAPI) -> None:
    """A request without a sender is refused by it."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    broken = orjson.loads(server.requests[0].body)
    del broken["from"]
    (error,) = openapi.unmarshal_request(Posted(server.requests[0].headers, orjson.dumps(broken))).errors
    assert "'from' is a required property" in str(error.__cause__.schema_errors[0])


def test_nothing_is_tracked_and_the_unsubscribe_headers_are_each_readers_own(connected: Any) -> None:
    """No rewritten link, no pixel, no footer; RFC 8058 in each personalization."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(2), request_id=REQUEST)
    (request,) = server.accepted
    assert request["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
    }
    assert "asm" not in request
    assert request["headers"] == {"List-Id": "<digest.papers.example.org>"}
    assert request["reply_to"] == {"email": "editor@example.org"}
    for number, person in enumerate(request["personalizations"], 1):
        assert person["headers"] == {
            "List-Unsubscribe": f"<https://papers.example.org/u/t{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        assert person["custom_args"] == {"newsletter_request": REQUEST}
    html = request["content"][1]["value"]
    assert html.isascii()


def test_a_request_stays_within_sendgrids_limits(connected: Any) -> None:
    """A full batch: limits that the description does not know."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(1000), request_id=REQUEST)
    assert overstepped(server.requests[0].body) == []


def _double(request: dict[str, Any]) -> None:
    request["personalizations"][1]["to"] = [{"email": "READER1@example.org"}]


def _reserve(request: dict[str, Any]) -> None:
    request["personalizations"][0]["headers"]["Reply-To"] = "x@example.org"


def _crowd(request: dict[str, Any]) -> None:
    request["personalizations"] = [{"to": [{"email": f"r{n}@example.org"}]} for n in range(1001)]


def _swell(request: dict[str, Any]) -> None:
    request["content"][0]["value"] = "x" * 30_000_000


def _argue(request: dict[str, Any]) -> None:
    request["personalizations"][0]["custom_args"]["more"] = "x" * 10_000


@pytest.mark.parametrize(
    ("broken", "limit"),
    [
        (_double, "an address twice"),
        (_reserve, "a reserved header"),
        (_crowd, "more than 1,000 recipients"),
        (_swell, "larger than 30 MB"),
        (_argue, "custom_args larger than 10,000 bytes"),
    ],
)
def test_the_check_of_each_limit_can_fail(
    connected: Any, broken: Callable[[dict[str, Any]], None], limit: str
) -> None:
    """A request of ours, spoilt in one way."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(2), request_id=REQUEST)
    request = orjson.loads(server.requests[0].body)
    broken(request)
    assert overstepped(orjson.dumps(request)) == [limit]


def test_a_request_that_is_too_large_does_not_leave(connected: Any) -> None:
    """It is cut in halves instead."""
    mailer, server = connected()
    heavy = MESSAGE.model_copy(update={"text": "x" * 30_000_000})
    outcome = mailer.send(heavy, recipients(2), request_id=REQUEST)
    assert outcome.rejected == "the request is larger than SendGrid takes"
    assert server.requests == []


def test_one_connection_is_kept_and_one_context_made(connected: Any) -> None:
    """Ten requests, one connection."""
    mailer, server = connected()
    for _ in range(10):
        mailer.send(MESSAGE, recipients(2), request_id=REQUEST)
    assert {seen.connection for seen in server.requests} == {1}


def test_a_connection_that_was_closed_meanwhile_is_replaced_unnoticed(connected: Any) -> None:
    """An idle connection that the other side gave up costs nothing and doubts nobody."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    for writer in list(server._writers):
        server._loop.call_soon_threadsafe(writer.transport.abort)
    deadline = time.monotonic() + 5
    while server._writers and time.monotonic() < deadline:
        pass
    outcome = mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    assert outcome.accepted == {1}
    assert [seen.connection for seen in server.requests] == [1, 2]


def test_two_readers_with_one_address_are_not_in_one_request(connected: Any) -> None:
    """SendGrid refuses that; the second waits for the next request."""
    mailer, server = connected()
    twins = [
        recipients(1)[0],
        recipients(1)[0]._replace(subscriber_id=2, address="Reader1@example.org"),
    ]
    outcome = mailer.send(MESSAGE, twins, request_id=REQUEST)
    assert outcome.accepted == {1}
    assert not outcome.refused
    assert len(server.accepted[0]["personalizations"]) == 1


@pytest.mark.parametrize("fault", ["500-after", "503", "reset-after"])
def test_an_end_that_nobody_knows_is_uncertain(connected: Any, fault: str) -> None:
    """5xx and a connection that breaks after the request left may both hide an acceptance."""
    mailer, server = connected(faults={fault: 1.0})
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert outcome.uncertain == {1, 2, 3}
    assert not outcome.accepted
    assert len(server.requests) == 1, "never sent a second time"


def test_silence_is_waited_for_so_long_and_no_longer(connected: Any) -> None:
    """A server that accepts and says nothing leaves the request uncertain when the time limit is over."""
    mailer, server = connected(timeout=0.3, faults={"stall-after": 1.0}, stall_seconds=20)
    started = time.monotonic()
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert time.monotonic() - started < 5
    assert outcome.uncertain == {1, 2, 3}
    assert len(server.accepted) == 1


def test_a_server_that_cannot_be_reached_accepted_nothing(make_settings: Callable[..., Settings]) -> None:
    """They may all be sent again."""
    settings = make_settings(
        mailer="sendgrid", sendgrid_host="http://127.0.0.1:9", sendgrid_api_key="SG.test"
    )
    outcome = mailers.make(settings).send(MESSAGE, recipients(3), request_id=REQUEST)
    assert (outcome.accepted, outcome.uncertain, outcome.refused) == (frozenset(), frozenset(), {})
    assert outcome.retry_after


def test_a_rate_limit_is_waited_out_by_the_providers_clock(connected: Any) -> None:
    """429 accepted nobody; X-RateLimit-Reset says when to come again."""
    mailer, _ = connected(faults={"429": 1.0})
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert not outcome.uncertain
    assert outcome.retry_after is not None
    assert timedelta(0) < outcome.retry_after <= timedelta(seconds=3)


def test_the_last_request_of_a_window_pauses_before_the_next(connected: Any) -> None:
    """X-RateLimit-Remaining: 0 comes with an acceptance."""
    mailer, _ = connected(rate=1)
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert outcome.accepted == {1, 2, 3}
    assert outcome.retry_after is not None


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [({"quota": 0}, "Maximum credits exceeded"), ({"key": "SG.other"}, "authorization grant is invalid")],
    ids=["credits spent", "key revoked"],
)
def test_spent_credits_and_a_revoked_key_halt_and_suppress_nobody(
    connected: Any, behaviour: dict[str, Any], words: str
) -> None:
    """The operator is told what SendGrid said and what to do."""
    mailer, _ = connected(**behaviour)
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert words in (outcome.halt or "")
    assert (outcome.halt or "").endswith("then resume.")
    assert not outcome.refused
    assert not outcome.uncertain


def test_a_bad_recipient_whom_sendgrid_names_is_refused_alone(connected: Any) -> None:
    """Nobody of that request was accepted; the others wait for the next."""
    mailer, _ = connected(bad_addresses=("reader2@example.org",), names_the_bad=True)
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert set(outcome.refused) == {2}
    assert outcome.accepted == frozenset()


def test_a_request_refused_without_a_name_asks_to_be_halved(connected: Any) -> None:
    """Something in it is bad; the batch finds out what."""
    mailer, _ = connected(bad_addresses=("reader2@example.org",))
    outcome = mailer.send(MESSAGE, recipients(3), request_id=REQUEST)
    assert outcome.rejected == "Does not contain a valid address."


def test_a_reserved_header_is_refused_before_anything_leaves(connected: Any) -> None:
    """SendGrid writes those itself."""
    mailer, server = connected()
    with pytest.raises(InvalidInputError, match="Reply-To"):
        mailer.send(
            MESSAGE.model_copy(update={"headers": (("Reply-To", "a@example.org"),)}),
            recipients(1),
            request_id=REQUEST,
        )
    assert server.requests == []


def test_neither_key_nor_address_reaches_the_log(connected: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The package writes both at DEBUG; we do not let it."""
    mailer, _ = connected()
    caplog.set_level("DEBUG")
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    assert "SG.test" not in caplog.text
    assert "reader1" not in caplog.text


def test_a_missing_key_names_the_setting(make_settings: Callable[..., Settings]) -> None:
    """The package would send `Bearer None`."""
    with pytest.raises(SettingsError, match="SENDGRID_API_KEY"):
        mailers.make(make_settings(mailer="sendgrid"))


def test_what_goes_over_the_wire_is_the_packages_request(connected: Any) -> None:
    """Path, authorization and user agent stay the sendgrid package's own; the type is plain JSON."""
    mailer, server = connected()
    mailer.send(MESSAGE, recipients(1), request_id=REQUEST)
    (seen,) = server.requests
    assert seen.headers["authorization"] == "Bearer SG.test"
    assert seen.headers["user-agent"].startswith("sendgrid/")
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["host"] == urlsplit(server.url).netloc


def test_the_values_of_the_message_are_not_changed_by_sending(connected: Any) -> None:
    """A message is shared by many batches."""
    mailer, _ = connected()
    before = copy.deepcopy(MESSAGE)
    mailer.send(MESSAGE, recipients(2), request_id=REQUEST)
    assert before == MESSAGE
