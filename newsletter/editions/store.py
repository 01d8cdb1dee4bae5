"""Frozen editions in Redis: written once, whole or not at all."""

import base64
import logging
import zlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

import redis

from newsletter.editions.assembly.arrangement import Inputs, arrange
from newsletter.models import Edition, Entry, Paper, Value
from newsletter.papers.merging import names
from newsletter.store import Key, Store, unavailable_store

TAIL_KEPT = timedelta(days=21)
INPUTS_KEPT = timedelta(days=120)
LEARNT_WITHIN = timedelta(days=14)
"""How far back a day is learnt that a crash left out."""

FROZEN = Key("edition:frozen:{day}", "string", "an Edition as JSON, without its tail")
TAIL = Key("edition:tail:{day}", "string", "the edition's tail: base64 of deflated JSON", TAIL_KEPT)
INPUTS = Key("edition:inputs:{day}", "string", "what it was made from: base64 of deflated JSON", INPUTS_KEPT)
DATES = Key("edition:dates", "zset", "dates that have an edition, by their ordinal")
ANNOUNCED = Key("edition:announced", "zset", "every name of announced papers, by the edition's ordinal")
OFFERED = Key(
    "edition:offered",
    "zset",
    "every name of papers that stood in a tail, by its ordinal; after the point their place",
)
LEARNT = Key("edition:learnt", "zset", "dates whose papers the memory has learnt, by their ordinal")
BEGUN = Key("edition:begun:{day}", "string", "how often composing the edition was begun", timedelta(days=2))
KEYS = (FROZEN, TAIL, INPUTS, DATES, ANNOUNCED, OFFERED, LEARNT, BEGUN)

_AT_ONCE = 1000
_PLACES = 100_000
"""Places that fit behind the point of a mark."""
_MOST_READ = 8
"""Editions kept as they were read: today's, and those before it that a reader is told of."""
log = logging.getLogger(__name__)


class _Tail(Value):
    entries: tuple[Entry, ...] = ()


class EditionStore:
    """Every edition there was."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_days(self, days: Iterable[date]) -> tuple[Edition, ...]:
        """Return the editions of `days` that have one, in their order and without their tails."""
        asked = tuple(days)
        with unavailable_store():
            found = self._store.mget([FROZEN(day=day) for day in asked]) if asked else []
        read = (self._read(day, one) for day, one in zip(asked, found, strict=True))
        return tuple(edition for edition in read if edition is not None)

    def get(self, day: date) -> Edition | None:
        """Return the edition of `day`, with its tail while that is kept.

        One that is damaged is made again from its inputs. None where none was frozen, or both are lost.
        """
        with unavailable_store():
            frozen, tail = self._store.mget(FROZEN(day=day), TAIL(day=day))
        try:
            return _whole(str(frozen), str(tail)) if frozen and tail else self._patched(day, frozen, tail)
        except (ValueError, zlib.error):
            return self._patched(day, frozen, tail)

    def _patched(self, day: date, frozen: object, tail: object) -> Edition | None:
        """Read an edition of which something is missing or damaged."""
        edition = self._read(day, frozen)
        return edition and edition.model_copy(update={"tail": entries_of(tail)})

    def _read(self, day: date, frozen: object) -> Edition | None:
        """Read an edition without its tail; what one day has lost may not stop the mails of the others."""
        if frozen is None:
            return None
        try:
            return Edition.model_validate_json(str(frozen))
        except ValueError:
            log.exception("the edition of %s is damaged, and made again from its inputs", day)
        try:
            inputs = self.inputs(day)
        except (ValueError, zlib.error):
            inputs = None
        if inputs is None:
            log.error("the edition of %s is lost with its inputs. Put it back from a backup.", day)
            return None
        return arrange(inputs).model_copy(update={"tail": ()})

    def tails(self, days: Sequence[date]) -> tuple[str | None, ...]:
        """Return the tails of `days` as they are packed, for `entries_of`; None where one is gone."""
        with unavailable_store():
            found = self._store.mget([TAIL(day=day) for day in days]) if days else []
        return tuple(None if one is None else str(one) for one in found)

    def latest(self, before: date | None = None) -> Edition | None:
        """Return the newest edition that can be read, or the newest before a day."""
        found = (self.get(day) for day in self.dates() if before is None or day < before)
        return next((edition for edition in found if edition is not None), None)

    def dates(self) -> tuple[date, ...]:
        """Return the days that have an edition, newest first."""
        with unavailable_store():
            found = self._store.zrange(DATES(), 0, -1, desc=True)
        return tuple(date.fromisoformat(str(day)) for day in found)

    def announced(self, ids: Iterable[str]) -> set[str]:
        """Return those of `ids` that an edition has announced."""
        return set(self.announced_on(ids))

    def announced_on(self, ids: Iterable[str]) -> dict[str, date]:
        """Return the day of the edition that announced each of `ids`, where one did."""
        return {name: date.fromordinal(int(mark)) for name, mark in self._marks(ANNOUNCED(), ids).items()}

    def offered(self, ids: Iterable[str]) -> dict[str, date]:
        """Return when those of `ids` that stood in a tail did so."""
        return {name: date.fromordinal(int(mark)) for name, mark in self._marks(OFFERED(), ids).items()}

    def offered_places(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the place by score that those of `ids` had on the day whose tail held them, 0 the best."""
        marks = self._marks(OFFERED(), ids)
        return {name: round(mark % 1 * _PLACES) for name, mark in marks.items()}

    def inputs(self, day: date) -> Inputs | None:
        """Return what the edition of `day` was made from, while that is kept."""
        with unavailable_store():
            found = self._store.get(INPUTS(day=day))
        return Inputs.model_validate_json(inflated(str(found))) if found else None

    def has_inputs(self, day: date) -> bool:
        """Whether what the edition of `day` was made from is kept."""
        with unavailable_store():
            return bool(self._store.exists(INPUTS(day=day)))

    def freeze(self, edition: Edition, inputs: Inputs, *, after: date | None) -> bool:
        """Store an edition, its inputs and its marks in one transaction; tell whether this call did it.

        Nothing is written where the day has an edition already, or where the
        newest edition is not the one of `after` any more: a process that composed
        with older marks must look again, or a paper would be announced twice.
        """
        day, ordinal = edition.date.isoformat(), edition.date.toordinal()
        whole = {paper.id: paper for paper in inputs.candidates}  # an entry may hold less of its paper

        def called(entry: Entry) -> tuple[str, ...]:
            return names(whole.get(entry.paper.id, entry.paper))

        with unavailable_store(), self._store.pipeline() as pipe:
            pipe.watch(FROZEN(day=day), DATES())  # type: ignore[no-untyped-call]  # redis types it not
            newest = pipe.zrange(DATES(), 0, 0, desc=True)
            if pipe.exists(FROZEN(day=day)) or newest != ([after.isoformat()] if after else []):
                return False
            pipe.multi()
            pipe.set(FROZEN(day=day), _json(edition.model_copy(update={"tail": ()})), nx=True)
            pipe.set(TAIL(day=day), deflated(_json(_Tail(entries=edition.tail))), ex=TAIL.expires)
            pipe.set(INPUTS(day=day), deflated(_json(inputs)), ex=INPUTS.expires)
            pipe.zadd(DATES(), {day: ordinal})
            if edition.entries:
                marks = {name: ordinal for entry in edition.entries for name in called(entry)}
                pipe.zadd(ANNOUNCED(), marks, nx=True)
            if edition.tail:
                places = {
                    name: ordinal + min(place, _PLACES - 1) / _PLACES
                    for place, entry in enumerate(edition.tail, len(edition.listed))
                    for name in called(entry)
                }
                pipe.zadd(OFFERED(), places, nx=True)
            try:
                pipe.execute()
            except redis.WatchError:
                return False
        return True

    def announced_papers(self, papers: Sequence[Paper]) -> dict[str, date]:
        """Return when papers were announced under any of their names, by id; the others are left out."""
        return {name: date.fromordinal(int(mark)) for name, mark in self._of(ANNOUNCED(), papers).items()}

    def offered_papers(self, papers: Sequence[Paper]) -> dict[str, date]:
        """Return when a tail held papers under any of their names, by id; others are left out."""
        return {name: date.fromordinal(int(mark)) for name, mark in self._of(OFFERED(), papers).items()}

    def note_names(self, papers: Sequence[Paper]) -> None:
        """Mark what told papers have come to be called since, so that no name of them is forgotten."""
        for key in (ANNOUNCED(), OFFERED()):
            marks = self._of(key, papers)
            known = {name: marks[paper.id] for paper in papers if paper.id in marks for name in names(paper)}
            if known:
                with unavailable_store():
                    self._store.zadd(key, known, nx=True)

    def _of(self, key: str, papers: Sequence[Paper]) -> dict[str, float]:
        """Return the earliest mark that a paper has under any of its names."""
        called = {paper.id: names(paper) for paper in papers}
        marks = self._marks(key, dict.fromkeys(name for every in called.values() for name in every))
        found = {paper: [marks[name] for name in every if name in marks] for paper, every in called.items()}
        return {paper: min(given) for paper, given in found.items() if given}

    def begin(self, day: date) -> int:
        """Note that composing a day is begun, and return how often it was by now."""
        with unavailable_store(), self._store.pipeline() as pipe:
            pipe.set(BEGUN(day=day), 0, ex=BEGUN.expires, nx=True)
            pipe.incr(BEGUN(day=day))
            return int(pipe.execute()[1])

    def unlearnt(self) -> tuple[date, ...]:
        """Return the days whose inputs are kept and whose papers the memory has not learnt, oldest first."""
        with unavailable_store():
            learnt = set(self._store.zrange(LEARNT(), 0, -1))
        newest = next(iter(self.dates()), None)
        return tuple(
            day
            for day in reversed(self.dates())
            if newest and newest - day < LEARNT_WITHIN and day.isoformat() not in learnt
        )

    def mark_learnt(self, day: date) -> None:
        """Remember that the memory has learnt a day."""
        with unavailable_store():
            self._store.zadd(LEARNT(), {day.isoformat(): day.toordinal()})

    def _marks(self, name: str, ids: Iterable[str]) -> dict[str, float]:
        asked = list(ids)
        found: dict[str, float] = {}
        with unavailable_store():
            for start in range(0, len(asked), _AT_ONCE):
                part = asked[start : start + _AT_ONCE]
                scores = self._store.zmscore(name, part)
                found |= {
                    one: float(score) for one, score in zip(part, scores, strict=True) if score is not None
                }
        return found


@lru_cache(maxsize=_MOST_READ)
def _whole(frozen: str, tail: str) -> Edition:
    """Read an edition once a process, so that what was found out about it can be kept beside it."""
    edition = Edition.model_validate_json(frozen)
    return edition.model_copy(update={"tail": _read_tail(tail)})


def _read_tail(packed: str) -> tuple[Entry, ...]:
    return _Tail.model_validate_json(inflated(packed)).entries


def entries_of(tail: object) -> tuple[Entry, ...]:
    """Read a tail; one that is damaged is logged and done without, because the edition stands without it."""
    try:
        return _read_tail(str(tail)) if tail else ()
    except (ValueError, zlib.error) as error:
        log.warning("a tail cannot be read (%s); its edition is shown and mailed without it", error)
        return ()


def _json(value: Value) -> str:
    return value.model_dump_json(exclude_defaults=True)


def deflated(text: str) -> str:
    """Return a text packed for a store whose values are text."""
    return base64.b64encode(zlib.compress(text.encode())).decode()


def inflated(packed: str) -> str:
    """Return what was packed."""
    return zlib.decompress(base64.b64decode(packed)).decode()
