"""The real processes of a deployment, kept alive as a platform keeps them, and killed on demand."""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from processes import NEWSLETTER, PROC
from small_disk import full

from newsletter.cli.local.supervision import Child
from newsletter.embedded import EmbeddedServer

SUPPORT = Path(__file__).resolve().parent
VICTIMS = ("child", "worker", "beat", "web", "server", "pause", "disk")
"""What may be killed: a process of the worker's pool, the worker itself, beat, the site, the server.

`pause` stops a process of the pool until its lease is over, as a machine that
is paused does; `disk` fills the server's disk for a while.
"""
PAUSE_SECONDS = 8.0


class Fleet:
    """A server, a worker with its pool, beat and the site."""

    def __init__(
        self, folder: Path, server: EmbeddedServer, *, application: str, pool: int, port: int
    ) -> None:
        self.folder = folder
        self.server = server
        self.kills = dict.fromkeys(VICTIMS, 0)
        celery = [sys.executable, "-m", "celery", "--app", application, "--quiet"]
        worker = ["worker", "--concurrency", str(pool), "--without-gossip", "--without-mingle"]
        beat = ["beat", "--pidfile", "", "--schedule", str(folder / "beat")]
        self._commands = {
            "worker": [*celery, *worker, "--loglevel", "WARNING"],
            "beat": [*celery, *beat, "--loglevel", "WARNING"],
            "web": [*NEWSLETTER, "web", "--port", str(port)],
        }
        self._children: dict[str, Child] = {}
        self._groups: set[int] = set()
        self._paused: dict[int, float] = {}

    @contextmanager
    def running(self, environ: Mapping[str, str]) -> Iterator[None]:
        """Start everything; at the end nothing is left of it, orphans included."""
        paths = {"PYTHONPATH": os.pathsep.join([str(SUPPORT.parents[1]), str(SUPPORT)])}
        environ = {**os.environ, **environ, **paths}
        with (self.folder / "processes.log").open("ab") as log:
            for name, command in self._commands.items():
                self._children[name] = Child(name, command, environ, self.folder, log)
            try:
                self.look()
                yield
            finally:
                for group in self._groups:
                    with suppress(ProcessLookupError):
                        os.killpg(group, signal.SIGKILL)
                for child in self._children.values():
                    if child.process is not None:
                        child.process.wait()

    def look(self) -> None:
        """Start what is not there, and wake what has been stopped for long enough."""
        for stopped, since in list(self._paused.items()):
            if time.monotonic() - since > PAUSE_SECONDS:
                del self._paused[stopped]
                with suppress(ProcessLookupError):
                    os.kill(stopped, signal.SIGCONT)
        for child in self._children.values():
            if not child.is_alive:
                child.start()
                assert child.process is not None
                self._groups.add(child.process.pid)

    def kill(self, victim: str, chance: random.Random) -> bool:
        """Kill one process without warning, and say whether there was one to kill.

        A killed worker leaves its pool behind, which goes on with what it does.
        """
        if victim == "server":
            self.server.kill()
            self.server.revive()
        elif victim == "disk":
            with full(self.server.directory):
                time.sleep(2)
            self.server.revive()
        else:
            found = self._found(victim)
            if not found:
                return False
            chosen = chance.choice(found)
            with suppress(ProcessLookupError):
                os.kill(chosen, signal.SIGSTOP if victim == "pause" else signal.SIGKILL)
            if victim == "pause":
                self._paused[chosen] = time.monotonic()
        self.kills[victim] += 1
        return True

    def _found(self, victim: str) -> list[int]:
        is_of_pool = victim in {"child", "pause"}
        child = self._children["worker" if is_of_pool else victim]
        if child.process is None or not child.is_alive:
            return []
        return _children(child.process.pid) if is_of_pool else [child.process.pid]


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        return [
            int(one)
            for one in (PROC / str(parent) / "task" / str(parent) / "children").read_text("utf-8").split()
        ]
    return []


def wait_for(path: Path, child: Child) -> str:
    """Return what a process writes into a file when it is ready."""
    while not path.exists():
        if not child.is_alive:
            raise RuntimeError(f"{child.name} did not start")
        time.sleep(0.02)
    return path.read_text("utf-8")
