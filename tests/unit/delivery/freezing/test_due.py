"""Each reader gets each edition due to them once, whatever they change and whatever the clocks do."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from lives import NEVER, Answer, History, faults, histories, live

from newsletter.delivery.freezing.due import Published, Standing, due, hour_of
from newsletter.subscribers.schedule import Rhythm


def ours(
    reader: Standing, editions: list[Published], had: set[date], now: datetime, before: datetime
) -> tuple[date, ...]:
    """Answer as the product does."""
    del before
    return due(reader, editions, had, now)


def by_window(
    reader: Standing, editions: list[Published], had: set[date], now: datetime, before: datetime
) -> tuple[date, ...]:
    """Answer wrongly: an edition's hour counts only when it comes, whoever is there then."""
    hours = {one.day: hour_of(one, Rhythm.of(reader.preferences)).at for one in editions}
    return tuple(day for day in due(reader, editions, had, now) if hours[day] > before)


def within_three_days(
    reader: Standing, editions: list[Published], had: set[date], now: datetime, before: datetime
) -> tuple[date, ...]:
    """Answer wrongly: only the last three days count."""
    del before
    return due(reader, [one for one in editions if now - one.cut_off < timedelta(days=3)], had, now)


def without_joining(
    reader: Standing, editions: list[Published], had: set[date], now: datetime, before: datetime
) -> tuple[date, ...]:
    """Answer wrongly: when the reader joined is not asked."""
    del before
    return due(replace(reader, joined_at=NEVER), editions, had, now)


@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_each_reader_gets_each_edition_due_to_them_once(history: History) -> None:
    """None twice, none missed, none from before they joined or in a pause, none before the promised hour."""
    assert faults(live(history, ours)) == []


@pytest.mark.parametrize("wrong", [by_window, within_three_days, without_joining])
def test_the_law_finds_what_is_wrong_with_simpler_answers(wrong: Answer) -> None:
    """A law that nothing breaks would say nothing."""
    quick = settings(max_examples=2000, database=None, deadline=None, phases=[Phase.generate])
    assert find(histories(), lambda history: bool(faults(live(history, wrong))), settings=quick)
