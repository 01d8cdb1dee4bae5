"""Send one batch: claim, look again who wants it, note the intent, send once, commit.

What a task does. It may be killed at any line, started twice, or started when
there is nothing to do; the ledger says what each of these leads to.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from time import sleep

from newsletter.delivery import judgement, mailers
from newsletter.delivery.faults import without_addresses
from newsletter.delivery.ledger import control
from newsletter.delivery.ledger.leases import LEASE_OVER_LONGEST, lease_of
from newsletter.delivery.ledger.ledger import BatchRef, Denied, Ledger
from newsletter.delivery.mailers.port import Mailer
from newsletter.delivery.sending import links, throttle
from newsletter.delivery.sending.batch_sender import BatchReport, BatchSender
from newsletter.delivery.sending.messages import message_of
from newsletter.delivery.sending.throttle import Gate
from newsletter.errors import PermanentError, TransientError
from newsletter.models import Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import keyring

log = logging.getLogger(__name__)


def _clock() -> datetime:
    return datetime.now(UTC)


def send_batch(
    store: Store,
    settings: Settings,
    day: date,
    batch: int,
    now: Callable[[], datetime] = _clock,
    *,
    mailer: Mailer | None = None,
    pause: Callable[[float], None] = sleep,
    is_overtaken: Callable[[], bool] = lambda: False,
) -> BatchReport:
    """Send a batch to those of its recipients who wait; harmless to repeat at any time.

    Whatever it raises but an unavailable store is why the edition waits, and told as that.
    `pause` waits for some seconds until more mails may leave; see `throttle`.
    Between two portions the batch is given back where it `is_overtaken`.
    Raises `StoreUnavailableError` where the ledger does not answer; the lease
    ends by itself then. Raises `SettingsError` where the mailer lacks one.
    """
    try:
        return _send(
            store,
            settings,
            BatchRef(day, batch),
            now,
            mailer=mailer or mailers.make(settings),
            pause=pause,
            is_overtaken=is_overtaken,
        )
    except TransientError:
        raise
    except Exception as error:
        said = without_addresses(str(error) or type(error).__name__)
        with suppress(TransientError):
            control.note_wait(store, day, f"A worker fails: {said} Its log shows where.")
        raise


def _send(
    store: Store,
    settings: Settings,
    ref: BatchRef,
    now: Callable[[], datetime],
    *,
    mailer: Mailer,
    pause: Callable[[float], None],
    is_overtaken: Callable[[], bool],
) -> BatchReport:
    lease = lease_of(mailer)
    ledger = Ledger(store, lease=lease, longest=lease / LEASE_OVER_LONGEST, mailer=settings.mailer)
    claim = ledger.claim(ref)
    if isinstance(claim, Denied):
        return BatchReport(ref, denied=claim.why)
    site = SiteFacts.of(settings)
    try:
        message = message_of(store, settings, site, ledger, claim)
    except PermanentError as error:
        log.exception("The edition of %s is held.", ref.day)
        ledger.release(claim)
        ledger.hold(ref.day, str(error))
        return BatchReport(claim.ref, waiting=len(claim.waiting), halted=str(error))

    def who_wants_it(ids: Sequence[int]) -> Mapping[int, Recipient]:
        addresses, link_keys = keyring.mailable(store, settings, ids, now())
        return links.recipients(addresses, site, link_keys)

    gate = Gate(throttle.of(store, settings), claim.ref, lease, pause=pause)
    judge = partial(judgement.weigh, store, ref.day)
    sending = BatchSender(
        ledger,
        mailer,
        claim,
        message=message,
        look=who_wants_it,
        judge=judge,
        gate=gate,
        now=now,
        is_overtaken=is_overtaken,
    )
    report = sending.run()
    gate.close()
    if sending.has_refused or claim.finds_provisional:
        judgement.apply(store, ref.day, now())
    return report
