"""A freeze in steps: no mail waits for the dearer mails of others, and a step that is missed costs nobody."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mailing import DAY, an_edition, publish, subscribe

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.freezing import steps as freezing
from newsletter.delivery.freezing.steps import Frozen
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ids import unpacked
from newsletter.delivery.ledger.ledger import BatchRef, Ledger
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store

YESTERDAY = DAY - timedelta(days=1)
EIGHT = datetime(2026, 6, 10, 8, tzinfo=UTC)


def members(store: Store, refs: tuple[BatchRef, ...]) -> list[int]:
    """Return whom batches address."""
    found = [str(store.hget(keys.BATCHES(day=ref.day), str(ref.batch))) for ref in refs]
    return [one for definition in found for one in unpacked(definition.partition("|")[2])]


def wishes(number: int) -> Preferences:
    """Return those of readers of whom every other one follows and mutes phrases of their own."""
    if number % 2:
        return Preferences(hour=7, topics=("diffusion", f"topic {number}"), muted=(f"word {number}",))
    return Preferences(hour=8, format=("html", "text")[number // 2 % 2])


def test_readers_without_phrases_are_frozen_first_and_may_be_sent_to_before_the_others_are_frozen(
    store: Store, settings: Settings
) -> None:
    """Though their hour is the later one, and though others are still to get the edition before."""
    publish(store, an_edition(YESTERDAY), an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(8)), wishes)
    steps = list(cohorts.freeze_in_steps(store, settings, EIGHT))
    turn = next(place for place, step in enumerate(steps) if step.is_turn)
    plain = [one for step in steps[: turn + 1] for one in members(store, step.batches)]
    assert sorted(plain) == sorted([*ids[0::2], *ids[0::2]])
    assert all(store.hexists(keys.EDITION(day=day), "through") for day in (YESTERDAY, DAY))
    dear = [one for step in steps[turn + 1 :] for one in members(store, step.batches)]
    assert sorted(dear) == sorted([*ids[1::2], *ids[1::2]])


def test_what_most_readers_share_comes_before_what_few_do(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step a copy: sizes fall."""
    monkeypatch.setattr(freezing, "COPIES_A_STEP", 1)
    publish(store, an_edition())
    shared = (1, 2, 2, 3, 3, 3)
    subscribe(
        store,
        (f"r{n}" for n in range(6)),
        lambda n: Preferences(hour=7, topics=("diffusion", f"{shared[n]}")),
    )
    steps = cohorts.freeze_in_steps(store, settings, EIGHT)
    assert [len(members(store, step.batches)) for step in steps if step.batches] == [3, 2, 1]


@pytest.mark.parametrize("stopped", range(6))
def test_a_freeze_that_is_killed_between_two_steps_goes_on_where_it_was(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, stopped: int
) -> None:
    """The edition stays due until all are addressed, and everybody is addressed once."""
    monkeypatch.setattr(freezing, "COPIES_A_STEP", 2)
    publish(store, an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(14)), wishes)
    steps = cohorts.freeze_in_steps(store, settings, EIGHT)
    done = [next(steps) for _ in range(stopped)]
    steps.close()
    assert cohorts.due(store, settings, EIGHT)
    done += cohorts.freeze_in_steps(store, settings, EIGHT)
    assert sorted(one for step in done for one in members(store, step.batches)) == ids
    assert not cohorts.due(store, settings, EIGHT)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    turns=st.lists(st.integers(0, 2), max_size=40), kinds=st.lists(st.integers(0, 5), min_size=1, max_size=12)
)
def test_several_freezes_at_once_that_die_at_any_step_address_everybody_once(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, turns: list[int], kinds: list[int]
) -> None:
    """Three take turns as they like, each begins anew when it is done, and one ends the work."""
    store.flushall()
    monkeypatch.setattr(freezing, "COPIES_A_STEP", 1)
    publish(store, an_edition(YESTERDAY), an_edition())
    ids = subscribe(store, (f"r{n}" for n in range(len(kinds))), lambda n: wishes(kinds[n]))
    under_way = [cohorts.freeze_in_steps(store, settings, EIGHT) for _ in range(3)]
    got: Counter[tuple[date, int]] = Counter()

    def count(step: Frozen) -> None:
        for ref in step.batches:
            got.update((ref.day, one) for one in members(store, (ref,)))

    for who in turns:
        step = next(under_way[who], None)
        if step is None:
            under_way[who] = cohorts.freeze_in_steps(store, settings, EIGHT)
        else:
            count(step)
    for step in cohorts.freeze_in_steps(store, settings, EIGHT):
        count(step)
    assert got == Counter({(day, one): 1 for day in (YESTERDAY, DAY) for one in ids})
    for steps in under_way:
        assert not any(step.batches for step in steps)
    assert not cohorts.due(store, settings, EIGHT)


def test_a_freeze_that_began_earlier_and_ends_later_takes_no_time_back(
    store: Store, settings: Settings
) -> None:
    """Of two instants that an edition has come to, the later one holds."""
    publish(store, an_edition())
    subscribe(store, (f"r{n}" for n in range(4)), wishes)
    slow = cohorts.freeze_in_steps(store, settings, EIGHT - timedelta(hours=1))
    next(slow)
    cohorts.freeze_due(store, settings, EIGHT)
    assert list(slow)
    assert not cohorts.due(store, settings, EIGHT)
    assert Ledger(store).progress(DAY).recipients == 4
