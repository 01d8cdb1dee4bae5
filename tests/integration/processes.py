"""Real processes as a test sees them: who is whose child, and who is still there."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
NEWSLETTER = [sys.executable, "-c", "from newsletter.cli.main import main; main()"]
"""The command `newsletter`, as this checkout has it."""
PROC = Path("/proc")


def clean_environ(**values: str) -> dict[str, str]:
    """Return an environment without anybody's own service in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(REPOSITORY)} | values


def start(folder: Path, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    """Start `newsletter …` in a folder, its output readable line by line."""
    return subprocess.Popen(
        [*NEWSLETTER, *arguments],
        cwd=folder,
        env=clean_environ(**environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `newsletter …` to its end."""
    return subprocess.run(
        [*NEWSLETTER, *arguments],
        cwd=folder,
        env=clean_environ(**environ),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=100,
    )


def command_lines() -> dict[int, str]:
    """Return what runs now, by process id; the dead that nobody collected are left out."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                line = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                )
            except OSError:
                continue
            if line:
                found[int(entry.name)] = line
    return found


def environ_holds(pid: int, text: str) -> bool:
    """Whether a process was started with `text` somewhere in its environment or command line."""
    try:
        return any(text.encode() in (PROC / str(pid) / part).read_bytes() for part in ("environ", "cmdline"))
    except OSError:
        return False


def belonging_to(text: str) -> list[int]:
    """Return the processes whose environment or command line names `text`, but for this one."""
    return sorted(pid for pid in command_lines() if pid != os.getpid() and environ_holds(pid, text))


def until(what: str, holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; fail by name where it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.05)
