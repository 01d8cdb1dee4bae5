"""What two spam filters have against our mails; without network, on loopback."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import golden_mails
import pytest
import specimens
from free_port import free_port
from machine import lacks

SPAM = (
    b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\n"
    b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
)
"""What every filter must call spam; proof that it looks at all."""
ASKS_OTHERS = (
    *("arc", "asn", "dkim", "dkim_signing", "dmarc", "fuzzy_check", "greylist", "hfilter", "history_redis"),
    *("mx_check", "neural", "phishing", "ratelimit", "rbl", "spf", "url_redirector", "whitelist"),
)
"""Modules of rspamd that need DNS, a server of theirs, or the real sender's host."""


def test_spamassassin_has_nothing_against_any_mail(tmp_path: Path):
    """At most 0.0 points each, and no rule gives a tenth of one; all in one run."""
    if shutil.which("spamassassin") is None:
        lacks("SpamAssassin", "apt-get install spamassassin")
    now = datetime.now(UTC)
    mails = {name: golden_mails.on_the_wire(name, now) for name in golden_mails.NAMES} | {"spam": SPAM}
    local = ("--cf=use_bayes 0", "--cf=dns_available no", "--siteconfigpath=/etc/spamassassin")
    told = subprocess.run(
        ["spamassassin", "-L", "-t", "-x", "--mbox", *local],
        input=b"".join(in_mbox(name, mail) for name, mail in mails.items()),
        capture_output=True,
        check=True,
        timeout=100,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    ).stdout.decode()
    # they come back in an order of its own
    _, *parts = re.split(r"^From (\S+) Thu Jan  1 .*$", told, flags=re.MULTILINE)
    found = {name: points(report) for name, report in zip(parts[::2], parts[1::2], strict=True)}
    assert found.keys() == mails.keys()
    assert sum(found.pop("spam").values()) > 900
    assert all("NO_RECEIVED" in report for report in found.values())  # each report was read
    assert {name: report for name, report in found.items() if max(report.values()) > 0.0} == {}
    assert max(sum(report.values()) for report in found.values()) <= 0.0


def in_mbox(name: str, mail: bytes) -> bytes:
    """A mail as a mailbox file holds it; its first line brings the name back."""
    return b"From %b Thu Jan  1 00:00:00 1970\n%b\n" % (name.encode(), mail.replace(b"\r\n", b"\n"))


def points(report: str) -> dict[str, float]:
    """What each rule gave, read from SpamAssassin's table."""
    table = report.partition("---- ------")[2].partition("\n\n")[0]
    rows = re.findall(r"^ *(-?\d+\.?\d*) ([A-Z][A-Z0-9_]+) ", table, re.MULTILINE)
    return {rule: float(given) for given, rule in rows}


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], Any]]:
    """Run rspamd on loopback, with nobody to ask, and yield what scores a mail."""
    program = shutil.which("rspamd")
    if program is None:
        lacks("rspamd", "apt-get install rspamd")
    folder, port = tmp_path_factory.mktemp("rspamd"), free_port()
    configure(folder, port)
    places = {"LOCAL_CONFDIR": folder, "DBDIR": folder, "RUNDIR": folder, "LOGDIR": folder}
    with (folder / "log").open("wb") as log:
        filter_ = subprocess.Popen(
            [program, "--insecure", "-f", "-c", "/etc/rspamd/rspamd.conf"]
            + [f"--var={name}={value}" for name, value in places.items()],
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", filter_)
        yield lambda mail: scored(mail, port)
    finally:
        filter_.terminate()
        filter_.wait(20)


def configure(folder: Path, port: int) -> None:
    """Write what differs from Debian's configuration."""
    local = folder / "local.d"
    local.mkdir()
    # the public suffixes it ships with, 9,000 of them, take ten seconds to compile
    (folder / "suffixes").write_text("com\nde\nnet\norg\n")
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}"; count = 1;\n')
    (local / "options.inc").write_text(
        f'filters = "chartable,regexp"; url_tld = "{folder}/suffixes";\n'
        'dns { timeout = 0.1s; retransmits = 1; nameserver = ["127.0.0.1:9"]; }\n'
    )
    (local / "logging.inc").write_text('type = "console"; level = "error";\n')
    for name in ("controller", "fuzzy", "proxy"):
        (local / f"worker-{name}.inc").write_text("enabled = false;\n")
    for name in ASKS_OTHERS:
        (local / f"{name}.conf").write_text("enabled = false;\n")


def wait_for(url: str, process: subprocess.Popen) -> None:
    """Return when an address answers."""
    for _ in range(600):
        assert process.poll() is None, "rspamd ended by itself; its log stands in its folder"
        try:
            urlopen(url, timeout=5).close()
        except (URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("rspamd did not come up")


def scored(mail: bytes, port: int) -> Any:
    """What rspamd says of a mail that our own host hands over."""
    sender = specimens.SITE.sender_address
    known = {"IP": "203.0.113.5", "Helo": specimens.SITE.host, "Hostname": specimens.SITE.host}
    whom = {"From": sender, "Rcpt": specimens.RECIPIENT.address}
    asked = Request(f"http://127.0.0.1:{port}/checkv2", data=mail, headers=known | whom)
    with urlopen(asked, timeout=30) as answer:
        return json.load(answer)


@pytest.mark.parametrize("name", golden_mails.NAMES)
def test_rspamd_has_next_to_nothing_against_a_mail(rspamd: Callable[[bytes], Any], name: str):
    """At most 0.5 points, of the 15 that make it spam."""
    told = rspamd(golden_mails.on_the_wire(name, datetime.now(UTC)))
    assert "MIME_GOOD" in told["symbols"]  # the mail was read
    assert told["score"] <= 0.5, {
        one["name"]: one["score"] for one in told["symbols"].values() if one["score"]
    }


def test_rspamd_is_awake(rspamd: Callable[[bytes], Any]):
    """What must be called spam is."""
    assert rspamd(SPAM)["action"] == "reject"
