"""Send one letter with the discipline of the ledger: claim, intent, send once, settle.

A welcome carries the newest edition unless the daily mail does; whichever
comes first takes it, in one atomic step, so no reader gets an edition twice.
Readers who ask for the latest edition get it even so, and the daily mail that
was still to bring it does not.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, cast

from newsletter.delivery import mailers
from newsletter.delivery.faults import Fault, fault_of, without_addresses
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.leases import LEASE_OVER_LONGEST
from newsletter.delivery.mailers.port import Mailer, Outcome
from newsletter.delivery.sending import links, throttle
from newsletter.editions import for_reader
from newsletter.editions.store import EditionStore
from newsletter.errors import NotFoundError, PermanentError
from newsletter.models import Edition, Message, Recipient, Subscriber
from newsletter.rendering import digest, template_check
from newsletter.rendering import notices as rendering
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Key, Store, insisting, unavailable_store
from newsletter.subscribers import schedule
from newsletter.subscribers.consent import keyring, tokens
from newsletter.subscribers.consent.tokens import Keys
from newsletter.subscribers.notices import LONGEST_SEND, Claim, Letterbox, LetterKind

RETRY_AFTER: Final = timedelta(minutes=1)
"""How long a letter waits after a refusal that may pass."""
AFTER_A_HALT: Final = timedelta(minutes=15)
"""How long it waits where a person must act first."""
WORTH_SENDING: Final = timedelta(days=1)
"""How long a notice is tried while the fault is ours; then it is given up."""

HALTED = Key("letters:halted", "string", "why letters wait until a person acts", timedelta(hours=1))
KEYS = (HALTED,)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LetterReport:
    """What one task did with one letter."""

    letter: int
    state: str
    """sent, refused, uncertain, postponed, or `left alone`: settled, held, not due, pointless."""


def _clock() -> datetime:
    return datetime.now(UTC)


def send_letter(
    store: Store,
    settings: Settings,
    letter_id: int | str,
    now: Callable[[], datetime] = _clock,
    *,
    mailer: Mailer | None = None,
) -> LetterReport:
    """Send a letter once; harmless to repeat at any time.

    Raises `StoreUnavailableError` where the letterbox does not answer, and
    `SettingsError` where the mailer lacks a setting; the letter waits then.
    """
    mailer = mailer or mailers.make(settings)
    box = Letterbox(store)
    claim = box.claim(int(letter_id), now(), mailer.longest * LEASE_OVER_LONGEST + LONGEST_SEND)
    if claim is None:
        return LetterReport(int(letter_id), "left alone")
    site = SiteFacts.of(settings)
    try:
        with template_check.blaming(str(claim.letter.kind)):
            message = _message(store, site, claim, now())
    except NotFoundError as error:
        box.refuse(claim, str(error), now())
        return LetterReport(claim.letter.id, "refused")
    except PermanentError as error:
        log.exception("Letter %d waits.", claim.letter.id)
        box.postpone(claim, now() + AFTER_A_HALT, str(error))
        _tell(store, str(error))
        return LetterReport(claim.letter.id, "postponed")
    recipient = _recipient(site, keyring.of(store, settings), claim)
    request_id = f"letter-{claim.letter.id}.{claim.token}"
    throttle.count_letter(store, settings)  # before the intent: nothing may fail between it and the letter
    if not box.intend(claim, request_id, now()):
        return LetterReport(claim.letter.id, "left alone")
    try:
        outcome = mailer.send(message, [recipient], request_id=request_id)
    except PermanentError as error:  # raised before anything leaves
        outcome = Outcome(halt=str(error))
    outcome = _judged(outcome, claim, now())
    settle = partial(_settle, box, claim, outcome, now())
    # only this process knows how it ended
    state = insisting(settle, within=mailer.longest * LEASE_OVER_LONGEST)
    if outcome.halt:
        _tell(store, outcome.halt)
    return LetterReport(claim.letter.id, state)


def _tell(store: Store, why: str) -> None:
    with unavailable_store():
        store.set(HALTED(), without_addresses(why), ex=HALTED.expires)


def _judged(outcome: Outcome, claim: Claim, now: datetime) -> Outcome:
    """Return the outcome, with refusals that are our own fault turned into ones that a person must end.

    A letter goes to one reader, so nobody else shows who is at fault: where the
    words name the sender, or the request as a whole was refused, it waits, for
    as long as it is worth sending.
    """
    words = outcome.refused.get(claim.subscriber.id, "")
    if now - claim.letter.created_at > WORTH_SENDING:
        return outcome
    if outcome.rejected or fault_of(words) in {Fault.SENDER, Fault.POLICY}:
        said = without_addresses(outcome.rejected or words).rstrip(".")
        return Outcome(halt=f"Letters are refused: {said}. Check NEWSLETTER_FROM and the mailer's account.")
    return outcome


def _settle(box: Letterbox, claim: Claim, outcome: Outcome, now: datetime) -> str:
    one = claim.subscriber.id
    if one in outcome.accepted:
        box.sent(claim.letter.id, now)
        return "sent"
    if one in outcome.uncertain:
        box.doubt(claim, "no answer after the mail left", now)
        return "uncertain"
    if outcome.halt:
        why = without_addresses(outcome.halt)
        log.error("Letter %d waits. %s", claim.letter.id, why)
        box.postpone(claim, now + AFTER_A_HALT, why)
        return "postponed"
    refusal = outcome.refused.get(one) or outcome.rejected
    if refusal:
        box.refuse(claim, without_addresses(refusal), now)
        return "refused"
    why = outcome.deferred.get(one) or outcome.reason or "the mailer asks to come again later"
    box.postpone(claim, now + (outcome.retry_after or RETRY_AFTER), without_addresses(why))
    return "postponed"


def _message(store: Store, site: SiteFacts, claim: Claim, now: datetime) -> Message:
    reader = claim.subscriber
    match claim.letter.kind:
        case LetterKind.WELCOME:
            return rendering.render(
                "welcome",
                site,
                preferences=reader.preferences,
                edition=_carried(store, reader, now),
                first_at=schedule.next_edition_at(reader.preferences, now),
            )
        case LetterKind.LATEST:
            return digest.render(_latest(store, reader, now), reader.preferences, site)
        case LetterKind() as kind:
            named_alike = cast("rendering.Kind", kind.value)
            return rendering.render(named_alike, site, preferences=reader.preferences)


def _carried(store: Store, reader: Subscriber, now: datetime) -> Edition | None:
    """Return the newest edition as this reader's own, if it is worth a mail and nothing else brings it."""
    newest = EditionStore(store).latest()
    if newest is None or now - newest.cut_off > keys.STALE_AFTER:
        return None
    own = for_reader(newest, reader.preferences)
    if own.is_quiet or not keys.may_carry(store, newest.date, reader.id):
        return None
    return own


def _latest(store: Store, reader: Subscriber, now: datetime) -> Edition:
    """Return the newest edition as this reader's own, had before or not, quiet or not: it was asked for."""
    newest = EditionStore(store).latest()
    if newest is None:
        raise NotFoundError("No edition exists yet. Build one: newsletter edition build")
    own = for_reader(newest, reader.preferences)
    if not own.is_quiet and now - newest.cut_off <= keys.STALE_AFTER:
        keys.may_carry(store, newest.date, reader.id)
    return own


def _recipient(site: SiteFacts, keys: Keys, claim: Claim) -> Recipient:
    reader: Subscriber = claim.subscriber
    match claim.letter.kind:
        case LetterKind.CONFIRM | LetterKind.INVITATION:
            reject = tokens.sign("reject", reader.id, reader.address, keys)
            values: tuple[tuple[str, str], ...] = (
                ("-confirm_url-", f"{site.base_url}/confirm/{_dated('confirm', claim, keys)}"),
                ("-reject_url-", f"{site.base_url}/reject/{reject}"),
            )
        case LetterKind.NEW_ADDRESS:
            values = (("-confirm_url-", f"{site.base_url}/move/{_dated('move', claim, keys)}"),)
        case LetterKind.OLD_ADDRESS:
            values = (("-back_url-", f"{site.base_url}/move/{_dated('move', claim, keys)}"),)
        case _:
            values = links.of(reader.id, reader.address, site, keys)
    return Recipient.of(reader.id, reader.address, values)


def _dated(purpose: tokens.Purpose, claim: Claim, keys: Keys) -> str:
    reader = claim.subscriber
    return tokens.sign(purpose, reader.id, reader.address, keys, instant=claim.instant)
