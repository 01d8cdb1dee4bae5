"""What bounces and complaints lead to, whether SendGrid's events tell of them or reports by mail.

An address that does not exist, a complaint and an unsubscription end the
mailing at once. A refusal that may pass (a full mailbox, a policy, a server
that is down) is counted: `SOFT_LIMIT` mailings in a row within 30 days end it
too. SendGrid tells of deliveries, which begin the count anew; mail servers do
not, so there the row is five mailings of 30 days.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from newsletter.errors import InvalidInputError
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers import addresses, suppression
from newsletter.subscribers.suppression import Reason

SOFT_LIMIT: Final = 5
"""So many mailings in a row that were turned away end the mailing."""
REMEMBERED: Final = timedelta(days=30)

SOFT = Key(
    "delivery:soft:{bucket}:{digest}",
    "set",
    "requests that were turned away since the last delivery to an address",
    REMEMBERED,
)
KEYS = (SOFT,)


def count_soft(store: Store, mailings: Iterable[tuple[str, str, bool]]) -> frozenset[str]:
    """Note mailings, oldest first, as (address, request id, whether it was delivered).

    Returns the addresses that were turned away too often in a row. The same
    mailing told twice counts once.
    """
    refused: list[str] = []
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for address, request_id, is_delivered in mailings:
            name = _soft_key(address)
            if is_delivered:
                pipe.delete(name)
            else:
                pipe.sadd(name, request_id)
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


def _soft_key(address: str) -> str:
    bucket, digest = addresses.digest(address.casefold())
    return SOFT(bucket=bucket, digest=digest)
