"""An edition is composed from what is stored, once, and can be made again."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from builders import a_sighting
from processes import run

from newsletter.editions import compose, for_reader
from newsletter.editions.backtest import backtest
from newsletter.editions.store import (
    ANNOUNCED,
    BEGUN,
    DATES,
    FROZEN,
    INPUTS,
    LEARNT,
    OFFERED,
    TAIL,
    EditionStore,
)
from newsletter.editions.training_days import LESSON, Lessons
from newsletter.errors import NotFoundError
from newsletter.models import Edition, Preferences, Source, Topic
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.sources.poll_state import PollState
from newsletter.sources.store import MEMOS, SourceStore
from newsletter.store import Store
from newsletter.topics.store import MEMORY, HistoryStore, MemoryStore

DAY = date(2026, 6, 10)
MORNING = datetime(2026, 6, 10, 6, tzinfo=UTC)
FIELDS = (
    "speculative decoding of language models",
    "gaussian splatting for scenes",
    "protein folding by diffusion",
)


def publish(store: Store, day: date = DAY, count: int = 40, start: int = 0) -> None:
    """Let arXiv announce papers an hour before the cut-off."""
    at = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    PaperStore(store).absorb(
        a_sighting(
            arxiv_id=f"{day:%y%m}.{start + n:05}",
            title=f"Study {start + n} of {FIELDS[n % 3]}",
            abstract=f"We propose study {n} of {FIELDS[n % 3]}. Results show that it works.",
            authors=(f"Author {n}",),
            categories=("cs.LG",),
            observed_at=at,
            announced=at,
            announce_type="new",
        )
        for n in range(count)
    )


def vote(store: Store, number: str, votes: int, at: datetime) -> None:
    """Let a page show a paper with votes."""
    PaperStore(store).absorb(
        [
            a_sighting(
                source="huggingface",
                url=f"https://huggingface.co/papers/{number}",
                arxiv_id=number,
                title=f"Study {int(number[5:])} of {FIELDS[int(number[5:]) % 3]}",
                observed_at=at,
                votes=votes,
            )
        ]
    )


def ids(edition: Edition) -> set[str]:
    """The ids announced."""
    return {entry.paper.id for entry in edition.entries}


def test_a_day_is_composed_once(store: Store, settings: Settings) -> None:
    """The second call returns the first edition, whatever came meanwhile."""
    publish(store)
    first = compose.build(store, settings, DAY, MORNING)
    publish(store, start=500)
    assert compose.build(store, settings, DAY, MORNING + timedelta(minutes=5)) == first
    assert EditionStore(store).get(DAY) == first
    assert len(ids(first)) == settings.papers
    assert len(first.tail) == 40 - settings.papers
    assert first.sections


def test_under_a_heading_stand_only_papers_that_hold_it(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However generously papers were grouped, those that do not hold the label are announced elsewhere."""
    publish(store, count=24)
    everybody = Topic(
        label="gaussian splatting", papers=compose.read(store, settings, DAY, MORNING).candidates
    )
    monkeypatch.setattr(compose, "find_topics", lambda *_: (everybody,))
    monkeypatch.setattr(compose, "find_subjects", lambda *_: ())
    edition = compose.build(store, settings, DAY, MORNING)
    headed = [entry.paper.title for section in edition.sections for entry in section.entries]
    assert len(headed) == 8
    assert all("gaussian splatting" in title for title in headed)
    assert len(ids(edition)) == 24


def test_nothing_is_announced_twice_over_days(store: Store, settings: Settings) -> None:
    """Four days, one silent, old papers coming by again: each id once, and the silent day is quiet."""
    editions = []
    for offset in range(4):
        day = DAY + timedelta(days=offset)
        if offset != 2:
            publish(store, day, start=30 * offset)
        publish(store, DAY)
        editions.append(compose.build(store, settings, day, MORNING + timedelta(days=offset)))
    announced = [entry.paper.id for edition in editions for entry in edition.entries]
    assert len(set(announced)) == len(announced)
    tails = [entry.paper.id for edition in editions for entry in edition.tail]
    assert len(set(tails)) == len(tails)
    assert [edition.is_quiet for edition in editions] == [False, False, True, False]


def test_a_paper_of_the_tail_that_readers_like_later_is_announced_then(
    store: Store, settings: Settings
) -> None:
    """Followers had it from the tail and do not get it again; the others get it."""
    publish(store)
    for number in range(20):
        vote(store, f"2606.{number:05}", 1, MORNING - timedelta(minutes=30))
    first = compose.build(store, settings, DAY, MORNING)
    late = first.tail[0].paper
    vote(store, late.arxiv_id or "", 90, MORNING + timedelta(hours=20))
    second = compose.build(store, settings, DAY + timedelta(days=1), MORNING + timedelta(days=1))
    assert ids(second) == {late.id}
    follower = Preferences(topics=("study",), limit=50)
    assert late.id in ids(for_reader(first, follower))
    assert for_reader(second, follower).is_quiet
    assert ids(for_reader(second, Preferences())) == {late.id}


def test_replay_makes_the_same_bytes_after_the_papers_have_changed(store: Store, settings: Settings) -> None:
    """The inputs are kept, so later votes, other papers and a richer memory change nothing."""
    publish(store)
    first = compose.build(store, settings, DAY, MORNING)
    vote(store, "2606.00001", 99, MORNING + timedelta(hours=3))
    publish(store, DAY + timedelta(days=1), start=100)
    compose.build(store, settings, DAY + timedelta(days=1), MORNING + timedelta(days=1))
    assert compose.replay(store, DAY).model_dump_json() == first.model_dump_json()
    with pytest.raises(NotFoundError, match="newsletter edition"):
        compose.replay(store, DAY - timedelta(days=1))


def test_a_preview_changes_nothing(store: Store, settings: Settings) -> None:
    """It shows what would be frozen, and what is frozen afterwards is the same."""
    publish(store)
    before = sorted(store.scan_iter())
    seen = compose.preview(store, settings, DAY, MORNING)
    assert sorted(store.scan_iter()) == before
    assert compose.build(store, settings, DAY, MORNING) == seen


def test_composers_that_race_make_one_edition(store: Store, settings: Settings) -> None:
    """Four at once, over two days: each day one edition, no paper in both."""
    publish(store, count=60)
    made: list[Edition] = []
    barrier = threading.Barrier(4)

    def composer(day: date, at: datetime) -> None:
        barrier.wait()
        made.append(compose.build(store, settings, day, at))

    tomorrow = (DAY + timedelta(days=1), MORNING + timedelta(days=1))
    threads = [threading.Thread(target=composer, args=args) for args in [(DAY, MORNING), tomorrow] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    by_day = {edition.date: edition for edition in made}
    assert len(made) == 4
    assert all(by_day[edition.date] == edition for edition in made)
    assert not ids(by_day[DAY]) & ids(by_day[tomorrow[0]])


def test_whoever_composed_with_older_marks_must_look_again(store: Store, settings: Settings) -> None:
    """Freezing refuses when another edition was frozen since, and writes nothing."""
    publish(store)
    editions = EditionStore(store)
    stale = compose.read(store, settings, DAY + timedelta(days=1), MORNING)
    compose.build(store, settings, DAY, MORNING)
    before = {name: store.dump(name) for name in store.scan_iter()}
    assert not editions.freeze(compose.arrange(stale), stale, after=None)
    assert {name: store.dump(name) for name in store.scan_iter()} == before


def test_a_day_that_a_crash_left_unlearnt_is_learnt_by_the_next_call(
    store: Store, settings: Settings
) -> None:
    """Killed between freezing and learning, the day is made up for, once."""
    publish(store)
    inputs = compose.read(store, settings, DAY, MORNING)
    assert EditionStore(store).freeze(compose.arrange(inputs), inputs, after=None)
    assert not MemoryStore(store).load().knows(DAY)
    compose.build(store, settings, DAY, MORNING)
    assert MemoryStore(store).load().knows(DAY)
    days = MemoryStore(store).load().days
    compose.build(store, settings, DAY, MORNING)
    assert MemoryStore(store).load().days == days
    assert [past.date for past in HistoryStore(store).before(DAY + timedelta(days=1))] == [DAY]


def test_a_corrupt_memory_is_repaired_by_the_command_that_its_error_names(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Composing goes on with what was shipped; `memory rebuild` gives the bytes that two days had taught."""
    environ = {"REDIS_URL": settings.redis_url.get_secret_value()}
    for offset in range(2):
        publish(store, DAY + timedelta(days=offset), start=40 * offset)
        compose.build(store, settings, DAY + timedelta(days=offset), MORNING + timedelta(days=offset))
    taught = store.dump(MEMORY())
    store.set(MEMORY(), "nonsense")
    damaged = run(tmp_path, "memory", "show", **environ)
    assert damaged.returncode == 1
    assert "newsletter memory rebuild" in damaged.stderr
    assert compose.preview(store, settings, DAY + timedelta(days=2), MORNING + timedelta(days=2))
    assert "learnt 2 days" in run(tmp_path, "memory", "rebuild", **environ).stdout
    assert store.dump(MEMORY()) == taught
    assert "2026-06-11" in run(tmp_path, "memory", "show", **environ).stdout


def test_topics_that_fail_do_not_fail_the_day(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The papers go out under “Also today”, and the edition says why."""

    def broken(*_: object) -> None:
        raise ValueError("no topics today")

    publish(store)
    monkeypatch.setattr(compose, "find_topics", broken)
    edition = compose.build(store, settings, DAY, MORNING)
    assert len(edition.also) == settings.papers
    assert any("grouped by topic" in note for note in edition.notes)


class KilledError(BaseException):
    """What the end of a process looks like from within."""


def test_a_day_at_which_two_composers_died_is_composed_without_topics(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a day that takes longer than a worker may would be begun for ever, and never end."""

    def killed(*_: object) -> None:
        raise KilledError

    publish(store)
    monkeypatch.setattr(compose, "find_topics", killed)
    for _ in range(2):
        with pytest.raises(KilledError):
            compose.build(store, settings, DAY, MORNING)
    edition = compose.build(store, settings, DAY, MORNING)
    assert len(edition.also) == settings.papers
    assert any("grouped by topic" in note for note in edition.notes)
    assert compose.replay(store, DAY) == edition


def test_composing_says_in_the_log_how_long_each_part_took(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """So that a long day is seen to go on, and where its time goes."""
    publish(store)
    caplog.set_level("INFO")
    compose.build(store, settings, DAY, MORNING)
    said = [record.getMessage().split(" seconds=")[0] for record in caplog.records if "stage=" in record.msg]
    assert said == [
        f"composing day={DAY} stage={name}" for name in ("candidates", "topics", "arrange", "learn")
    ]


def test_a_history_that_cannot_be_read_does_not_fail_the_day(store: Store, settings: Settings) -> None:
    """A damaged lesson costs the order, not the mail."""
    publish(store)
    store.set(LESSON(day=DAY - timedelta(days=20)), "not a lesson")
    edition = compose.build(store, settings, DAY, MORNING)
    assert not edition.is_quiet
    assert any("Earlier days could not be read" in note for note in edition.notes)


def test_coverage_names_each_source_and_a_late_one(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """What came from it is counted; one that was never polled is told apart."""
    sources = (
        Source(name="arxiv-cs-lg", url="https://rss.example/cs.LG"),
        Source(name="late", url="https://late.example/feed"),
    )
    publish(store)
    edition = compose.build(store, make_settings(sources=sources), DAY, MORNING)
    assert [(one.source, one.papers, one.state) for one in edition.coverage] == [
        ("arxiv-cs-lg", 40, "unknown"),
        ("late", 0, "unknown"),
    ]


def remember(store: Store, source: Source, checked_at: datetime, **facts: object) -> None:
    """Let a source have been asked."""
    store.hset(MEMOS(), source.name, PollState(url=source.url, checked_at=checked_at, **facts).dumps())


def test_readers_are_told_what_is_wrong_with_a_source_and_operators_what_to_do(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """The coverage line gives the fact; the remedy stands in `newsletter sources list` alone."""
    source = Source(name="one", url="https://one.example/feed")
    fault = "one.example has no address. See to this machine's DNS, or correct the source's url."
    remember(store, source, MORNING, failures=3, failing_since=MORNING, fault=fault)
    (one,) = compose.build(store, make_settings(sources=(source,)), DAY, MORNING).coverage
    assert (one.state, one.note) == ("failing", "one.example has no address")
    assert SourceStore(store).health((source,), MORNING)[0].reason == fault


def test_a_day_is_due_after_its_cut_off_when_sources_were_asked(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """Not before the cut-off, not before the sources were asked, and not once it is frozen."""
    one, two = (Source(name=name, url=f"https://{name}.example/feed") for name in ("one", "two"))
    settings = make_settings(sources=(one, two))

    def due(minutes: int) -> date | None:
        return compose.due(store, settings, MORNING + timedelta(minutes=minutes))

    remember(store, one, MORNING - timedelta(hours=9))
    assert due(-1) is None
    assert due(180) is None  # slept through the cut-off: the sources come first
    remember(store, one, MORNING + timedelta(minutes=180))
    assert due(181) is None
    assert due(190) == DAY  # the other one hangs
    remember(store, two, MORNING - timedelta(hours=3), due_at=MORNING + timedelta(hours=5))
    assert due(181) == DAY  # a failing source is left alone for hours
    publish(store)
    compose.build(store, settings, DAY, MORNING + timedelta(minutes=182))
    assert due(183) is None


def test_the_cut_off_is_local(store: Store, make_settings: Callable[..., Settings]) -> None:
    """Six in Tokyo is nine in the evening of the day before in UTC."""
    settings = make_settings(sources=(), timezone="Asia/Tokyo")
    assert compose.due(store, settings, datetime(2026, 6, 9, 20, 59, tzinfo=UTC)) is None
    assert compose.due(store, settings, datetime(2026, 6, 9, 21, 0, tzinfo=UTC)) == DAY


def test_a_day_that_a_change_of_zone_brings_early_waits_until_its_sources_can_have_spoken(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """From UTC to Auckland at 20:55: tomorrow's cut-off has passed there, and today's papers are out."""
    publish(store)
    compose.build(store, make_settings(sources=()), DAY, MORNING)
    moved, tomorrow = make_settings(sources=(), timezone="Pacific/Auckland"), DAY + timedelta(days=1)
    change = datetime(2026, 6, 10, 20, 55, tzinfo=UTC)
    assert compose.due(store, moved, change) is None
    assert compose.overdue(store, moved, change, None) is None
    later = datetime(2026, 6, 11, 2, tzinfo=UTC)
    assert compose.due(store, moved, later) == tomorrow
    assert compose.overdue(store, moved, later + timedelta(minutes=61), None) == tomorrow


def test_settled_days_are_kept_as_lessons_and_teach_the_same(store: Store) -> None:
    """A lesson read back is the lesson that was made from the papers."""
    for back in range(1, 13):
        publish(store, DAY - timedelta(days=back), count=5, start=10 * back)
    vote(store, "2606.00011", 7, MORNING - timedelta(hours=2))
    lessons = Lessons(store)
    made = lessons.history(DAY, MORNING)
    assert store.exists(LESSON(day=DAY - timedelta(days=12)))
    assert 60 * 86_400 < store.ttl(LESSON(day=DAY - timedelta(days=12))) <= 75 * 86_400
    assert not store.exists(LESSON(day=DAY - timedelta(days=2)))
    assert lessons.history(DAY, MORNING) == made
    assert made.days == 12


def test_every_key_that_composing_writes_is_declared(store: Store, settings: Settings) -> None:
    """Nothing lies about under a name that no table knows, and what is not for ever expires."""
    publish(store)
    compose.build(store, settings, DAY, MORNING)
    names = [name for name in store.scan_iter() if name.startswith("edition:")]
    declared = (FROZEN, TAIL, INPUTS, DATES, ANNOUNCED, OFFERED, LEARNT, LESSON, BEGUN)
    assert all(any(key.matches(name) for key in declared) for name in names)
    assert store.ttl(FROZEN(day=DAY)) == store.ttl(ANNOUNCED()) == -1
    assert store.ttl(TAIL(day=DAY)) > 0
    assert store.ttl(INPUTS(day=DAY)) > 0
    assert store.ttl(BEGUN(day=DAY)) > 0


def test_a_backtest_reads_the_stored_mornings(store: Store, settings: Settings) -> None:
    """Each day's score is held against what came of its papers; a day without votes is left out."""
    publish(store)
    vote(store, "2606.00003", 4, MORNING - timedelta(minutes=30))
    compose.build(store, settings, DAY, MORNING)
    vote(store, "2606.00003", 80, MORNING + timedelta(days=2))
    compose.build(store, settings, DAY + timedelta(days=3), MORNING + timedelta(days=3))
    (judged,) = backtest(store, DAY, DAY + timedelta(days=3))
    assert (judged.day, judged.papers, judged.voted) == (DAY, 40, 1)
    assert judged.ours.ndcg == judged.votes.ndcg == 1
    assert backtest(store, DAY + timedelta(days=1), DAY + timedelta(days=2)) == ()


def test_a_poll_that_was_under_way_while_the_edition_was_frozen_loses_nothing(
    store: Store, settings: Settings
) -> None:
    """Papers seen before the cut-off but stored after it come the next day."""
    publish(store, count=3)
    compose.build(store, settings, DAY, MORNING)
    publish(store, count=3, start=50)
    second = compose.build(store, settings, DAY + timedelta(days=1), MORNING + timedelta(days=1))
    assert ids(second) == {f"arxiv:2606.{number:05}" for number in (50, 51, 52)}


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        pytest.param("The same title", "The same abstract.", id="all alike"),
        pytest.param("Paper", "", id="no abstracts"),
        pytest.param("一种新方法", "我们提出一种方法。结果很好。", id="Chinese"),
        pytest.param("طريقة جديدة", "نقترح طريقة جديدة. النتائج جيدة.", id="Arabic"),
        pytest.param("Long", "word. " * 50_000, id="huge abstracts"),
    ],
)
def test_odd_papers_make_an_edition(store: Store, settings: Settings, title: str, abstract: str) -> None:
    """Whatever the sources send, the day has its edition, and it can be replayed."""
    PaperStore(store).absorb(
        a_sighting(
            arxiv_id=f"2606.{number:05}",
            title=title,
            abstract=abstract,
            observed_at=MORNING - timedelta(hours=1),
        )
        for number in range(12)
    )
    edition = compose.build(store, settings, DAY, MORNING)
    assert len(edition.entries) == 12
    assert edition.notes[0].startswith("Still learning")
    assert compose.replay(store, DAY) == edition


def forget_papers(store: Store) -> None:
    """Let what is kept of papers expire, as it does after ninety days."""
    for key in list(store.scan_iter("paper*")):
        store.delete(key)


def test_a_paper_is_not_announced_again_under_a_name_that_it_got_later(
    store: Store, settings: Settings
) -> None:
    """Its second version names the journal's DOI; months later the journal lists it."""
    publish(store, count=1)
    first = compose.build(store, settings, DAY, MORNING)
    again = a_sighting(
        arxiv_id="2606.00000",
        title=f"Study 0 of {FIELDS[0]}",
        doi="10.5555/journal.1",
        version=2,
        announce_type="replace",
        observed_at=MORNING + timedelta(hours=20),
    )
    PaperStore(store).absorb([again])
    compose.build(store, settings, DAY + timedelta(days=1), MORNING + timedelta(days=1))
    forget_papers(store)
    later = MORNING + timedelta(days=100)
    journal = {"source": "journal", "url": "https://doi.org/10.5555/journal.1", "doi": "10.5555/journal.1"}
    listed = a_sighting(
        **journal, arxiv_id=None, title="Study 0, as printed", observed_at=later, announced=later
    )
    PaperStore(store).absorb([listed])
    assert ids(first) == {"arxiv:2606.00000"}
    assert compose.build(store, settings, DAY + timedelta(days=100), later).is_quiet


def test_a_paper_of_a_tail_never_comes_back_because_it_was_forgotten(
    store: Store, settings: Settings
) -> None:
    """A blog without dates lists all it ever wrote, for ever, and now and then with another teaser."""

    def list_all(at: datetime, teaser: str) -> None:
        PaperStore(store).absorb(
            a_sighting(
                source="blog",
                url=f"https://blog.example/{number}",
                arxiv_id=None,
                title=f"Post {number} about {FIELDS[number % 3]}",
                abstract=teaser,
                observed_at=at,
            )
            for number in range(40)
        )

    list_all(MORNING - timedelta(hours=1), "We wrote it.")
    first = compose.build(store, settings, DAY, MORNING)
    assert first.tail
    forget_papers(store)
    later = MORNING + timedelta(days=100)
    list_all(later - timedelta(hours=1), "We wrote it long ago.")
    second = compose.build(store, settings, DAY + timedelta(days=100), later)
    assert second.is_quiet
    assert not second.tail
