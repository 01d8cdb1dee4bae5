"""What earlier days teach the score, kept a day at a time so that a morning reads weeks in a second.

A lesson is derived from stored papers and can be made again from them: losing
one loses nothing while the papers are kept.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from newsletter.editions.scoring.history import PAGES, Example, History, example_of, learn
from newsletter.editions.store import deflated, inflated
from newsletter.papers.store import PaperStore
from newsletter.store import Key, Store, unavailable_store

STILL_MOVING = timedelta(days=8)
"""Days whose votes may still grow; older lessons are not looked at again."""
LOOKED_BACK = timedelta(days=60)
"""Within which 28 publishing days are found even over Christmas."""
MOST_UNLIKED = 1_000
"""Papers without votes that one day teaches, spread evenly over the day's; more only cost time."""

LESSON = Key(
    "edition:lesson:{day}",
    "string",
    "a day's papers for the score: base64 of deflated JSON",
    timedelta(days=75),
)
KEYS = (LESSON,)


class Lessons:
    """The examples of earlier days."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._papers = PaperStore(store)

    def history(self, before: date, now: datetime, *, without: Collection[str] = ()) -> History:
        """Return what the publishing days before `before` teach, less the papers `without`."""
        return learn(example for example in self._examples(before, now) if example.id not in without)

    def _examples(self, before: date, now: datetime) -> Iterator[Example]:
        found = 0
        for back in range(1, LOOKED_BACK.days):
            day = before - timedelta(days=back)
            examples = self._lesson(day, is_settled=now.date() - day > STILL_MOVING)
            yield from examples
            found += bool(examples)
            if found == PAGES:
                return

    def _lesson(self, day: date, *, is_settled: bool) -> list[Example]:
        with unavailable_store():
            kept = self._store.get(LESSON(day=day)) if is_settled else None
        if kept:
            return [_example(row, day) for row in json.loads(inflated(str(kept)))]
        start = datetime.combine(day, time(), UTC)
        examples = _spread(
            example_of(paper) for paper in self._papers.recent(start, start + timedelta(days=1))
        )
        if is_settled and examples:
            rows = json.dumps([_row(example) for example in examples], ensure_ascii=False)
            with unavailable_store():
                self._store.set(LESSON(day=day), deflated(rows), ex=LESSON.expires)
        return examples


def _spread(examples: Iterable[Example]) -> list[Example]:
    """Return a day's examples, those without votes thinned evenly to what one day may teach."""
    ordered = sorted(examples, key=lambda example: example.id)
    liked = [example for example in ordered if example.curves]
    others = [example for example in ordered if not example.curves]
    step = max(1, -(-len(others) // MOST_UNLIKED))
    return liked + others[::step]


def _row(example: Example) -> list[object]:
    return [example.id, example.title, example.abstract, example.authors, example.curves]


def _example(row: list[Any], day: date) -> Example:
    name, title, abstract, authors, curves = row
    return Example(
        name,
        day,
        title,
        abstract,
        tuple(authors),
        {voice: tuple((hours, votes) for hours, votes in curve) for voice, curve in curves.items()},
    )
