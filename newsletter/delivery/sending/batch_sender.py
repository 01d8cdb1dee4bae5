"""A claimed batch, sent portion by portion: note the intent, send once, commit, and say what came of it."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from time import monotonic
from typing import Final

from newsletter.delivery.faults import without_addresses
from newsletter.delivery.freezing.variants import DigestVariant
from newsletter.delivery.ledger.leases import LEASE_OVER_LONGEST, KeptLease, lease_of
from newsletter.delivery.ledger.ledger import (
    ACCEPTED,
    LEFT,
    NAMED,
    REFUSED,
    UNCERTAIN,
    UNSPOKEN,
    WAITS,
    BatchRef,
    Claim,
    Committed,
    Denied,
    Ledger,
)
from newsletter.delivery.mailers.port import Mailer, Outcome
from newsletter.delivery.sending.throttle import Gate
from newsletter.errors import PermanentError
from newsletter.models import Message, Recipient
from newsletter.store import insisting

LOOK_AGAIN_AFTER: Final = timedelta(seconds=5)
"""How long a look at who wants the mail holds: leaving takes effect before the next send."""
HELD_BACK: Final = "held back"
"""By the throttle: more may leave later."""
OVERTAKEN: Final = "overtaken"
"""By a letter or a tick that waits for a worker; the batch may be claimed at once."""
MOST_SECONDS: Final = 60.0
"""After this no further portion is begun: the task ends before its time limit, and the next goes on."""
DEFERRED_FOR: Final = timedelta(seconds=60)
"""How long those wait whom the mail server put off; the rest of their batch goes on."""
GIVE_UP_AFTER: Final = timedelta(days=2)
"""A recipient who was deferred for so long is refused: the day's papers are no news any more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchReport:
    """What one task did with one batch; counts of recipients."""

    ref: BatchRef
    denied: str | None = None
    """Why nothing was done, or no more: over, busy, held, lost, held back, overtaken."""
    accepted: int = 0
    refused: int = 0
    left: int = 0
    uncertain: int = 0
    waiting: int = 0
    """Still to be sent: the sweeper brings the batch again."""
    halted: str | None = None
    """Why the whole edition was held; ends with what to do."""
    stray: bool = False
    """Some were mailed twice, proved."""


_NAMED, _LEFT = ord(NAMED), ord(LEFT)
_ALL_ACCEPTED = {ord(mark): ACCEPTED if mark == NAMED else UNSPOKEN for mark in ".iarlu"}


Judge = Callable[[Mapping[int, tuple[str, str]], int], str | None]
"""Takes whom a request was refused for (address and words by id) and how many it named; see `judgement`."""


class BatchSender:
    """One claim's way through its portions."""

    def __init__(
        self,
        ledger: Ledger,
        mailer: Mailer,
        claim: Claim,
        *,
        message: Message,
        look: Callable[[Sequence[int]], Mapping[int, Recipient]],
        judge: Judge,
        gate: Gate,
        now: Callable[[], datetime],
        is_overtaken: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._mailer = mailer
        self._message = message
        self._look = look
        self._claim = claim
        self._judge = judge
        self._gate = gate
        self._now = now
        self._is_overtaken = is_overtaken
        self._asked_at = self._looked_at = now()
        self._ends_at = monotonic() + MOST_SECONDS
        self._portions = deque([claim.waiting] if claim.waiting else [])
        """Positions that wait; a portion is cut to the mailer's size when its turn comes."""
        self.recipients = dict(look([claim.ids[at] for at in claim.waiting]))
        """The readers of the batch who want it, as of the last look."""
        self._later = timedelta(0)
        self._stray = False
        self._halted: str | None = None
        self.has_refused = False
        """Whether a request was refused for somebody."""

    def run(self) -> BatchReport:
        """Send portion after portion until nobody waits, time is up or something says stop."""
        denied: str | None = None
        is_begun = False  # each task sends one portion, so that many letters hold up no edition
        while self._portions:
            if is_begun and self._is_overtaken():
                denied = OVERTAKEN
                self._ledger.release(self._claim)
                break
            positions = self._admitted(self._next_portion())
            if not positions:
                denied = OVERTAKEN if self._is_overtaken() else HELD_BACK
                wait = timedelta(0) if denied == OVERTAKEN else self._gate.again_in
                self._ledger.release(self._claim, retry_after=wait)
                break
            is_begun = True
            self._look_again(positions)
            self._asked_at = self._now()
            intent = self._ledger.intend(self._claim, self._letters(positions))
            if isinstance(intent, Denied):
                self._gate.left(0)
                denied = intent.why
                break
            self._claim = intent
            named = [at for at in positions if intent.marks[at] == NAMED]
            if named and not self._send(intent, named):
                break
        return self._report(denied)

    def _next_portion(self) -> tuple[int, ...]:
        positions, size = self._portions.popleft(), self._mailer.portion
        if len(positions) > size:
            self._portions.appendleft(positions[size:])
        return positions[:size]

    def _admitted(self, positions: tuple[int, ...]) -> tuple[int, ...]:
        """Return those of a portion who may be mailed now; the others are the next portion."""
        mailed = [at for at in positions if self._claim.ids[at] in self.recipients]
        granted = self._gate.admit(len(mailed))
        if granted == len(mailed):
            return positions
        cut = positions.index(mailed[granted]) if granted else 0
        self._portions.appendleft(positions[cut:])
        return positions[:cut]

    def _look_again(self, positions: Sequence[int]) -> None:
        """See who has left while other portions were sent, or while the throttle made us wait."""
        if self._now() - self._looked_at < LOOK_AGAIN_AFTER:
            return
        self._looked_at = self._now()
        ids = [self._claim.ids[at] for at in chain(positions, *self._portions)]
        for one in ids:
            self.recipients.pop(one, None)
        self.recipients |= self._look(ids)

    def _send(self, intent: Claim, named: Sequence[int]) -> bool:
        """Send one request and commit its end; return whether to go on."""
        outcome = self._request(intent, named)
        if outcome.deferred:
            self._later = DEFERRED_FOR
        begun = len(outcome.accepted) + len(outcome.refused) + len(outcome.deferred) + len(outcome.uncertain)
        if outcome.rejected:
            outcome = self._part(outcome, named)
        ends = self._ends(intent, named, outcome)
        goes_on = (
            bool(self._portions)
            and outcome.halt is None
            and outcome.retry_after is None
            and monotonic() < self._ends_at
        )
        refused = {one: why for one, why in outcome.refused.items() if ends[intent.ids.index(one)] == REFUSED}
        refused |= self._given_up(outcome)
        commit = partial(
            self._ledger.commit,
            intent,
            ends,
            retry_after=outcome.retry_after or self._later,
            keeps_lease=goes_on,
            reasons=refused,
        )
        lease = self._mailer.longest * LEASE_OVER_LONGEST
        taken = insisting(commit, within=lease)  # only this process knows how the request ended
        self._gate.left(begun)
        if taken is Committed.STRAY:
            self._stray = True
            log.error("Request %s mailed readers whom another one had mailed, too.", intent.request_id)
        self._claim = replace(intent, marks=_ended(intent.marks, ends))
        if outcome.reason:
            self._note_wait(outcome.reason)
        if outcome.halt:
            self._halt(outcome.halt)
        elif refused:
            self._weigh(refused, len(named), keeps_lease=goes_on)
        return goes_on and self._halted is None

    def _request(self, intent: Claim, named: Sequence[int]) -> Outcome:
        """Make the request, unless this process stood still since it asked to.

        After a pause of the machine or the process the lease may be over and its
        silence judged, so it must not speak any more.
        """
        lease = lease_of(self._mailer)
        if self._now() - self._asked_at > lease - lease / LEASE_OVER_LONGEST:
            log.warning("Request %s was not begun: this process stood still.", intent.request_id)
            return Outcome()
        recipients = [self.recipients[intent.ids[at]] for at in named]
        is_short = self._mailer.longest * LEASE_OVER_LONGEST <= lease
        try:
            with nullcontext() if is_short else KeptLease(partial(self._ledger.extend, intent), lease):
                return self._mailer.send(self._message, recipients, request_id=intent.request_id)
        except PermanentError as error:  # raised before anything leaves: a setting, a sender, a header
            return Outcome(halt=str(error))

    def _letters(self, positions: Sequence[int]) -> str:
        ids = self._claim.ids
        letters = bytearray(UNSPOKEN.encode() * len(ids))
        for at in positions:
            letters[at] = _NAMED if ids[at] in self.recipients else _LEFT
        return letters.decode()

    def _ends(self, intent: Claim, named: Sequence[int], outcome: Outcome) -> str:
        """Return the end of each recipient whom a request named; who has none was not begun."""
        if len(outcome.accepted) == len(named):
            return intent.marks.translate(_ALL_ACCEPTED)
        ends = [UNSPOKEN] * len(intent.ids)
        given_up = self._given_up(outcome)
        for at in named:
            one = intent.ids[at]
            if one in outcome.accepted:
                ends[at] = ACCEPTED
            elif one in outcome.refused or one in given_up:
                ends[at] = REFUSED
            elif one in outcome.uncertain:
                ends[at] = UNCERTAIN
            else:
                ends[at] = WAITS
        return "".join(ends)

    def _part(self, outcome: Outcome, named: Sequence[int]) -> Outcome:
        """Answer a request that was refused as a whole: try its halves, down to the bad recipient."""
        if len(named) > 1:
            middle = len(named) // 2
            self._portions.extendleft([tuple(named[middle:]), tuple(named[:middle])])
            return replace(outcome, rejected=None)
        one = self._claim.ids[named[0]]
        return replace(outcome, rejected=None, refused={one: outcome.rejected or "refused"})

    def _given_up(self, outcome: Outcome) -> dict[int, str]:
        if not outcome.deferred:
            return {}
        copy = DigestVariant.model_validate_json(self._ledger.rendering(self._claim))
        age = self._now() - datetime.combine(copy.mailed_on(self._claim.ref.day), datetime.min.time(), UTC)
        if age < GIVE_UP_AFTER:
            return {}
        return {one: f"given up after two days: {why}" for one, why in outcome.deferred.items()}

    def _weigh(self, refused: Mapping[int, str], named: int, *, keeps_lease: bool) -> None:
        """Ask the edition's judgement about refusals; where it stops the edition, who was refused waits."""
        self.has_refused = True
        people = {one: (self.recipients[one].address, words) for one, words in refused.items()}
        why = self._judge(people, named)
        if why is None:
            return
        self._halted = why
        self._claim = replace(self._claim, marks=self._claim.marks.replace(REFUSED, WAITS))
        if keeps_lease:
            self._ledger.release(self._claim)
        log.error("The edition of %s is held. %s", self._claim.ref.day, why)

    def _note_wait(self, reason: str) -> None:
        said = without_addresses(reason)
        log.warning("The edition of %s waits. %s", self._claim.ref.day, said)
        self._ledger.note_wait(self._claim.ref.day, said)

    def _halt(self, why: str) -> None:
        self._halted = why = without_addresses(why)
        self._ledger.hold(self._claim.ref.day, why)
        log.error("The edition of %s is held. %s", self._claim.ref.day, why)

    def _report(self, denied: str | None) -> BatchReport:
        count = self._claim.marks.count
        return BatchReport(
            self._claim.ref,
            denied,
            accepted=count(ACCEPTED),
            refused=count(REFUSED),
            left=count(LEFT),
            uncertain=count(UNCERTAIN),
            waiting=count(WAITS),
            halted=self._halted,
            stray=self._stray,
        )


def _ended(marks: str, ends: str) -> str:
    """Return marks with the ends of those whom a request named."""
    if UNSPOKEN not in ends:
        return ends
    return "".join([old if new == UNSPOKEN else new for old, new in zip(marks, ends, strict=True)])
