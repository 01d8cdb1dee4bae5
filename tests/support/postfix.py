"""Debian's Postfix on loopback, with a configuration, a queue and mailboxes of its own in a temporary folder.

One master process serves several doors, each a port with other options, so
that a whole file of tests starts it once. It needs root, as Postfix does.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any, Final, Self

from free_port import free_port
from machine import lacks

READERS: Final = r"/^(reader[0-9]+@example\.org|ada@xn--bcher-kva\.example)$/ all/"
"""Who has a mailbox; everybody else at these domains is unknown, and no mail goes anywhere else."""
ACCESS: Final = r"""
/^reader[0-9]+4@example\.org$/ 450 4.2.0 Greylisted, come back in five minutes
/^reader[0-9]*5@example\.org$/ slow
"""
"""With the option `GREYLISTS` or `SLOW` a door asks this about each recipient."""
GREYLISTS: Final = "smtpd_recipient_restrictions=check_recipient_access,regexp:{folder}/greylist,permit"
SLOW: Final = "smtpd_recipient_restrictions=check_recipient_access,regexp:{folder}/slow,permit"
OPERATOR: Final = "news"
"""Whose account `bounces@returned.example.org` is: a user that every Debian has."""
_MAIN: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example.org
mydestination = returned.example.org relay.example.org
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps = texthash:{folder}/aliases
recipient_delimiter = +
forward_path = {folder}/home/$user/.forward
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_restriction_classes = slow
slow = sleep 2
smtpd_recipient_restrictions = permit
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_event_limit_exceptions =
smtpd_peername_lookup = no
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = none
smtpd_tls_received_header = yes
virtual_mailbox_domains = example.org xn--bcher-kva.example
default_transport = error:no mail leaves this machine
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/readers
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
mailbox_size_limit = 0
virtual_mailbox_limit = 0
"""
_MASTER: Final = """
postlog   unix-dgram n - n - 1 postlogd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
tlsmgr    unix - - n 1000? 1 tlsmgr
virtual   unix - n n - - virtual
local     unix - n n - - local
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
"""


class Postfix:
    """The server; `with` starts and stops it."""

    def __init__(self, doors: Mapping[str, tuple[str, ...]], certificate: tuple[Path, Path]) -> None:
        """Describe the doors: a name and options of `main.cf` for each."""
        self.folder = Path(tempfile.mkdtemp(prefix="np-postfix-"))
        self.ports = {name: free_port() for name in doors}
        self._doors = doors
        self._certificate = certificate

    def url(self, door: str, scheme: str = "smtp") -> str:
        """Return an `SMTP_URL` for a door; by name, since that is what its certificate says."""
        return f"{scheme}://localhost:{self.ports[door]}"

    def __enter__(self) -> Self:
        self._write()
        self._control("start")
        _wait(lambda: "daemon started" in self.log())
        return self

    def __exit__(self, *exc: object) -> None:
        self._control("abort")
        _wait(lambda: not self._is_running())
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self) -> None:
        """Stop it, drop every connection, and start it again."""
        self._control("abort")
        _wait(lambda: not self._is_running())
        self._control("start")

    def home(self) -> Path:
        """Return a new folder for `OPERATOR`, whose `.forward` says what is done with its mail."""
        folder = self.folder / "home" / OPERATOR
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.chown(folder, OPERATOR, OPERATOR)
        return folder

    def try_again(self) -> None:
        """Deliver what was put off, without waiting for its time."""
        done = subprocess.run(
            ["postqueue", "-c", str(self.folder / "config"), "-f"], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def wait_for(self, words: str, *, behind: int = 0) -> None:
        """Wait until these words stand in the log, behind so many characters."""
        _wait(lambda: words in self.log()[behind:])

    def log(self) -> str:
        """Return what it wrote to its log."""
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def connections(self) -> int:
        """Return how many were made so far."""
        return self.log().count("]: connect from ")

    def mails(self) -> list[tuple[str, bytes]]:
        """Return recipient and content of each mail in a mailbox, once nothing is left in its queue."""
        _wait(lambda: not self._queued())
        found = [path.read_bytes() for path in sorted(self._mailbox.glob("new/*"))]
        return [(str(message_from_bytes(mail)["X-Original-To"]), mail) for mail in found]

    def arrived(self) -> Counter[int]:
        """Return how often each numbered reader got a mail."""
        return Counter(int(to.removeprefix("reader").partition("@")[0]) for to, _ in self.mails())

    def empty(self) -> None:
        """Throw away what has arrived."""
        _wait(lambda: not self._queued())
        shutil.rmtree(self._mailbox, ignore_errors=True)

    @property
    def _mailbox(self) -> Path:
        return self.folder / "mail" / "all"

    def _queued(self) -> bool:
        queue = self.folder / "queue"
        return any(
            files for name in ("incoming", "active", "maildrop") for *_, files in os.walk(queue / name)
        )

    def _is_running(self) -> bool:
        return self._postfix("status").returncode == 0

    def _write(self) -> None:
        import pwd

        owner = pwd.getpwnam("postfix")
        self.folder.chmod(0o755)
        for name, owned in (("config", False), ("queue", False), ("data", True), ("mail", True)):
            (self.folder / name).mkdir()
            if owned:
                os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        (self.folder / "readers").write_text(READERS + "\n")
        (self.folder / "aliases").write_text(f"bounces {OPERATOR}\n")
        greylisted, slow = ACCESS.strip().splitlines()
        (self.folder / "greylist").write_text(greylisted + "\n")
        (self.folder / "slow").write_text(slow + "\n")
        copies = [Path(shutil.copy(path, self.folder)) for path in self._certificate]
        values: dict[str, Any] = {"folder": self.folder, "uid": owner.pw_uid, "gid": owner.pw_gid}
        values |= dict(zip(("certificate", "key"), copies, strict=True))
        config = self.folder / "config"
        (config / "main.cf").write_text(_MAIN.format(**values))
        lines = [_MASTER]
        for name, options in self._doors.items():
            spoken = name.replace(" ", "-")
            lines.append(f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd -o syslog_name=postfix/{spoken}")
            lines += [f"  -o {option.format(**values)}" for option in options]
        (config / "master.cf").write_text("\n".join(lines) + "\n")

    def _control(self, verb: str) -> None:
        done = self._postfix(verb)
        assert done.returncode == 0, done.stderr + self.log()

    def _postfix(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["postfix", "-c", str(self.folder / "config"), verb],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


def needs_postfix() -> None:
    """Skip the test, or fail it in CI, where Postfix cannot be run."""
    if shutil.which("postfix") is None:
        lacks("Postfix", "apt-get install --no-install-recommends postfix")
    if os.geteuid():
        lacks("Root, as Postfix does", "run these tests as root")


def _wait(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at, "Postfix does not come to an end"
        time.sleep(0.02)
