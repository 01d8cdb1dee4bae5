"""The site as a process: what it logs, how it ends, and what it says when it cannot begin."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from free_port import free_port

from newsletter.embedded import EmbeddedServer

FACTORY = [sys.executable, "-m", "uvicorn", "newsletter.web.app:create", "--factory", "--port"]
OURS = [sys.executable, "-m", "newsletter.web"]


@contextmanager
def site(command: list[str], folder: Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Run the site until the block ends; its output is the process's."""
    inherited = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "LANG") if name in os.environ}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=inherited | {"NEWSLETTER_SECRET_KEY": "s", "PYTHONUNBUFFERED": "1"} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def ask(url: str, *, tries: int = 1200, **options: object) -> int:
    """Return the status that a URL answers with, once anything answers."""
    for _ in range(tries):
        try:
            with urlopen(Request(url, **options), timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            return error.code
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer")


@pytest.mark.parametrize("how", ["factory", "ours"])
def test_no_token_and_no_address_reaches_the_log(server: EmbeddedServer, tmp_path: Path, how: str):
    """Whatever is asked for and however the site is started, links and addresses stay out of its output."""
    port = free_port()
    command = [*FACTORY, str(port)] if how == "factory" else OURS
    with site(command, tmp_path, REDIS_URL=f"unix://{server.socket}", PORT=str(port)) as process:
        for path in ("/u/t0ken", "/manage/t0ken?x=t0ken", "/confirm/t0ken", "/nowhere?email=ada@example.org"):
            assert ask(f"http://127.0.0.1:{port}{path}") == 404
        form = b"email=ada%40example.org&stamp=t0ken"
        assert ask(f"http://127.0.0.1:{port}/subscribe", data=form) == 422
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert "t0ken" not in said
    assert "ada" not in said
    assert "127.0.0.1:" not in said.replace(f"127.0.0.1:{port}", "")
    if how == "factory":
        assert '127.0.0.0/24 - "GET /u/… HTTP/1.1" 404' in said


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_site_that_is_told_to_stop_leaves_no_server_behind(tmp_path: Path, signal_number: int):
    """Alone with the embedded server, the site is its last user and stops it."""
    port = free_port()
    with site(OURS, tmp_path, NEWSLETTER_DATA_DIR=str(tmp_path / "data"), PORT=str(port)) as process:
        assert ask(f"http://127.0.0.1:{port}/readyz") == 200
        process.send_signal(signal_number)
        process.communicate(timeout=30)
        assert process.returncode in (0, 130)
    kept = EmbeddedServer((tmp_path / "data").resolve())
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(OSError, match=r"refused|No such file"):
        probe.connect(str(kept.socket))


BROKEN = {
    "secret": (
        {"NEWSLETTER_BASE_URL": "https://papers.example.org", "NEWSLETTER_SECRET_KEY": ""},
        "SECRET_KEY",
    ),
    "templates": ({"NEWSLETTER_TEMPLATES_DIR": "/nowhere/at/all"}, "NEWSLETTER_TEMPLATES_DIR"),
    "typo": ({"NEWSLETTER_BASE_ULR": "x"}, "Did you mean NEWSLETTER_BASE_URL?"),
    "port": ({}, "the port is in use. Stop what uses it, or set PORT="),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_site_that_cannot_begin_says_why_in_one_line(tmp_path: Path, name: str):
    """Exit 1 and the setting that mends it, without a trace; here the port is taken in any case."""
    environ, said = BROKEN[name]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with site(OURS, tmp_path, PORT=str(taken.getsockname()[1]), **environ) as process:
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said in output
    assert "Traceback" not in output
