"""The frozen editions as the site shows them: strangers' texts disarmed, each topic's days at hand."""

import threading
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote

from newsletter.editions import period_editions
from newsletter.editions.periods import Period
from newsletter.editions.store import EditionStore
from newsletter.models import Edition, Entry, Section
from newsletter.rendering.templating import untrusted
from newsletter.store import Store

TAIL_SHOWN = 60
"""Titles of the tail that a page shows, so that it stays light."""
_LONGEST_TITLE = 200
DAYS_REMEMBERED = 400
"""How far back topic pages go; older editions stay in the archive."""


class Appearance(NamedTuple):
    """A topic on one day's chart."""

    day: date
    place: int
    """1 is the top."""
    section: Section

    @property
    def path(self) -> str:
        """Where the topic's page stands on the site."""
        return topic_path(self.section.slug)


class ChartedTopic(NamedTuple):
    """What became of a topic, over the days that are remembered."""

    slug: str
    label: str
    """As it was called last."""
    first: date
    last: date
    days: int
    """On how many days it charted."""
    best: int
    """Its peak; 1 is the top."""

    @property
    def path(self) -> str:
        """Where its page stands on the site."""
        return topic_path(self.slug)


class Outline(NamedTuple):
    """An edition as a list names it."""

    day: date
    composed_at: datetime
    labels: tuple[str, ...]
    """Of its topics, the best first."""
    papers: int


class PublishedEditions:
    """Reads editions; remembers, a process, which topics stood on which day's chart."""

    def __init__(self) -> None:
        self._charts: dict[date, tuple[Section, ...]] = {}
        self._outlines: dict[date, Outline] = {}
        self._newest: Edition | None = None
        self._lock = threading.Lock()

    def dates(self, store: Store) -> tuple[date, ...]:
        """Return the days that have an edition, newest first."""
        return EditionStore(store).dates()

    def edition(self, store: Store, day: date) -> Edition | None:
        """Return the edition of a day, fit to be shown: of its tail the first `TAIL_SHOWN` titles."""
        with self._lock:
            kept = self._newest
        found = kept if kept and kept.date == day else EditionStore(store).get(day)
        if found is None:
            return None
        with self._lock:
            if self._newest is None or self._newest.date < day:
                self._newest = found
        return untrusted.disarmed(found).model_copy(update={"tail": _titles(found.tail)})

    def outlines(self, store: Store, days: Sequence[date]) -> tuple[Outline, ...]:
        """Return the editions of `days` that there are, in their order; each is read once a process.

        An outline takes some hundred bytes, so those of all years are kept.
        """
        with self._lock:
            known = {day: self._outlines[day] for day in days if day in self._outlines}
        read = EditionStore(store).of_days(day for day in days if day not in known)
        known |= {edition.date: _outlined(untrusted.disarmed(edition)) for edition in read}
        with self._lock:
            self._outlines |= known
        return tuple(known[day] for day in days if day in known)

    def is_bound(self, store: Store, period: Period) -> bool:
        """Whether the edition of a week or a month is frozen."""
        return period_editions.is_bound(store, period)

    def period(self, store: Store, period: Period) -> Edition | None:
        """Return the edition of a week or a month as it is mailed, or its best so far; fit to be shown."""
        found = period_editions.bound(store, period) or period_editions.so_far(store, period)
        return untrusted.disarmed(found.model_copy(update={"tail": ()})) if found else None

    def newest(self, store: Store) -> Edition | None:
        """Return the newest edition as it was frozen, with its tail; kept until there is a newer one."""
        day = next(iter(self.dates(store)), None)
        with self._lock:
            kept = self._newest
        if kept is None or kept.date != day:
            kept = EditionStore(store).get(day) if day else None
            with self._lock:
                self._newest = kept
        return kept

    def appearances(self, store: Store, slug: str) -> tuple[Appearance, ...]:
        """Return each day on which a topic charted, newest first."""
        return tuple(
            Appearance(day, place, section)
            for day in self.dates(store)[:DAYS_REMEMBERED]
            for place, section in enumerate(self._chart(store, day), 1)
            if section.slug == slug
        )

    def charted_topics(self, store: Store) -> tuple[ChartedTopic, ...]:
        """Return every topic of the remembered days: those seen last first, then by their place that day."""
        found: dict[str, ChartedTopic] = {}
        for day in self.dates(store)[:DAYS_REMEMBERED]:
            for place, section in enumerate(self._chart(store, day), 1):
                known = found.get(section.slug) or ChartedTopic(
                    section.slug, section.label, day, day, 0, place
                )
                found[section.slug] = known._replace(
                    first=day, days=known.days + 1, best=min(known.best, place)
                )
        return tuple(found.values())

    def _chart(self, store: Store, day: date) -> tuple[Section, ...]:
        with self._lock:
            if day in self._charts:
                return self._charts[day]
        edition = self.edition(store, day)
        if edition is None:
            return ()
        chart = tuple(_outline(section) for section in edition.sections)
        with self._lock:
            self._charts[day] = chart
            while len(self._charts) > DAYS_REMEMBERED:
                del self._charts[min(self._charts)]
        return chart


def topic_path(slug: str) -> str:
    """Return where a topic's page stands on the site.

    >>> topic_path("流れ/x")
    '/topics/%E6%B5%81%E3%82%8C%2Fx'
    """
    return f"/topics/{quote(slug, safe='')}"


def _titles(tail: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(_titled(entry) for entry in tail[:TAIL_SHOWN]) + tail[TAIL_SHOWN:]


def _titled(entry: Entry) -> Entry:
    title = untrusted.line(entry.paper.title, _LONGEST_TITLE) or "Untitled"
    return entry.model_copy(update={"paper": entry.paper.model_copy(update={"title": title})})


def _outlined(edition: Edition) -> Outline:
    labels = tuple(section.label for section in edition.sections)
    return Outline(edition.date, edition.composed_at, labels, len(edition.entries))


def _outline(section: Section) -> Section:
    """Return a section as light as a list of titles needs it."""
    entries = tuple(
        Entry(paper=entry.paper.model_copy(update={"abstract": "", "mentions": ()}), score=entry.score)
        for entry in section.entries
    )
    return section.model_copy(update={"entries": entries})
