"""A disk of a few megabytes that really is full when it is full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small file system on a folder; a test that may not mount is skipped."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,uid={os.getuid()}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    before = [] if os.getuid() == 0 else ["sudo", "-n"]
    try:
        mounted = subprocess.run([*before, *command], capture_output=True, check=False).returncode == 0
    except OSError:  # no such command, or one that this user may not look for
        mounted = False
    if not mounted:
        pytest.skip("file systems may not be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([*before, "umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the disk of a folder to its last byte, and make room again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    try:
        yield
    finally:
        filler.unlink()
