"""Find what is left to do, from stored state alone: a lost task loses nobody."""

from collections.abc import Sequence
from datetime import datetime

from newsletter import queue
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.control import open_days
from newsletter.delivery.ledger.ledger import BatchRef
from newsletter.store import Store, unavailable_store
from newsletter.subscribers.notices import Letterbox


def open_batches(store: Store, now: datetime | None = None) -> tuple[BatchRef, ...]:
    """Return the batches that are neither done, nor leased, nor backing off, nor held; oldest edition first.

    Leases run by the server's clock, so that is what counts unless `now` is given.
    """
    days = open_days(store)
    if not days:
        return ()
    with unavailable_store():
        seconds, micros = store.time()
        at = int(now.timestamp() * 1000) if now else int(seconds) * 1000 + int(micros) // 1000
        with store.pipeline(transaction=False) as pipe:
            for day in days:
                pipe.hget(keys.EDITION(day=day), "held")
                pipe.zrangebyscore(keys.DUE(day=day), "-inf", at)
            found = pipe.execute()
    refs = [
        BatchRef(day, int(batch))
        for day, held, batches in zip(days, found[::2], found[1::2], strict=True)
        if not held
        for batch in sorted(batches, key=int)
    ]
    return tuple(refs)


def not_asked_for(store: Store, batches: Sequence[BatchRef]) -> Sequence[BatchRef]:
    """Return the batches, or none where as many tasks wait already: ticks overtake them, and must add none.

    The tasks need not be for these very batches; a tick after they are done asks for the others.
    """
    return batches if queue.slow_tasks(store) < len(batches) else ()


def open_letters(store: Store, now: datetime) -> tuple[str, ...]:
    """Return the ids of letters that are due and that no worker holds, oldest first."""
    return tuple(str(letter) for letter in Letterbox(store).pending(now))
