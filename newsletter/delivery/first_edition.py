"""The first edition waits until the operator has looked at it.

An operator who has just turned on a real mailer has not seen a mail yet, and a
mistake in the first would reach every reader at once. So all
editions are held until one is resumed, or sent by hand. Mails in a folder
reach nobody and wait for nobody.
"""

import logging
from collections.abc import Iterable
from datetime import date

from newsletter.delivery.ledger import control
from newsletter.delivery.ledger import store as keys
from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store

log = logging.getLogger(__name__)


def is_awaited(store: Store, settings: Settings) -> bool:
    """Whether a real mailer is chosen and no edition was ever mailed by one, nor let go."""
    if settings.mailer == "outbox":
        return False
    with unavailable_store():
        if store.exists(keys.BEGUN()):
            return False
    if not _was_mailed(store):
        return True
    let_go(store)
    return False


def hold(store: Store, settings: Settings, days: Iterable[date]) -> tuple[date, ...]:
    """Hold those of `days` that are not held, where the first edition is awaited; return them."""
    if not is_awaited(store, settings):
        return ()
    held = tuple(day for day in days if not control.reason_held(store, day))
    for day in held:
        control.hold(
            store,
            day,
            f"nothing was mailed through {settings.mailer} yet, so it waits until you have looked at it: "
            f"newsletter edition preview {day}",
        )
        with unavailable_store():
            store.sadd(keys.FIRST(), day.isoformat())
    if held:
        log.warning(
            "Held until you have looked (newsletter edition preview %s), then: newsletter edition resume %s",
            held[-1],
            held[-1],
        )
    return held


def let_go(store: Store) -> None:
    """Hold nothing any more for being the first."""
    with unavailable_store():
        store.set(keys.BEGUN(), "1")
        days = [date.fromisoformat(str(day)) for day in store.smembers(keys.FIRST())]
        store.delete(keys.FIRST())
    for day in days:
        control.resume(store, day)


def resume(store: Store, day: date) -> bool:
    """Let an edition's delivery go on, and all that waited with it; return whether it was held."""
    with unavailable_store():
        is_first = store.sismember(keys.FIRST(), day.isoformat())
    was_held = control.resume(store, day)
    if is_first:
        let_go(store)
    return was_held


def _was_mailed(store: Store) -> bool:
    """Whether any edition that is remembered was mailed to anybody by a real mailer."""
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        days = [str(day) for day in store.smembers(keys.OPEN())]
        pipe.exists(keys.PAST())
        for day in days:
            pipe.hmget(keys.EDITION(day=day), "mailer", "accepted")
        has_past, *totals = pipe.execute()
    return bool(has_past) or any(
        mailer not in (None, "outbox") and int(accepted or 0) for mailer, accepted in totals
    )
