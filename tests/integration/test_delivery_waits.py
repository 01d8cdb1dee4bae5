"""A delivery that waits says why everywhere; a slow one keeps its lease, and a dead one does not."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from processes import run

from newsletter.delivery import alerts, doubts, mailers
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import leases, progress
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import BatchRef, Claim, Denied, Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store

KEY = "a-secret-of-the-tests"
SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)


@pytest.fixture
def ref(store: Store, settings: Settings) -> BatchRef:
    """An edition that addresses five readers in one batch."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(5)))
    (found,) = cohorts.freeze_due(store, settings, SEVEN)
    return found


def test_an_unreachable_server_is_told_with_its_reason(
    store: Store, make_settings: Callable[..., Settings], ref: BatchRef, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, the status and, after an hour, an alert; and nowhere any more once somebody is accepted."""
    settings = make_settings(
        mailer="smtp", smtp_url="smtp://127.0.0.1:9", from_="P <p@example.org>", operator="ops@example.org"
    )
    mailer = mailers.make(settings)
    send_batch(store, settings, DAY, ref.batch, lambda: SEVEN, mailer=mailer)
    mailer.close()
    why = progress.read(store, DAY).waits_because
    assert why is not None
    assert "127.0.0.1:9 refuses the connection" in why
    assert why in caplog.text
    began = {"waits_since": int(SEVEN.timestamp() * 1000)}  # by the test's clock, not by the server's
    store.hset(keys.EDITION(day=DAY), mapping=began)
    assert told(store, settings, timedelta(minutes=50)) == []
    assert [why in alert.known for alert in told(store, settings, timedelta(hours=2))] == [True]
    assert settings.redis_url is not None
    url = settings.redis_url.get_secret_value()
    shown = run(
        settings.data_dir.parent, "edition", "status", str(DAY), REDIS_URL=url, NEWSLETTER_SECRET_KEY=KEY
    )
    assert f"It waits since 10 Jun 07:00: {why}" in shown.stdout
    store.zadd(keys.DUE(day=DAY), {str(ref.batch): 1})
    assert send_batch(store, settings, DAY, ref.batch, lambda: SEVEN, mailer=ObedientMailer()).accepted == 5
    assert progress.read(store, DAY).waits_because is None
    assert told(store, settings, timedelta(hours=2)) == []


def told(store: Store, settings: Settings, after: timedelta) -> list[alerts.Alert]:
    """Return what is told of deliveries that wait, so long after seven."""
    found = alerts.standing(store, settings, SEVEN + after)
    return [one for one in found if one.subject.startswith("waits-")]


class Slow(ObedientMailer):
    """A mailer whose call takes longer than a lease."""

    longest = timedelta(minutes=17)

    def __init__(self, during: Callable[[], None]) -> None:
        super().__init__()
        self._during = during

    def send(self, message: Message, recipients: Sequence[Recipient], *, request_id: str) -> Outcome:
        """Let time pass, and accept."""
        self._during()
        return super().send(message, recipients, request_id=request_id)


def test_a_slow_call_keeps_its_lease_and_a_killed_worker_loses_it_soon(
    store: Store, settings: Settings, ref: BatchRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else takes a batch whose mail server thinks for minutes; the lease is no longer for it."""
    monkeypatch.setattr(leases, "LONGEST_LEASE", timedelta(seconds=2))
    ends: list[float] = []

    def wait_until_it_was_extended_twice() -> None:
        began = store.zscore(keys.DUE(day=DAY), str(ref.batch))
        while len(set(ends)) < 3:
            ends.append(store.zscore(keys.DUE(day=DAY), str(ref.batch)))
        assert isinstance(Ledger(store).claim(ref), Denied)
        assert began == ends[0]

    report = send_batch(
        store, settings, DAY, ref.batch, lambda: SEVEN, mailer=Slow(wait_until_it_was_extended_twice)
    )
    assert (report.accepted, report.uncertain) == (5, 0)
    assert all(later - earlier < 2000 for earlier, later in pairwise(sorted(set(ends))))


def test_a_lease_that_was_lost_is_not_taken_back(store: Store, ref: BatchRef) -> None:
    """Another worker has the batch."""
    first = Ledger(store, lease=timedelta(milliseconds=1), longest=timedelta(0))
    claim = first.claim(ref)
    assert isinstance(claim, Claim)
    store.zadd(keys.DUE(day=DAY), {str(ref.batch): 1})
    second = Ledger(store).claim(ref)
    assert isinstance(second, Claim)
    before = store.zscore(keys.DUE(day=DAY), str(ref.batch))
    Ledger(store, lease=timedelta(hours=1)).extend(claim)
    assert store.zscore(keys.DUE(day=DAY), str(ref.batch)) == before


def test_doubts_are_listed_and_settled_by_a_log_from_the_command_line(
    store: Store, settings: Settings, ref: BatchRef, tmp_path: Path
) -> None:
    """Who is found is taken as sent, the rest is named; a second time there is nothing to do."""
    claim = Ledger(store).claim(ref)
    assert isinstance(claim, Claim)
    assert isinstance(Ledger(store).intend(claim, "i" * len(claim.ids)), Claim)
    store.zadd(keys.DUE(day=DAY), {str(ref.batch): 1})
    Ledger(store).claim(ref)
    taken = [str(one.message_id) for one in doubts.listed(store, SiteFacts.of(settings), DAY)[:2]]
    log = tmp_path / "main.log"
    log.write_text(
        "".join(f"{DAY} 07:00:01 1rAbCd-0001Xy-2Z <= p@x.example P=esmtp id={one}\n" for one in taken)
    )
    assert settings.redis_url is not None
    environ = {"REDIS_URL": settings.redis_url.get_secret_value(), "NEWSLETTER_SECRET_KEY": KEY}
    settle = ("edition", "settle", str(DAY))
    assert run(tmp_path, *settle, "--list", **environ).stdout.count("@example.org") == 5
    done = run(tmp_path, *settle, "--log", str(log), **environ)
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0,
        "2 mails are in the log, and taken as sent; 3 are still in doubt.",
    )
    assert run(tmp_path, *settle, "--log", str(log), **environ).returncode == 3
    assert run(tmp_path, *settle, **environ).returncode == 2
    assert "3 mails are sent again" in run(tmp_path, *settle, "resend", **environ).stdout
    assert (progress.read(store, DAY).accepted, progress.read(store, DAY).waiting) == (2, 3)
