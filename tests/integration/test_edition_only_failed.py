"""`newsletter edition send --only-failed`: another try for whom the mailer refused, and for nobody else."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mailing import DAY, ObedientMailer, an_edition, publish, subscribe
from processes import run

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import sweep
from newsletter.delivery.ledger.ledger import Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending.batches import send_batch
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import suppression
from newsletter.subscribers.consent.suppression import Reason

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
NOTHING_TO_DO = 3


def test_whom_the_mailer_refused_gets_another_try_unless_they_are_suppressed(
    store: Store, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """Two were refused, one of them complained since: one mail, to the other, and none to who has it."""
    settings = make_settings()
    assert settings.redis_url is not None
    environ = {"REDIS_URL": settings.redis_url.get_secret_value()}
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    why = {ids[1]: "554 refused by policy", ids[4]: "554 refused by policy"}
    answer = Outcome(frozenset({ids[0], ids[2], ids[3]}), why)
    send_batch(store, settings, ref.day, ref.batch, mailer=ObedientMailer(lambda *_: answer))
    suppression.suppress(store, "r4@example.org", Reason.COMPLAINED, now=SEVEN)
    said = run(tmp_path, "edition", "send", str(DAY), "--only-failed", "--dry-run", **environ)
    assert (said.returncode, said.stdout) == (0, "1 reader through outbox: r…@example.org\n")
    assert sweep.open_batches(store) == ()
    said = run(tmp_path, "edition", "send", str(DAY), "--only-failed", "--yes", **environ)
    assert said.returncode == 0, said.stderr
    mailer = ObedientMailer()
    for batch in sweep.open_batches(store):
        send_batch(store, settings, batch.day, batch.batch, mailer=mailer)
    assert mailer.named == [ids[1]]
    found = Ledger(store).progress(DAY)
    assert (found.accepted, found.left, found.refused, found.waiting) == (4, 1, 0, 0)
    said = run(tmp_path, "edition", "send", str(DAY), "--only-failed", "--yes", **environ)
    assert (said.returncode, "refused nobody" in said.stderr) == (NOTHING_TO_DO, True)
