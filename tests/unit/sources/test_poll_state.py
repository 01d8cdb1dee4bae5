"""Memory: what is remembered of a source after each kind of poll."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOON, a_sighting

from newsletter.models import Source
from newsletter.sources import poll_state
from newsletter.sources.faults import Fault, FaultKind
from newsletter.sources.fetching.responses import Answer, Validators
from newsletter.sources.formats.reading import Reading
from newsletter.sources.poll_state import Arrival, PollState

SOURCE = Source(name="x", url="https://feeds.example/")
ANSWER = Answer(SOURCE.url, is_unchanged=False, body=b"<rss/>", validators=Validators('"a"', "yesterday"))
DAY = timedelta(days=1)


def a_reading(*numbers: int, is_whole: bool = True, days: float = 0) -> Reading:
    """Return the reading of a listing of these papers, built `days` after noon."""
    found = tuple(a_sighting(arxiv_id=f"2606.{number:05}") for number in numbers)
    return Reading("arxiv", found, len(found), (), NOON + days * DAY, is_whole)


def after(memo: PollState, reading: Reading, days: float) -> tuple[PollState, int]:
    """Return the memo after a reading `days` after noon."""
    return poll_state.after_reading(memo, SOURCE, ANSWER, reading, NOON + days * DAY)


def test_a_memo_comes_back_from_its_json() -> None:
    """Nothing is lost on the way to the store and back, and what is unknown takes no room."""
    memo, _ = after(PollState(), a_reading(1, 2), 0)
    memo, _ = after(memo, a_reading(1, 2, 3, days=1), 1)
    memo = poll_state.after_fault(memo, SOURCE, Fault(FaultKind.BUSY, "later"), NOON + 2 * DAY)
    assert PollState.loads(memo.dumps()) == memo
    assert PollState().dumps() == "{}"


def test_a_field_of_another_version_is_ignored() -> None:
    """A memo outlives the release that wrote it."""
    assert PollState.loads('{"url": "https://a.example/", "colour": "red"}') == PollState(
        url="https://a.example/"
    )


def test_validators_and_hash_are_kept_of_a_whole_document_only() -> None:
    """A truncated answer with a good tag would else hide its other half for good."""
    whole, _ = after(PollState(), a_reading(1), 0)
    broken, _ = after(PollState(), a_reading(1, is_whole=False), 0)
    assert (whole.etag, whole.last_modified, bool(whole.body_hash)) == ('"a"', "yesterday", True)
    assert (broken.etag, broken.last_modified, broken.body_hash) == ("", "", "")


def test_the_first_look_teaches_no_rhythm() -> None:
    """What was there already came at an unknown hour."""
    memo, fresh = after(PollState(), a_reading(1, 2), 0)
    assert (fresh, memo.arrivals) == (2, ())
    memo, fresh = after(memo, a_reading(2, 3, 4, days=1), 1)
    assert (fresh, memo.arrivals) == (2, (Arrival(NOON + DAY, 2),))


def test_what_comes_on_one_day_is_one_arrival() -> None:
    """A list that fills over the day is one batch that grows."""
    memo, _ = after(PollState(), a_reading(1), 0)
    for number, hour in ((2, 0), (3, 1), (4, 2)):
        memo, _ = after(memo, a_reading(1, number), 1 + hour / 24)
    assert memo.arrivals == (Arrival(NOON + DAY, 3),)


def test_the_same_batch_under_a_new_date_is_noticed() -> None:
    """Since when it is repeated, until something new comes; a part of the batch is nothing new."""
    memo, _ = after(PollState(), a_reading(1, 2, 3), 0)
    memo, fresh = after(memo, a_reading(1, 2, 3, days=1), 1)
    assert (fresh, memo.repeated_since) == (0, NOON + DAY)
    memo, fresh = after(memo, a_reading(2, days=2), 2)
    assert (fresh, memo.repeated_since) == (0, NOON + DAY)
    memo, fresh = after(memo, a_reading(1, 2, 3, 4, days=3), 3)
    assert (fresh, memo.repeated_since) == (1, None)


def test_votes_and_order_are_nothing_new() -> None:
    """A list that is sorted anew, with other votes, is the same batch."""
    memo, _ = after(PollState(), a_reading(1, 2), 0)
    voted = tuple(
        sighting.model_copy(update={"votes": 9}) for sighting in reversed(a_reading(1, 2).sightings)
    )
    _, fresh = after(memo, replace(a_reading(1, 2), sightings=voted), 1)
    assert fresh == 0


def test_a_new_version_is_something_new() -> None:
    """A replacement is announced like a paper."""
    memo, _ = after(PollState(), a_reading(1), 0)
    (sighting,) = a_reading(1).sightings
    again = sighting.model_copy(update={"version": 2, "announce_type": "replace"})
    _, fresh = after(memo, replace(a_reading(1), sightings=(again,)), 1)
    assert fresh == 1


def test_failures_back_off_and_success_forgets_them() -> None:
    """Waits double from five minutes to six hours, a tenth of jitter aside, and end with the first answer."""
    memo = PollState()
    waits = []
    for _ in range(10):
        memo = poll_state.after_fault(memo, SOURCE, Fault(FaultKind.TIMEOUT, "slow"), NOON)
        assert memo.due_at is not None
        waits.append((memo.due_at - NOON) / timedelta(minutes=1))
    assert waits[:4] == pytest.approx([5, 10, 20, 40], rel=0.11)
    assert waits[-1] == pytest.approx(360, rel=0.11)
    assert (memo.failures, memo.failing_since, memo.fault) == (10, NOON, "slow")
    memo = poll_state.after_silence(memo, SOURCE, NOON + DAY)
    assert (memo.failures, memo.failing_since, memo.fault, memo.ok_at) == (0, None, "", NOON + DAY)


def test_a_hosts_wish_is_longer_than_our_patience() -> None:
    """`Retry-After` is honoured where it is longer than the wait would be, and remembered as a wish."""
    fault = Fault(FaultKind.BUSY, "pause")
    memo = poll_state.after_fault(PollState(), SOURCE, fault, NOON, timedelta(hours=2))
    assert (memo.due_at, memo.not_before) == (NOON + timedelta(hours=2),) * 2
    short = poll_state.after_fault(PollState(), SOURCE, fault, NOON, timedelta(seconds=1))
    assert short.due_at is not None
    assert short.due_at > NOON + timedelta(minutes=4)


def test_a_failure_keeps_what_was_known() -> None:
    """Validators and rhythm outlive an outage; a source that moved begins anew."""
    memo, _ = after(PollState(), a_reading(1), 0)
    failed = poll_state.after_fault(memo, SOURCE, Fault(FaultKind.TIMEOUT, "slow"), NOON)
    assert (failed.etag, failed.known) == (memo.etag, memo.known)
    moved = SOURCE.model_copy(update={"url": "https://other.example/"})
    assert poll_state.after_fault(memo, moved, Fault(FaultKind.TIMEOUT, "slow"), NOON).etag == ""


def test_a_body_is_the_same_only_if_it_is_read_the_same_way() -> None:
    """Another adapter, or `keeps`, reads known bytes anew."""
    other = SOURCE.model_copy(update={"keeps": "all"})
    assert (
        poll_state.hash_of(SOURCE, b"x")
        == poll_state.hash_of(SOURCE, b"x")
        != poll_state.hash_of(other, b"x")
    )
