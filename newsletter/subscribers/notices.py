"""Single mails that must be sent: recorded first, enqueued then, swept until settled.

    pending ──claim──> claimed ──intend──> intent ──sent──> sent
       ^                  │                  │
       └──── postpone ────┴──────────────────┤
                                             ├─refuse─> refused
                                             └─doubt──> uncertain ──sent──> sent

A letter is written by the very script that makes it necessary, so a lost
message loses nobody: `pending` lists what no worker holds. The intent is on
disk before the mail leaves. A worker that died after it leaves the letter
`uncertain`: it is counted, shown and never sent again from here, because it
may have arrived. Readers who miss a confirmation ask again and get a new one.

A letter says whom, never where to: the address is read when it is claimed.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from newsletter.errors import StoreUnavailableError
from newsletter.models import Instant, Subscriber, Value
from newsletter.queue import Queue
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import SubscriberStore

TASK = "workers.sending.send_letter"
"""What is enqueued, with the letter's id."""
LEASE = timedelta(seconds=60)
"""How long a worker may hold a letter."""
LONGEST_SEND = timedelta(seconds=15)
"""What must be left of the lease when the intent is recorded: a mailer's timeout and some air."""

LAST = Key("letters:last", "string", "the last letter's number: its Unix milliseconds, or the next one free")
OPEN = Key(
    "letters:open", "zset", "letters not settled, by the Unix second from which a worker may take them"
)
UNCERTAIN = Key("letters:uncertain", "zset", "letters that may have been sent, by when they became so")
LETTER = Key(
    "letter:{id}",
    "hash",
    "kind, subscriber, created, state, token, request, reason; settled ones expire",
    timedelta(days=45),
)
_log = logging.getLogger(__name__)
KEYS = (LAST, OPEN, UNCERTAIN, LETTER)


class LetterKind(StrEnum):
    """What a letter says."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    ALREADY = "already"
    INVITATION = "invitation"
    """Asks for consent where the operator, not a form, named the address."""
    LATEST = "latest"
    """The newest edition, because the reader asked for it."""
    NEW_ADDRESS = "new-address"
    """Asks whom a reader wants to be from now on; its link is dated with the letter's own number."""
    MOVE_WISHED = "move-wished"
    """Tells the present address that another was asked for, and where to stop it."""
    OLD_ADDRESS = "old-address"
    """Tells the address that a reader left, by a link that moves them back."""


class LetterState(StrEnum):
    """How far a letter has come; the last four are settled."""

    PENDING = "pending"
    CLAIMED = "claimed"
    INTENT = "intent"
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


class Letter(Value):
    """A mail to one subscriber."""

    id: int
    kind: LetterKind
    subscriber_id: int
    created_at: Instant
    state: LetterState
    request_id: str = ""
    """What the mailer was told to call it; in the provider's events."""
    reason: str = ""
    """Why it was refused, dropped, postponed or left in doubt."""


@dataclass(frozen=True)
class Claim:
    """One worker's hold on a letter, and whom it is for as of now."""

    letter: Letter
    token: int
    """Fences off the worker that held the letter before."""
    subscriber: Subscriber
    """With the address that this letter goes to."""
    instant: int
    """What its links are dated with, in milliseconds: no other letter's are."""


class Letterbox:
    """Every letter's way; each method is one atomic step and harmless to repeat."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scripts = Scripts(store)
        self._subscribers = SubscriberStore(store)

    def get(self, letter_id: int) -> Letter | None:
        """Return a letter, or None where there is none (settled ones go after a while)."""
        with unavailable_store():
            kept: dict[Any, Any] = self._store.hgetall(LETTER(id=letter_id))
        return _letter(letter_id, kept) if kept else None

    def pending(self, now: datetime, limit: int = 1000) -> tuple[int, ...]:
        """Return the ids of letters that no worker holds and that are due, oldest first.

        A letter whose worker died is among them; claiming it tells whether it
        can still be sent.
        """
        with unavailable_store():
            found = self._store.zrange(
                OPEN(), "-inf", str(now.timestamp()), byscore=True, offset=0, num=limit
            )
        return tuple(int(str(one)) for one in found)

    def uncertain(self, limit: int = 1000) -> tuple[Letter, ...]:
        """Return letters that may have been sent, oldest first; what has expired is forgotten on the way."""
        with unavailable_store():
            ids = [str(one) for one in self._store.zrange(UNCERTAIN(), 0, -1)]
            with self._store.pipeline(transaction=False) as pipe:
                for one in ids:
                    pipe.exists(LETTER(id=one))
                kept = pipe.execute() if ids else []
            gone = [one for one, is_kept in zip(ids, kept, strict=True) if not is_kept]
            if gone:
                self._store.zrem(UNCERTAIN(), *gone)
        alive = [int(one) for one, is_kept in zip(ids, kept, strict=True) if is_kept][:limit]
        return tuple(letter for one in alive if (letter := self.get(one)) is not None)

    def claim(self, letter_id: int, now: datetime, lease: timedelta = LEASE) -> Claim | None:
        """Take a letter, or return None where it is settled, held, not due yet or pointless by now.

        Pointless is a confirmation to who has confirmed, left or been erased
        meanwhile, any other letter to who is not active, and a question about
        an address that nobody wants any longer: it is dropped.
        An intent that a dead worker left behind makes the letter uncertain.
        """
        outcome, token, address, instant = self._scripts.run(
            "claim_letter", letter=letter_id, now=now.timestamp(), lease_end=(now + lease).timestamp()
        )
        if outcome != "claimed":
            return None
        letter = self.get(letter_id)
        subscriber = letter and self._subscribers.asked(letter.subscriber_id)
        if not letter or not subscriber:
            return None
        return Claim(letter, int(token), subscriber.model_copy(update={"address": address}), int(instant))

    def intend(self, claim: Claim, request_id: str, now: datetime) -> bool:
        """Record that the mail is about to leave. Return whether it may: False means another holds it now.

        The lease must outlast the sending, so that nobody takes the letter
        for abandoned while it is under way. On disk when this returns, where
        the server syncs each write.
        """
        answer = self._scripts.run(
            "intend_letter",
            letter=claim.letter.id,
            token=claim.token,
            request=request_id,
            sending_end=(now + LONGEST_SEND).timestamp(),
        )
        return bool(answer)

    def sent(self, letter_id: int, now: datetime) -> None:
        """Record that a mailer accepted it: a fact, so it counts after a lost lease and after doubt too."""
        self._settle(letter_id, LetterState.SENT, "", now)

    def refuse(self, claim: Claim, reason: str, now: datetime) -> None:
        """Record that it was certainly not accepted and never will be."""
        self._settle(claim.letter.id, LetterState.REFUSED, reason, now, claim.token)

    def doubt(self, claim: Claim, reason: str, now: datetime) -> None:
        """Record that it may have been accepted: a timeout, a reset, a 5xx after the body."""
        self._settle(claim.letter.id, LetterState.UNCERTAIN, reason, now, claim.token)

    def postpone(self, claim: Claim, until: datetime, reason: str) -> None:
        """Give it back: it was certainly not accepted and may be tried again from `until`."""
        self._scripts.run(
            "postpone_letter",
            letter=claim.letter.id,
            token=claim.token,
            due=until.timestamp(),
            reason=reason,
        )

    def _settle(
        self, letter_id: int, state: LetterState, reason: str, now: datetime, token: int | None = None
    ) -> None:
        self._scripts.run(
            "settle_letter",
            letter=letter_id,
            state=state,
            reason=reason[:200],
            now=now.timestamp(),
            token=token or 0,
        )


def enqueue(queue: Queue, letter_id: int) -> None:
    """Ask for a letter to be sent now; 0 is none.

    It is recorded already, so a queue that is down only costs half a minute.
    """
    if not letter_id:
        return
    try:
        queue.enqueue(TASK, letter_id)
    except StoreUnavailableError as error:
        _log.warning("Letter %d was not enqueued; the next tick does it. %s", letter_id, error)


def _letter(letter_id: int, kept: dict[str, str]) -> Letter:
    return Letter(
        id=letter_id,
        kind=LetterKind(kept["kind"]),
        subscriber_id=int(kept["subscriber"]),
        created_at=datetime.fromtimestamp(float(kept["created"]), UTC),
        state=LetterState(kept["state"]),
        request_id=kept.get("request", ""),
        reason=kept.get("reason", ""),
    )
