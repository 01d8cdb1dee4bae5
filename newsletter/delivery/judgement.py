"""One judgement per edition of who is at fault where mails are refused, over all of its batches.

What a mail server says of a recipient counts against that reader only once the
same edition was accepted for somebody: until then it may be our sender, our
request or the way that is refused, and every refusal is provisional. A delivery
in which nobody is accepted stops, and everybody whom it addressed waits again.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from newsletter.delivery import reputation
from newsletter.delivery.faults import AGAINST_READER, Fault, fault_of, without_addresses
from newsletter.delivery.ledger import control, progress, tallies
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.progress import Progress
from newsletter.store import Store, unavailable_store
from newsletter.subscribers import addresses
from newsletter.subscribers.kept.store import SubscriberStore

ENOUGH: Final = 5
"""So many readers refused in a row say more about us than about them."""

_OURS: Final = frozenset({Fault.SENDER, Fault.POLICY})


def reason_to_halt(found: Progress, refused: Iterable[str], *, named: int) -> str | None:
    """Return why an edition must stop after a request, or None. Pure.

    `refused` are the words for each of the `named` recipients of the request
    who was refused; `found` is how far the edition has come, with them.
    Recipients of a request that was accepted for somebody are never in doubt
    together; a single dead address stops nothing while others are still to be
    tried, and neither do dead addresses once somebody was accepted.
    """
    words = list(refused)
    faults = [fault_of(one) for one in words]
    everybody = len(words) == named
    if found.accepted:
        is_ours = everybody and not AGAINST_READER.intersection(faults)
        return _said(words[0], "any more") if is_ours and found.refused_in_row >= ENOUGH else None
    ours = [said for said, fault in zip(words, faults, strict=True) if fault in _OURS]
    if everybody and ours:
        return _said(ours[0])
    is_over = not found.waiting and not found.uncertain
    return _said(words[0]) if words and (is_over or found.refused_in_row >= ENOUGH) else None


def weigh(store: Store, day: date, refused: Mapping[int, tuple[str, str]], named: int) -> str | None:
    """Note whom a request was refused for, as address and words by id; return why the edition must stop.

    Where it must, it is held, nobody counts as refused, and all of them wait.
    """
    name = keys.PROVISIONAL(day=day)
    with unavailable_store(), store.pipeline() as pipe:
        pipe.hset(name, mapping={str(one): _mark(address) for one, (address, _) in refused.items()})
        pipe.expire(name, keys.KEEP_SECONDS)
        pipe.execute()
    why = reason_to_halt(progress.read(store, day), (words for _, words in refused.values()), named=named)
    if why:
        control.hold_in_doubt(store, day, why)
    return why


def apply(store: Store, day: date, now: datetime) -> None:
    """Let provisional refusals count, once somebody was accepted; harmless to repeat at any time.

    Readers who have changed their address meanwhile are left alone: another one
    was refused.
    """
    if not progress.read(store, day).accepted:
        return
    with unavailable_store(), store.pipeline() as pipe:
        pipe.hgetall(keys.PROVISIONAL(day=day))
        pipe.delete(keys.PROVISIONAL(day=day))
        kept, _ = pipe.execute()
    marks = {int(one): mark for one, mark in kept.items()}
    words = control.refused(store, day) if marks else {}
    for reader in SubscriberStore(store).get_many(tuple(marks)):
        if reader.id in words and _mark(reader.address) == marks[reader.id]:
            is_gone = reputation.note_refusal(store, reader.address, day.isoformat(), words[reader.id], now)
            if is_gone:
                tallies.count(store, f"{day.isoformat()}.0.0", "bounce", reader.address)


def _said(words: str, since: str = "") -> str:
    said = " ".join(without_addresses(words).split()).rstrip(".")[:300]
    return (
        f"Nobody is accepted{' ' if since else ''}{since}: {said}. Nobody counts as bounced, and all wait. "
        "Check that the mail server may send for NEWSLETTER_FROM (relaying, log-in, SPF, DKIM), then resume."
    )


def _mark(address: str) -> str:
    bucket, digest = addresses.digest(address.casefold())
    return f"{bucket}.{digest}"
