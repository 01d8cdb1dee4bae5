"""Children that are kept alive, and that never outlive us."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from newsletter import embedded
from newsletter.errors import TransientError
from newsletter.settings import Settings

LOOK_EVERY_SECONDS = 0.5
RESTART_WAIT_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
"""How long a child that keeps dying waits before each new start."""
HEALTHY_AFTER_SECONDS = 30.0
STOP_WITHIN_SECONDS = 25.0
"""Longer than the worker's soft shutdown, so that a request under way is finished."""
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A process that is started again when it dies."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    folder: Path
    log: IO[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    next_start: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches us alone and we stop it in order."""
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            self.command,
            env=dict(self.environ),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - we have one thread
        )
        self.started_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Ask it to stop."""
        if self.process is not None and self.is_alive:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait until it stopped; at the deadline its whole group is killed."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        _kill_group(self.process.pid)
        self.process.wait()


class Supervisor:
    """Keeps the children and, where it is the embedded one, the server alive."""

    def __init__(self, settings: Settings, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.settings = settings
        self.children = children
        self.say = say
        self.complaint = ""
        """Why the server does not run, as it was said last."""

    @contextmanager
    def running(self) -> Iterator["Supervisor"]:
        """Start the children, and stop them when the block is left, however it is left."""
        try:
            for child in self.children:
                child.start()
            yield self
        finally:
            self.stop()

    def look(self) -> None:
        """Start again whatever has died."""
        self._revive_server()
        now = time.monotonic()
        for child in self.children:
            if child.is_alive:
                if now - child.started_at > HEALTHY_AFTER_SECONDS:
                    child.deaths = 0
            elif child.next_start == 0.0:
                self._on_exit(child, now)
            elif now >= child.next_start:
                child.next_start = 0.0
                child.start()

    def _revive_server(self) -> None:
        """Start the embedded server again if it died; where it cannot run, say why once and go on looking."""
        try:
            if embedded.revive(self.settings):
                self.complaint = ""
                self.say("server: it had died; started again, its data read back from disk")
        except TransientError as error:
            if str(error) != self.complaint:
                self.complaint = str(error)
                self.say(f"server: {error}")

    def refuse_ended(self) -> None:
        """Raise `TransientError` where a child has died that nobody starts again."""
        for child in self.children:
            if child.process is not None and not child.is_alive:
                raise TransientError(f"The {child.name} ended with code {child.process.returncode}.")

    def _on_exit(self, child: Child, now: float) -> None:
        wait = RESTART_WAIT_SECONDS[min(child.deaths, len(RESTART_WAIT_SECONDS) - 1)]
        child.deaths += 1
        child.next_start = now + wait
        assert child.process is not None
        _kill_group(child.process.pid)  # a killed worker leaves its pool behind
        self.say(f"{child.name}: ended with code {child.process.returncode}; starting again in {wait:g} s")

    def stop(self) -> None:
        """Stop the children, the last one started first, then see that none is left."""
        for child in reversed(self.children):
            child.stop()
        deadline = time.monotonic() + STOP_WITHIN_SECONDS
        for child in reversed(self.children):
            child.wait(deadline)


def celery_command(*arguments: str) -> list[str]:
    """Return the command of a Celery process of ours."""
    return [sys.executable, "-m", "celery", "--app", "workers.app", "--quiet", *arguments]


def worker_command(processes: int) -> list[str]:
    """Return the command of a worker: prefork, since threads do not survive a restart of the server."""
    return celery_command(
        "worker",
        "--concurrency",
        str(processes),
        "--without-gossip",
        "--without-mingle",
        "--loglevel",
        "WARNING",
    )


def web_command() -> list[str]:
    """Return the command of the site."""
    return [sys.executable, "-m", "newsletter.web"]


def environ_for(**values: str | Path | int) -> dict[str, str]:
    """Return this process's environment with the values of settings, by their names, laid over it."""
    return dict(os.environ) | {name: str(value) for name, value in values.items()}


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Handle SIGTERM as Ctrl-C is handled: everything is taken down in order."""
    del number, frame
    raise KeyboardInterrupt


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """Ask the kernel to stop us when the supervisor dies without a word (Linux, prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
