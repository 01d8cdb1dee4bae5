"""Notice that the store was restored from a backup, and send nothing that may have been sent since.

Each tick counts in the store, and writes the count into `DATA_DIR/store.json`
and into the worker's memory. A store that has counted less than we have seen
is older than the world: it was restored, or lost its last seconds. Where the
whole data directory was put back, that file came along with the same count;
then it is a copy that was made long after it was written, which shows. What
remains unseen is a snapshot of the whole machine that is put back, and a data
directory that does not outlive the workers: say it there by
`newsletter store restored`.

What follows is one thing: every edition that may have been sent since is held,
until the operator resumes it.
"""

import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final

from newsletter.delivery.ledger import control
from newsletter.folders import make_private
from newsletter.settings import Settings
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers import numbers
from newsletter.subscribers.schedule import WEEKLY_ON

LIFE: Final = Key(
    "delivery:life",
    "hash",
    "which store this is: id; how often it has ticked: beats; when first: began; when last: at",
)
KEYS = (LIFE,)
LOOK_EVERY_SECONDS: Final = 2.0
"""A worker looks before it sends, but not before each of a hundred batches a second."""
COPIED_AFTER: Final = timedelta(seconds=10)
"""Another file than was written, in its place so long after the writing, was put back.

The time alone would call a changed owner a restore, and the file's number alone a disk that changes numbers.
"""
LEAP: Final = 10_000_000
"""Ticks of nine years: after it this store is ahead of whatever any worker remembers."""
LONGEST_AGO: Final = timedelta(days=7)
"""How far back we look at most for what was sent: older editions are no news, not sent by themselves."""

_LONGEST_BROUGHT: Final = timedelta(days=8)
"""How far before a Monday the days may lie that its weekly mails bring: Sunday's edition may be missing."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """What we remember of a store."""

    id: str
    beats: int
    is_copy: bool = False
    """The file that remembers was itself put back."""


def beat(store: Store, settings: Settings, now: datetime) -> None:
    """Count a tick in the store, and remember it outside; look with `notice` before."""
    with unavailable_store(), store.pipeline() as pipe:
        pipe.hsetnx(LIFE(), "id", secrets.token_hex(8))
        pipe.hincrby(LIFE(), "beats", 1)
        pipe.hset(LIFE(), "at", now.isoformat())
        pipe.hsetnx(LIFE(), "began", now.isoformat())
        pipe.hget(LIFE(), "id")
        _, beats, _, _, name = pipe.execute()
    _remember(settings.data_dir, Seen(str(name), int(beats)), now)


def began(store: Store) -> datetime | None:
    """Return when this store first ticked; None where it never has."""
    with unavailable_store():
        found = store.hget(LIFE(), "began")
    return datetime.fromisoformat(str(found)) if found else None


def notice(store: Store, settings: Settings, now: datetime) -> tuple[date, ...]:
    """Look whether the store was restored, and hold what may have been sent since; return what is held.

    Harmless to repeat, and cheap: it looks again only after a moment.
    """
    if monotonic() - _looked.get(settings.data_dir, -LOOK_EVERY_SECONDS) < LOOK_EVERY_SECONDS:
        return ()
    seen = _recall(settings.data_dir)  # before the store is asked: others may count meanwhile
    with unavailable_store():
        name, beats = store.hmget(LIFE(), "id", "beats")
    known = Seen(str(name), int(str(beats))) if name else None
    _looked[settings.data_dir] = monotonic()
    if seen is None or known is None or seen.id != known.id:
        return ()
    if not seen.is_copy and known.beats >= seen.beats:
        return ()
    return declare(store, settings, now)


def declare(store: Store, settings: Settings, now: datetime) -> tuple[date, ...]:
    """Say that the store was restored: hold every edition that may have been sent since, and return them.

    Those that are not done as far as the store knows, and all from the day
    before its last tick until today, known to it or not; where a Monday is
    among those days, the week before it too: weekly mails are delivered under
    the newest day of it that their reader had not had.

    New readers and letters get numbers that nobody can have had since.
    """
    with unavailable_store():
        at = store.hget(LIFE(), "at")
    last = datetime.fromisoformat(str(at)) if at else now
    held = control.new_epoch(store, days=_days(last, now, settings))
    with unavailable_store():
        store.hincrby(LIFE(), "beats", LEAP)
    numbers.leap(store, now)
    beat(store, settings, now)
    log.error("The store was restored from a backup. Held: %s", ", ".join(map(str, held)) or "nothing")
    return held


def _days(since: datetime, now: datetime, settings: Settings) -> Iterator[date]:
    first = max(since, now - LONGEST_AGO).astimezone(settings.zone).date() - timedelta(days=1)
    last = now.astimezone(settings.zone).date()
    monday = first + timedelta(days=(WEEKLY_ON - first.weekday()) % 7)
    if monday <= last + timedelta(days=1):  # in the east it is tomorrow
        first = min(first, monday - _LONGEST_BROUGHT)
    while first <= last:
        yield first
        first += timedelta(days=1)


_looked: dict[Path, float] = {}
_in_memory: dict[Path, Seen] = {}
"""For workers whose disk does not last: what this process has seen."""


def _remember(folder: Path, seen: Seen, now: datetime) -> None:
    _in_memory[folder] = seen
    draft = folder / f".store.json.{secrets.token_hex(4)}"
    try:
        make_private(folder)
        with draft.open("x", encoding="utf-8") as file:
            inode = os.fstat(file.fileno()).st_ino
            json.dump({"id": seen.id, "beats": seen.beats, "at": now.timestamp(), "inode": inode}, file)
        draft.replace(folder / "store.json")
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        log.warning("A restored backup may go unnoticed: %s cannot be written (%s).", folder, error.strerror)


def _recall(folder: Path) -> Seen | None:
    """Return the latest that file or memory know; None at the first start, or where the file is damaged."""
    remembered = _in_memory.get(folder)
    try:
        with (folder / "store.json").open(encoding="utf-8") as file:
            place = os.fstat(file.fileno())
            kept = json.load(file)
        written = datetime.fromtimestamp(kept["at"], UTC)
        placed = datetime.fromtimestamp(place.st_ctime, UTC)
        is_copy = kept["inode"] != place.st_ino and placed - written > COPIED_AFTER
        found = Seen(str(kept["id"]), int(kept["beats"]), is_copy)
    except (OSError, ValueError, KeyError, TypeError):
        return remembered
    if remembered is not None and remembered.id == found.id and remembered.beats > found.beats:
        return remembered
    return found
