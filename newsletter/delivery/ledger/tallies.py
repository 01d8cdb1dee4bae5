"""How many addresses of an edition had which event: bounced, complained, was delivered."""

from datetime import date

from redis.client import Pipeline

from newsletter.delivery.ledger.ledger import read_request_id
from newsletter.delivery.ledger.store import KEPT
from newsletter.store import Key, Store, unavailable_store

SEEN = Key("delivery:{day}:seen:{kind}", "string", "addresses with such an event, as a HyperLogLog", KEPT)
KEYS = (SEEN,)


def totals(store: Store, day: date) -> dict[str, int]:
    """Return how many addresses had each kind of event in an edition (within a percent)."""
    kinds = (
        "processed",
        "delivered",
        "deferred",
        "bounce",
        "blocked",
        "dropped",
        "spamreport",
        "unsubscribe",
    )
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for kind in kinds:
            pipe.pfcount(SEEN(day=day, kind=kind))
        counts = pipe.execute()
    return {kind: int(count) for kind, count in zip(kinds, counts, strict=True) if count}


def count(store: Store, request_id: str, kind: str, address: str) -> None:
    """Note that an address of an edition had such an event, for `totals`; repeats count once."""
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        note(pipe, request_id, kind, address)
        pipe.execute()


def note(pipe: Pipeline, request_id: str, kind: str, address: str) -> None:
    """Add one such event to a pipeline; a request that cannot be read counts for no edition."""
    read = read_request_id(request_id)
    if read is not None:
        name = SEEN(day=read[0].day, kind=kind)
        pipe.pfadd(name, address.lower())
        pipe.expire(name, KEPT)
