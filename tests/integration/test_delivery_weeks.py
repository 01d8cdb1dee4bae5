"""A month of editions and readers of every frequency, counted from the outbox and never from the ledger."""

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from builders import a_paper
from mailing import publish, subscribe

from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger import sweep
from newsletter.delivery.sending import batches
from newsletter.models import Edition, Entry, Preferences, Reason
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.kept.store import SubscriberStore

MONDAY = date(2026, 6, 1)
DAYS = tuple(MONDAY + timedelta(days=number) for number in range(29))
A_DAY = 8
"""Papers that an edition announces, one of which stood in the tail of two days before."""
WORDS = ("diffusion", "agents", "graphs")
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland")
_TITLE = re.compile(r"^Title: (Paper \d+ of \S+)", re.MULTILINE)


def points(day: date, number: int) -> int:
    """Return a paper's points: different within a week, and unlike the papers' order."""
    return (day.toordinal() * 31 + number * 17) % 61


def an_entry(day: date, number: int, *, is_announced: bool) -> Entry:
    """Return one of a day's papers; those of the tail come without sentences."""
    paper = a_paper(
        arxiv_id=f"{day:%y%m}.{day.day:02}{number:03}",
        title=f"Paper {number} of {day} on {WORDS[number % 3]}",
        abstract="A sentence of its abstract.",
        categories=("cs.LG",),
    )
    reason = Reason(term="words", points=points(day, number), detail="likely words")
    return Entry(
        paper=paper,
        score=25.0 + reason.points,
        reasons=(reason,),
        why="Likely words." if is_announced else "",
        summary=("A sentence of its abstract.",) if is_announced else (),
    )


def announced_on(day: date) -> list[tuple[date, int]]:
    """Return which papers a day announces: day of first sight, and number."""
    before = day - timedelta(days=2)
    return [(day, number) for number in range(A_DAY - 1)] + [(before, A_DAY)] * (before >= MONDAY)


def an_edition(day: date) -> Edition:
    """Return a day's edition without topics, so that its order is that of the points, and its tail."""
    announced = [
        an_entry(of, number, is_announced=True).model_copy(update={"offered_on": None if of == day else of})
        for of, number in announced_on(day)
    ]
    tail = [an_entry(day, number, is_announced=False) for number in range(A_DAY, 2 * A_DAY)]
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    return Edition(
        date=day,
        composed_at=at,
        cut_off=at,
        also=tuple(announced),
        tail=tuple(tail),
        candidates=2 * A_DAY,
    )


def deliver(store: Store, settings: Settings, now: datetime) -> None:
    """Do what the workers do at a moment."""
    cohorts.freeze_due(store, settings, now)
    for ref in sweep.open_batches(store):
        batches.send_batch(store, settings, ref.day, ref.batch, lambda: now)


def mails(settings: Settings) -> dict[int, list[list[str]]]:
    """Return the titles of each mail of each reader, in the order in which they were written."""
    found: dict[int, list[list[str]]] = defaultdict(list)
    files = sorted(settings.outbox_dir.glob("*/*.txt"), key=lambda path: path.stat().st_mtime_ns)
    for path in files:
        found[int(path.name.partition("-")[0])].append(_TITLE.findall(path.read_text("utf-8")))
    return found


def changed(wish: Preferences, random: Random, day: date) -> Preferences:
    """Return what a restless reader chooses next, kept as the form keeps it."""
    topics = random.choice([(), (), ("diffusion",), ("agents", "graphs")])
    return wish.model_copy(
        update={
            "frequency": random.choice(["daily", "weekdays", "weekly"]),
            "hour": random.randrange(24),
            "timezone": random.choice(ZONES),
            "topics": topics,
            "followed_until": day if wish.topics and not topics else wish.followed_until,
            "paused_until": day + timedelta(days=random.randrange(12)) if random.random() < 0.2 else None,
        }
    )


def best_of(days: tuple[date, ...], limit: int) -> set[str]:
    """Return the titles of the best announced papers of some days."""
    every = [
        (points(of, number), f"Paper {number} of {of}") for day in days for of, number in announced_on(day)
    ]
    return {title for _, title in sorted(every, reverse=True)[:limit]}


def live_through(store: Store, settings: Settings, restless: list[int]) -> None:
    """Let the month pass: an edition a day, deliveries every four hours, whims in between."""
    random, subscribers = Random(20261122), SubscriberStore(store)
    for day in DAYS:
        publish(store, an_edition(day))
        for one in restless[:10]:
            if random.random() < 0.1:  # a welcome took the newest edition
                keys.may_carry(store, day, one)
        cut_off = datetime(day.year, day.month, day.day, 6, 1, tzinfo=UTC)
        for hour in range(0, 24, 4):
            deliver(store, settings, cut_off + timedelta(hours=hour))
            for one in restless:
                reader = subscribers.get(one) if random.random() < 0.05 else None
                if reader is not None:
                    subscribers.save_preferences(one, changed(reader.preferences, random, day))


@pytest.mark.timeout(240)
def test_a_month_brings_every_reader_each_paper_once_and_weekly_readers_the_best(
    store: Store, settings: Settings
) -> None:
    """Steady readers get all that their rhythm promises; restless ones meet no paper twice."""
    rhythms = ("daily", "weekdays", "weekly")
    steady = subscribe(
        store,
        (f"steady{n}" for n in range(15)),
        lambda n: Preferences(
            frequency=rhythms[n % 3], hour=8, timezone=ZONES[n % 5], limit=10, format="text"
        ),
    )
    restless = subscribe(store, (f"restless{n}" for n in range(40)), Preferences(limit=50, format="text"))
    live_through(store, settings, restless)

    got = mails(settings)
    twice = {
        one: title
        for one in got
        for title, count in Counter(title for mail in got[one] for title in mail).items()
        if count > 1
    }
    assert twice == {}
    assert set(got) == {*steady, *restless}
    weeks = [DAYS[start : start + 7] for start in range(0, 28, 7)]
    for rhythm in range(3):
        sizes = [[len(mail) for mail in got[one]] for one in steady[rhythm::3]]
        if rhythms[rhythm] == "weekly":
            for one in steady[rhythm::3]:
                assert [set(mail) for mail in got[one]] == [best_of(week, 10) for week in weeks]
        elif rhythms[rhythm] == "daily":
            assert all(len(one) >= len(DAYS) - 1 and set(one) <= {A_DAY - 1, A_DAY} for one in sizes)
        else:
            assert all(
                set(one) <= {A_DAY - 1, A_DAY, 10} and one.count(10) == 4 and 20 <= len(one) <= 21
                for one in sizes
            )
