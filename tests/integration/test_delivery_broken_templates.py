"""An operator's template that fails at a reader's mail holds the mail, and is told by every road there is."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from free_port import free_port
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from processes import run

from newsletter import queue
from newsletter.delivery import alerts
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, progress, sweep
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending import notices
from newsletter.delivery.sending.batches import send_batch
from newsletter.errors import SettingsError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
OPERATOR = "ops@example.org"
Make = Callable[..., Settings]


def overriding(folder: Path, name: str, content: str) -> Path:
    """Write one template of the operator's own, and return their folder."""
    file = folder / "mine" / "email" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, "utf-8")
    return folder / "mine"


@contextmanager
def chat(status: int = 200) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Run a server that takes alerts; yield its address and what it was told."""
    told: list[dict[str, object]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/a-secret-path", told
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Papers\n{{ editon.date }}\n", "email/digest/body.txt is broken on line 2: 'editon' is undefined"),
        ("{{ edition.dat }}", "has no attribute 'dat'"),
        ("{{ 1 + site.name }}", "unsupported operand"),
        ("{{ total // more }}", "integer division or modulo by zero"),
        ("{% for %}", "email/digest/body.txt is broken on line 1"),
        ("{% include 'nowhere.txt' %}", "nowhere.txt"),
    ],
)
def test_a_digest_that_cannot_be_rendered_is_held_with_its_reason(  # noqa: PLR0917 - fixtures
    store: Store,
    make_settings: Make,
    tmp_path: Path,
    content: str,
    says: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever it raises; in the log, the status and an alert, and nobody is mailed."""
    folder = overriding(tmp_path, "digest/body.txt", content)
    settings = make_settings(operator=OPERATOR, templates_dir=folder)
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    mailer = ObedientMailer()
    report = send_batch(store, settings, DAY, ref.batch, lambda: SEVEN, mailer=mailer)
    assert mailer.sent == []
    held = progress.read(store, DAY).held
    assert held is not None
    assert held == report.halted
    assert says in held
    assert held.endswith("Mend it, or remove the override. Then restart the workers.")
    assert held in caplog.text
    (alert,) = [one for one in alerts.standing(store, settings, SEVEN) if one.subject == f"held-{DAY}"]
    assert held in alert.known
    assert settings.redis_url is not None
    url = settings.redis_url.get_secret_value()
    shown = run(
        tmp_path, "edition", "status", str(DAY), REDIS_URL=url, NEWSLETTER_SECRET_KEY="a-secret-of-the-tests"
    )
    assert says in shown.stdout
    control.resume(store, DAY)
    mended = make_settings()
    assert send_batch(store, mended, DAY, ref.batch, lambda: SEVEN, mailer=mailer).accepted == 5


def test_a_letter_that_cannot_be_rendered_waits_and_is_told(
    store: Store, make_settings: Make, tmp_path: Path
) -> None:
    """It leaves once the template is mended; nothing is lost."""
    folder = overriding(tmp_path, "confirm/body.txt", "{{ nam }}")
    settings = make_settings(operator=OPERATOR, templates_dir=folder)
    asked = queue.connect(settings)
    signup.request(
        store,
        asked,
        settings,
        "ada@example.org",
        preferences=Preferences(),
        origin="198.51.100.7",
        now=SEVEN,
    )
    (letter,) = sweep.open_letters(store, SEVEN)
    mailer = ObedientMailer()
    assert notices.send_letter(store, settings, letter, lambda: SEVEN, mailer=mailer).state == "postponed"
    (told,) = [one for one in alerts.standing(store, settings, SEVEN) if one.subject == "letters"]
    assert "email/confirm/body.txt is broken on line 1: 'nam' is undefined" in told.known[0]
    later = SEVEN + timedelta(minutes=16)
    state = notices.send_letter(store, make_settings(), letter, lambda: later, mailer=mailer).state
    assert state == "sent"


def test_what_a_worker_stumbles_over_is_why_the_edition_waits(store: Store, make_settings: Make) -> None:
    """A worker without a setting of the mailer's would fail at each batch, for ever, untold."""
    settings = make_settings(mailer="smtp", from_="P <p@example.org>", operator=OPERATOR)
    publish(store, an_edition())
    subscribe(store, ["ada"])
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    with pytest.raises(SettingsError):
        send_batch(store, settings, DAY, ref.batch, lambda: SEVEN)
    waits = progress.read(store, DAY).waits_because
    assert waits is not None
    assert "SMTP_URL is not set" in waits


def test_an_alert_takes_a_second_road(
    store: Store, make_settings: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Mail is broken, and the operator's own alert template is too: the chat is told, once a day."""
    folder = overriding(tmp_path, "alert/body.txt", "{{ nam }}")
    publish(store, an_edition())
    subscribe(store, ["ada"])
    cohorts.freeze_due(store, make_settings(), SEVEN)
    control.hold(store, DAY, "The mail server is gone. Find it.")
    dead = ObedientMailer(lambda recipients, request_id: Outcome(halt="no way"))
    with chat() as (url, told):
        settings = make_settings(operator=OPERATOR, templates_dir=folder, alert_url=url)
        assert alerts.send(store, settings, SEVEN, mailer=dead) >= 1
        assert alerts.send(store, settings, SEVEN, mailer=dead) == 0
    assert len(dead.sent) == len(told) >= 1
    assert any("The mail server is gone." in str(one["text"]) for one in told)
    assert "no way" in caplog.text
    assert "a-secret-path" not in caplog.text


def test_an_alert_that_no_road_takes_is_tried_again(
    store: Store, make_settings: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong address and a closed port are in the log, without the secret in the address."""
    publish(store, an_edition())
    subscribe(store, ["ada"])
    cohorts.freeze_due(store, make_settings(), SEVEN)
    control.hold(store, DAY, "The mail server is gone. Find it.")
    with chat(404) as (url, told):
        assert alerts.send(store, make_settings(alert_url=url), SEVEN) == 0
        assert told
    closed = f"http://127.0.0.1:{free_port()}/a-secret-path"
    store.delete(*store.scan_iter("alert:*"))
    assert alerts.send(store, make_settings(alert_url=closed), SEVEN) == 0
    assert "NEWSLETTER_ALERT_URL answers 404" in caplog.text
    assert "NEWSLETTER_ALERT_URL does not answer" in caplog.text
    assert "a-secret-path" not in caplog.text


@pytest.mark.parametrize("age", [1, 8, 44])
def test_a_held_edition_that_readers_wait_for_is_told_for_as_long_as_it_is_kept(
    store: Store, settings: Settings, age: int
) -> None:
    """A week was not enough."""
    publish(store, an_edition())
    subscribe(store, ["ada"])
    cohorts.freeze_due(store, settings, SEVEN)
    control.hold(store, DAY, "The mail server is gone. Find it.")
    found = alerts.standing(store, settings, SEVEN + timedelta(days=age))
    assert f"held-{DAY}" in [one.subject for one in found]
