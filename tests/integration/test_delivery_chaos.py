"""Killed and faulted at random: nobody doubled, nobody dropped, by the provider's own log."""

from pathlib import Path

import description
import pytest
from chaos import LONG, SHORT, SMTP, WEAK, Plan, run
from tally import Tally

SHARED = Path(__file__).resolve().parents[3] / "shared"


def assert_sound(tally: Tally, plan: Plan) -> None:
    """Nobody twice, nobody left out, every word of ours true, and the accidents did happen."""
    told = str(tally)
    print(told)
    assert tally.kills == dict.fromkeys(tally.kills, 0) | plan.kills, told
    assert set(tally.faults) >= set(plan.faults), told
    assert tally.count.doubled == 0, told
    assert tally.count.dropped == 0, told
    assert tally.count.mistaken == 0, told
    assert tally.count.uncertain == tally.progress.uncertain, told
    assert (tally.progress.stray, tally.progress.waiting) == (0, 0), told


def assert_well_formed(samples: Path) -> None:
    """Every request that was kept is what SendGrid wants, by its description too where that is at hand."""
    bodies = [path.read_bytes() for path in samples.iterdir()]
    assert len(bodies) >= 10
    openapi = description.load(SHARED) if SHARED.is_dir() else None
    for body in bodies:
        assert description.overstepped(body) == []
        assert openapi is None or description.faults(openapi, body) == []


@pytest.mark.timeout(300)
def test_nobody_is_mailed_twice_or_left_out_whatever_is_killed(tmp_path: Path) -> None:
    """A hundred thousand readers; workers, beat, site and server killed; a provider full of faults."""
    tally = run(SHORT, samples=tmp_path)
    assert_sound(tally, SHORT)
    assert_well_formed(tmp_path)
    assert tally.lags, str(tally)
    assert tally.count.uncertain == 0, str(tally)


@pytest.mark.timeout(300)
def test_over_smtp_only_the_uncertain_may_have_got_none_and_they_are_named_exactly() -> None:
    """Lines dropped in a mail and after its final dot, stalls, refusals, 421; workers and server killed."""
    tally = run(SMTP)
    assert_sound(tally, SMTP)
    assert 0 < tally.count.unconfirmed < tally.count.uncertain, str(tally)


@pytest.mark.timeout(180)
def test_a_ledger_without_intent_and_fence_doubles() -> None:
    """The same check fails on it: so it can fail."""
    tally = run(WEAK)
    assert tally.kills["child"] > 0, str(tally)
    assert tally.count.doubled > 0, str(tally)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_readers_through_many_kills() -> None:
    """The long form."""
    tally = run(LONG)
    assert_sound(tally, LONG)
    assert tally.count.uncertain == 0, str(tally)
