"""One edition, as one reader gets it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from builders import a_paper
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editions import for_reader, is_quiet_for
from newsletter.editions.assembly.tailoring import STILL_REMEMBERED
from newsletter.models import Edition, Entry, Paper, Preferences, Reason, Section
from newsletter.subscribers.preferences import changed
from newsletter.topics import holds
from newsletter.topics.matching import index
from newsletter.topics.words.words import Clause, clauses

DAY = date(2026, 6, 10)
WORDS = ("diffusion", "agents", "graphs")


def a_titled_paper(number: int, words: Sequence[str] = ()) -> Paper:
    """A paper whose title holds these words."""
    return a_paper(
        arxiv_id=f"2606.{number:05}", title=f"On {' and '.join(words) or 'nothing'}", abstract="We show it."
    )


def an_entry(number: int, *words: str, score: float = 30.0, offered_on: date | None = None) -> Entry:
    """An entry as the edition stores it."""
    return Entry(paper=a_titled_paper(number, words), score=score, why="Why.", offered_on=offered_on)


def an_edition(
    *also: Entry, tail: Sequence[Entry] = (), sections: Sequence[Section] = (), day: date = DAY
) -> Edition:
    """A frozen edition of a day."""
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    return Edition(
        date=day,
        composed_at=at,
        cut_off=at,
        also=also,
        tail=tuple(tail),
        sections=tuple(sections),
        candidates=9,
    )


def numbers(edition: Edition) -> list[int]:
    """The numbers of the papers, in reading order."""
    return [int(entry.paper.id[-5:]) for entry in edition.entries]


def test_a_reader_without_wishes_gets_what_was_announced_and_no_tail() -> None:
    """Nobody is sent the tail who did not ask for its words."""
    own = for_reader(an_edition(an_entry(1), tail=[an_entry(2, "agents")]), Preferences())
    assert numbers(own) == [1]
    assert own.tail == ()


def test_a_followed_phrase_selects_the_days_papers_that_hold_it() -> None:
    """Announced or from the tail, under the phrase, best first; the tail's entries get their sentences."""
    low = an_entry(2, "agents", score=20).model_copy(
        update={"why": "", "reasons": (Reason(term="words", points=1, detail="likely words"),)}
    )
    own = for_reader(
        an_edition(an_entry(1, "agents"), an_entry(3), tail=[low]), Preferences(topics=("Agent",))
    )
    (section,) = own.sections
    assert (section.label, section.trend.movement, numbers(own)) == ("Agent", "followed", [1, 2])
    assert (section.entries[1].why, section.entries[1].summary) == ("Likely words.", ("We show it.",))


def test_an_acronym_stands_for_its_phrase() -> None:
    """Who follows reinforcement learning gets the paper that only says RL."""
    paper = a_paper(title="Offline RL at scale")
    own = for_reader(
        an_edition(tail=[Entry(paper=paper, score=20)]), Preferences(topics=("reinforcement learning",))
    )
    assert own.entries


def test_a_paper_that_is_near_a_topic_says_which_of_its_words_it_holds() -> None:
    """Who wrote several words sees why a paper without their row is there; no row needs no reason."""
    near = Entry(paper=a_paper(title="Controllable agents by RL"), score=20, why="Why.")
    row = Entry(paper=a_paper(id="b", title="Controllable reinforcement learning"), score=10, why="Why.")
    own = for_reader(an_edition(tail=[near, row]), Preferences(topics=("controllable RL",)))
    assert [entry.why for entry in own.entries] == ["It says “controllable” and “RL”. Why.", "Why."]


def test_names_and_categories_can_be_followed_and_muted() -> None:
    """The colon is no part of a word."""
    tail = [
        Entry(paper=a_paper(id=name, title="Agents", authors=(name,), categories=(category,)), score=20)
        for name, category in (("Hao Li", "cs.CL"), ("Ann Li", "cs.CL"), ("Eva Wu", "cs.LG"))
    ]

    def ids(**wishes: tuple[str, ...]) -> list[str]:
        return [entry.paper.id for entry in for_reader(an_edition(tail=tail), Preferences(**wishes)).entries]

    assert ids(topics=('author:"Hao Li"',)) == ["Hao Li"]
    assert ids(topics=("agents category:cs.CL",), muted=("author:hao",)) == ["Ann Li"]
    assert ids(topics=("agents -author:li",)) == ["Eva Wu"]


def test_a_short_mail_brings_the_best_of_what_is_followed() -> None:
    """Five of two phrases are the five best, wherever they stood; a phrase may have none of them."""
    tail = [an_entry(n, "agents", score=90 - n) for n in range(10)] + [an_entry(20, "graphs", score=87.5)]
    own = for_reader(an_edition(tail=tail), Preferences(topics=("graphs", "agents"), limit=5))
    assert numbers(own) == [0, 1, 2, 20, 3]
    narrow = for_reader(an_edition(tail=tail), Preferences(topics=("graphs", "agents"), limit=2))
    assert [section.label for section in narrow.sections] == ["agents"]


def test_followed_phrases_keep_their_headings_and_their_order_below_the_top_papers() -> None:
    """A heading that a reader asked for is shown over one paper too, in the reader's order."""
    tail = [an_entry(n, "agents", score=90 - n) for n in range(7)] + [an_entry(20, "graphs", score=1)]
    own = for_reader(an_edition(tail=tail), Preferences(topics=("graphs", "agents")))
    assert [(one.label, len(one.entries)) for one in own.front.sections] == [("graphs", 1), ("agents", 2)]
    assert own.front.also == ()


def test_a_muted_word_removes_a_paper_whatever_else_it_holds() -> None:
    """Muting wins over following."""
    edition = an_edition(an_entry(1, "agents", "graphs"), an_entry(2, "agents"))
    assert numbers(for_reader(edition, Preferences(muted=("graph",)))) == [2]
    assert numbers(for_reader(edition, Preferences(topics=("agents",), muted=("graph",)))) == [2]


def test_an_edition_without_anything_for_a_reader_is_quiet() -> None:
    """It is not mailed, then; and the next one says so."""
    yesterday = an_edition(an_entry(1, "graphs"), day=DAY - timedelta(days=1))
    before = an_edition(an_entry(2), day=DAY - timedelta(days=2))
    wish = Preferences(topics=("agents",))
    assert for_reader(yesterday, wish).is_quiet
    own = for_reader(an_edition(an_entry(3, "agents")), wish, earlier=[yesterday, before])
    assert own.notes[-1].startswith("The 2 editions before this one were not mailed to you")


def test_a_topic_of_the_day_lends_its_heading_to_who_follows_it() -> None:
    """The heading keeps its address and its trend."""
    section = Section(slug="agents-2", label="Agents", entries=(an_entry(1, "agents"),))
    own = for_reader(
        an_edition(sections=[section], tail=[an_entry(2, "agents")]), Preferences(topics=("agents",))
    )
    assert [(one.slug, len(one.entries)) for one in own.sections] == [("agents-2", 2)]


def test_what_a_reader_is_known_to_have_had_is_left_out() -> None:
    """The caller may know better than the rule."""
    own = for_reader(
        an_edition(an_entry(1), an_entry(2)), Preferences(), announced_before={"arxiv:2606.00001"}
    )
    assert numbers(own) == [2]


@pytest.mark.parametrize("limit", [1, 2, 5, 15])
def test_the_limit_holds_and_headings_without_papers_go(limit: int) -> None:
    """A short mail keeps the best, and no empty heading."""
    sections = [
        Section(
            slug=f"s{s}", label=f"S{s}", entries=tuple(an_entry(10 * s + n, score=50 - s) for n in range(3))
        )
        for s in range(4)
    ]
    own = for_reader(
        an_edition(*(an_entry(90 + n) for n in range(9)), sections=sections), Preferences(limit=limit)
    )
    assert len(own.entries) == limit
    assert all(section.entries for section in own.sections)


_WISH = st.builds(
    Preferences,
    topics=st.lists(st.sampled_from(WORDS), unique=True, max_size=2).map(tuple),
    muted=st.lists(st.sampled_from(WORDS), unique=True, max_size=1).map(tuple),
    limit=st.integers(1, 6),
)
_TITLES = st.lists(st.sets(st.sampled_from(WORDS)).map(sorted), min_size=1, max_size=8)


@given(_TITLES, _TITLES, _WISH)
@settings(max_examples=60)
def test_a_tailored_edition_is_a_part_of_the_edition_that_the_reader_asked_for(main, rest, wish) -> None:
    """At most as many papers as wanted, none twice, none muted; followed ones hold their heading."""
    edition = an_edition(
        *(an_entry(n, *words) for n, words in enumerate(main)),
        tail=[an_entry(100 + n, *words) for n, words in enumerate(rest)],
    )
    own = for_reader(edition, wish)
    assert is_quiet_for(edition, wish) == own.is_quiet
    assert len(own.entries) <= wish.limit
    assert len(set(numbers(own))) == len(own.entries)
    assert {entry.paper for entry in own.entries} <= {
        entry.paper for entry in (*edition.entries, *edition.tail)
    }
    assert not any(holds(entry.paper, word) for entry in own.entries for word in wish.muted)
    if wish.topics:
        assert all(holds(entry.paper, section.label) for section in own.sections for entry in section.entries)


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(WORDS)).map(sorted), st.integers(0, 6), st.integers(0, 3)),
        max_size=14,
    ),
    st.lists(_WISH, min_size=8, max_size=8),
)
@settings(max_examples=80)
def test_no_reader_gets_a_paper_twice_however_often_they_change_their_mind(papers, wishes) -> None:
    """Papers stand in one tail and are announced once; wishes change daily; no paper comes twice."""
    got: Counter[int] = Counter()
    until: date | None = None
    for offset, wish in enumerate(wishes):
        day = DAY + timedelta(days=offset)
        if offset and wishes[offset - 1].topics and not wish.topics:
            until = day - timedelta(days=1)  # what saving an emptied list of topics stamps
        main, tail = [], []
        for number, (words, first, later) in enumerate(papers):
            offered = DAY + timedelta(days=first)
            if day == offered and later:
                tail.append(an_entry(number, *words))
            elif day == offered + timedelta(days=later):
                main.append(an_entry(number, *words, offered_on=offered if later else None))
        edition, kept = (
            an_edition(*main, tail=tail, day=day),
            wish.model_copy(update={"followed_until": until}),
        )
        own = for_reader(edition, kept)
        assert is_quiet_for(edition, kept) == own.is_quiet
        got.update(numbers(own))
    assert not [number for number, times in got.items() if times > 1]


def test_up_to_fifty_papers_are_fifty() -> None:
    """Whoever asks for more than is announced gets the best of the tail too, with sentences."""
    tail = [an_entry(100 + n, score=20 - n / 10).model_copy(update={"why": ""}) for n in range(60)]
    edition = an_edition(*(an_entry(n, score=90 - n) for n in range(25)), tail=tail)
    assert numbers(for_reader(edition, Preferences(limit=50))) == [*range(25), *range(100, 125)]
    assert all(entry.summary for entry in for_reader(edition, Preferences(limit=50)).entries[25:])
    assert numbers(for_reader(edition, Preferences(limit=25))) == list(range(25))


@pytest.mark.parametrize(("place", "is_new"), [(24, False), (49, False), (50, True), (None, False)])
def test_who_asked_for_fifty_papers_gets_later_only_what_was_beyond_them(
    place: int | None, is_new: bool
) -> None:
    """A paper of yesterday's tail that trends today is new to them only if it was not among the fifty."""
    entry = an_entry(1, offered_on=DAY - timedelta(days=1)).model_copy(update={"offered_place": place})
    assert for_reader(an_edition(entry), Preferences(limit=50)).is_quiet is not is_new
    assert not for_reader(an_edition(entry), Preferences(limit=15)).is_quiet


@given(st.lists(st.sampled_from([3, 15, 30, 50]), min_size=6, max_size=6), st.integers(26, 60))
@settings(max_examples=40)
def test_no_limit_brings_a_paper_twice_however_it_changes(limits: list[int], size: int) -> None:
    """Each day's tail trends a day later; the limit changes daily, as the form keeps it."""
    got: Counter[int] = Counter()
    wish, before = Preferences(limit=limits[0]), []
    for offset, limit in enumerate(limits):
        day = DAY + timedelta(days=offset)
        wish = changed(wish, wish.model_copy(update={"limit": limit}), day - timedelta(days=1))
        late = [
            entry.model_copy(
                update={"offered_on": day - timedelta(days=1), "offered_place": place, "why": "Why."}
            )
            for place, entry in before
        ]
        fresh = [an_entry(1000 * offset + n, score=50 - n / 10) for n in range(5)]
        tail = [an_entry(1000 * offset + 100 + n, score=20 - n / 10) for n in range(size)]
        before = list(enumerate(tail, len(late) + len(fresh)))
        got.update(numbers(for_reader(an_edition(*late, *fresh, tail=tail, day=day), wish)))
    assert not [number for number, times in got.items() if times > 1]


def test_a_week_after_going_back_to_everything_nothing_is_left_out() -> None:
    """No paper can come back from a tail by then."""
    late = DAY - STILL_REMEMBERED - timedelta(days=1)
    entry = an_entry(1, "agents", offered_on=late)
    assert numbers(for_reader(an_edition(entry), Preferences(followed_until=late))) == [1]
    fresh = an_entry(1, "agents", offered_on=DAY - timedelta(days=2))
    assert for_reader(an_edition(fresh), Preferences(followed_until=DAY - timedelta(days=1))).is_quiet


def test_a_paper_is_read_once_however_many_readers_follow_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither reader nor phrase costs another reading of the day's texts."""
    read: list[str] = []

    def counting(text: str) -> tuple[Clause, ...]:
        read.append(text)
        return clauses(text)

    monkeypatch.setattr(index, "clauses", counting)
    edition = an_edition(an_entry(1, "agents"), tail=[an_entry(number, "graphs") for number in range(2, 30)])
    for number in range(40):
        for_reader(edition, Preferences(topics=("graphs", f"topic {number}"), muted=(f"word {number}",)))
    assert len(read) == 2 * 29 + len(["graphs"]) + 2 * 40
