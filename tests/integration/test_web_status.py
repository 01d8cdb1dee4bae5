"""What machines ask of the site."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from specimens import CUT_OFF, a_quiet_edition, an_edition
from visitor import Visitor

from newsletter.models import Source
from newsletter.settings import Settings
from newsletter.store import Store

DAY = an_edition().date
BEARER = {"authorization": "Bearer sesame"}


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """A monitor at a site whose cut-off is six o'clock in UTC."""
    sources = (Source(name="a-lab", url="https://user:pass@lab.example/feed", title="A Lab"),)
    settings = make_settings(timezone="UTC", metrics_token="sesame", sources=sources)
    return Visitor(settings, now=datetime(DAY.year, DAY.month, DAY.day, 6, 30, tzinfo=UTC))


def status(visitor: Visitor, **span: float):
    """What `/status.json` answers some time after half past six."""
    visitor.later(**span)
    return visitor.web.get("/status.json", headers=BEARER)


def test_the_process_answers_without_a_store(make_settings: Callable[..., Settings], tmp_path):
    """`/healthz` asks nobody, `/readyz` says what is missing and how to mend it."""
    visitor = Visitor(make_settings(redis_url=f"unix://{tmp_path}/nowhere.sock"))
    assert visitor.web.get("/healthz").status_code == 200
    ready = visitor.web.get("/readyz")
    assert ready.status_code == 503
    assert "Start it, correct REDIS_URL" in ready.text


@pytest.mark.parametrize(
    "redis_url",
    [
        "redis://:a-password@127.0.0.1:1/3",
        "redis://store.internal.example:6390",
        "unix:///srv/secret/redis.sock",
    ],
)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}], ids=["none", "wrong"])
def test_a_stranger_learns_nothing_of_the_host_from_what_is_missing(
    make_settings: Callable[..., Settings], caplog, redis_url: str, headers: dict[str, str]
):
    """503 without host, port or folder; the log and the holder of the token get the reason."""
    settings = make_settings(redis_url=redis_url, metrics_token="sesame", environment="production")
    visitor = Visitor(settings)
    for path in ("/readyz", "/", "/api/v1/editions", "/status.json", "/metrics"):
        told = visitor.web.get(path, headers=headers)
        assert told.status_code in {401, 503}, path
        assert not re.search("127[.]0|:1/|password|6390|internal|secret|redis|REDIS", told.text), path
    assert visitor.web.get("/readyz").text == "not ready; the log says why\n"
    assert "not ready: " in caplog.text
    assert "REDIS_URL" in caplog.text
    assert "REDIS_URL" in visitor.web.get("/readyz", headers=BEARER).text


def test_a_working_site_is_ready(visitor: Visitor):
    """Store and templates answer."""
    assert visitor.web.get("/readyz").text == "ready\n"


def test_the_status_tells_the_edition_the_sources_and_the_readers(visitor: Visitor):
    """Numbers and states; no address of a reader, and none of a source, which may hold a password."""
    visitor.publish(an_edition(date=DAY))
    visitor.reader("ada@example.org")
    answer = status(visitor)
    told = answer.json()
    assert answer.status_code == 200
    assert told["edition"]["latest"] == DAY.isoformat()
    assert told["edition"]["papers"] == len(an_edition().entries)
    assert [(one["name"], one["state"]) for one in told["sources"]] == [("a-lab", "unknown")]
    assert told["subscribers"]["active"] == 1
    assert "pass@" not in answer.text
    assert "ada@" not in answer.text


def test_an_edition_that_does_not_come_is_503_until_it_comes(visitor: Visitor):
    """An hour of patience after the cut-off; the alarm lasts past midnight and ends with the next edition."""
    visitor.publish(an_edition(date=DAY - timedelta(days=1), cut_off=CUT_OFF - timedelta(days=1)))
    assert status(visitor).status_code == 200
    assert status(visitor, hours=1).status_code == 503
    assert status(visitor, hours=22).status_code == 503
    visitor.publish(a_quiet_edition(date=DAY + timedelta(days=1)))
    answer = status(visitor, hours=2)
    assert answer.status_code == 200
    assert answer.json()["edition"]["quiet"] is True


def test_a_new_newsletter_is_not_overdue_for_yesterday(visitor: Visitor):
    """Before its first cut-off nothing can have been missed; after it, it can."""
    visitor.now = datetime(DAY.year, DAY.month, DAY.day, 5, tzinfo=UTC)
    assert status(visitor).status_code == 200
    assert status(visitor, hours=3).status_code == 503


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic sesame"},
        {"authorization": "Bearer "},
        {"authorization": "sesame"},
    ],
    ids=["none", "wrong", "basic", "empty", "bare"],
)
def test_the_status_takes_a_token(visitor: Visitor, headers: dict[str, str]):
    """401 without it; a token in the address is not read, because addresses end in logs."""
    assert visitor.web.get("/status.json", headers=headers).status_code == 401
    assert visitor.web.get("/status.json?token=sesame", headers=headers).status_code == 401


def test_without_a_token_in_the_settings_only_a_laptop_shows_its_status(
    make_settings: Callable[..., Settings], store: Store
):
    """In production an unset token closes the page rather than opening it."""
    assert Visitor(make_settings()).web.get("/status.json").status_code in {200, 503}
    assert Visitor(make_settings(environment="production")).web.get("/status.json").status_code == 404


def test_the_metrics_tell_what_the_status_tells(visitor: Visitor):
    """Prometheus reads sources, readers and the newest delivery, and is asked for the token."""
    visitor.publish(an_edition(date=DAY))
    visitor.reader("ada@example.org")
    assert visitor.web.get("/metrics").status_code == 401
    answer = visitor.web.get("/metrics", headers=BEARER)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'newsletter_source_state{source="a-lab",state="unknown"} 1.0' in lines
    assert 'newsletter_source_state{source="a-lab",state="failing"} 0.0' in lines
    assert 'newsletter_subscribers{status="active"} 1.0' in lines
    assert 'newsletter_delivery_recipients{state="uncertain"} 0.0' in lines
    assert "newsletter_edition_overdue 0.0" in lines
