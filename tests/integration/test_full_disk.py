"""Disks that are really full: told as such, nothing lost, nobody doubled, and on it goes with new room."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import pytest
import redis
from chaos import FULL_DISK, run
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe
from processes import until
from pydantic import SecretStr
from small_disk import full, small_disk

from newsletter import embedded
from newsletter import store as store_module
from newsletter.cli.local.supervision import Supervisor
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control
from newsletter.delivery.ledger.ledger import Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.sending.batches import send_batch
from newsletter.embedded import EmbeddedServer
from newsletter.errors import StoreUnavailableError
from newsletter.models import Recipient
from newsletter.settings import Settings
from newsletter.store import Store

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    with small_disk(tmp_path / "disk", 4) as folder:
        yield folder


def test_a_full_disk_under_the_outbox_holds_the_edition_and_loses_nobody(
    store: Store, settings: Settings, disk: Path
) -> None:
    """Who has a file has it once; the others get theirs after the operator made room and resumed."""
    settings = settings.model_copy(update={"mailer": "outbox", "outbox_dir": disk / "outbox"})
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(60)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(3_600_000))
    report = send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN)
    assert report.halted is not None
    assert report.halted.endswith("cannot be written: the disk is full. Make room, then resume.")
    assert 0 < report.accepted < 60
    assert (report.accepted + report.waiting, report.uncertain) == (60, 0)
    assert len(list(disk.rglob("*.eml"))) == report.accepted
    ballast.unlink()
    control.resume(store, DAY)
    assert send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN).accepted == 60
    mails = [path.name for path in disk.rglob("*.eml")]
    assert len(mails) == 60
    assert not [name for name in mails if "~" in name]
    assert not list(disk.rglob(".*"))


@pytest.fixture
def crowded(disk: Path, settings: Settings) -> Iterator[tuple[EmbeddedServer, Settings]]:
    """A server on the small disk, and the settings that name it."""
    server = EmbeddedServer(disk)
    server.enter()
    yield server, settings.model_copy(update={"redis_url": SecretStr(f"unix://{server.socket}")})
    server.leave()


def test_a_server_that_cannot_write_is_told_as_one_and_takes_changes_when_it_can(
    crowded: tuple[EmbeddedServer, Settings],
) -> None:
    """A server that writes a little later (`everysec`) refuses every change while its disk is full."""
    server, settings = crowded
    store = store_module.connect(settings)
    store.config_set("appendfsync", "everysec")
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)
    mailer = ObedientMailer()
    with full(server.directory):
        until("the refusal", lambda: _refuses(store))
        with pytest.raises(StoreUnavailableError, match=r"cannot write to its disk.* Make room; it resumes"):
            send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer)
    assert mailer.sent == []
    until("the recovery", lambda: not _refuses(store))
    assert send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer).accepted == 5


def _refuses(store: Store) -> bool:
    try:
        store.set("probe", "x" * 5000)
    except redis.ResponseError:
        return True
    return False


def test_the_end_of_a_request_is_noted_once_the_server_is_back(
    crowded: tuple[EmbeddedServer, Settings],
) -> None:
    """Only the worker knows what was accepted, so it insists: nobody is called uncertain."""
    server, settings = crowded
    store = store_module.connect(settings)
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(5)))
    (ref,) = cohorts.freeze_due(store, settings, SEVEN)

    def lose_the_server(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        server.kill()
        Timer(0.5, server.revive).start()
        return accept(recipients, request_id)

    mailer = ObedientMailer(lose_the_server)
    assert send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN, mailer=mailer).accepted == 5
    progress = Ledger(store).progress(DAY)
    assert (progress.accepted, progress.uncertain) == (5, 0)


def test_the_embedded_server_says_that_its_disk_is_full_and_starts_when_there_is_room(
    crowded: tuple[EmbeddedServer, Settings],
) -> None:
    """It ends at the first change that it cannot write, and what it had answered is there afterwards."""
    server, settings = crowded
    store = store_module.connect(settings)
    store.set("kept", "1")
    with full(server.directory):
        with pytest.raises(redis.ConnectionError):
            store.set("lost", "x" * 5000)
        with pytest.raises(StoreUnavailableError, match=r"is full.* Make room"):
            until("the refusal", server.revive)
    server.revive()
    assert store.get("kept") == "1"
    assert store.get("lost") is None


def test_the_supervisor_says_once_that_the_disk_is_full_and_starts_the_server_with_new_room(
    make_settings: Callable[..., Settings], disk: Path
) -> None:
    """It looks twice a second, and neither repeats itself nor gives up."""
    settings = make_settings(redis_url=None, data_dir=disk)
    said: list[str] = []
    supervisor = Supervisor(settings, [], said.append)
    store = store_module.connect(settings)
    try:
        with full(disk):
            with pytest.raises(redis.ConnectionError):
                store.set("lost", "x" * 5000)
            until("the complaint", lambda: (supervisor.look(), said)[1])
            supervisor.look()
        until("the server", lambda: (supervisor.look(), len(said) > 1)[1])
    finally:
        embedded.leave(settings)
    assert [line.partition(" ")[0] for line in said] == ["server:", "server:"]
    assert "is full" in said[0]
    assert "started again" in said[1]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("appendfsync", [pytest.param("always", marks=pytest.mark.soak), "everysec"])
def test_nobody_is_doubled_or_dropped_by_a_full_disk_under_the_server(
    tmp_path: Path, appendfsync: str
) -> None:
    """A server that ends, or refuses changes, in the middle of a delivery by real processes."""
    with small_disk(tmp_path / "server", 24) as folder:
        tally = run(replace(FULL_DISK, appendfsync=appendfsync), disk=folder)
    print(tally)
    assert tally.kills["disk"] == 2, str(tally)
    count = tally.count
    assert (count.doubled, count.dropped, count.mistaken, count.uncertain) == (0, 0, 0, 0), str(tally)
    assert tally.progress.waiting == 0, str(tally)
