"""`newsletter backtest`, typed as an operator types it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from processes import run
from test_editions_compose import DAY, MORNING, publish, vote

from newsletter.editions import compose
from newsletter.embedded import EmbeddedServer
from newsletter.papers.store import BY_TIME
from newsletter.settings import Settings
from newsletter.store import Store


@pytest.fixture
def environ(server: EmbeddedServer, store: Store, settings: Settings) -> dict[str, str]:
    """Point commands at a store with two composed days, the papers of the first of which were voted for."""
    publish(store)
    vote(store, "2606.00003", 4, MORNING - timedelta(minutes=30))
    compose.build(store, settings, DAY, MORNING)
    vote(store, "2606.00003", 80, MORNING + timedelta(days=2))
    compose.build(store, settings, DAY + timedelta(days=1), MORNING + timedelta(days=1))
    return {"REDIS_URL": f"unix://{server.socket}", "NO_COLOR": "1"}


def test_each_day_and_their_mean_are_told(tmp_path: Path, environ: dict[str, str]) -> None:
    """As JSON for programs; a day that nobody voted on is left out, and said on stderr."""
    done = run(tmp_path, "backtest", "--from", str(DAY), "--to", "2026-06-11", "--json", **environ)
    assert done.returncode == 0, done.stderr
    day, mean = json.loads(done.stdout)
    assert (day["day"], day["papers"], day["voted"], mean["day"]) == (str(DAY), 40, 1, "mean")
    assert day["ndcg ours"] == mean["ndcg ours"] == day["ndcg votes"] == 1
    assert day["ndcg chance"] < 1
    assert "1 of 2 days are left out" in done.stderr


def test_each_refusal_ends_with_what_to_do(tmp_path: Path, environ: dict[str, str]) -> None:
    """A range that is reversed, one of which nothing is kept, and one of which nothing can be said."""
    reversed_ = run(tmp_path, "backtest", "--from", "2026-06-11", "--to", "2026-06-10", **environ)
    assert (reversed_.returncode, "Give the earlier day as --from." in reversed_.stderr) == (2, True)
    gone = run(tmp_path, "backtest", "--from", "2026-01-01", "--to", "2026-01-05", **environ)
    assert gone.returncode == 3
    assert "newsletter backtest --from 2026-06-10 --to 2026-06-11" in gone.stderr
    unvoted = run(tmp_path, "backtest", "--from", "2026-06-11", "--to", "2026-06-11", **environ)
    assert (unvoted.returncode, "newsletter sources list" in unvoted.stderr) == (3, True)


def test_days_whose_papers_have_expired_are_not_judged_by_their_morning(
    tmp_path: Path, store: Store, environ: dict[str, str]
) -> None:
    """Held against itself every order would look perfect."""
    store.delete(BY_TIME(), *store.scan_iter("paper:*"))
    done = run(tmp_path, "backtest", "--from", str(DAY), "--to", str(DAY), **environ)
    assert (done.returncode, done.stdout) == (3, "")
