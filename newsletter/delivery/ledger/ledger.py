"""The ledger: who was addressed for an edition, and what became of each mail.

**The promise.** Each subscriber whom an edition addresses is put into one
request to the mailer and never into a second one, whatever is killed and
whenever, unless it is certain that the first was not accepted. Where a request
was begun and its end is unknown (the worker was killed, the connection broke
after the last byte), its recipients are *uncertain*: they are shown, counted,
and settled by evidence or by the operator, never by guessing.

It rests on four steps, each one script that the server runs alone:

1. `claim`   a lease that ends by itself, and a fencing token. An intent that a
             dead worker left behind makes its recipients uncertain.
2. `intend`  whom the next request names, on disk before the request leaves.
3. the request, once.
4. `commit`  what became of it. Accepted even after the lease was lost: facts
             about the outside cannot be refused.

**What it cannot promise.** Between a provider's acceptance and our note of it
a crash leaves a request uncertain; without evidence from the provider it stays
so. A server that does not write to disk before it answers (`durability`) may
forget an intent in a power loss. After a backup was restored, `new_epoch` holds
every edition that is not done, because what was sent since is not known.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import compress
from typing import Final
from weakref import WeakKeyDictionary

from newsletter.delivery.faults import without_addresses
from newsletter.delivery.ledger import control, forgotten, progress
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ids import unpacked
from newsletter.delivery.ledger.progress import Progress
from newsletter.delivery.ledger.store import KEEP_SECONDS, Durability, Script, durability
from newsletter.errors import TransientError
from newsletter.store import Store, unavailable_store

LEASE: Final = timedelta(seconds=60)
"""How long a worker may be silent before its batch can be taken over. Longer than any request may take."""
LONGEST: Final = timedelta(seconds=40)
"""What must be left of the lease when a request begins: the longest that it may take."""

WAITS, NAMED, ACCEPTED, REFUSED, LEFT, UNCERTAIN, UNSPOKEN = ".", "i", "a", "r", "l", "u", "-"


class NotDurableError(TransientError):
    """The server did not bring an intent to disk in time, so the request must not leave."""


class Denial(StrEnum):
    """Why a batch cannot be claimed, or a request not begun."""

    HELD = "held"
    BUSY = "busy"
    OVER = "over"
    LOST = "lost"


@dataclass(frozen=True)
class BatchRef:
    """A batch of an edition; as text, what an event carries back in front of its token."""

    day: date
    batch: int


@dataclass(frozen=True)
class Denied:
    """A refused claim or intent."""

    why: Denial
    reason: str = ""
    """For people: why the edition is held."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a batch until its lease ends."""

    ref: BatchRef
    token: int
    rendering: str
    ids: tuple[int, ...]
    marks: str
    """A letter a recipient; see `store.MARKS`."""
    finds_provisional: bool = False
    """Whether the edition had refusals, when this was claimed, that count only once somebody is accepted."""
    nonce: str = ""
    """Tells its requests from another claim's with the same tokens, after the server forgot this one."""

    @property
    def request_id(self) -> str:
        """What the request carries and events bring back: `2026-06-10.17.3`.

        >>> ref = BatchRef(date(2026, 6, 10), 17)
        >>> Claim(ref, 3, "all", (1,), ".").request_id
        '2026-06-10.17.3'
        """
        return f"{self.ref.day.isoformat()}.{self.ref.batch}.{self.token}"

    @property
    def waiting(self) -> tuple[int, ...]:
        """Positions (0 first) that no request has named yet."""
        every = range(len(self.marks))
        if self.marks.count(WAITS) == len(every):  # as a rule
            return tuple(every)
        return tuple(compress(every, map(WAITS.__eq__, self.marks)))


class Committed(StrEnum):
    """How the ledger took the end of a request."""

    COMMITTED = "committed"
    SETTLED = "settled"
    """It had been called uncertain meanwhile, and is not any more."""
    STRAY = "stray"
    """Some of its recipients were mailed by another request, too. The operator is told."""
    KNOWN = "known"


class Ending(StrEnum):
    """News of an uncertain request from outside."""

    PROVED = "proved"
    """The provider accepted it: an event came back."""
    ASSUMED = "assumed"
    """The operator takes it as accepted."""
    RESENT = "resent"
    """It was not accepted, or the operator prefers two mails to none: its recipients wait again."""


def read_request_id(text: str) -> tuple[BatchRef, int] | None:
    """Read a request id that came from outside; None where it is none of ours.

    >>> read_request_id("2026-06-10.17.3")
    (BatchRef(day=datetime.date(2026, 6, 10), batch=17), 3)
    >>> read_request_id("letter.9.1") is None
    True
    """
    day, _, rest = text.partition(".")
    batch, _, token = rest.partition(".")
    try:
        return BatchRef(date.fromisoformat(day), int(batch)), int(token)
    except ValueError:
        return None


class Ledger:
    """The transitions, a method each; see the module for what they promise together."""

    def __init__(
        self,
        store: Store,
        *,
        lease: timedelta = LEASE,
        longest: timedelta = LONGEST,
        promise: Durability | None = None,
        mailer: str = "",
    ) -> None:
        """Keep the ledger in `store`; `longest` is what a request may take, and must fit into `lease`.

        `mailer` is who will carry what is intended, by the name of the setting.
        """
        self._mailer = mailer
        self._store = store
        self._lease_ms = _milliseconds(lease)
        self._longest_ms = _milliseconds(longest)
        self._durability = promise or _promised(store)

    def claim(self, ref: BatchRef) -> Claim | Denied:
        """Take a batch for the length of a lease, or say why not."""
        answer = Script.named("claim").run(
            self._store,
            _names(ref.day, "edition batches marks due fence intent uncertain requests epoch provisional"),
            ref.batch,
            self._lease_ms,
            KEEP_SECONDS,
        )
        if answer[0] != "claimed":
            return Denied(Denial(answer[0]), str(answer[1]) if len(answer) > 1 else "")
        _, token, definition, marks, is_provisional = answer
        rendering, _, members = definition.partition("|")
        ids = unpacked(members)
        marks = marks if len(marks) == len(ids) else marks * len(ids)
        nonce = secrets.token_hex(4)
        return Claim(ref, int(token), rendering, ids, marks, bool(is_provisional), nonce)

    def intend(self, claim: Claim, letters: str) -> Claim | Denied:
        """Note whom the next request names (`i`) and who has left (`l`); return the claim that it runs under.

        When this returns a claim, the note is on disk as far as the server
        lets us know. Raises `NotDurableError` where the disk does not answer;
        the recipients wait again then, because nothing was sent.
        """
        script = Script.named("intend")
        waits = self._durability is Durability.WAITED
        answer = (script.run_on_disk if waits else script.run)(
            self._store,
            _names(claim.ref.day, "edition marks due fence intent"),
            claim.ref.batch,
            claim.token,
            letters,
            self._longest_ms,
            KEEP_SECONDS,
            self._mailer,
            claim.nonce,
        )
        if answer[0] != "ok":
            return Denied(Denial(answer[0]), str(answer[1]) if len(answer) > 1 else "")
        named = replace(claim, token=int(answer[1]), marks=_spoken(claim.marks, letters))
        if waits and not int(answer[-1][0]):
            self.abort(named)
            raise NotDurableError("Redis did not write to disk within 5 s. Look at the server's disk.")
        return named

    def commit(
        self,
        claim: Claim,
        letters: str,
        *,
        retry_after: timedelta = timedelta(0),
        keeps_lease: bool = False,
        reasons: Mapping[int, str] | None = None,
    ) -> Committed:
        """Record how a request ended, one mark per recipient: `a`, `r`, `u`, or `.` for surely not accepted.

        What waits again may be claimed after `retry_after`; `keeps_lease`
        says that this worker goes on with the next recipients of the batch.
        `reasons` tell, by subscriber id, why a mail was refused.
        """
        if reasons:
            self._keep_reasons(claim.ref.day, reasons)
        answer = Script.named("commit").run(
            self._store,
            _names(claim.ref.day, "edition marks due fence intent uncertain requests stray done"),
            claim.ref.batch,
            claim.token,
            letters,
            _milliseconds(retry_after),
            self._lease_ms if keeps_lease else 0,
            KEEP_SECONDS,
            claim.nonce,
        )
        if answer[0] != "forgotten":
            return Committed(answer[0])
        request = (claim.ref.batch, claim.token, claim.nonce)
        return Committed(forgotten.merge(self._store, claim.ref.day, request, claim.ids, letters))

    def abort(self, claim: Claim, *, retry_after: timedelta = timedelta(0)) -> Committed:
        """Record that a request was certainly not accepted: all whom it named wait again."""
        letters = "".join(WAITS if mark == NAMED else UNSPOKEN for mark in claim.marks)
        return self.commit(claim, letters, retry_after=retry_after)

    def settle(self, ref: BatchRef, token: int, ending: Ending) -> int:
        """Apply news of a request from outside; return how many recipients it settled."""
        answer = Script.named("settle").run(
            self._store,
            _names(ref.day, "edition marks due intent uncertain requests stray batches open"),
            ref.batch,
            token,
            ending,
            KEEP_SECONDS,
            ref.day.isoformat(),
        )
        return int(answer[1]) if answer[0] == "settled" else 0

    def extend(self, claim: Claim) -> None:
        """Lengthen the lease of a claim whose request is under way; harmless where it was lost."""
        Script.named("extend").run(
            self._store,
            _names(claim.ref.day, "due fence intent"),
            claim.ref.batch,
            claim.token,
            self._lease_ms,
        )

    def release(self, claim: Claim, *, retry_after: timedelta = timedelta(0)) -> None:
        """Give a claim back before any request was begun; harmless where it was lost."""
        Script.named("release").run(
            self._store,
            _names(claim.ref.day, "due fence intent"),
            claim.ref.batch,
            claim.token,
            _milliseconds(retry_after),
        )

    def rendering(self, claim: Claim) -> str:
        """Return the preferences that shape a batch's mail, as JSON."""
        with unavailable_store():
            return str(self._store.hget(keys.RENDERINGS(day=claim.ref.day), claim.rendering))

    def _keep_reasons(self, day: date, reasons: Mapping[int, str]) -> None:
        name = keys.REFUSALS(day=day)
        with unavailable_store(), self._store.pipeline() as pipe:
            for one, reason in reasons.items():
                pipe.hset(name, str(one), without_addresses(reason)[:200])
            pipe.expire(name, KEEP_SECONDS)
            pipe.execute()

    def progress(self, day: date) -> Progress:
        """Return how far an edition's delivery has come."""
        return progress.read(self._store, day)

    def note_wait(self, day: date, reason: str) -> None:
        """Keep why nobody is accepted for now, until somebody is; see `control.note_wait`."""
        control.note_wait(self._store, day, reason)

    def hold(self, day: date, reason: str) -> None:
        """Stop an edition's delivery before its next request; see `control.hold`."""
        control.hold(self._store, day, reason)

    def resume(self, day: date) -> bool:
        """Let an edition's delivery go on; see `control.resume`."""
        return control.resume(self._store, day)


def _spoken(marks: str, letters: str) -> str:
    """Return the marks of who waited replaced by what was said of them now."""
    if UNSPOKEN not in letters and marks.count(WAITS) == len(marks):
        return letters
    pairs = zip(marks, letters, strict=True)
    return "".join([new if old == WAITS and new != UNSPOKEN else old for old, new in pairs])


def _names(day: date, families: str) -> list[str]:
    return [_FAMILIES[family](day=day) for family in families.split()]


_FAMILIES = {
    "edition": keys.EDITION,
    "batches": keys.BATCHES,
    "marks": keys.MARKS,
    "due": keys.DUE,
    "fence": keys.FENCE,
    "intent": keys.INTENT,
    "uncertain": keys.UNCERTAIN,
    "requests": keys.REQUESTS,
    "stray": keys.STRAY,
    "epoch": keys.EPOCH,
    "open": keys.OPEN,
    "provisional": keys.PROVISIONAL,
    "done": keys.DONE,
}


def _milliseconds(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)


def _promised(store: Store) -> Durability:
    """Ask a server once a process what it promises."""
    pool = store.connection_pool
    if pool not in _promises:
        _promises[pool] = durability(store)
    return _promises[pool]


_promises: WeakKeyDictionary[object, Durability] = WeakKeyDictionary()
