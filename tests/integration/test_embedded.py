"""The embedded server: started once, adopted, never doubled, stopped by the last to leave."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from newsletter import embedded
from newsletter.embedded import EmbeddedServer
from newsletter.errors import SettingsError, StoreRefusedError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose server, whatever a test did, is gone afterwards."""
    yield tmp_path
    last = EmbeddedServer(tmp_path)
    (tmp_path / "server.version").unlink(missing_ok=True)
    last.enter()
    last.leave()


def _client(server: EmbeddedServer) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(server.socket), decode_responses=True, retry=Retry(NoBackoff(), 0)
    )


def _pid(server: EmbeddedServer) -> int:
    with _client(server) as client:
        return int(client.info("server")["process_id"])


def test_nobody_else_on_the_machine_reads_what_the_server_keeps(tmp_path: Path) -> None:
    """Every file and folder that it writes, a rewritten one included, is its owner's alone."""
    old = os.umask(0o022)
    folder = tmp_path / "data"
    try:
        server = EmbeddedServer(folder)
        server.enter()
        with _client(server) as client:
            client.set("a", "ada@example.org")
            client.bgrewriteaof()
            while client.info("persistence")["aof_rewrite_in_progress"]:
                pass
        assert list(folder.rglob("*.aof"))
        assert folder.stat().st_mode & 0o077 == 0
        others_read = {path.name for path in folder.rglob("*") if path.stat().st_mode & 0o077}
        assert others_read <= {"server.version"}
        server.leave()
    finally:
        os.umask(old)


def test_a_second_user_adopts_the_server_and_the_last_one_stops_it(folder: Path) -> None:
    """One server a directory, however many processes use it."""
    first, second = EmbeddedServer(folder), EmbeddedServer(folder)
    first.enter()
    second.enter()
    assert _pid(first) == _pid(second)
    first.leave()
    with _client(second) as client:
        assert client.ping()
    second.leave()
    with _client(second) as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_a_long_path_leaves_nothing_in_the_temporary_folder(tmp_path: Path, monkeypatch) -> None:
    """A socket that does not fit beside its data lies elsewhere while the server runs, and no longer."""
    short = Path(tempfile.mkdtemp(prefix="ns-"))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    servers = [EmbeddedServer(tmp_path / ("long" * 30) / name) for name in ("one", "two")]
    for server in servers:
        server.enter()
        assert server.socket.parent.parent == short
    servers[0].leave()
    with _client(servers[1]) as client:
        assert client.ping()
    servers[1].leave()
    assert list(short.iterdir()) == []
    short.rmdir()


def test_a_server_outlives_the_process_that_started_it_and_is_adopted(folder: Path) -> None:
    """A killed launcher leaves its server running; the next one finds it by its lock."""
    launcher = f"""
import os, signal
from pathlib import Path
from newsletter.embedded import EmbeddedServer
EmbeddedServer(Path({str(folder)!r})).enter()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", launcher], check=False)
    lock = os.open(folder / "server.lock", os.O_RDWR)
    os.close(lock)
    server = EmbeddedServer(folder)
    before = _pid(server)
    server.enter()
    assert _pid(server) == before
    server.leave()


def test_what_was_answered_survives_a_kill(folder: Path) -> None:
    """Every write is on disk before it is answered, and the next server reads it."""
    server = EmbeddedServer(folder)
    server.enter()
    with _client(server) as client:
        client.set("kept", "yes")
        pid = _pid(server)
        server.kill()
        server.revive()
        assert client.get("kept") == "yes"
    assert _pid(server) != pid
    server.leave()


def test_ten_processes_starting_together_get_one_server(folder: Path) -> None:
    """The lock decides; nobody starts a second server on the same file."""
    user = f"""
from pathlib import Path
from newsletter.embedded import EmbeddedServer
import redis, sys
server = EmbeddedServer(Path({str(folder)!r}))
server.enter()
print(redis.Redis(unix_socket_path=str(server.socket)).info("server")["run_id"], flush=True)
sys.stdin.read()
server.leave()
"""
    users = [
        subprocess.Popen(
            [sys.executable, "-c", user], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(10)
    ]
    seen = {user.stdout.readline() for user in users if user.stdout}
    for each in users:
        each.communicate()
    assert len(seen) == 1
    assert all(each.returncode == 0 for each in users)
    with _client(EmbeddedServer(folder)) as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_an_older_server_is_refused_a_newer_directory(folder: Path) -> None:
    """It would start empty without a word."""
    (folder / "server.version").write_text("99.0.0")
    with pytest.raises(StoreRefusedError, match="would start empty"):
        EmbeddedServer(folder).enter()


def test_a_long_directory_gets_a_short_socket(tmp_path: Path) -> None:
    """A unix socket's path must stay under 108 bytes."""
    folder = tmp_path / ("long" * 40)
    server = EmbeddedServer(folder)
    server.enter()
    try:
        assert len(os.fsencode(server.socket)) < 108
        with _client(server) as client:
            assert client.ping()
    finally:
        server.leave()


def test_a_missing_binary_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the bundled binary nor one on PATH."""
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SettingsError, match="apt install valkey-server"):
        embedded.find_binary()


def test_an_unwritable_directory_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingsError, match="NEWSLETTER_DATA_DIR"):
        EmbeddedServer(blocked).enter()
