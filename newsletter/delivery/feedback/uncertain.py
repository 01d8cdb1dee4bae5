"""Settle what is uncertain: by evidence where there is any, by the operator's policy where there is none.

In this order, for each request whose end is unknown:

1. An event has come: SendGrid accepted it. `events` settles that at once.
2. The mailer can be asked: the outbox looks whether the file is there.
3. Silence: events that SendGrid made right after the request have come, others
   that it made longer than the silence limit afterwards have come too, and none
   of them names the request. It was not accepted, and is sent again. Where the
   site was down when the request ended, the first are missing: SendGrid may
   still be about to tell, so silence proves nothing.
   Nor does it where the edition was carried by another mailer, or by several.
4. The policy (`NEWSLETTER_UNCERTAIN`): wait for the operator, send again, or
   take it as sent, once the silence limit has passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from newsletter.delivery import mailers
from newsletter.delivery.feedback import events
from newsletter.delivery.ledger import control
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ids import unpacked
from newsletter.delivery.ledger.ledger import (
    ACCEPTED,
    UNCERTAIN,
    UNSPOKEN,
    WAITS,
    BatchRef,
    Claim,
    Committed,
    Ending,
    Ledger,
)
from newsletter.delivery.mailers.port import Mailer, Witness
from newsletter.delivery.sending import links
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers.consent import keyring
from newsletter.subscribers.kept.store import SubscriberStore

GRACE: Final = 3
"""A worker that is only late says itself what became of its request: so many times the longest one."""


@dataclass(frozen=True)
class Uncertain:
    """One request whose end is unknown."""

    ref: BatchRef
    token: int
    since: datetime
    """When its end was found to be unknown."""
    ended: datetime
    """When it was over at the latest: it may have been found long after that."""
    mask: str
    """`u` at the recipients that it is about."""

    @property
    def recipients(self) -> int:
        """How many they are."""
        return self.mask.count(UNCERTAIN)


@dataclass(frozen=True)
class Settled:
    """What one round settled; counts of recipients."""

    proved: int = 0
    resent: int = 0
    assumed: int = 0
    left: int = 0
    """Still uncertain."""


def uncertain(store: Store, day: date) -> tuple[Uncertain, ...]:
    """Return an edition's uncertain requests, oldest first."""
    with unavailable_store():
        found: dict[str, str] = store.hgetall(keys.UNCERTAIN(day=day))  # type: ignore[assignment]  # decoded
    read = (_read(day, request, entry) for request, entry in found.items())
    return tuple(sorted(read, key=lambda one: (one.since, one.ref.batch, one.token)))


def settle(store: Store, settings: Settings, now: datetime, *, mailer: Mailer | None = None) -> Settled:
    """Do one round over all editions; harmless to repeat. For the tick."""
    counts = {Ending.PROVED: 0, Ending.RESENT: 0, Ending.ASSUMED: 0}
    left = 0
    for day in control.kept_days(store):
        for request in uncertain(store, day):
            asked = mailer or mailers.make(settings)
            if now - request.since < asked.longest * GRACE:
                left += request.recipients
            elif isinstance(asked, Witness) and _carrier(store, day) == settings.mailer:
                accepted = _ask(store, settings, request, asked)
                counts[Ending.PROVED] += accepted
                counts[Ending.RESENT] += request.recipients - accepted
            elif ending := _ending(store, settings, request, now):
                counts[ending] += Ledger(store).settle(request.ref, request.token, ending)
            else:
                left += request.recipients
    return Settled(counts[Ending.PROVED], counts[Ending.RESENT], counts[Ending.ASSUMED], left)


def settle_by_hand(store: Store, day: date, ending: Ending) -> int:
    """Apply the operator's word to all that is uncertain in an edition; return how many it settled."""
    ledger = Ledger(store)
    return sum(ledger.settle(request.ref, request.token, ending) for request in uncertain(store, day))


def prove(store: Store, ref: BatchRef, token: int, subscriber_id: int) -> bool:
    """Take one recipient of an uncertain request as accepted, by evidence; return whether they were one."""
    request = f"{ref.batch}.{token}"
    with unavailable_store():
        entry = store.hget(keys.UNCERTAIN(day=ref.day), request)
        entry = entry or store.hget(keys.REQUESTS(day=ref.day), request)
    mask = str(entry or "").partition(" ")[2]
    if not mask:
        return False
    claim = Claim(ref, token, "", members(store, ref), mask)
    letters = _letters(claim.ids, mask, frozenset({subscriber_id}), others=UNSPOKEN)
    return ACCEPTED in letters and Ledger(store).commit(claim, letters) is Committed.SETTLED


def _ending(store: Store, settings: Settings, request: Uncertain, now: datetime) -> Ending | None:
    limit = request.since + timedelta(minutes=settings.silence_minutes)
    carrier = _carrier(store, request.ref.day)
    is_told = carrier == settings.mailer == "sendgrid" and settings.sendgrid_webhook_key
    if is_told and events.was_heard_about(store, request.ended, limit):
        return Ending.RESENT
    if now < limit:
        return None
    return {"hold": None, "resend": Ending.RESENT, "assume": Ending.ASSUMED}[settings.uncertain]


def _carrier(store: Store, day: date) -> str | None:
    """Return which mailer carries an edition; `several` after the operator chose another."""
    with unavailable_store():
        found = store.hget(keys.EDITION(day=day), "mailer")
    return str(found) if found else None


def _ask(store: Store, settings: Settings, request: Uncertain, mailer: Mailer) -> int:
    """Ask the mailer who was accepted, say so to the ledger, and return how many they were."""
    assert isinstance(mailer, Witness)
    ids = members(store, request.ref)
    named = [one for one, mark in zip(ids, request.mask, strict=True) if mark == UNCERTAIN]
    site = SiteFacts.of(settings)
    found = SubscriberStore(store).get_many(named)
    addresses = {reader.id: reader.address for reader in found}
    people = links.recipients(addresses, site, keyring.of(store, settings))
    claim = Claim(request.ref, request.token, "", ids, request.mask)
    accepted = mailer.evidence(list(people.values()), request_id=claim.request_id)
    Ledger(store).commit(claim, _letters(ids, request.mask, accepted))
    return len(accepted)


def _letters(ids: Sequence[int], mask: str, accepted: frozenset[int], *, others: str = WAITS) -> str:
    return "".join(
        UNSPOKEN if mark != UNCERTAIN else ACCEPTED if one in accepted else others
        for one, mark in zip(ids, mask, strict=True)
    )


def members(store: Store, ref: BatchRef) -> tuple[int, ...]:
    """Return whom a batch addresses, in the order of its marks."""
    with unavailable_store():
        definition = str(store.hget(keys.BATCHES(day=ref.day), str(ref.batch)))
    return unpacked(definition.partition("|")[2])


def _read(day: date, request: str, entry: str) -> Uncertain:
    batch, _, token = request.partition(".")
    moments, _, mask = entry.partition(" ")
    since, ended = (datetime.fromtimestamp(float(one) / 1000, UTC) for one in moments.split(","))
    return Uncertain(BatchRef(day, int(batch)), int(token), since, ended, mask)
