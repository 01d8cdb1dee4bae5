"""A backup that was really put back is noticed, and nothing is sent that may have been sent since."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from mailing import ObedientMailer, an_edition, publish, subscribe
from processes import run

from newsletter.delivery import restoration
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, progress, sweep
from newsletter.delivery.sending.batches import send_batch
from newsletter.embedded import EmbeddedServer
from newsletter.settings import Settings
from newsletter.store import Store

NOW = datetime.now(UTC)
"""The clock of the disk, which nobody can turn."""
NOON = NOW.replace(hour=12)
TODAY = NOW.date()


class House:
    """A machine with a server of its own in a data directory, and its backup."""

    def __init__(self, folder: Path, make_settings: Callable[..., Settings]) -> None:
        self.data = folder / "data"
        self.backup = folder / "backup"
        self.start()
        self.settings = make_settings(data_dir=self.data, redis_url=f"unix://{self.server.socket}")

    def start(self) -> None:
        """Start server and worker: a new process remembers nothing."""
        self.server = EmbeddedServer(self.data)
        self.server.enter()
        self.store: Store = redis.Redis(unix_socket_path=str(self.server.socket), decode_responses=True)
        self.forget()

    def stop(self) -> None:
        """Stop both."""
        self.store.close()
        self.server.leave()

    def forget(self) -> None:
        """Be another process, or a moment later."""
        restoration._looked.clear()
        restoration._in_memory.clear()

    def tick(self) -> tuple[object, ...]:
        """Do what each tick does; return what it held."""
        restoration._looked.clear()
        held = restoration.notice(self.store, self.settings, NOW)
        restoration.beat(self.store, self.settings, NOW)
        return held

    def back_up(self) -> None:
        """Copy the data directory, as it would have been copied hours ago."""
        self.stop()
        shutil.copytree(self.data, self.backup, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
        note = self.backup / "store.json"
        kept = json.loads(note.read_text("utf-8"))
        note.write_text(json.dumps(kept | {"at": kept["at"] - 7200}))
        self.start()

    def send(self) -> list[int]:
        """Address and mail whoever is due, as the tick would."""
        cohorts.freeze_due(self.store, self.settings, NOON)
        mailer = ObedientMailer()
        for batch in sweep.open_batches(self.store):
            send_batch(self.store, self.settings, batch.day, batch.batch, lambda: NOON, mailer=mailer)
        return mailer.named


@pytest.fixture
def house(make_settings: Callable[..., Settings]) -> Iterator[House]:
    """A house with three readers who have had nothing yet."""
    folder = Path(tempfile.mkdtemp(prefix="nr-"))
    house = House(folder, make_settings)
    subscribe(house.store, ["r0", "r1", "r2"])
    house.tick()
    yield house
    house.stop()
    shutil.rmtree(folder)


def put_back_the_log(house: House) -> None:
    """Restore the append-only file alone."""
    shutil.rmtree(house.data / "appendonlydir")
    shutil.copytree(house.backup / "appendonlydir", house.data / "appendonlydir")


def put_back_the_folder(house: House) -> None:
    """Restore the whole data directory, our own note in it."""
    shutil.rmtree(house.data)
    shutil.copytree(house.backup, house.data)


def write_over_the_folder(house: House) -> None:
    """Copy the backup's files over what is there."""
    shutil.rmtree(house.data / "appendonlydir")
    (house.data / "store.json").unlink()
    shutil.copytree(house.backup, house.data, dirs_exist_ok=True)


RESTORE = [put_back_the_log, put_back_the_folder, write_over_the_folder]


@pytest.mark.parametrize("restore", RESTORE, ids=lambda one: one.__name__.replace("_", " "))
def test_a_backup_that_was_put_back_sends_nobody_a_second_mail(
    house: House, restore: Callable[[House], None]
) -> None:
    """An edition that was frozen before the backup and sent after it waits for the operator."""
    publish(house.store, an_edition(TODAY))
    house.tick()
    house.back_up()
    assert len(house.send()) == 3
    house.tick()
    house.stop()
    restore(house)
    house.start()
    assert TODAY in house.tick()
    assert house.send() == []
    assert "restored from a backup" in str(progress.read(house.store, TODAY).held)
    house.forget()
    assert house.tick() == ()


def test_an_edition_that_the_backup_never_heard_of_is_held_too(house: House) -> None:
    """Composed, frozen and sent after the backup: the restored store would do all three again."""
    house.back_up()
    publish(house.store, an_edition(TODAY))
    assert len(house.send()) == 3
    house.tick()
    house.stop()
    put_back_the_folder(house)
    house.start()
    house.tick()
    publish(house.store, an_edition(TODAY))
    assert house.send() == []
    assert control.resume(house.store, TODAY)
    house.tick()
    assert len(house.send()) == 3


def test_a_restart_is_no_restore(house: House) -> None:
    """However long it took, whatever was killed, and whoever took over the folder's ownership."""
    publish(house.store, an_edition(TODAY))
    house.tick()
    for _ in range(2):
        house.server.kill()
        house.stop()
        house.start()
        assert house.tick() == ()
    kept = json.loads((house.data / "store.json").read_text("utf-8"))
    (house.data / "store.json").write_text(json.dumps(kept | {"at": kept["at"] - 86400}))
    house.forget()
    assert house.tick() == ()
    assert len(house.send()) == 3


def test_a_worker_remembers_where_its_disk_does_not_last(house: House) -> None:
    """A managed server is put back while the workers live: what they saw themselves is enough."""
    house.tick()
    (house.data / "store.json").unlink()
    house.store.hincrby("delivery:life", "beats", -1)
    restoration._looked.clear()
    assert TODAY in restoration.notice(house.store, house.settings, NOW)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 1}', "\0" * 100])
def test_a_damaged_note_is_no_evidence(house: House, content: str) -> None:
    """It is written anew by the next tick."""
    (house.data / "store.json").write_text(content)
    house.forget()
    assert house.tick() == ()
    assert json.loads((house.data / "store.json").read_text("utf-8"))["beats"] == 2


def test_another_store_is_another_life(house: House) -> None:
    """Pointing REDIS_URL elsewhere is no restore."""
    house.store.flushall()
    house.forget()
    assert house.tick() == ()


def test_a_folder_that_cannot_be_written_stops_nobody(
    house: House, make_settings: Callable[..., Settings]
) -> None:
    """A warning in the log, and the memory of the process is left."""
    settings = make_settings(data_dir=Path("/dev/null/data"), redis_url=f"unix://{house.server.socket}")
    restoration.beat(house.store, settings, NOW)
    assert restoration.notice(house.store, settings, NOW) == ()


def test_the_operator_says_it_where_nothing_can_tell(house: House, tmp_path: Path) -> None:
    """A machine's snapshot: a command holds what may have been sent, and workers do not hold it again."""
    publish(house.store, an_edition(TODAY))
    for _ in range(3):
        house.tick()
    house.store.hset("delivery:life", "beats", 1)
    environ = {"REDIS_URL": f"unix://{house.server.socket}", "NEWSLETTER_DATA_DIR": str(tmp_path / "cli")}
    said = run(tmp_path, "store", "restored", **environ)
    assert (said.returncode, "pass --yes" in said.stderr) == (2, True)
    said = run(tmp_path, "store", "restored", "--yes", **environ)
    assert f"newsletter edition resume {datetime.now(UTC).date()}" in said.stdout
    assert house.send() == []
    for day in control.kept_days(house.store):
        control.resume(house.store, day)
    house.forget()
    assert house.tick() == ()
    assert len(house.send()) == 3


def test_how_far_back_is_held_has_an_end(house: House) -> None:
    """A backup of last year does not hold a year of days."""
    house.store.hset("delivery:life", "at", (NOW - timedelta(days=400)).isoformat())
    held = restoration.declare(house.store, house.settings, NOW)
    assert held[0] >= TODAY - timedelta(days=17)
    assert set(held) >= {TODAY - timedelta(days=number) for number in range(9)}
