"""`newsletter demo`, as a newcomer runs it: in an empty folder, with nothing installed beside it."""

import email
import email.policy
import os
import re
import signal
from pathlib import Path

import pytest
from processes import belonging_to, run, start, until

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for leftovers in /proc"
)


def test_the_demo_delivers_a_digest_and_leaves_nothing_running(tmp_path: Path) -> None:
    """Three files that agree, a link that ends it, and no process of the run afterwards."""
    out = tmp_path / "mails"
    answer = run(tmp_path, "demo", "--out", str(out), "--to", "ada@example.org", TMPDIR=str(tmp_path))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    digests = [file for file in out.rglob("*.eml") if not file.parent.name.startswith("letter-")]
    assert len(digests) == 1
    mail = email.message_from_bytes(digests[0].read_bytes(), policy=email.policy.default)
    assert mail["To"] == "ada@example.org"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    unsubscribe = mail["List-Unsubscribe"].strip("<>")
    for suffix in (".html", ".txt", ".eml"):
        assert str(digests[0].with_suffix(suffix)) in answer.stdout
    assert unsubscribe in answer.stdout
    assert digests[0].with_suffix(".txt").read_text("utf-8").count("arXiv:") > 5
    assert len(list(out.rglob("letter-*"))) == 2  # the confirmation and the welcome
    assert belonging_to(str(tmp_path)) == []
    assert {file.name for file in tmp_path.iterdir()} == {"mails"}


def test_nothing_of_the_operators_own_service_is_touched(tmp_path: Path) -> None:
    """A configured mailer and server are not seen, so that trying the demo mails nobody."""
    (tmp_path / "newsletter.toml").write_text('mailer = "smtp"\n')
    answer = run(
        tmp_path,
        "demo",
        REDIS_URL="redis://127.0.0.1:1/0",
        SMTP_URL="smtp://127.0.0.1:1",
        NEWSLETTER_MAILER="smtp",
        TMPDIR=str(tmp_path),
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert len(list((tmp_path / "outbox").rglob("*.eml"))) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_an_interrupted_demo_takes_everything_down(number: signal.Signals, tmp_path: Path) -> None:
    """Stopped in the middle, its server, worker and site are gone and so is its folder."""
    demo = start(tmp_path, "demo", TMPDIR=str(tmp_path))
    until("the demo's children", lambda: len(belonging_to(f"{tmp_path}/newsletter-demo-")) >= 3)
    os.kill(demo.pid, number)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert belonging_to(str(tmp_path)) == []
    assert not [file for file in tmp_path.iterdir() if file.name.startswith("newsletter-demo-")]


def test_an_outbox_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The fault names the option that mends it, and nothing was started."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    answer = run(tmp_path, "demo", "--out", str(blocked / "mails"), TMPDIR=str(tmp_path))
    assert answer.returncode == 1
    assert re.fullmatch(r"error: .*cannot be written: .*--out DIR\n", answer.stderr)


def test_an_address_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    """Before anything is started."""
    answer = run(tmp_path, "demo", "--to", "nobody", TMPDIR=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1
