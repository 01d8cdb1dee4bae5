"""Who gets a seat."""

from collections import Counter

import pytest
from builders import a_paper
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.assembly.selection import (
    BEST,
    RESERVED,
    SMALL_FIELDS,
    archive_of,
    best_topics,
    field_of,
    seat,
)
from newsletter.editions.scoring.order import best_first
from newsletter.editions.scoring.unvoted import home_of
from newsletter.models import Paper, Scored, Topic


def a_scored(number: int, score: float = 25.0, field: str = "cs.LG") -> Scored:
    """A paper with a score."""
    return Scored(paper=a_paper(arxiv_id=f"2606.{number:05}", categories=(field,)), score=score)


def ids(seated: list[Scored]) -> list[int]:
    """The numbers of those seated, in their order."""
    return [int(one.paper.id[-5:]) for one in seated]


def test_the_best_come_first() -> None:
    """Without topics and with one field the best scores sit."""
    assert ids(seat([a_scored(2, 20), a_scored(1), a_scored(3, 30)], [], 2)) == [3, 1]


def test_equal_scores_take_turns_by_publisher_in_no_order_of_identifiers() -> None:
    """Of 25 seats each publisher gets its share of the candidates, and numbers neither help nor hurt."""
    many = [Scored(paper=a_published("10.1101", number), score=25) for number in range(80)]
    few = [Scored(paper=a_published("10.1038", number), score=25) for number in range(20)]
    ordered = best_first([*many, *few])
    homes = [home_of(one.paper) for one in ordered[:25]]
    assert Counter(homes) == {"10.1101": 20, "10.1038": 5}
    numbers = [int(one.paper.id[-3:]) for one in ordered if home_of(one.paper) == "10.1101"]
    assert numbers not in (sorted(numbers), sorted(numbers, reverse=True))
    assert best_first([*few, *reversed(many)]) == ordered


def a_published(publisher: str, number: int) -> Paper:
    """A paper with a DOI and no arXiv number."""
    doi = f"{publisher}/{number:03}"
    return a_paper(id=f"doi:{doi}", doi=doi, arxiv_id=None)


def test_the_ten_best_have_their_seats_whatever_topics_and_fields_there_are() -> None:
    """Neither topics that want two papers nor forty small fields take the seat of one of them."""
    crowd = [a_scored(n, 90 - n) for n in range(40)]
    exotic = [a_scored(500 + n, 1, f"field-{n:02}") for n in range(40)]
    topics = [{crowd[n].paper.id, crowd[n + 1].paper.id} for n in range(20, 38, 2)]
    for limit in (5, 10, 12, 15, 25, 50):
        assert ids(seat([*crowd, *exotic], topics, limit))[:10] == list(range(min(10, limit)))


def test_topics_are_brought_to_two_papers_after_the_ten_best() -> None:
    """Three of fifteen seats' topics, those first that lack one paper only."""
    weighed = [a_scored(n, 90 - n) for n in range(40)]
    pairs = ((20, 21), (22, 23), (9, 30), (8, 31), (24, 25))
    topics = [{weighed[one].paper.id, weighed[other].paper.id} for one, other in pairs]
    assert ids(seat(weighed, topics, 15)) == [*range(11), 20, 21, 30, 31]


def test_the_topics_of_a_day_are_those_of_its_best_papers() -> None:
    """Of twenty topics those are looked at whose best two papers score highest."""
    weighed = [a_scored(n, 90 - n) for n in range(40)]
    groups = [Topic(label=f"t{n}", papers=(weighed[n].paper, weighed[39 - n].paper)) for n in range(5)]
    early = Topic(label="early", papers=(weighed[6].paper, weighed[7].paper))
    assert [topic.label for topic in best_topics([*groups, early], weighed, 2)] == ["early", "t0"]


def test_no_topic_takes_more_than_a_third_of_the_seats_after_the_best_while_others_wait() -> None:
    """Forty papers on one topic leave room for the rest."""
    crowd = [a_scored(n, 90) for n in range(40)]
    rest = [a_scored(100 + n, 20) for n in range(40)]
    seated = ids(seat([*crowd, *rest], [{one.paper.id for one in crowd}], 25))
    assert sum(number < 100 for number in seated) == 10


def test_a_small_field_is_not_drowned() -> None:
    """One statistics paper among hundreds of two large fields has a seat, if not the first."""
    crowd = [a_scored(n, 90, "cs.CV" if n % 2 else "cs.LG") for n in range(200)]
    small = a_scored(500, 10, "stat.ML")
    assert small in seat([*crowd, small], [], BEST + SMALL_FIELDS)


def test_fields_without_a_paper_share_a_fifth_of_the_seats_left() -> None:
    """Forty fields with one paper each do not crowd out what readers voted for."""
    crowd = [a_scored(n, 90, "cs.CV") for n in range(100)]
    exotic = [a_scored(500 + n, 10, f"field-{n:02}") for n in range(40)]
    seated = seat([*crowd, *exotic], [], 25)
    assert Counter(field_of(one.paper) for one in seated)["cs.CV"] == 22


def test_an_archive_leaves_a_third_of_the_seats_where_a_newsletter_has_several() -> None:
    """Biology and computing share a mail, however much louder one of them is."""
    loud = [a_scored(n, 90 - n / 10, "cs.LG" if n % 2 else "cs.CV") for n in range(50)]
    quiet = [a_scored(100 + n, 20 - n / 10, "q-bio.NC") for n in range(50)]
    seated = seat([*loud, *quiet], [], 30)
    assert Counter(archive_of(one.paper) for one in seated) == {"cs": 20, "q-bio": 10}


def test_a_newsletter_on_one_archive_is_filled_by_score() -> None:
    """Where most of a day is of one archive, no cap holds its better papers back."""
    most = [a_scored(n, 90 - n / 10, f"cs.{'AB'[n % 2]}") for n in range(90)]
    few = [a_scored(100 + n, 20 - n / 10, "stat.ML") for n in range(10)]
    seated = ids(seat([*most, *few], [], 30))
    assert sum(number >= 100 for number in seated) == 1


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


@pytest.mark.parametrize(("limit", "shown"), [(15, 2), (25, 5), (50, 5)])
def test_as_many_topics_as_fit_have_two_papers(limit: int, shown: int) -> None:
    """One for every five seats, at most five; two fit behind ten others where none of those is of a topic."""
    weighed = [a_scored(n, 100 - n / 2) for n in range(200)]
    topics = [{one.paper.id for one in weighed[start : start + 10]} for start in range(100, 200, 10)]
    seated = {one.paper.id for one in seat(weighed, topics, limit)}
    assert sum(len(topic & seated) >= RESERVED for topic in topics) == shown
