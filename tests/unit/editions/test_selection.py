"""Who gets a seat."""

from collections import Counter

import pytest
from builders import a_paper
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.selection import RESERVED, SMALL_FIELDS, field_of, seat
from newsletter.models import Scored


def a_scored(number: int, score: float = 25.0, field: str = "cs.LG") -> Scored:
    """A paper with a score."""
    return Scored(paper=a_paper(arxiv_id=f"2606.{number:05}", categories=(field,)), score=score)


def ids(seated: list[Scored]) -> list[int]:
    """The numbers of those seated, in their order."""
    return [int(one.paper.id[-5:]) for one in seated]


def test_the_best_come_first_and_ties_go_by_id() -> None:
    """Without topics and with one field the best scores sit."""
    assert ids(seat([a_scored(2), a_scored(1), a_scored(3, 30)], [], 2)) == [3, 1]


def test_a_topic_that_is_shown_has_two_papers() -> None:
    """A heading over one paper is noise: the first topics get their best two, however they score."""
    weighed = [a_scored(n, 90 - n) for n in range(20)]
    low = {one.paper.id for one in weighed[17:]}
    assert ids(seat(weighed, [low], 9)) == [0, 1, 2, 3, 4, 5, 6, 17, 18]


def test_no_more_topics_are_shown_than_a_third_of_the_seats() -> None:
    """Three seats show one topic, not three."""
    weighed = [a_scored(n, 90 - n) for n in range(20)]
    topics = [{weighed[n].paper.id, weighed[n + 1].paper.id} for n in (14, 16, 18)]
    assert ids(seat(weighed, topics, 3)) == [0, 14, 15]


def test_no_topic_takes_more_than_a_third_while_others_wait() -> None:
    """Forty papers on one topic leave room for the rest."""
    crowd = [a_scored(n, 90) for n in range(40)]
    rest = [a_scored(100 + n, 20) for n in range(40)]
    seated = ids(seat([*crowd, *rest], [{one.paper.id for one in crowd}], 12))
    assert sum(number < 100 for number in seated) == 4


def test_a_small_field_is_not_drowned() -> None:
    """One statistics paper among hundreds of two large fields has a seat, if not the first."""
    crowd = [a_scored(n, 90, "cs.CV" if n % 2 else "cs.LG") for n in range(200)]
    small = a_scored(500, 10, "stat.ML")
    assert small in seat([*crowd, small], [], SMALL_FIELDS * 2)


def test_a_field_of_its_own_does_not_cost_more_than_a_fifth_of_the_seats() -> None:
    """Forty fields with one paper each do not crowd out what readers voted for."""
    crowd = [a_scored(n, 90, "cs.CV") for n in range(100)]
    exotic = [a_scored(500 + n, 10, f"field-{n:02}") for n in range(40)]
    seated = seat([*crowd, *exotic], [], 10)
    # the caps leave a third of the seats to other fields, no more
    assert Counter(field_of(one.paper) for one in seated)["cs.CV"] >= 6


def test_seats_are_not_left_free_for_the_sake_of_caps() -> None:
    """A day of one topic in one field still fills the mail."""
    crowd = [a_scored(n) for n in range(40)]
    assert len(seat(crowd, [{one.paper.id for one in crowd}], 12)) == 12


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 100), st.sampled_from("abc")), unique_by=lambda x: x[0]
    ),
    st.lists(st.sets(st.integers(0, 60), max_size=8), max_size=5),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_seating_never_doubles_never_overflows_and_ignores_order(rows, groups, limit, chance) -> None:
    """As many as there are seats or papers, each once, whatever order they came in."""
    weighed = [a_scored(*row) for row in rows]
    topics = [{f"arxiv:2606.{number:05}" for number in group} for group in groups]
    seated = seat(weighed, topics, limit)
    assert len(seated) == min(limit, len(weighed))
    assert len(set(ids(seated))) == len(seated)
    assert seat(chance.sample(weighed, len(weighed)), topics, limit) == seated


@pytest.mark.parametrize("limit", [6, 9, 25])
def test_every_topic_among_the_first_third_has_its_two_seats(limit: int) -> None:
    """With enough members no shown topic goes short."""
    weighed = [a_scored(n, n % 7) for n in range(200)]
    topics = [{one.paper.id for one in weighed[start : start + 10]} for start in range(0, 100, 10)]
    seated = {one.paper.id for one in seat(weighed, topics, limit)}
    assert all(len(topic & seated) >= RESERVED for topic in topics[: limit // 3])
