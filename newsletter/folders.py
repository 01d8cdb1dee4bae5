"""Folders and files that hold addresses and secrets: nobody else on the machine looks into them."""

import shlex
import stat
from collections.abc import Iterable
from pathlib import Path

PRIVATE = 0o700
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private(folder: Path) -> None:
    """Make a folder, and missing ones above it, for its owner alone; one that exists stays as it is.

    Raises `OSError` where that cannot be done.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=PRIVATE, exist_ok=True)
    folder.mkdir(exist_ok=True)  # raises where a file is in the way


def exposed(paths: Iterable[Path]) -> list[str]:
    """Say which of the paths others on this machine may read or enter, each with its remedy."""
    return [
        f"Other users of this machine can look into {path}. "
        f"Run: chmod {'700' if path.is_dir() else '600'} {shlex.quote(str(path))}"
        for path in paths
        if path.exists() and path.stat().st_mode & _OF_OTHERS
    ]
