"""The memory and the history of topics, on a real server."""

from datetime import date

import pytest
from builders import a_paper

from newsletter.topics.history import Appearance
from newsletter.topics.memory.memory import Memory
from newsletter.topics.store import HISTORY, MEMORY, HistoryStore, MemoryStore

DAY = date(2026, 6, 10)
PAPERS = tuple(
    a_paper(id=f"p{n}", title=f"Speculative decoding, part {n}", abstract="Speculative decoding is fast.")
    for n in range(5)
)


def stored(store):
    """Return the memory's bytes."""
    return store.execute_command("GET", MEMORY(), NEVER_DECODE=True)


def test_a_new_installation_starts_from_what_was_shipped(store):
    """Without a stored memory, the shipped one is used."""
    assert MemoryStore(store).load() is Memory.shipped()


def test_a_learnt_day_is_there_after_a_restart(store):
    """What a day taught is read back by another process's store."""
    learnt = MemoryStore(store).learn(DAY, PAPERS)
    again = MemoryStore(store).load()
    assert again.papers == learnt.papers == Memory.shipped().papers + 5
    assert again.holders["specul decod"] == Memory.shipped().holders.get("specul decod", 0) + 5


def test_learning_a_day_twice_counts_it_once(store):
    """A retried task changes nothing."""
    MemoryStore(store).learn(DAY, PAPERS)
    once = stored(store)
    MemoryStore(store).learn(DAY, PAPERS)
    assert store.execute_command("GET", MEMORY(), NEVER_DECODE=True) == once


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"nonsense",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data.replace(b"newsletter-memory 2 ", b"newsletter-memory 1 ", 1),
    ],
    ids=["empty", "something else", "cut off", "one bit flipped", "older version"],
)
def test_a_damaged_memory_starts_anew_and_says_so(store, caplog, damage):
    """Composing never fails for a memory: what was shipped is used, and the log says what to do."""
    MemoryStore(store).learn(DAY, PAPERS)
    data = store.execute_command("GET", MEMORY(), NEVER_DECODE=True)
    store.set(MEMORY(), damage(data))
    assert MemoryStore(store).load() is Memory.shipped()
    assert "newsletter memory rebuild" in caplog.text


def test_rebuilding_gives_the_same_bytes_as_learning_day_by_day(store):
    """The memory is derived: the stored papers give it again."""
    days = {date(2026, 6, 10): PAPERS[:2], date(2026, 6, 11): PAPERS[2:]}
    for day in sorted(days):
        MemoryStore(store).learn(day, days[day])
    learnt = stored(store)
    store.set(MEMORY(), b"nonsense")
    assert MemoryStore(store).rebuild(sorted(days.items()))
    assert stored(store) == learnt


def test_a_day_learnt_while_the_memory_is_rebuilt_is_not_lost(store):
    """The rebuild notices, writes nothing and says so."""

    def days():
        yield DAY, PAPERS
        MemoryStore(store).learn(date(2026, 6, 11), PAPERS)

    assert MemoryStore(store).rebuild(days()) is None
    assert MemoryStore(store).load().knows(date(2026, 6, 11))


def test_history_gives_back_the_days_before_in_order(store):
    """What was recorded is read back, oldest first, without the day asked for."""
    history = HistoryStore(store)
    topic = Appearance("speculative-decoding", "speculative decoding", frozenset({"specul", "decod"}), 0.05)
    history.record(date(2026, 6, 11), 100, [topic])
    history.record(date(2026, 6, 10), 80, [])
    history.record(date(2026, 6, 12), 90, [topic])
    past = history.before(date(2026, 6, 12))
    assert [(day.date, day.papers, day.topics) for day in past] == [
        (date(2026, 6, 10), 80, ()),
        (date(2026, 6, 11), 100, (topic,)),
    ]


def test_an_unreadable_day_is_left_out_of_the_history(store, caplog):
    """One damaged entry costs its own day and is logged."""
    history = HistoryStore(store)
    history.record(date(2026, 6, 10), 80, [])
    store.hset(HISTORY(), "2026-06-09", "[3, nonsense")
    assert [day.date for day in history.before(date(2026, 6, 12))] == [date(2026, 6, 10)]
    assert "2026-06-09" in caplog.text
