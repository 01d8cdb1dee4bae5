"""The editions of several days, made into one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from builders import a_paper

from newsletter.delivery.freezing.variants import period_of
from newsletter.editions import for_reader
from newsletter.editions.assembly.arrangement import DayTopic
from newsletter.editions.periods import Period, PeriodInputs, bind, coverage
from newsletter.editions.scoring.history import Cohort
from newsletter.models import (
    Coverage,
    Edition,
    Entry,
    Look,
    Mention,
    Paper,
    Preferences,
    Reason,
    SourceState,
)

MONDAY = date(2026, 6, 8)
WEEK = Period.week_of(MONDAY)
WORDS = Reason(term="words", points=1.5, detail="likely words")


def at(day: date, hour: int = 6) -> datetime:
    """An instant of a day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def a_voted_paper(number: int, *votes: tuple[datetime, int]) -> Paper:
    """A paper that a page shows with these votes."""
    page = Mention(
        source="page",
        url="https://page.example/1",
        first_seen=at(MONDAY, 1),
        looks=tuple(Look(at=moment, votes=count) for moment, count in votes),
    )
    return a_paper(arxiv_id=f"2606.{number:05}", mentions=(page,))


def an_edition(day: date, *papers: Paper, **values: object) -> Edition:
    """An edition whose papers' words spoke for them."""
    entries = tuple(Entry(paper=paper, score=26.5, reasons=(WORDS,), why="Likely words.") for paper in papers)
    return Edition(date=day, composed_at=at(day), cut_off=at(day), also=entries, **values)


def inputs(*editions: Edition, **values: object) -> PeriodInputs:
    """What a week is made from, with what usual papers of the page get."""
    usual = Cohort(pages=28, curves=tuple(((1.0, votes),) for votes in range(1, 40)))
    known = {"period": WEEK, "editions": editions, "cohorts": {"page.example": usual}}
    return PeriodInputs.model_validate(known | values)


def test_votes_count_again_and_words_stay() -> None:
    """What a paper had on its morning is replaced by what it has at the end; nothing after the end counts."""
    paper = a_voted_paper(1, (at(MONDAY, 2), 3))
    later = a_voted_paper(1, (at(MONDAY, 2), 3), (at(WEEK.last, 5), 30), (at(WEEK.last, 7), 900))
    week = bind(inputs(an_edition(MONDAY, paper), an_edition(WEEK.last), papers={paper.id: later}))
    (entry,) = week.entries
    assert entry.paper.mentions[0].looks[-1].votes == 30
    assert WORDS in entry.reasons
    votes = next(reason for reason in entry.reasons if reason.term == "votes")
    assert votes.detail == "30 upvotes on page.example, more than 70 % of papers at this age"
    assert entry.edition_of == MONDAY


def test_a_paper_that_was_withdrawn_meanwhile_is_left_out() -> None:
    """Its own day's edition stays as it was mailed; the week does without it."""
    paper, kept = a_paper(arxiv_id="2606.00001"), a_paper(arxiv_id="2606.00002")
    gone = paper.model_copy(update={"withdrawn": True})
    week = bind(inputs(an_edition(MONDAY, paper, kept), papers={paper.id: gone}))
    assert [entry.paper.id for entry in week.entries] == [kept.id]


def test_what_finds_no_seat_is_the_tail() -> None:
    """Who has had some of the days is given of it."""
    papers = [a_paper(arxiv_id=f"2606.{number:05}") for number in range(5)]
    week = bind(inputs(an_edition(MONDAY, *papers), seats=2))
    assert (len(week.entries), len(week.tail)) == (2, 3)


def test_the_topic_with_the_best_papers_comes_first_whatever_the_order_it_was_found_in() -> None:
    """Topics of several days have no order of their own."""
    papers = [a_voted_paper(number, (at(MONDAY, 2), 1 + 9 * number)) for number in range(4)]
    low = DayTopic(slug="low", label="low", ids=(papers[0].id, papers[1].id))
    high = DayTopic(slug="high", label="high", ids=(papers[2].id, papers[3].id))
    for topics in ((low, high), (high, low)):
        week = bind(inputs(an_edition(MONDAY, *papers), topics=topics))
        assert [section.slug for section in week.sections] == ["high", "low"]


def test_a_source_that_was_missing_on_some_days_says_so() -> None:
    """Papers add up; a sound end does not hide the days before."""

    def seen(state: SourceState, papers: int) -> tuple[Coverage, ...]:
        return (Coverage(source="arxiv", title="arXiv", state=state, papers=papers),)

    editions = [
        an_edition(MONDAY, coverage=seen(SourceState.FAILING, 0)),
        an_edition(MONDAY + timedelta(days=1), coverage=seen(SourceState.FRESH, 200)),
        an_edition(MONDAY + timedelta(days=2), coverage=seen(SourceState.FRESH, 150)),
    ]
    (one,) = coverage(editions)
    assert (one.papers, one.state, one.note) == (350, SourceState.FRESH, "missing on 1 of 3 days")
    assert coverage(editions[1:])[0].note == ""


@pytest.mark.parametrize(
    ("frequency", "local", "newest", "first", "last"),
    [
        pytest.param("weekly", 15, 15, 8, 14, id="weekly, west of the cut-off"),
        pytest.param("weekly", 15, 14, 8, 14, id="weekly, Monday comes before the edition's"),
        pytest.param("weekly", 15, 13, 7, 13, id="weekly, Sunday has no edition yet"),
        pytest.param("weekdays", 15, 15, 13, 15, id="weekdays, Monday"),
        pytest.param("weekdays", 15, 14, 12, 14, id="weekdays, Monday comes before the edition's"),
    ],
)
def test_a_mail_brings_the_days_since_the_one_before(
    frequency: str, local: int, newest: int, first: int, last: int
) -> None:
    """Weekly the week that has ended, on Monday the weekend too; zone by zone without a gap."""
    day = date(2026, 6, 1)
    found = period_of(frequency, day.replace(day=local), day.replace(day=newest))  # type: ignore[arg-type]
    assert found == Period(first=day.replace(day=first), last=day.replace(day=last))


def test_daily_readers_and_other_weekdays_get_the_newest_alone() -> None:
    """A daily mail never looks back."""
    assert period_of("daily", MONDAY, MONDAY) is None
    assert period_of("weekdays", MONDAY + timedelta(days=1), MONDAY) is None


def test_a_week_brings_what_was_voted_for() -> None:
    """Topics and small fields cost a weekly mail less than a tenth of the votes that could be had."""
    papers = [a_voted_paper(number, (at(WEEK.last, 5), 120 - 2 * number)) for number in range(50)]
    quiet = [
        a_paper(arxiv_id=f"2606.{number:05}", categories=(f"field-{number}",)) for number in range(100, 140)
    ]
    days = [an_edition(MONDAY + timedelta(days=day), *papers[day::5], *quiet[day::5]) for day in range(5)]
    topics = [
        DayTopic(slug=f"t{n}", label=f"t{n}", ids=(quiet[2 * n].id, quiet[2 * n + 1].id)) for n in range(8)
    ]
    week = bind(inputs(*days, topics=topics))
    mail = for_reader(week, Preferences(frequency="weekly"))
    votes = [sum(look.votes or 0 for m in entry.paper.mentions for look in m.looks) for entry in mail.entries]
    assert len(votes) == 15
    assert sum(votes) >= 0.9 * sum(120 - 2 * number for number in range(15))
    assert votes[0] == max(votes)
