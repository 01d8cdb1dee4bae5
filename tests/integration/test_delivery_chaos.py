"""Killed and faulted at random: nobody doubled, nobody dropped, by the provider's own log."""

from dataclasses import replace

import pytest
from chaos import Plan, Tally, run

SHORT = Plan(
    recipients=20_000,
    kills=10,
    server_kills=1,
    kill_every=(0.2, 0.5),
    latency=(0.2, 0.4),
    timeout=0.6,
    silence_seconds=4,
    limit_seconds=90,
)


def assert_sound(tally: Tally, plan: Plan) -> None:
    """Nobody twice, nobody left out, nothing left open, and the accidents did happen."""
    told = str(tally)
    assert tally.kills >= plan.kills, told
    assert tally.server_kills >= plan.server_kills, told
    assert sum(tally.faults.values()) > 0, told
    assert tally.doubled == 0, told
    assert tally.dropped == 0, told
    assert tally.missing <= tally.progress.uncertain, told
    assert tally.progress.stray == 0, told
    assert tally.progress.waiting == 0, told
    assert tally.progress.uncertain == 0, told


@pytest.mark.timeout(180)
def test_nobody_is_mailed_twice_or_left_out_whatever_is_killed() -> None:
    """Twenty thousand readers, ten killed workers, a killed server, a provider full of faults."""
    assert_sound(run(SHORT), SHORT)


@pytest.mark.timeout(180)
def test_a_ledger_that_sends_again_what_a_dead_worker_left_behind_doubles() -> None:
    """The same check fails on it: so it can fail."""
    plan = replace(
        SHORT,
        recipients=8_000,
        kills=6,
        server_kills=0,
        latency=(0.3, 0.5),
        timeout=1.0,
        faults={},
        application="weakened_worker:app",
    )
    tally = run(plan)
    assert tally.kills > 0, str(tally)
    assert tally.doubled > 0, str(tally)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_readers_through_many_kills() -> None:
    """The long form."""
    plan = Plan(recipients=1_000_000, kills=35, server_kills=8, kill_every=(1.0, 4.0), limit_seconds=1800)
    assert_sound(run(plan), plan)
