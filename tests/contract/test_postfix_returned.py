"""The README's ways from Postfix to `newsletter mailbox read`, for a user who is not root."""

import re
import shutil
import smtplib
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mailing import subscribe
from postfix import OPERATOR, Postfix
from returned import a_report, fields

from newsletter import embedded
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.delivery.mailers.smtp.return_path import ReturnPath
from newsletter.models import Recipient, SubscriberStatus
from newsletter.subscribers.kept.store import SubscriberStore

REPOSITORY = Path(__file__).resolve().parents[2]
README = REPOSITORY / "README.md"
HOME = "/srv/newsletter"


class Operator:
    """A user of the machine, whose home holds `.env` and the data directory; both are root's at first."""

    def __init__(self, postfix: Postfix) -> None:
        self.postfix = postfix
        self.home = postfix.home()
        install(self.home / ".venv")
        self._begun = len(postfix.log())
        self.settings = settings_module.load(
            {}, directory=self.home, data_dir=self.home / ".newsletter", secret_key="a-secret-of-the-tests",
            bounce_address="bounces@returned.example.org",
        )  # fmt: skip
        self.store = store_module.connect(self.settings)
        self.readers = subscribe(self.store, ("r0", "r1"))
        dotenv = self.home / ".env"
        dotenv.write_text(
            f"NEWSLETTER_SECRET_KEY={self.settings.keys[0]}\n"
            f"NEWSLETTER_BOUNCE_ADDRESS={self.settings.bounce_address}\n"
        )
        dotenv.chmod(0o600)

    def has(self, pattern: str) -> str:
        """Return the README's line that fits, for this home."""
        found = re.search(rf"^    ({pattern})$", README.read_text("utf-8"), re.MULTILINE)
        assert found is not None
        return found[1].replace(HOME, str(self.home))

    def forwards(self, pattern: str) -> None:
        """Write such a line into `.forward`."""
        (self.home / ".forward").write_text(self.has(pattern) + "\n")

    def owns_everything(self) -> None:
        """Give the user what root has made."""
        for path in (self.home, *self.home.rglob("*")):
            shutil.chown(path, OPERATOR, OPERATOR)

    def bounce(self, place: int) -> None:
        """Send the report on a reader who is gone, from the null sender, as servers do."""
        assert self.settings.bounce_address
        name = f"r{place}@example.org"
        path = ReturnPath.at(self.settings.bounce_address, self.settings.keys).writer(
            f"{datetime.now(UTC):%Y-%m-%d}.1.2"
        )(Recipient(subscriber_id=self.readers[place], address=name))
        with smtplib.SMTP("127.0.0.1", self.postfix.ports["plain"], timeout=10) as client:
            report = a_report(path, fields(recipient=name))
            client.sendmail("<>", [path], re.sub(rb"(?m)^Delivered-To:.*\n", b"", report))  # not yet

    def log(self, words: str) -> str:
        """Return what Postfix said to this user's mail, once it has said these words."""
        self.postfix.wait_for(words, behind=self._begun)
        return self.postfix.log()[self._begun :]

    def statuses(self) -> list[SubscriberStatus | None]:
        """Return where the readers stand."""
        found = map(SubscriberStore(self.store).get, self.readers)
        return [reader and reader.status for reader in found]


def runs(script: Path) -> bool:
    """Whether the user can run the command."""
    done = subprocess.run(
        [script, "version"], user=OPERATOR, group=OPERATOR, extra_groups=(), cwd="/", env={},
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def install(folder: Path) -> None:
    """Put the command where the README has it, for an interpreter that the user may run."""
    script = folder / "bin" / "newsletter"
    script.parent.mkdir(parents=True)
    places = f"{REPOSITORY}:{sysconfig.get_path('purelib')}"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        script.write_text(
            f"#!/bin/sh\nPYTHONPATH={places} PYTHONDONTWRITEBYTECODE=1 exec {python} -c "
            "'from newsletter.cli.main import main; main()' \"$@\"\n"
        )
        script.chmod(0o755)
        if runs(script):
            return
    pytest.skip("other users may not run this Python or read its packages")


@pytest.fixture
def operator(postfix: Postfix) -> Iterator[Operator]:
    """The user, with a server of the newsletter that runs already."""
    one = Operator(postfix)
    yield one
    embedded.leave(one.settings)


def test_postfix_keeps_a_report_until_the_command_could_read_it(operator: Operator) -> None:
    """A `.env` and a store that are not the user's put it off, in one clear line; nothing bounces."""
    operator.forwards('"\\|.*mailbox read.*"')
    operator.bounce(0)
    log = operator.log("status=deferred")
    assert ".env cannot be read: Permission denied. Run this as the user that owns the file" in log
    assert "Traceback" not in log
    assert operator.statuses() == [SubscriberStatus.ACTIVE] * 2
    operator.owns_everything()
    operator.postfix.try_again()
    assert "status=bounced" not in operator.log("status=sent (delivered to command")
    assert operator.statuses() == [SubscriberStatus.BOUNCED, SubscriberStatus.ACTIVE]


def test_postfix_keeps_a_report_where_the_command_is_not_there(operator: Operator) -> None:
    """A folder that moved, an environment that is being made anew: 127 of the shell becomes "try again"."""
    operator.owns_everything()
    operator.forwards('"\\|.*mailbox read.*"')
    (operator.home / ".venv").rename(operator.home / "moved")
    operator.bounce(1)
    assert ".venv/bin/newsletter: not found" in operator.log("status=deferred")
    (operator.home / "moved").rename(operator.home / ".venv")
    operator.postfix.try_again()
    assert "status=bounced" not in operator.log("status=sent (delivered to command")
    assert operator.statuses() == [SubscriberStatus.ACTIVE, SubscriberStatus.BOUNCED]


def test_a_maildir_of_postfix_is_read_by_the_users_crontab(operator: Operator) -> None:
    """Postfix makes it; one start of the command reads all that came."""
    operator.owns_everything()
    operator.forwards(r"/srv/newsletter/\w+/")
    for place in (0, 1):
        operator.bounce(place)
    assert len(operator.postfix.mails()) == 0
    _, _, line = operator.has(r"\*/5 .*mailbox read \w+").partition("* * * * ")
    done = subprocess.run(
        ["sh", "-c", line], user=OPERATOR, group=OPERATOR, extra_groups=(), cwd="/", env={},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "2 not mailed any more\n"), done.stderr
    assert operator.statuses() == [SubscriberStatus.BOUNCED] * 2
