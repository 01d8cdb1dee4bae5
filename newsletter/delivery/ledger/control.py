"""The operator's hand on a delivery: hold, resume, and what to do after a backup was restored.

A hold takes effect before the next request: claims and intents are refused
while it stands, a request that is under way ends as it ends.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from newsletter.delivery.faults import without_addresses
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.store import Script
from newsletter.store import Store, unavailable_store


def hold(store: Store, day: date, reason: str, *, by_hand: bool = False) -> None:
    """Stop an edition's delivery before its next request, and keep the reason for who asks.

    The operator is told of it by mail, unless it was done `by_hand`.
    """
    _hold(store, day, {"held": reason or "held by the operator"} | ({"by_hand": "1"} if by_hand else {}))
    if by_hand:
        with unavailable_store():
            store.srem(keys.FIRST(), day.isoformat())  # it does not go on with the others


def reason_held(store: Store, day: date) -> str | None:
    """Return why an edition's delivery stands still, or None."""
    with unavailable_store():
        found = store.hget(keys.EDITION(day=day), "held")
    return str(found) if found else None


def hold_in_doubt(store: Store, day: date, reason: str) -> None:
    """Stop an edition's delivery because nobody is accepted, and let everybody who was refused wait again.

    It goes on when a person resumes it, or when further readers are due.
    """
    retry_refused(store, day)
    with unavailable_store():
        held, in_doubt = store.hmget(keys.EDITION(day=day), "held", "in_doubt")
    is_only_doubt = in_doubt or not held  # what was held for another reason waits for a person
    _hold(store, day, {"held": reason} | ({"in_doubt": "1"} if is_only_doubt else {}))


def _hold(store: Store, day: date, marks: Mapping[str, str]) -> None:
    name = keys.EDITION(day=day)
    with unavailable_store(), store.pipeline() as pipe:
        pipe.hdel(name, *_HOLD)
        for field, value in marks.items():
            pipe.hset(name, field, without_addresses(value))
        pipe.expire(name, keys.KEEP_SECONDS)
        pipe.execute()


def note_wait(store: Store, day: date, reason: str) -> None:
    """Keep why an edition waits, and since when; forgotten as soon as somebody is accepted."""
    name = keys.EDITION(day=day)
    with unavailable_store(), store.pipeline() as pipe:
        pipe.time()
        pipe.hset(name, "waits_because", without_addresses(reason))
        (seconds, _), *_ = pipe.execute()
        store.hsetnx(name, "waits_since", str(int(seconds) * 1000))


def resume(store: Store, day: date) -> bool:
    """Let an edition's delivery go on; return whether it was held."""
    with unavailable_store(), store.pipeline() as pipe:
        pipe.hdel(keys.EDITION(day=day), "held")
        pipe.hdel(keys.EDITION(day=day), *_HOLD, "refused_in_row")
        was_held, _ = pipe.execute()
    return bool(was_held)


_HOLD = ("held", "by_hand", "in_doubt")


def kept_days(store: Store) -> tuple[date, ...]:
    """Return the editions whose ledger is kept, oldest first; what has expired is forgotten on the way."""
    with unavailable_store():
        days = sorted(date.fromisoformat(str(day)) for day in store.smembers(keys.OPEN()))
        with store.pipeline(transaction=False) as pipe:
            for day in days:
                pipe.exists(keys.EDITION(day=day))
            known = pipe.execute() if days else []
        gone = [day.isoformat() for day, is_known in zip(days, known, strict=True) if not is_known]
        if gone:
            store.sadd(keys.PAST(), *gone)
            store.srem(keys.OPEN(), *gone)
    return tuple(day for day, is_known in zip(days, known, strict=True) if is_known)


def open_days(store: Store) -> tuple[date, ...]:
    """Return the editions with batches that are not done, oldest first."""
    days = kept_days(store)
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for day in days:
            pipe.zcard(keys.DUE(day=day))
        sizes = pipe.execute() if days else []
    return tuple(day for day, size in zip(days, sizes, strict=True) if size)


def refused(store: Store, day: date) -> dict[int, str]:
    """Return who was refused by the mailer for an edition, and why, by subscriber id."""
    with unavailable_store():
        found = store.hgetall(keys.REFUSALS(day=day))
    return {int(one): str(why) for one, why in found.items()}


def retry_refused(store: Store, day: date) -> int:
    """Let everybody who was refused wait again, and return how many: `edition send --only-failed`."""
    families = (keys.EDITION, keys.BATCHES, keys.MARKS, keys.DUE, keys.REFUSALS, keys.PROVISIONAL)
    return int(Script.named("retry").run(store, [name(day=day) for name in families])[0])


def new_epoch(
    store: Store, reason: str = "restored from a backup", *, days: Iterable[date] = ()
) -> tuple[date, ...]:
    """Say that this store's past is older than the world's; return the editions that are held for it.

    Fencing tokens start above all that were ever given out, so that events of
    requests which this store does not remember prove nothing here. Every
    edition that is not done waits for the operator, and so does each of
    `days`, even one that this store has never heard of.
    """
    with unavailable_store():
        store.incr(keys.EPOCH())
    held = tuple(sorted({*open_days(store), *days}))
    for day in held:
        hold(store, day, f"{reason}: what was sent since is not known. Check with the provider, then resume.")
        with unavailable_store():
            store.sadd(keys.OPEN(), day.isoformat())
    return held
