"""Papers in Redis: found again by identifier or by likeness, written together or not at all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import WatchError
from redis.client import Pipeline

from newsletter.errors import TransientError
from newsletter.models import Paper, Sighting
from newsletter.papers import changes
from newsletter.papers.merging import absorbed, fingerprint_of, identifiers, merge
from newsletter.store import Key, Store, unavailable_store

KEPT = timedelta(days=90)
ALIKE_FOR = timedelta(weeks=6)
"""How long a description without identifiers still finds its paper."""

PAPER = Key("paper:{id}", "string", "a Paper as JSON", KEPT)
KNOWN = Key("paper:known:{identifier}", "string", "the id of the paper that later got this identifier", KEPT)
BY_TIME = Key("papers:by_time", "zset", "paper ids by when they were announced, or else first seen")
BY_CHANGE = Key("papers:by_change", "zset", "paper ids by when a source last said something new of them")
ALIKE = Key(
    "papers:alike:{week}", "hash", "trait of a title or abstract → paper ids first seen that week", ALIKE_FOR
)
REVISION = Key(
    "papers:revision", "string", "rises with each change: about the Unix milliseconds of the last one"
)
KEYS = (PAPER, KNOWN, BY_TIME, BY_CHANGE, ALIKE, REVISION)

_ALIKE_AT_MOST = 40
"""A trait that more papers share leads nowhere; further ids are not kept under it."""
_AT_ONCE = 1000
_ATTEMPTS = 50
"""Each lost race is another poller's success, so this many in a row means that something is wrong."""

Also = Callable[[Pipeline], object]
"""Writes something else into the transaction; called again where the race was lost."""


@dataclass(frozen=True)
class Absorbed:
    """What a poll's sightings changed."""

    new: tuple[Paper, ...] = ()
    updated: tuple[Paper, ...] = ()
    """Known papers of which something was learnt; one that only came by again is not among them."""
    reworded: tuple[Paper, ...] = ()
    """Those of `updated` that go by another title or abstract than before."""


class PaperStore:
    """Every paper of the last ninety days."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, ids: Iterable[str]) -> dict[str, Paper]:
        """Return the papers that are kept, by the id or identifier they were asked for by."""
        asked = list(dict.fromkeys(ids))
        with unavailable_store():
            found = self._papers(asked)
            renamed = self._known([identifier for identifier in asked if identifier not in found])
            papers = self._papers(set(renamed.values()))
        return found | {asked_by: papers[name] for asked_by, name in renamed.items() if name in papers}

    def recent(self, since: datetime, until: datetime) -> tuple[Paper, ...]:
        """Return the papers announced (or else first seen) from `since` to before `until`, oldest first."""
        return self._between(BY_TIME(), since, until)

    def changed(self, since: datetime, until: datetime) -> tuple[Paper, ...]:
        """Return the papers of which something was last learnt from `since` to before `until`, oldest first.

        New ones are among them, and old ones that a place began to show or
        showed other votes of; one that came by again as it was is not.
        """
        return self._between(BY_CHANGE(), since, until)

    def ids(self) -> frozenset[str]:
        """Return the id of every paper that is kept."""
        kept: set[str] = set()
        with unavailable_store():
            names = [str(name) for name in self._store.zrange(BY_CHANGE(), 0, -1)]
            for start in range(0, len(names), _AT_ONCE):
                part = names[start : start + _AT_ONCE]
                if self._store.exists(*(PAPER(id=name) for name in part)) == len(part):
                    kept.update(part)
                else:
                    kept.update(self._values({name: PAPER(id=name) for name in part}))
        return frozenset(kept)

    def revision(self) -> int:
        """Return a number that rises with each change; `changes` tells what changed after it."""
        with unavailable_store():
            return int(self._store.get(REVISION()) or 0)

    def changes(self, since: int) -> frozenset[str] | None:
        """Return the ids of papers that are new or changed after a revision; None where that is not known.

        The last 20,000 are remembered. A revision that is still to come
        belongs to another store, or to this store before a backup was restored.
        """
        return changes.since(self._store, since) if since <= self.revision() else None

    def count(self) -> int:
        """Return how many papers are kept."""
        with unavailable_store():
            return int(self._store.zcard(BY_TIME()))

    def absorb(self, sightings: Iterable[Sighting], also: Also | None = None) -> Absorbed:
        """Add what sightings tell to the papers they are of, or make new ones.

        One transaction, with whatever `also` writes into it: all of it is
        stored or nothing. A concurrent change makes it start over, so that neither
        poller's word is lost and no work gets two ids. Absorbing the same
        sightings again changes nothing. Raises `TransientError` where
        others keep changing papers faster than this could be written.
        """
        fresh = merge(sightings)
        with unavailable_store(), self._store.pipeline() as pipe:
            for _ in range(_ATTEMPTS):
                pipe.watch(REVISION())  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
                change = self._learnt(fresh)
                pipe.multi()
                if change.new or change.updated:
                    self._write(pipe, change)
                if also is not None:
                    also(pipe)
                try:
                    pipe.execute()
                except WatchError:
                    continue
                return change
        raise TransientError(
            "Other pollers keep changing papers. Nothing is lost: the next poll brings them again."
        )

    def weigh(self, sightings: Iterable[Sighting]) -> Absorbed:
        """Return what absorbing sightings would change, and change nothing."""
        with unavailable_store():
            return self._learnt(merge(sightings))

    def _learnt(self, fresh: Sequence[Paper]) -> Absorbed:
        stored = self._relatives(fresh)
        papers = absorbed(fresh, [stored[name] for name in sorted(stored)])
        updated = [paper for paper in papers if paper.id in stored and paper != stored[paper.id]]
        return Absorbed(
            new=tuple(paper for paper in papers if paper.id not in stored),
            updated=tuple(updated),
            reworded=tuple(paper for paper in updated if _words(paper) != _words(stored[paper.id])),
        )

    def _relatives(self, fresh: Sequence[Paper]) -> dict[str, Paper]:
        """Return the stored papers that any of `fresh` may be, by id."""
        asked = {paper.id: identifiers(paper) for paper in fresh}
        known = self.get(name for names in asked.values() for name in names)
        unknown = [paper for paper in fresh if not any(name in known for name in asked[paper.id])]
        found = {paper.id: paper for paper in known.values()}
        return found | self._papers(self._alike(unknown) - found.keys())

    def _alike(self, papers: Sequence[Paper]) -> set[str]:
        """Return the ids of stored papers that share a trait with any of `papers`.

        Where both sides have an identifier of one kind it has decided already: such are left out.
        """
        wanted = {paper.id: fingerprint_of(paper).traits() for paper in papers}
        traits = sorted({trait for names in wanted.values() for trait in names})
        if not traits:
            return set()
        seen = max(paper.first_seen for paper in papers)
        weeks = sorted({_week(seen - timedelta(days=7 * back)) for back in range(ALIKE_FOR.days // 7)})
        with self._store.pipeline(transaction=False) as pipe:
            for week in weeks:
                pipe.hmget(ALIKE(week=week), traits)
            rows = pipe.execute()
        found: dict[str, set[str]] = {
            trait: {name for names in column if names for name in names.split()}
            for trait, column in zip(traits, zip(*rows, strict=True), strict=True)
        }
        return {
            name
            for paper in papers
            for trait in wanted[paper.id]
            for name in found[trait]
            if name.startswith("title:") or _kind(name) != _kind(paper.id)
        }

    def _write(self, pipe: Pipeline, change: Absorbed) -> None:
        # safe, because this transaction fails where the revision is another by then
        revision = self._next_revision()
        changes.note(pipe, (paper.id for paper in (*change.new, *change.updated)), revision)
        pipe.set(REVISION(), revision)
        for paper in (*change.new, *change.updated):
            pipe.set(PAPER(id=paper.id), paper.model_dump_json(exclude_defaults=True), ex=KEPT)
            for identifier in identifiers(paper):
                if identifier != paper.id:
                    pipe.set(KNOWN(identifier=identifier), paper.id, ex=KEPT)
            pipe.zadd(BY_TIME(), {paper.id: moment(paper).timestamp()})
            pipe.zadd(BY_CHANGE(), {paper.id: _change(paper).timestamp()})
        latest = max(
            mention.first_seen for paper in (*change.new, *change.updated) for mention in paper.mentions
        )
        for index in (BY_TIME(), BY_CHANGE()):
            pipe.zremrangebyscore(index, "-inf", (latest - KEPT).timestamp())
        self._write_traits(pipe, (*change.new, *change.reworded))

    def _next_revision(self) -> int:
        """Return a revision that no earlier life of this store has given: an emptied one starts at no 1."""
        seconds, microseconds = self._store.time()
        return max(self.revision() + 1, seconds * 1000 + microseconds // 1000)

    def _write_traits(self, pipe: Pipeline, papers: Iterable[Paper]) -> None:
        by_week: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for paper in papers:
            for trait in fingerprint_of(paper).traits():
                by_week[_week(paper.first_seen)][trait].append(paper.id)
        for week, by_trait in by_week.items():
            name = ALIKE(week=week)
            before = self._store.hmget(name, list(by_trait))
            rows: dict[Any, Any] = {
                trait: " ".join(
                    list(dict.fromkeys([*(names or "").split(), *by_trait[trait]]))[:_ALIKE_AT_MOST]
                )
                for trait, names in zip(by_trait, before, strict=True)
            }
            pipe.hset(name, mapping=rows)
            pipe.expire(name, ALIKE_FOR + timedelta(days=7))

    def _between(self, index: str, since: datetime, until: datetime) -> tuple[Paper, ...]:
        with unavailable_store():
            found = self._store.zrange(index, since.timestamp(), f"({until.timestamp()}", byscore=True)
            names = [str(name) for name in found]
            papers = self._papers(names)
        return tuple(papers[name] for name in names if name in papers)

    def _papers(self, ids: Iterable[str]) -> dict[str, Paper]:
        return {
            name: Paper.model_validate_json(value)
            for name, value in self._values({name: PAPER(id=name) for name in ids}).items()
        }

    def _known(self, identifiers: Iterable[str]) -> dict[str, str]:
        return self._values({name: KNOWN(identifier=name) for name in identifiers})

    def _values(self, keys: dict[str, str]) -> dict[str, str]:
        """Return the strings that exist, by the names of `keys`."""
        names = list(keys)
        found: dict[str, str] = {}
        for start in range(0, len(names), _AT_ONCE):
            part = names[start : start + _AT_ONCE]
            values = self._store.mget([keys[name] for name in part])
            found |= {name: str(value) for name, value in zip(part, values, strict=True) if value is not None}
        return found


def moment(paper: Paper) -> datetime:
    """Return when a paper counts from; a date after it was first seen is a slip of its source."""
    return min(paper.announced or paper.first_seen, paper.first_seen)


def _change(paper: Paper) -> datetime:
    told = [mention.first_seen for mention in paper.mentions]
    shown = [look.at for mention in paper.mentions for look in mention.looks]
    return max([paper.first_seen, *told, *shown])


def _words(paper: Paper) -> tuple[str, str]:
    return paper.title, paper.abstract


def _kind(name: str) -> str:
    return name.partition(":")[0]


def _week(moment: datetime) -> str:
    return f"{moment:%G-W%V}"
