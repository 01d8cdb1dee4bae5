"""`newsletter subscribers`, typed as an operator types it: what it prints, and how it exits."""

import io
import json
import re
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from signups import Signups

from newsletter.cli.main import main
from newsletter.embedded import EmbeddedServer
from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import suppression

Run = Callable[..., tuple[int, str, str]]


class Terminal(io.TextIOWrapper):
    """What somebody types who sits at a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list, as the site sees it."""
    return Signups(store, settings)


@pytest.fixture
def run(
    server: EmbeddedServer,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Type a command in an empty folder, and get the exit code, the output and the complaints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDIS_URL", f"unix://{server.socket}")
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "a-secret-of-the-tests")
    monkeypatch.setenv("NEWSLETTER_TIMEZONE", "Europe/Berlin")

    def typed(*words: str, stdin: bytes = b"", at_a_terminal: bool = False) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["newsletter", "subscribers", *words])
        kind = Terminal if at_a_terminal else io.TextIOWrapper
        monkeypatch.setattr(sys, "stdin", kind(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return typed


def test_nobody_is_nothing_to_do(run: Run) -> None:
    """Exit 3, and the command that changes it."""
    code, out, err = run("list")
    assert (code, out) == (3, "")
    assert "newsletter subscribers add" in err
    assert json.loads(run("list", "--json")[1]) == []


def test_adding_asks_and_subscribes_nobody(run: Run, list_: Signups) -> None:
    """The confirmation is recorded, the settings' zone is theirs, and the record says who asked."""
    code, out, _ = run("add", "Ada@example.org", "--hour", "6")
    assert (code, out.split()[:3]) == (0, ["A…@example.org", "is", "invited,"])
    list_.now = datetime.now(UTC)  # the command went by the clock
    assert list_.mail() == [("invitation", 1)]
    ada = list_.subscribers.find("ada@example.org")
    assert ada is not None
    assert (ada.status, ada.consent.how) == (SubscriberStatus.PENDING, "command")
    assert (ada.preferences.hour, ada.preferences.timezone) == (6, "Europe/Berlin")
    list_.press(list_.token("confirm"))
    assert run("add", "ada@example.org")[0] == 3


def test_addresses_are_masked_unless_asked_for(run: Run, list_: Signups) -> None:
    """What stands on a screen or in a ticket names nobody by accident."""
    list_.join("ada@example.org")
    _, masked, _ = run("list")
    _, rows, _ = run("list", "--json")
    assert "a…@example.org" in masked
    assert "ada@" not in masked + rows
    assert "ada@example.org" in run("list", "--addresses")[1]
    assert json.loads(rows)[0]["status"] == "active"


def test_lists_can_be_narrowed(run: Run, list_: Signups) -> None:
    """By status, and by how many."""
    list_.join("ada@example.org")
    list_.ask("bob@example.org")
    assert [row["id"] for row in json.loads(run("list", "--status", "pending", "--json")[1])] == [2]
    assert len(json.loads(run("list", "--limit", "1", "--json")[1])) == 1
    assert run("list", "--status", "gone")[0] == 2


def test_show_tells_everything_that_is_kept(run: Run, list_: Signups) -> None:
    """By address or id: choices, consent, and when the next edition comes."""
    reader = list_.join("ada@example.org", topics=("RL",))
    for who in ("ADA@example.org", str(reader)):
        (found,) = json.loads(run("show", who, "--json")[1])
        assert (found["address"], found["topics"], found["how"]) == ("ada@example.org", ["RL"], "form")
        assert found["requested_from"] == "203.0.113.0/24"
        assert found["next_edition_at"]
    assert re.search(r"confirmed_at +2026-06-10T12:00:00Z", run("show", str(reader))[1])


@pytest.mark.parametrize("verb", ["show", "unsubscribe", "forget"])
@pytest.mark.parametrize("who", ["nobody@example.org", "999"])
def test_who_is_not_there_is_a_failure_that_says_where_to_look(run: Run, verb: str, who: str) -> None:
    """Exit 1, one line, no trace, and no whole address."""
    code, out, err = run(verb, who)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "newsletter subscribers list" in err
    assert "nobody@" not in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("show", "no-address"), 1, id="no-address"),
        pytest.param(("add", "no-address"), 1, id="cannot-be-added"),
        pytest.param(("add", "ada@example.org", "--timezone", "Mars/Olympus"), 1, id="no-zone"),
        pytest.param(("add", "ada@example.org", "--hour", "24"), 2, id="no-hour"),
        pytest.param(("import", "no-such-file.csv"), 2, id="no-file"),
        pytest.param(("export", "-o", "no/such/folder.csv"), 1, id="no-folder"),
        pytest.param(("export", "--format", "xml"), 2, id="no-format"),
        pytest.param(("add",), 2, id="nobody-named"),
        pytest.param(("frobnicate",), 2, id="no-verb"),
    ],
)
def test_wrong_words_end_in_a_line_and_change_nothing(
    run: Run, list_: Signups, words: tuple[str, ...], code: int
) -> None:
    """2 for a command typed wrongly, 1 for what cannot be used."""
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert "Traceback" not in err
    assert err.strip()
    assert list_.everything() == {}


def test_leaving_and_forgetting_by_command(run: Run, list_: Signups) -> None:
    """Unsubscribing keeps the record, forgetting does not; a second time there is nothing to do."""
    list_.join("ada@example.org")
    assert run("unsubscribe", "ada@example.org")[0] == 0
    assert list_.subscribers.by_status()[SubscriberStatus.UNSUBSCRIBED] == 1
    assert run("unsubscribe", "ada@example.org")[0] == 3
    assert run("forget", "ada@example.org")[0] == 1, "nobody is there to say yes"
    assert list_.subscribers.count() == 1
    assert run("forget", "ada@example.org", "--yes")[0] == 0
    assert list_.subscribers.count() == 0


def test_what_was_suppressed_can_be_lifted(run: Run, list_: Signups) -> None:
    """At the owner's request they may sign up again; nobody is active by it."""
    list_.join("ada@example.org")
    suppression.suppress(list_.store, "ada@example.org", suppression.Reason.COMPLAINED, now=list_.now)
    code, _, err = run("add", "ada@example.org")
    assert code == 1
    assert "newsletter subscribers lift" in err
    assert run("lift", "ada@example.org")[0] == 0
    assert list_.subscribers.by_status()[SubscriberStatus.ACTIVE] == 0
    assert run("add", "ada@example.org")[0] == 0
    assert run("lift", "ada@example.org")[0] == 3


def test_importing_tells_what_became_of_each_line(run: Run, list_: Signups, tmp_path: Path) -> None:
    """The good lines are in, each bad one is named, and the exit code says that there was one."""
    file = tmp_path / "list.csv"
    file.write_bytes(b"\xef\xbb\xbfemail,hour,crm\na@example.org,6,x\nnobody,7,y\nb\xff@example.org,7,z\n")
    code, out, err = run("import", str(file), "--dry-run")
    assert (code, list_.everything()) == (1, {})
    code, out, err = run("import", str(file), "--confirmed", "--yes")
    assert code == 1
    assert out.endswith("1 subscribed, 0 asked to confirm, 0 known before, 0 kept out.\n")
    assert [line[:8] for line in err.splitlines()[1:3]] == ["line 3: ", "line 4: "]
    assert "crm" in err
    assert list_.subscribers.by_status()[SubscriberStatus.ACTIVE] == 1


def test_an_import_shows_what_becomes_of_whom_and_asks(run: Run, list_: Signups, tmp_path: Path) -> None:
    """The engine, a line for each fate and reason, masked examples; nothing is kept without a yes."""
    file = tmp_path / "members.csv"
    file.write_text(
        "id,email,name,subscribed_to_emails,created_at,deleted_at\n"
        "1,ada@example.org,Ada,true,2024-05-02T10:11:12.000Z,\n"
        "2,left@example.org,Left,false,2024-05-02T10:11:12.000Z,\n"
    )
    code, out, err = run("import", str(file), "--confirmed", "--dry-run")
    assert code == 0
    assert out.startswith("An export of Ghost: 2 people.")
    assert re.search(r"^active +1 .*a…@example.org$", out, re.MULTILINE)
    assert re.search(
        r"^suppressed +1 +unsubscribed \(subscribed_to_emails: false\) +l…@example.org$", out, re.MULTILINE
    )
    assert "These columns are not kept: id, name." in err
    assert list_.everything() == {}
    code, _, err = run("import", str(file), "--confirmed")
    assert (code, "pass --yes" in err, list_.everything()) == (2, True, {})
    assert run("import", str(file), "--confirmed", stdin=b"n\n", at_a_terminal=True)[0] == 1
    assert list_.everything() == {}
    code, out, _ = run("import", str(file), "--confirmed", stdin=b"y\n", at_a_terminal=True)
    assert (code, "1 subscribed" in out) == (0, True)


def test_an_import_that_is_not_understood_keeps_nothing(run: Run, list_: Signups, tmp_path: Path) -> None:
    """Exit 1, the column, its values and the ways out; `--ignore` is one."""
    file = tmp_path / "list.csv"
    file.write_text("email,consent level\na@example.org,3\n")
    code, _, err = run("import", str(file), "--confirmed", "--yes")
    assert (code, list_.everything()) == (1, {})
    assert "consent level ('3')" in err
    code, out, _ = run("import", str(file), "--confirmed", "--yes", "--ignore", "consent level")
    assert (code, "1 subscribed" in out) == (0, True)


def test_a_list_can_be_piped_in(run: Run, list_: Signups) -> None:
    """`-` is standard input; without --confirmed everybody is asked."""
    code, out, _ = run("import", "-", "--yes", stdin=b"a@example.org\nb@example.org\n")
    assert (code, "2 asked to confirm" in out) == (0, True)
    list_.now = datetime.now(UTC)  # the command went by the clock
    assert [kind for kind, _ in list_.mail()] == ["invitation", "invitation"]
    assert run("import", "-", stdin=b"")[0] == 3


def test_an_export_is_whole_and_for_its_owner_alone(run: Run, list_: Signups, tmp_path: Path) -> None:
    """To standard output, or to a file that nobody else may read."""
    list_.join("ada@example.org")
    list_.ask("bob@example.org")
    assert len(json.loads(run("export", "--format", "json")[1])) == 2
    assert run("export", "--status", "active")[1].count("@") == 1
    target = tmp_path / "all.csv"
    code, out, err = run("export", "-o", str(target))
    assert (code, out) == (0, "")
    assert "Wrote 2" in err
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert len(target.read_text("utf-8").splitlines()) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["all.csv"]


def test_stats_count_by_status_and_by_hour(run: Run, list_: Signups) -> None:
    """Five statuses, then the slots, busiest first."""
    list_.join("ada@example.org", hour=6)
    list_.join("bob@example.org", hour=6, origin="192.0.2.1")
    list_.join("carol@example.org", hour=9, timezone="Asia/Tokyo", origin="192.0.2.2")
    rows = json.loads(run("stats", "--json")[1])
    assert rows[1] == {"what": "active", "readers": 3}
    assert rows[5:] == [{"what": "UTC 06:00", "readers": 2}, {"what": "Asia/Tokyo 09:00", "readers": 1}]
