"""What bounces and complaints lead to, from every reporter: SendGrid, a mail server, or a report by mail.

An address that does not exist, a complaint and an unsubscription end the
mailing at once. A refusal that may pass (a full mailbox, a policy, a server
that is down) is counted: `SOFT_LIMIT` mailings in a row within 30 days end it
too. SendGrid tells of deliveries, which begin the count anew; mail servers do
not, so there the row is five mailings of 30 days.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from newsletter.delivery.faults import AGAINST_READER, Fault, fault_of
from newsletter.delivery.mailers.port import mailing_of
from newsletter.errors import InvalidInputError
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers import addresses
from newsletter.subscribers.consent import suppression
from newsletter.subscribers.consent.suppression import Reason

SOFT_LIMIT: Final = 5
"""So many mailings in a row that were turned away end the mailing."""
REMEMBERED: Final = timedelta(days=30)

SOFT = Key(
    "delivery:soft:{bucket}:{digest}",
    "set",
    "mailings that were turned away since the last delivery to an address",
    REMEMBERED,
)
KEYS = (SOFT,)
_REPLY: Final = re.compile(r"(?<![\d.])[45][0-5]\d(?:[ -]|$)")


def count_soft(store: Store, mailings: Iterable[tuple[str, str, bool]]) -> frozenset[str]:
    """Note mailings, oldest first, as (address, request id, whether it was delivered).

    Returns the addresses that were turned away too often in a row. A mailing
    counts once, however often it is told or tried again.
    """
    refused: list[str] = []
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for address, request_id, is_delivered in mailings:
            name = _soft_key(address)
            if is_delivered:
                pipe.delete(name)
            else:
                pipe.sadd(name, mailing_of(request_id))
                pipe.expire(name, REMEMBERED)
                refused.append(address)
        pipe.execute()
        for address in refused:
            pipe.scard(_soft_key(address))
        counts = pipe.execute() if refused else []
    return frozenset(address for address, count in zip(refused, counts, strict=True) if count >= SOFT_LIMIT)


def end(store: Store, address: str, reason: Reason, now: datetime) -> int:
    """Mail an address no more; return 1, or 0 for what nobody could have signed up with."""
    try:
        suppression.suppress(store, address, reason, now=now)
    except InvalidInputError:
        return 0
    return 1


def note_refusal(store: Store, address: str, request_id: str, reply: str, now: datetime) -> bool:
    """Take a mail server's word where it refuses a recipient at once; what is not an SMTP reply says nothing.

    Only for a server that is known to accept others: an address that does not
    exist is not mailed again, a full mailbox and an unclear refusal are
    counted, and nothing that is ours, the server's or the network's is. Returns
    whether the address does not exist.
    """
    if _REPLY.search(reply) is None:
        return False
    fault = fault_of(reply)
    counts = fault in AGAINST_READER or fault is Fault.UNKNOWN
    if fault is Fault.ADDRESS or (counts and count_soft(store, [(address, request_id, False)])):
        end(store, address, Reason.BOUNCED, now)
    return fault is Fault.ADDRESS


def _soft_key(address: str) -> str:
    bucket, digest = addresses.digest(address.lower())
    return SOFT(bucket=bucket, digest=digest)
