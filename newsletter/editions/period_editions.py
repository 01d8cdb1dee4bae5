"""Bind the editions of a period into one, freeze it once, and say when one is due.

`bind` may be called by anybody, at any time after the period's last edition
was frozen: what it makes depends on that edition's hour, not on the caller's.
"""

import logging
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from newsletter.editions import periods
from newsletter.editions.assembly.arrangement import DayTopic
from newsletter.editions.assembly.finding import Same
from newsletter.editions.periods import Period, PeriodInputs
from newsletter.editions.scoring.history import YOUNG, History, youth
from newsletter.editions.store import INPUTS_KEPT, EditionStore, deflated, entries_of, inflated
from newsletter.errors import NotFoundError
from newsletter.models import Edition, Entry, Section, Trend, Value
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.store import Key, Store, unavailable_store
from newsletter.topics.history import Appearance, trend_over
from newsletter.topics.store import HistoryStore, MemoryStore

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_MOST_READ = 2
"""Weeks kept as they were read: the one that is mailed, and the one before it."""
LOOKED_BACK = timedelta(days=35)
"""How long after its end a week or a month is still bound that an outage left out."""

BOUND = Key("edition:bound:{first}:{last}", "string", "the Edition of a period: base64 of deflated JSON")
BOUND_INPUTS = Key(
    "edition:bound:{first}:{last}:inputs",
    "string",
    "what it was made from: base64 of deflated JSON",
    INPUTS_KEPT,
)
KEYS = (BOUND, BOUND_INPUTS)


def bound(store: Store, period: Period) -> Edition | None:
    """Return the frozen edition of a period; its tail is what was announced and has no seat.

    One that is damaged is made again from its inputs; None where those are lost too.
    """
    with unavailable_store():
        found = store.get(BOUND(first=period.first, last=period.last))
    if not found:
        return None
    try:
        return _unpacked(str(found))
    except (ValueError, zlib.error):
        log.exception("the edition of %s to %s is damaged, and made again", period.first, period.last)
    try:
        return replay(store, period)
    except (NotFoundError, ValueError, zlib.error):
        return None


@lru_cache(maxsize=_MOST_READ)
def _unpacked(packed: str) -> Edition:
    """Read an edition once a process, so that what was found out about it can be kept beside it."""
    return Edition.model_validate_json(inflated(packed))


def bind(store: Store, settings: Settings, period: Period) -> Edition:
    """Return the edition of a period, freezing it where there is none yet.

    To be called once no further edition can fall into the period. Raises
    `NotFoundError` where none of its days has an edition; nothing else that is missing
    fails it, and what is done without is said.
    """
    if found := bound(store, period):
        return found
    inputs = read(store, settings, period)
    made = periods.bind(inputs)
    frozen, stored = (key(first=period.first, last=period.last) for key in KEYS)
    with unavailable_store(), store.pipeline() as pipe:
        pipe.set(frozen, _packed(made), nx=True)
        pipe.set(stored, _packed(inputs), nx=True, ex=BOUND_INPUTS.expires)
        pipe.execute()
    return bound(store, period) or made


def is_bound(store: Store, period: Period) -> bool:
    """Whether the edition of a period is frozen."""
    with unavailable_store():
        return bool(store.exists(BOUND(first=period.first, last=period.last)))


def so_far(store: Store, period: Period) -> Edition | None:
    """Return the best of a period that is not bound, by the scores of each morning; None without any edition.

    For looking at: it freezes nothing, and costs no more than reading its editions.
    """
    editions = EditionStore(store).of_days(period.days)
    if not editions:
        return None
    topics = [
        _found(slug, sections, sections[-1].trend.model_copy(update={"days": len(sections)}))
        for slug, sections in periods.charts(editions).items()
    ]
    entries = sum(len(edition.entries) for edition in editions)
    return periods.bind(
        PeriodInputs(
            period=period,
            editions=editions,
            topics=tuple(topics),
            candidates=max(_weighed(store, period), entries),
        )
    )


def replay(store: Store, period: Period) -> Edition:
    """Make the edition of a period again from its stored inputs; `NotFoundError` where they are not kept."""
    with unavailable_store():
        found = store.get(BOUND_INPUTS(first=period.first, last=period.last))
    if not found:
        raise NotFoundError(
            f"The inputs of {period.first} to {period.last} are not kept, so it cannot be made again. "
            "Days that have an edition: newsletter edition status"
        )
    return periods.bind(PeriodInputs.model_validate_json(inflated(str(found))))


def due(store: Store) -> Iterator[Period]:
    """Yield the weeks and months that are over and not bound yet, oldest first."""
    days = EditionStore(store).dates()
    recent = [day for day in reversed(days) if days[0] - day <= LOOKED_BACK]
    for period in dict.fromkeys(make(day) for day in recent for make in (Period.week_of, Period.month_of)):
        if period.last <= days[0] and not is_bound(store, period):
            yield period


def with_tails(store: Store, edition: Edition) -> Edition:
    """Add the tails of the days, while they are kept, for a reader who follows phrases.

    A paper that a tail held and a later day announced stands in the edition already.
    """
    assert edition.since is not None
    days = Period(first=edition.since, last=edition.date).days
    return _with_tails(Same(edition), days, EditionStore(store).tails(days))


@lru_cache(maxsize=_MOST_READ)
def _with_tails(same: Same, days: tuple[date, ...], tails: tuple[str | None, ...]) -> Edition:
    edition = same.edition
    known = {entry.paper.id for entry in (*edition.entries, *edition.tail)}
    found: dict[str, Entry] = {}
    for day, tail in zip(days, tails, strict=True):
        for entry in entries_of(tail):
            if entry.paper.id not in known:
                found.setdefault(entry.paper.id, entry.model_copy(update={"edition_of": day}))
    return edition.model_copy(update={"tail": (*edition.tail, *found.values())})


def read(store: Store, settings: Settings, period: Period) -> PeriodInputs:
    """Gather what the edition of a period is made from."""
    kept = EditionStore(store)
    editions = kept.of_days(period.days)
    if not editions:
        raise NotFoundError(
            f"No day from {period.first} to {period.last} has an edition. "
            "To see one that has: newsletter edition status"
        )
    papers = PaperStore(store).get(entry.paper.id for edition in editions for entry in edition.entries)
    history = _history(kept, editions[-1].date)
    return PeriodInputs(
        period=period,
        editions=editions,
        papers=papers,
        cohorts=None if history is None else history.cohorts,
        topics=_topics(store, period, editions),
        candidates=max(_weighed(store, period), sum(len(edition.entries) for edition in editions)),
        notes=tuple(_notes(period, editions, history)),
        seats=settings.papers,
    )


def _history(kept: EditionStore, day: date) -> History | None:
    """Return what the period's last edition knew of earlier days."""
    try:
        inputs = kept.inputs(day)
    except Exception:
        log.exception("the inputs of %s cannot be read", day)
        return None
    return inputs.history if inputs else None


def _topics(store: Store, period: Period, editions: tuple[Edition, ...]) -> tuple[DayTopic, ...]:
    """Return each topic that stood on a chart of the period, with what it did over the whole of it."""
    try:
        past = HistoryStore(store).before(period.last + _DAY)
        memory = MemoryStore(store).load()
    except Exception:
        log.exception("the topics of earlier days cannot be read")
        past, memory = (), None
    found = []
    for slug, sections in periods.charts(editions).items():
        last = sections[-1]
        trend = last.trend.model_copy(update={"days": len(sections)})
        if memory is not None and past:
            one = Appearance(slug, last.label, frozenset(), 0.0)
            trend = trend_over(one, past, period.first, memory, usual=_usual(sections))
        found.append(_found(slug, sections, trend))
    return tuple(found)


def _found(slug: str, sections: list[Section], trend: Trend) -> DayTopic:
    """Join a topic's sections of several days, under the name that it bore last."""
    return DayTopic(
        slug=slug,
        label=sections[-1].label,
        keywords=sections[-1].keywords,
        ids=tuple(entry.paper.id for section in sections for entry in section.entries),
        trend=trend,
    )


def _usual(sections: list[Section]) -> float | None:
    """Return a topic's usual share as it was before the period began to count itself as usual."""
    for section in sections:
        if section.trend.ratio and section.trend.series:
            return section.trend.series[-1] / section.trend.ratio
    return None


def _weighed(store: Store, period: Period) -> int:
    """Return how many papers were new in the period, as the history of topics has counted them."""
    return sum(day.papers for day in HistoryStore(store).before(period.last + _DAY) if day.date in period)


def _notes(period: Period, editions: tuple[Edition, ...], history: History | None) -> Iterator[str]:
    """Say how it was made, what it had to do without, and what its days said of themselves."""
    if history is None:
        yield "Votes could not be counted again, so each paper keeps the score of its day."
    else:
        yield (
            f"Votes and places are those known on {editions[-1].date}; "
            "words, authors and age count as on each paper's own day."
        )
        if history.is_short:
            yield youth(history)
    missing = sorted(set(period.days) - {edition.date for edition in editions})
    if missing:
        yield f"No edition was composed on {', '.join(map(str, missing))}."
    for edition in editions:
        yield from (f"{edition.date}: {note}" for note in edition.notes if not note.startswith(YOUNG))


def _packed(value: Value) -> str:
    return deflated(value.model_dump_json(exclude_defaults=True))
