"""What clocks do to the work: a worker's that is wrong, and the server's that is put back."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from newsletter.clock import MOST_APART
from newsletter.delivery.ledger import control
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.store import Script
from newsletter.delivery.sending import throttle
from newsletter.settings import Settings
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers import notices

_FORGET_AFTER: Final = timedelta(minutes=10)

APART = Key(
    "clock:apart:{worker}",
    "string",
    "seconds that an idle worker's clock is ahead",
    _FORGET_AFTER,
)
PUT_BACK = Key(
    "clock:put_back", "string", "when and how far the server's clock was put back", timedelta(days=1)
)
LATEST = Key("clock:latest", "string", "the latest time that a tick has read from the server, Unix ms")
KEYS = (APART, PUT_BACK, LATEST)


def note_apart(store: Store, worker: str, ahead: timedelta) -> None:
    """Keep that a worker does nothing because its clock is `ahead` (or behind); forgotten by itself."""
    with unavailable_store():
        store.set(APART(worker=worker), str(round(ahead.total_seconds())), ex=_FORGET_AFTER)


def faults(store: Store) -> tuple[str, ...]:
    """Return what is wrong with clocks, a sentence each, workers by name."""
    with unavailable_store():
        names = sorted(str(name) for name in store.scan_iter(APART(worker="*"), count=1000))
        seconds = store.mget(names) if names else []
        put_back = store.get(PUT_BACK())
    return (*_apart(names, seconds), *([str(put_back)] if put_back else []))


def _apart(names: list[str], seconds: Sequence[Any]) -> Iterator[str]:
    for name, found in zip(names, seconds, strict=True):
        if found is not None:
            by = timedelta(seconds=abs(int(found)))
            way = "ahead of" if int(found) > 0 else "behind"
            worker = name.removeprefix(APART(worker=""))
            yield f"The clock of {worker} is {by} {way} the server's, so it does no work. Set it (NTP)."


def follow(store: Store, settings: Settings, now: datetime) -> timedelta:
    """Look whether the server's clock was put back; if so, move with it what was dated by it.

    Leases, back-offs and counts of the throttle would wait until the clock has
    caught up. Returns by how much it was put back, zero where it was not.
    """
    with unavailable_store():
        latest = store.get(LATEST())
        store.set(LATEST(), str(int(now.timestamp() * 1000)))
    back = timedelta(milliseconds=int(latest or 0)) - timedelta(seconds=now.timestamp())
    if back <= MOST_APART:
        return timedelta(0)
    due = [keys.DUE(day=day) for day in control.kept_days(store)]
    counts = [key(mailer=settings.mailer) for key in throttle.KEYS]
    Script.named("put_back").run(store, [notices.OPEN(), *counts, *due], int(back.total_seconds() * 1000))
    with unavailable_store():
        store.set(
            PUT_BACK(),
            f"The server's clock was put back by {timedelta(seconds=round(back.total_seconds()))} at "
            f"{now:%d %b %H:%M} UTC. What waited for it goes on; look at what sets it (NTP).",
            ex=PUT_BACK.expires,
        )
    return back
