"""The keys of the ledger, and its scripts as callables.

A script is a file in `lua/`, read once, with `prelude.lua` in front of it, and
run by its digest (EVALSHA); a server that has forgotten it is told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, Final

import redis
from redis.exceptions import NoScriptError

from newsletter.store import Key, Store, unavailable_store

KEPT = timedelta(days=45)
"""How long an edition's ledger lives after its last change."""
STALE_AFTER = timedelta(days=30)
"""An edition older than this addresses nobody any more: its list of who had it is about to go."""

EDITION = Key(
    "delivery:{day}",
    "hash",
    "totals and state of one edition's delivery: recipients, accepted, refused, left, uncertain, quiet, "
    "batches, version, through, held, by_hand, in_doubt, refused_in_row, waits_because, waits_since, "
    "mailer, frozen_at, first_at, last_at",
    KEPT,
)
ADDRESSED = Key("delivery:{day}:addressed", "bitmap", "who was addressed: bit = subscriber id", KEPT)
BATCHES = Key("delivery:{day}:batches", "hash", "batch → rendering|first id,steps to the next ids", KEPT)
RENDERINGS = Key("delivery:{day}:renderings", "hash", "rendering → the preferences that shape it, JSON", KEPT)
MARKS = Key(
    "delivery:{day}:marks",
    "hash",
    "batch → one mark per recipient (a single one where all are alike): . waits, i in a request, a accepted, "
    "r refused, l left, u uncertain, k in a request although an earlier one was accepted",
    KEPT,
)
DUE = Key(
    "delivery:{day}:due", "zset", "batches that are not done → when they may be claimed (ms; a lease)", KEPT
)
FENCE = Key("delivery:{day}:fence", "hash", "batch → its last fencing token", KEPT)
INTENT = Key(
    "delivery:{day}:intent", "hash", "batch → token and nonce of the request that is under way", KEPT
)
UNCERTAIN = Key(
    "delivery:{day}:uncertain",
    "hash",
    "request (batch.token) → since, ended by (ms), and u at its recipients",
    KEPT,
)
REQUESTS = Key(
    "delivery:{day}:requests",
    "hash",
    "request → what was heard of it: proved; or assumed or resent, and u at its recipients",
    KEPT,
)
STRAY = Key("delivery:{day}:stray", "hash", "request → how many it mailed a second time", KEPT)
WELCOMED = Key("delivery:{day}:welcomed", "set", "whose welcome carried this edition", KEPT)
REFUSALS = Key("delivery:{day}:refusals", "hash", "subscriber id → why the mail was refused", KEPT)
PROVISIONAL = Key(
    "delivery:{day}:provisional",
    "hash",
    "subscriber id → digest of the address that was refused while nobody of the edition had been accepted",
    KEPT,
)
DONE = Key("delivery:{day}:done", "hash", "request whose end is known → what tells it from its like", KEPT)
OPEN = Key("delivery:open", "set", "dates of the editions whose ledger is kept")
PAST = Key("delivery:past", "set", "dates of editions that were sent and whose ledger has expired; for ever")
BEGUN = Key("delivery:begun", "string", "the first edition that a real mailer mails was let go")
FIRST = Key("delivery:first", "set", "dates of the editions that wait until the operator has looked")
EPOCH = Key("delivery:epoch", "string", "how often this store was restored from a backup")

KEYS = (
    EDITION,
    ADDRESSED,
    BATCHES,
    RENDERINGS,
    MARKS,
    DUE,
    FENCE,
    INTENT,
    UNCERTAIN,
    REQUESTS,
    STRAY,
    WELCOMED,
    REFUSALS,
    PROVISIONAL,
    DONE,
    OPEN,
    PAST,
    BEGUN,
    FIRST,
    EPOCH,
)
DISK_WITHIN_MS: Final = 5_000
"""How long an intent may take to reach the disk before its request is given up."""
KEEP_SECONDS: Final = int(KEPT.total_seconds())


@dataclass(frozen=True)
class Script:
    """One file of `lua/`, ready to run."""

    source: str
    digest: str

    @classmethod
    @cache
    def named(cls, name: str) -> "Script":
        """Read `lua/{name}.lua` behind the prelude."""
        folder = files("newsletter.delivery.ledger") / "lua"
        source = "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in ("prelude", name))
        return cls.of(source)

    @classmethod
    def of(cls, source: str) -> "Script":
        """Return the script with this source."""
        return cls(source, sha1(source.encode()).hexdigest())  # noqa: S324 - Redis names scripts by SHA-1

    def run(self, store: Store, keys: Sequence[str], *arguments: str | bytes | int) -> list[Any]:
        """Run it in one round trip (two where the server has forgotten it) and return its answer."""
        with unavailable_store():
            try:
                return self._ask(store, keys, arguments)
            except NoScriptError:
                store.script_load(self.source)
                return self._ask(store, keys, arguments)

    def run_on_disk(self, store: Store, keys: Sequence[str], *arguments: str | bytes | int) -> list[Any]:
        """Run it and wait for the disk on the same connection; WAITAOF's answer stands last."""
        with unavailable_store(), store.pipeline(transaction=False) as pipe:
            pipe.script_load(self.source)
            pipe.evalsha(self.digest, len(keys), *keys, *arguments)
            _command(pipe, "WAITAOF", 1, 0, DISK_WITHIN_MS)
            _, answer, on_disk = pipe.execute()
        return [*answer, on_disk]

    def _ask(self, store: Store, keys: Sequence[str], arguments: Sequence[str | bytes | int]) -> list[Any]:
        answer: Any = store.evalsha(self.digest, len(keys), *keys, *arguments)
        return list(answer)


class Durability(StrEnum):
    """How far an intent is on disk before its request leaves."""

    ALWAYS = "always"
    """The server writes every change to disk before it answers (`appendfsync always`)."""
    WAITED = "waited"
    """We wait for the disk (WAITAOF) before each request."""
    UNPROVEN = "unproven"
    """Neither is to be had: a power loss may double the batches of its last second."""


def durability(store: Store) -> Durability:
    """Return what this server promises of a change that it has answered."""
    with unavailable_store():
        try:
            if store.config_get("appendfsync").get("appendfsync") == "always" and _has_append_only(store):
                return Durability.ALWAYS
        except redis.ResponseError:  # managed servers block CONFIG
            pass
        try:
            _command(store, "WAITAOF", 1, 0, 1)
        except redis.ResponseError:  # older than 7.2, or without an append-only file
            return Durability.UNPROVEN
        return Durability.WAITED


def _has_append_only(store: Store) -> bool:
    return store.config_get("appendonly").get("appendonly") == "yes"


def may_carry(store: Store, day: date, subscriber_id: int) -> bool:
    """Whether a welcome may carry an edition; if so, the daily mail will not bring it again."""
    names = [EDITION(day=day), ADDRESSED(day=day), WELCOMED(day=day), OPEN()]
    answer = Script.named("welcome").run(store, names, subscriber_id, KEEP_SECONDS, day.isoformat())
    return bool(answer[0] == "carries")


def addressed_to(store: Store, days: Sequence[date], subscriber_id: int) -> tuple[date, ...]:
    """Return those of `days` whose edition a reader was addressed for, in that order."""
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for day in days:
            pipe.getbit(ADDRESSED(day=day), subscriber_id)
        return tuple(day for day, bit in zip(days, pipe.execute(), strict=True) if bit)


def is_forgotten(store: Store, day: date) -> bool:
    """Whether readers were addressed for an edition and who they were has expired.

    Told from what is left, not from the tick that tidies: everything may have
    been down, and a hold keeps the totals alive for longer than the list.
    """
    name = day.isoformat()
    with unavailable_store(), store.pipeline() as pipe:
        pipe.sismember(PAST(), name)
        pipe.sismember(OPEN(), name)
        pipe.exists(ADDRESSED(day=day))
        pipe.exists(EDITION(day=day))
        pipe.hexists(EDITION(day=day), "version")
        is_past, is_open, is_kept, has_totals, has_version = pipe.execute()
    was_addressed = is_open and (has_version or not has_totals)
    return bool(is_past or (was_addressed and not is_kept))


def read_bitmap(store: Store, day: date) -> bytes:
    """Return the raw bitmap of who was addressed for an edition, whatever the connection decodes."""
    with unavailable_store():
        found = _command(store, "GET", ADDRESSED(day=day), NEVER_DECODE=True)
    return bytes(found or b"")


def _command(store: Store, *parts: str | int, **options: bool) -> Any:
    return store.execute_command(*parts, **options)  # type: ignore[no-untyped-call]  # redis-py left it so
