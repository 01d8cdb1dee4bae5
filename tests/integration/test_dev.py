"""`newsletter dev` keeps the house alive: whatever is killed comes back, and nothing is lost."""

import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from free_port import free_port
from processes import belonging_to, command_lines, start, until

from newsletter.cli.local import dev
from newsletter.embedded import EmbeddedServer
from newsletter.locks import exclusive
from newsletter.settings import load
from newsletter.store import connect

OWN = {"NEWSLETTER_BASE_URL": "https://p.example"}
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")


class House:
    """A running `newsletter dev` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        # no source is asked: what is tried here is who comes back
        (folder / "newsletter.toml").write_text("sources = []\n")
        self.process = start(
            folder, "dev", "--port", str(self.port), "--concurrency", "1", TMPDIR=str(folder)
        )

    def answers(self) -> bool:
        """Whether the site can do its work."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def find(self, *words: str) -> list[int]:
        """Return the house's processes whose command line holds all words, the oldest first."""
        mine = set(belonging_to(str(self.folder)))
        lines = command_lines()
        return sorted(pid for pid in mine if pid in lines and all(word in lines[pid] for word in words))

    def stop(self) -> str:
        """Press Ctrl-C and return what it said."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]

    def kill(self) -> None:
        """End whatever is left of it, without asking."""
        for pid in belonging_to(str(self.folder)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Start a house, and see that nothing of it is left."""
    built = House(tmp_path)
    try:
        until("the site", built.answers)
        yield built
    finally:
        try:
            if built.process.poll() is None:
                built.stop()
            until("the end of every process", lambda: not belonging_to(str(tmp_path)), seconds=20)
        finally:
            built.kill()


@pytest.mark.timeout(180)
def test_whatever_is_killed_comes_back_and_nothing_is_lost(house: House) -> None:
    """The worker, the site, beat and the server, one after the other, by kill -9."""
    address = f"unix://{EmbeddedServer(house.folder / '.newsletter').socket}"
    store = connect(load({}, directory=house.folder, redis_url=address))
    store.set("kept", "yes")
    for words in (("celery", "worker"), ("newsletter.web",), ("celery", "beat")):
        until(" ".join(words), lambda words=words: house.find(*words))
        before = house.find(*words)
        os.kill(before[0], signal.SIGKILL)
        until(
            f"another {words[-1]}", lambda words=words, before=before: set(house.find(*words)) - set(before)
        )
    server = int(store.info("server")["process_id"])
    os.kill(server, signal.SIGKILL)
    until("the site, on the new server", lambda: house.answers() and server not in command_lines())
    assert store.get("kept") == "yes"
    ticked = store.get("heartbeat:tick")
    until("a tick of the new worker", lambda: store.get("heartbeat:tick") != ticked, seconds=90)
    store.close()


def test_ctrl_c_stops_everything(house: House) -> None:
    """No process of the house is left, and the exit code is that of a clean stop."""
    house.stop()
    assert house.process.returncode == 0
    until("the end of every process", lambda: not belonging_to(str(house.folder)), seconds=20)


def test_a_port_in_use_is_one_line_with_its_remedy(tmp_path: Path) -> None:
    """Nothing is started then."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = start(tmp_path, "dev", "--port", str(port)).communicate(timeout=60)[0]
    assert answer.count("\n") == 1
    assert f"PORT={port + 1}" in answer
    assert belonging_to(str(tmp_path)) == []


def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Two would run one schedule; what it says names the folder."""
    (tmp_path / ".newsletter").mkdir(mode=0o700)
    with exclusive(tmp_path / ".newsletter" / "dev.lock"):
        answer = start(tmp_path, "dev", "--port", str(free_port())).communicate(timeout=60)[0]
    assert answer.count("\n") == 1
    assert "runs already on .newsletter" in answer
    assert belonging_to(str(tmp_path)) == []


@pytest.mark.parametrize(("given", "links"), [({}, "http://localhost:8123"), (OWN, "https://p.example")])
def test_links_follow_the_port_unless_an_address_is_set(
    tmp_path: Path, given: dict[str, str], links: str
) -> None:
    """`dev --port` would mail links to a site that is not there."""
    settings = load({"PORT": "8123", **given}, directory=tmp_path)
    said = load(
        {**given, **{name: str(one) for name, one in dev.places(settings).items()}}, directory=tmp_path
    )
    assert (said.base_url, said.port) == (links, 8123)


def test_a_supervisor_that_is_killed_takes_its_children_along(tmp_path: Path) -> None:
    """After kill -9 of `dev`, worker, beat and site end by themselves, and a start adopts the server."""
    house = House(tmp_path)
    until("the site", house.answers)
    house.process.kill()
    house.process.communicate()
    until(
        "the end of worker, beat and site",
        lambda: not house.find("celery") and not house.find("newsletter.web"),
        seconds=40,
    )
    server = EmbeddedServer(tmp_path / ".newsletter")
    server.enter()
    server.leave()
    until("the end of the server", lambda: not belonging_to(str(tmp_path)), seconds=20)
