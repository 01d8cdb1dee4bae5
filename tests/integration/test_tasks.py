"""The names that rooms enqueue, and the tasks that workers register."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.embedded import EmbeddedServer

REPOSITORY = Path(__file__).resolve().parents[2]
MENTION = re.compile(r'"(workers\.\w+\.\w+)"')


@pytest.fixture
def registered(server: EmbeddedServer, tmp_path: Path) -> set[str]:
    """Return what a worker that starts here would register."""
    script = "from workers.app import app; app.loader.import_default_modules(); print(*app.tasks)"
    environ = {"REDIS_URL": f"unix://{server.socket}", "PYTHONPATH": str(REPOSITORY)}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return set(answer.stdout.split())


def test_every_name_that_is_enqueued_is_a_registered_task(registered: set[str]) -> None:
    """`newsletter` never imports `workers`, so a misspelt name would only show as silence."""
    mentioned = {
        name
        for folder in ("newsletter", "workers")
        for file in (REPOSITORY / folder).rglob("*.py")
        for name in MENTION.findall(file.read_text("utf-8"))
    }
    assert "workers.sending.send_letter" in mentioned
    assert mentioned - registered == set()


def test_a_worker_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    """An unknown setting, a missing server: one line that names the fix, and exit code 1."""
    answer = subprocess.run(
        [sys.executable, "-m", "celery", "--app", "workers.app", "worker"],
        env={"NEWSLETTER_TIMEZNE": "UTC", "PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.strip().endswith("Did you mean NEWSLETTER_TIMEZONE?")


def test_the_keys_of_the_workers_stand_in_the_table_too(server: EmbeddedServer, tmp_path: Path) -> None:
    """Rooms' keys are checked without workers; these few are declared beside the tasks."""
    script = (
        "from workers import polling, schedule, upkeep; "
        "print(*(key.pattern for one in (polling, schedule, upkeep) for key in one.KEYS), sep='\\n')"
    )
    environ = {"REDIS_URL": f"unix://{server.socket}", "PYTHONPATH": str(REPOSITORY)}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    table = (REPOSITORY / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    declared = answer.stdout.split()
    assert len(declared) == 5
    assert [pattern for pattern in declared if f"| `{pattern}` |" not in table] == []
