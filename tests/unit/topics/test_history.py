"""What a topic is doing over days."""

from datetime import date, timedelta

import pytest
from builders import a_paper

from newsletter.models import Topic
from newsletter.topics.history import Appearance, PastDay, appearances, trend, trend_over
from newsletter.topics.memory.memory import Day, Memory

DAY = date(2026, 6, 10)
KNOWN = Memory(papers=6000.0, holders={"specul decod": 60.0})
PAPERS = [a_paper(id=f"p{n}", title="Speculative decoding" if n < 5 else "Else") for n in range(100)]


def a_topic(label="speculative decoding", keywords=()):
    """Return a topic of three papers."""
    return Topic(label=label, keywords=keywords, papers=tuple(PAPERS[:3]))


def an_appearance(share=0.05, slug="speculative-decoding", label="speculative decoding"):
    """Return how a topic appeared."""
    return Appearance(slug, label, frozenset({"specul", "decod"}), share)


def past(*shares, papers=100, slug="speculative-decoding"):
    """Return days before today, oldest first; None is a day on which the topic did not appear."""
    first = DAY - timedelta(days=len(shares))
    return [
        PastDay(
            first + timedelta(days=n),
            papers,
            () if share is None else (an_appearance(share=share, slug=slug),),
        )
        for n, share in enumerate(shares)
    ]


def test_a_topic_keeps_its_address_while_its_label_stays():
    """The same label in other inflection is the same topic."""
    (one,) = appearances([a_topic("Speculative Decodings")], PAPERS, past(0.04, slug="spec-dec"))
    assert one.slug == "spec-dec"


def test_a_topic_keeps_its_address_when_its_label_changes_but_its_words_stay():
    """A new heading for the same words is the same topic."""
    before = [
        PastDay(DAY, 100, (Appearance("old", "fast inference", frozenset({"fast", "infer", "draft"}), 0.1),))
    ]
    (one,) = appearances([a_topic("drafts", ["draft", "fast inference"])], PAPERS, before)
    assert one.slug == "old"


def test_two_topics_never_share_an_address():
    """A topic of the same name finds the address taken and gets a number."""
    one, two = appearances([a_topic(), a_topic()], PAPERS, past(0.04))
    assert (one.slug, two.slug) == ("speculative-decoding", "speculative-decoding-2")


def test_a_label_in_another_script_has_an_address():
    """An address is ASCII whatever the label."""
    (one,) = appearances([a_topic("神经网络")], PAPERS, [])
    assert one.slug.startswith("topic-")
    assert one.slug.isascii()


def test_a_share_is_that_of_the_papers_that_hold_the_label():
    """Five of a hundred papers hold it, whoever was grouped under it."""
    (one,) = appearances([a_topic()], PAPERS, [])
    assert one.share == 0.05


@pytest.mark.parametrize(
    ("shares", "movement", "streak"),
    [
        ((), "new", 1),
        ((None, None), "new", 1),
        ((0.05, 0.05, 0.05), "steady", 4),
        ((0.01, 0.01, 0.01), "up", 4),
        ((0.15, 0.15, 0.15), "down", 4),
        ((0.05, None, 0.05), "steady", 2),
    ],
    ids=["first day", "never here", "as before", "risen", "fallen", "back after a day"],
)
def test_movement_and_streak_follow_the_days_before(shares, movement, streak):
    """Up and down mean more than the noise of a count; a streak breaks on the first day away."""
    seen = trend(an_appearance(share=0.05), past(*shares), KNOWN)
    assert (seen.movement, seen.streak_days) == (movement, streak)


def test_the_series_ends_today_and_has_ten_days_at_most():
    """Twelve days before give nine of them and today."""
    seen = trend(an_appearance(share=0.05), past(*[0.01 * n for n in range(12)]), KNOWN)
    assert len(seen.series) == 10
    assert seen.series[-1] == 0.05


def test_a_day_without_the_topic_shows_its_phrases_share():
    """The memory counted the phrase on a day on which no topic formed: the series has no false gap."""
    day = DAY - timedelta(days=1)
    papers = [a_paper(id=f"q{n}", title="Speculative decoding" if n < 2 else f"Else {n}") for n in range(20)]
    memory = Memory().learn(papers, day)
    seen = trend(an_appearance(), [PastDay(day, 20)], memory)
    assert seen.series == (0.1, 0.05)


def test_a_ratio_is_told_only_where_the_usual_share_is_known():
    """Sixty of six thousand hold it usually, so five in a hundred are five times that."""
    assert trend(an_appearance(share=0.05), [], KNOWN).ratio == 5.0
    assert trend(an_appearance(share=0.05), [], Memory()).ratio is None
    assert trend(an_appearance(label="never heard of"), [], KNOWN).ratio is None


def over(days, *shares, usual=0.01, counted=10, papers=100):
    """Return what a topic did over the last `days` of the past."""
    held = past(*shares, papers=papers)
    recent = tuple(Day(day.date, papers, {}) for day in held[-counted:])
    memory = Memory(papers=6000.0, recent=recent)
    return trend_over(an_appearance(), held, held[-days].date, memory, usual=usual)


def test_over_several_days_a_share_is_that_of_all_their_papers():
    """Two days on the chart of five, with as many papers each: the mean, against the usual share."""
    found = over(5, *[0.01] * 5, 0.1, None, None, 0.05, None)
    assert (found.ratio, found.days, found.streak_days) == (3.0, 2, 0)
    assert found.series == (*[0.01] * 5, 0.1, 0.0, 0.0, 0.05, 0.0)


@pytest.mark.parametrize(
    ("shares", "movement"),
    [
        pytest.param([None] * 5 + [0.05] * 5, "new", id="none of the days before had it"),
        pytest.param([0.01] * 5 + [0.05] * 5, "up", id="more than the noise above them"),
        pytest.param([0.09] * 5 + [0.02] * 5, "down", id="less"),
        pytest.param([0.05] * 5 + [0.055] * 5, "steady", id="within the noise"),
    ],
)
def test_over_several_days_movement_is_told_against_the_days_before(shares, movement):
    """Which are those that its series still shows."""
    assert over(5, *shares).movement == movement


def test_of_more_days_than_are_counted_no_ratio_is_told():
    """A day whose papers nobody counts any more may have held it off the chart."""
    shares = [0.01] * 3 + [0.05] * 11 + [None]
    assert over(12, *shares).ratio is None
    assert over(12, *shares[:-1]).ratio is not None
