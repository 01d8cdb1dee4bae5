"""Compose the day's edition from what is stored, freeze it once, and learn from it.

`build` may be called at any time, by anybody, as often as wanted: the day has
one edition. What is read is kept as `Inputs`, so that `replay` makes the same
edition again.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from newsletter.editions import overdue as punctuality
from newsletter.editions.assembly.arrangement import DayTopic, Inputs, arrange
from newsletter.editions.assembly.candidates import WINDOW, is_candidate, was_forgotten
from newsletter.editions.assembly.selection import best_topics
from newsletter.editions.scoring.history import History, youth
from newsletter.editions.scoring.trending import rank
from newsletter.editions.stages import stage
from newsletter.editions.store import EditionStore
from newsletter.editions.training_days import Lessons
from newsletter.errors import NotFoundError, TransientError
from newsletter.models import Coverage, Edition, Paper, Scored, Source
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.poll_state import PollState
from newsletter.sources.store import SourceHealth, SourceStore
from newsletter.store import Store
from newsletter.topics import Memory, as_mailed, beside, find_subjects, find_topics
from newsletter.topics.history import Appearance, appearances, trend
from newsletter.topics.store import HistoryStore, MemoryStore

log = logging.getLogger(__name__)

_IN_FLIGHT = timedelta(hours=1)
"""A poll that was under way while the last edition was frozen stored its papers afterwards."""
_ATTEMPTS = 5
_UNGROUPED = "Today's papers could not be grouped by topic."
_TRIES = 2
"""How often the whole of a day's work is tried; a worker is killed when it takes too long."""
_PATIENCE = timedelta(minutes=10)
"""How long the first source that answered waits for the others."""


def build(store: Store, settings: Settings, day: date, now: datetime) -> Edition:
    """Return the edition of `day`, composing and freezing it where there is none.

    One transaction writes the edition, its inputs and the marks of its papers,
    so a crash leaves all or nothing, and of two composers one wins and both
    return its edition. The memory learns the day afterwards; a day that a
    crash left unlearnt is made up for by the next call. Raises
    `StoreUnavailableError`, and `TransientError` where others keep freezing
    editions; nothing about papers or topics fails it. A day at which two
    composers died is composed without topics, which are most of the work.
    """
    editions = EditionStore(store)
    is_short = False
    for attempt in range(_ATTEMPTS):
        if frozen := editions.get(day):
            _learn(store, editions)
            return frozen
        if not attempt:
            is_short = _is_short(editions.begin(day), day)
        if not is_short:
            _learn(store, editions)
        _note_names(store, now)
        newest = next(iter(editions.dates()), None)
        inputs = read(store, settings, day, now, is_short=is_short)
        with stage(day, "arrange"):
            edition = arrange(inputs)
        if editions.freeze(edition, inputs, after=newest):
            _learn(store, editions)
            return edition
    raise TransientError("Other composers keep freezing editions. Run it again: newsletter edition build")


def _is_short(begun: int, day: date) -> bool:
    """Whether so many composers began a day and did not end it that this one leaves out what takes long."""
    if begun <= _TRIES:
        return False
    log.error("composing day=%s was begun %d times and never ended; this time without topics", day, begun - 1)
    return True


def preview(store: Store, settings: Settings, day: date, now: datetime) -> Edition:
    """Return what `build` would freeze now (or has frozen), and change nothing."""
    return EditionStore(store).get(day) or arrange(read(store, settings, day, now))


def replay(store: Store, day: date) -> Edition:
    """Make the edition of `day` again from its stored inputs.

    Raises `NotFoundError` where they are not kept (any more).
    """
    inputs = EditionStore(store).inputs(day)
    if inputs is None:
        raise NotFoundError(
            f"The inputs of {day} are not kept. Days that have an edition: newsletter edition status"
        )
    return arrange(inputs)


def awaited(store: Store, settings: Settings, now: datetime) -> date | None:
    """Return today's date in the edition's zone where its cut-off has passed and it has no edition yet."""
    local = now.astimezone(settings.zone)
    if local.time().replace(tzinfo=None) < settings.cut_off:
        return None
    return None if EditionStore(store).get(local.date()) else local.date()


def due(store: Store, settings: Settings, now: datetime) -> date | None:
    """Return the day whose edition is to be composed now, or None. Changes nothing.

    A day is due once its cut-off has passed and every enabled source was
    asked around then, or is left alone on purpose, or ten minutes after the first
    answer since the cut-off: a service that slept through it asks its
    sources first, and a source that hangs holds nobody up. Where zone or hour
    were changed, it waits until its sources can have spoken since the edition
    before. Days that were slept through get no edition; their papers come
    with the next one.
    """
    day = awaited(store, settings, now)
    if day is None or now < punctuality.expected_at(
        day, settings.cut_off, settings.zone, _last_cut_off(store, day)
    ):
        return None
    cut_off = _cut_off(settings, day)
    sources = [source for source in catalog.configured(settings, store) if source.enabled]
    memos = SourceStore(store).memos(source.name for source in sources)
    asked = [memo.checked_at for memo in memos.values() if memo.checked_at and memo.checked_at >= cut_off]
    is_settled = all(_is_settled(source, memos.get(source.name), cut_off, now) for source in sources)
    return day if is_settled or (asked and now - min(asked) >= _PATIENCE) else None


def overdue(store: Store, settings: Settings, now: datetime, began: datetime | None) -> date | None:
    """Return the day whose edition is missing an hour and more after its time, or None; see `punctuality`."""
    days = EditionStore(store).dates()
    missing = punctuality.overdue(days, settings.cut_off, settings.zone, now, began=began)
    if missing is None or not days:
        return missing
    last = _last_cut_off(store, missing)
    return punctuality.overdue(days, settings.cut_off, settings.zone, now, last=last)


def _last_cut_off(store: Store, day: date) -> datetime | None:
    before = EditionStore(store).latest(before=day)
    return before.cut_off if before else None


def _is_settled(source: Source, memo: PollState | None, cut_off: datetime, now: datetime) -> bool:
    if memo is None or memo.checked_at is None:
        return False
    return memo.checked_at >= cut_off - source.every or (memo.due_at is not None and memo.due_at > now)


def read(store: Store, settings: Settings, day: date, now: datetime, *, is_short: bool = False) -> Inputs:
    """Gather what the edition of `day` is made from; a part that fails is done without, and said so.

    Topics are left out when time has run out.
    """
    with stage(day, "candidates"):
        papers, offered, new = _candidates(store, day, now)
    notes: list[str] = []
    history = _history(store, papers, now, notes)
    with stage(day, "topics"):
        most = 0 if is_short else settings.topics
        topics = _topics(store, day, rank(papers, history, now), new, most=most, notes=notes)
    health = SourceStore(store).health(catalog.configured(settings, store), now)
    return Inputs(
        day=day,
        composed_at=now,
        cut_off=_cut_off(settings, day),
        candidates=papers,
        offered=offered,
        offered_places=EditionStore(store).offered_places(offered),
        topics=topics,
        history=history,
        coverage=tuple(_coverage(one, new) for one in health),
        notes=tuple(notes),
        papers=settings.papers,
    )


def _candidates(
    store: Store, day: date, now: datetime
) -> tuple[tuple[Paper, ...], Mapping[str, date], list[Paper]]:
    """Return the papers that may be announced, which of them a tail has held and when, and which are new."""
    editions = EditionStore(store)
    before = editions.latest(before=day)
    since = before.composed_at if before else now - WINDOW
    changed = _changed(store, since, now)
    announced = editions.announced_papers(changed)
    left = [paper for paper in changed if paper.id not in announced]
    offered = editions.offered_papers(left)
    left = [paper for paper in left if not was_forgotten(paper, offered.get(paper.id))]
    papers = sorted(
        (paper for paper in left if is_candidate(paper, since, now, was_offered=paper.id in offered)),
        key=lambda paper: paper.id,
    )
    kept = {paper.id: offered[paper.id] for paper in papers if paper.id in offered}
    return tuple(papers), kept, [paper for paper in papers if paper.id not in kept]


def _changed(store: Store, since: datetime, now: datetime) -> tuple[Paper, ...]:
    return PaperStore(store).changed(max(since - _IN_FLIGHT, now - WINDOW), now + timedelta(seconds=1))


def _note_names(store: Store, now: datetime) -> None:
    """Mark the names that told papers were given lately: a journal's DOI is one of them one day."""
    EditionStore(store).note_names(_changed(store, now - WINDOW, now))


def _history(store: Store, papers: Sequence[Paper], now: datetime, notes: list[str]) -> History:
    try:
        history = Lessons(store).history(
            now.astimezone(UTC).date(), now, without={paper.id for paper in papers}
        )
    except Exception:
        log.exception("history could not be read")
        notes.append(
            "Earlier days could not be read, so today's order rests on what is known of today alone."
        )
        return History()
    if papers and history.is_short:
        notes.append(youth(history))
    return history


def _topics(
    store: Store, day: date, scored: Sequence[Scored], new: Sequence[Paper], *, most: int, notes: list[str]
) -> tuple[DayTopic, ...]:
    """Return the topics of the day's best papers, each with its identity and what it is doing."""
    if not most:
        notes.append(_UNGROUPED)
        return ()
    papers = sorted((one.paper for one in scored), key=lambda paper: paper.id)
    try:
        memory, past = MemoryStore(store).load(), HistoryStore(store).before(day)
        emergent = as_mailed(find_topics(papers, memory), papers)
        topics = best_topics(beside(find_subjects(papers, memory), emergent), scored, most)
        known = appearances(topics, new, past, memory)
        return tuple(
            DayTopic(
                slug=one.slug,
                label=topic.label,
                keywords=topic.keywords,
                words=tuple(sorted(one.words)),
                share=one.share,
                ids=tuple(paper.id for paper in topic.papers),
                trend=trend(one, past, memory),
            )
            for topic, one in zip(topics, known, strict=True)
        )
    except Exception:
        log.exception("topics could not be found")
        notes.append(_UNGROUPED)
        return ()


def _coverage(health: SourceHealth, new: Sequence[Paper]) -> Coverage:
    name = health.source.name
    return Coverage(
        source=name,
        title=health.source.title or name,
        state=health.state,
        papers=sum(any(mention.source == name for mention in paper.mentions) for paper in new),
        since=health.since,
        note=health.reason.partition(". ")[0].removesuffix("."),  # what follows is advice, for the operator
    )


def _cut_off(settings: Settings, day: date) -> datetime:
    return datetime.combine(day, settings.cut_off, settings.zone)


def _learn(store: Store, editions: EditionStore) -> None:
    """Teach the memory every frozen day that it has not learnt; learning a day twice changes nothing."""
    for day in editions.unlearnt():
        try:
            if inputs := editions.inputs(day):
                with stage(day, "learn"):
                    _learn_day(store, inputs)
        except Exception:
            log.exception("the memory could not learn %s", day)
            return
        editions.mark_learnt(day)


def relearn(store: Store, pace: Callable[[date], object]) -> Memory:
    """Make the memory of topics anew from every day whose inputs are kept; `pace` is told each day.

    The same days give the same bytes. What is composed meanwhile uses the
    memory as it was; a day learnt meanwhile makes it start over. Raises
    `TransientError` where that keeps happening.
    """
    editions = EditionStore(store)

    def taught() -> Iterator[tuple[date, list[Paper]]]:
        for day in reversed(editions.dates()):
            if inputs := editions.inputs(day):
                pace(day)
                yield day, _new(inputs)

    for _ in range(_ATTEMPTS):
        if memory := MemoryStore(store).rebuild(taught()):
            return memory
    raise TransientError("Others keep teaching the memory. Run it again: newsletter memory rebuild")


def _learn_day(store: Store, inputs: Inputs) -> None:
    new = _new(inputs)
    MemoryStore(store).learn(inputs.day, new)
    chart = [Appearance(one.slug, one.label, frozenset(one.words), one.share) for one in inputs.topics]
    if new:
        HistoryStore(store).record(inputs.day, len(new), chart)


def _new(inputs: Inputs) -> list[Paper]:
    return [paper for paper in inputs.candidates if paper.id not in inputs.offered]
