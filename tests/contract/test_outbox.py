"""The outbox: files that appear whole, doubles that show, and a folder that fails clearly."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.delivery.mailers.outbox import Outbox
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts

REQUEST = "2026-06-10.17.3"
MESSAGE = Message(subject="Diffusion", html="<p>papers</p>", text="Papers.\n")
SITE = SiteFacts(name="P", base_url="https://papers.example.org", from_="P <papers@example.org>")
ADA = Recipient(subscriber_id=7, address="ada@example.org")


def names(folder: Path) -> list[str]:
    """Return what stands in the folder, hidden files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_three_files_a_recipient_whose_names_say_whose_they_are(tmp_path: Path) -> None:
    """By mailing, subscriber and address; readable by their owner alone, for they hold tokens."""
    Outbox(tmp_path, SITE).send(MESSAGE, [ADA], request_id=REQUEST)
    assert names(tmp_path) == [f"2026-06-10/7-ada@example.org.{kind}" for kind in ("eml", "html", "txt")]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("7-*")} == {0o600}
    assert (tmp_path / "2026-06-10" / "7-ada@example.org.html").read_text("utf-8") == "<p>papers</p>"


def test_nobody_else_sees_whom_mails_went_to(tmp_path: Path) -> None:
    """The names of files are addresses: each folder that had to be made is its owner's alone."""
    Outbox(tmp_path / "var" / "outbox", SITE).send(MESSAGE, [ADA], request_id=REQUEST)
    made = [path for path in (tmp_path / "var").parent.rglob("*") if path.is_dir()]
    assert len(made) == 3
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}


def test_a_doubled_mail_stands_beside_the_first(tmp_path: Path) -> None:
    """So who counts the files sees it."""
    outbox = Outbox(tmp_path, SITE)
    outbox.send(MESSAGE, [ADA], request_id=REQUEST)
    outbox.send(MESSAGE, [ADA], request_id="2026-06-10.17.4")
    assert [name for name in names(tmp_path) if name.endswith(".eml")] == [
        "2026-06-10/7-ada@example.org.eml",
        "2026-06-10/7-ada@example.org~2.eml",
    ]


def test_files_are_evidence(tmp_path: Path) -> None:
    """Who of an uncertain request has a mail was accepted; the others were not."""
    outbox = Outbox(tmp_path, SITE)
    bob = Recipient(subscriber_id=8, address="bob@example.org")
    outbox.send(MESSAGE, [ADA], request_id=REQUEST)
    assert outbox.evidence([ADA, bob], request_id=REQUEST) == {7}


def test_an_address_that_would_leave_the_folder_does_not(tmp_path: Path) -> None:
    """Slashes and dots in an address are no path."""
    outbox = Outbox(tmp_path / "outbox", SITE)
    outbox.send(MESSAGE, [Recipient(subscriber_id=9, address="a/../../b@example.org")], request_id=REQUEST)
    written = names(tmp_path)
    assert len(written) == 3
    assert {name.rpartition("/")[0] for name in written} == {"outbox/2026-06-10"}
    assert all(name.startswith("outbox/2026-06-10/9-") for name in written)


def test_a_folder_that_cannot_be_made_halts_and_names_the_setting(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "outbox").write_text("in the way")
    outcome = Outbox(tmp_path / "outbox", SITE).send(MESSAGE, [ADA], request_id=REQUEST)
    assert "NEWSLETTER_OUTBOX_DIR" in (outcome.halt or "")
    assert outcome.accepted == frozenset()


@pytest.fixture
def hardly_any_room() -> Iterator[None]:
    """A limit on the size of files, which ends a write in the middle as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_ends_in_the_middle_leaves_nothing_half_done(
    tmp_path: Path, hardly_any_room: None
) -> None:
    """The first mail is whole, the second is not there, and the run halts with what to do."""
    outbox = Outbox(tmp_path, SITE)
    outbox.send(MESSAGE, [ADA], request_id=REQUEST)
    bob = Recipient(subscriber_id=8, address="bob@example.org")
    large = MESSAGE.model_copy(update={"text": "papers\n" * 10_000, "html": None})
    outcome = outbox.send(large, [bob], request_id=REQUEST)
    assert (outcome.halt or "").endswith("then resume.")
    assert outcome.accepted == frozenset()
    assert [name for name in names(tmp_path) if "8-bob" in name] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message speaks of room, not of errno 28."""
    opened = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        return opened("/dev/full", os.O_WRONLY) if flags & os.O_EXCL else opened(path, flags, mode)

    monkeypatch.setattr(os, "open", full)
    outcome = Outbox(tmp_path, SITE).send(MESSAGE, [ADA], request_id=REQUEST)
    assert "the disk is full" in (outcome.halt or "")
