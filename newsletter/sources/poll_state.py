"""What is remembered of a source between two polls: validators, the last batch, and its rhythm.

A `PollState` is a plain value. The functions here say what becomes of it when a
poll succeeds, finds nothing changed, or fails; `store` keeps it, in the same
transaction as the papers that the poll brought, so that a crash between the
two forgets neither alone.
"""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from newsletter.models import Sighting, Source
from newsletter.sources.faults import Fault, FaultKind
from newsletter.sources.fetching.responses import Answer, Validators
from newsletter.sources.formats.reading import VERSION, Reading

MAX_KNOWN = 4_000
"""Entries remembered: twice the longest feed."""
MAX_ARRIVALS = 60
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
_PRINT_BYTES = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """A day on which something new came: when first, and how much in all."""

    at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class PollState:
    """What is known of one source; instants are UTC, None where it has not happened yet."""

    url: str = ""
    """The address that the rest belongs to: a source that moved starts anew."""
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    kind: str = ""
    """The reader that reads it: `arxiv`, `huggingface` or `feed`."""
    checked_at: datetime | None = None
    ok_at: datetime | None = None
    due_at: datetime | None = None
    not_before: datetime | None = None
    """The host asked to be left alone until then."""
    watched_since: datetime | None = None
    entries: int = 0
    """In the last document that was read."""
    papers: int = 0
    """Sightings that it gave."""
    known: str = ""
    """Fingerprints of the entries seen lately, newest last, as base64."""
    built: datetime | None = None
    arrivals: tuple[Arrival, ...] = ()
    """One a day (UTC) on which something new came, oldest first."""
    repeated_since: datetime | None = None
    """Since when the same batch comes under a new date."""
    empty_since: datetime | None = None
    """Since when the document has no entries."""
    failures: int = 0
    """In a row."""
    failing_since: datetime | None = None
    fault_kind: str = ""
    fault: str = ""

    @property
    def validators(self) -> Validators:
        """What to ask again with."""
        return Validators(self.etag, self.last_modified)

    def dumps(self) -> str:
        """Return the memo as JSON; what is at its default is left out."""
        fields = ((name, getattr(self, name)) for name in self.__slots__)
        kept = {name: value for name, value in fields if value not in {None, "", 0, ()}}
        return orjson.dumps(kept).decode()

    @classmethod
    def loads(cls, text: str | bytes) -> "PollState":
        """Read a memo back; fields of other versions are ignored."""
        found = orjson.loads(text)
        known: dict[str, Any] = {name: found[name] for name in cls.__slots__ if name in found}
        for name in _INSTANTS & known.keys():
            known[name] = datetime.fromisoformat(known[name])
        known["arrivals"] = tuple(
            Arrival(datetime.fromisoformat(one["at"]), one["size"]) for one in found.get("arrivals", ())
        )
        return cls(**known)


_INSTANTS = frozenset(
    {"checked_at", "ok_at", "due_at", "not_before", "watched_since", "built", "repeated_since", "empty_since"}
    | {"failing_since"}
)


def hash_of(source: Source, body: bytes) -> str:
    """Return what tells whether a body is the one that was read already, in the same way."""
    seed = f"{VERSION} {source.adapter} {source.keeps}".encode()
    return hashlib.blake2b(body, digest_size=16, key=seed).hexdigest()


def after_silence(memo: PollState, source: Source, now: datetime, answer: Answer | None = None) -> PollState:
    """Return the memo after a poll that found nothing changed; new validators of the same body are kept."""
    validators = answer.validators if answer else memo.validators
    return replace(
        memo,
        etag=validators.etag,
        last_modified=validators.last_modified,
        **_success(memo, source, now),
    )


def after_reading(
    memo: PollState, source: Source, answer: Answer, reading: Reading, now: datetime
) -> tuple[PollState, int]:
    """Return the memo after a document was read, and how many entries in it were not there before.

    What was there at the first look teaches nothing about the rhythm. Of a
    document that is not whole neither validators nor hash are kept, so that
    the next poll gets it again.
    """
    prints = _prints(memo.known)
    fresh = [one for one in dict.fromkeys(map(fingerprint, reading.sightings)) if one not in prints]
    seen = {fingerprint(one) for one in reading.sightings}
    known = [one for one in prints if one not in seen] + [one for one in prints if one in seen] + fresh
    is_repeated = bool(reading.sightings) and not fresh and _is_later(reading.built, memo.built)
    after = replace(
        memo,
        url=source.url,
        etag=answer.validators.etag if reading.is_whole else "",
        last_modified=answer.validators.last_modified if reading.is_whole else "",
        body_hash=hash_of(source, answer.body) if reading.is_whole else "",
        kind=reading.kind,
        entries=reading.entries,
        papers=len(reading.sightings),
        known=base64.b64encode(b"".join(known[-MAX_KNOWN:])).decode(),
        built=reading.built or memo.built,
        arrivals=_with_arrival(memo.arrivals, len(fresh), now) if memo.watched_since else (),
        repeated_since=None if fresh else (memo.repeated_since or (now if is_repeated else None)),
        empty_since=None if reading.entries else (memo.empty_since or now),
        **_success(memo, source, now),
    )
    return after, len(fresh)


def after_fault(
    memo: PollState, source: Source, fault: Fault, now: datetime, retry_after: timedelta | None = None
) -> PollState:
    """Return the memo after a poll that failed; waits double up to six hours, and a host's wish counts."""
    failures = memo.failures + 1
    wait = min(FIRST_RETRY * 2 ** min(failures - 1, 10), LONGEST_RETRY)
    wait = max(_jittered(wait, source.name, now), retry_after or timedelta(0))
    is_asked_to_wait = fault.kind is FaultKind.BUSY
    return replace(
        memo if memo.url == source.url else PollState(),
        url=source.url,
        checked_at=now,
        due_at=now + wait,
        not_before=now + (retry_after or wait) if is_asked_to_wait else None,
        failures=failures,
        failing_since=memo.failing_since or now,
        fault_kind=fault.kind.value,
        fault=fault.message,
    )


def fingerprint(sighting: Sighting) -> bytes:
    """Return five bytes that tell an entry, in the version it is announced in, from others."""
    what = f"{sighting.url} {sighting.arxiv_id} {sighting.doi} {sighting.version} {sighting.announce_type}"
    return hashlib.blake2b(what.encode(), digest_size=_PRINT_BYTES).digest()


def _prints(known: str) -> dict[bytes, None]:
    raw = base64.b64decode(known)
    return dict.fromkeys(raw[at : at + _PRINT_BYTES] for at in range(0, len(raw), _PRINT_BYTES))


def _with_arrival(arrivals: tuple[Arrival, ...], size: int, now: datetime) -> tuple[Arrival, ...]:
    if not size:
        return arrivals
    if arrivals and arrivals[-1].at.date() == now.astimezone(UTC).date():
        return (*arrivals[:-1], replace(arrivals[-1], size=arrivals[-1].size + size))
    return (*arrivals, Arrival(now.astimezone(UTC), size))[-MAX_ARRIVALS:]


def _success(memo: PollState, source: Source, now: datetime) -> dict[str, Any]:
    return {
        "checked_at": now,
        "ok_at": now,
        "due_at": now + _jittered(source.every, source.name, now),
        "not_before": None,
        "watched_since": memo.watched_since or now,
        "failures": 0,
        "failing_since": None,
        "fault_kind": "",
        "fault": "",
    }


def _jittered(wait: timedelta, name: str, now: datetime) -> timedelta:
    """Return a wait up to a tenth shorter, so that sources do not march in step; one poll, one wait."""
    digest = hashlib.blake2b(f"{name} {now.isoformat()}".encode(), digest_size=2).digest()
    return wait * (1 - int.from_bytes(digest) / 65_535 / 10)


def _is_later(built: datetime | None, before: datetime | None) -> bool:
    return built is not None and before is not None and built > before
