"""What a run started and did not end: it is ended, and named."""

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_OURS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
"""Helpers of Python itself, which end with this process."""


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, where the system has that (Linux, prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_descendants() -> list[str]:
    """Kill all processes below this one, and return their command lines; finished ones do not count."""
    ended = []
    for pid in descendants(os.getpid()):
        command = _read(pid, "cmdline").replace("\0", " ").strip()
        if command and not any(name in command for name in _OURS):
            os.kill(pid, signal.SIGKILL)
            ended.append(command)
    return ended


def descendants(pid: int) -> list[int]:
    """Return the processes below one, parents before their children; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        stat = _read(int(entry.name), "stat")
        if stat:
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _read(pid: int, name: str) -> str:
    try:
        return (Path("/proc") / str(pid) / name).read_text("utf-8", "replace")
    except OSError:
        return ""
