"""Settle what is uncertain by a mail server's log, and tell who is in doubt."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.delivery.feedback.uncertain import Uncertain, members, uncertain
from newsletter.delivery.ledger.ledger import ACCEPTED, UNCERTAIN, UNSPOKEN, Claim, Committed, Ledger
from newsletter.delivery.mail_logs import accepted
from newsletter.rendering.mime import message_id
from newsletter.rendering.site import SiteFacts
from newsletter.store import Store
from newsletter.subscribers.kept.store import SubscriberStore


@dataclass(frozen=True)
class Doubt:
    """One reader whose mail may have been taken, and the name by which a log knows it."""

    subscriber_id: int
    address: str | None
    message_id: str | None
    """Both are None where the reader was erased since."""
    since: datetime


def listed(store: Store, site: SiteFacts, day: date) -> tuple[Doubt, ...]:
    """Return who of an edition is in doubt, the longest first, then by id."""
    found = [(one, request.since) for request in uncertain(store, day) for one in _named(store, request)]
    readers = SubscriberStore(store).get_many([one for one, _ in found])
    addresses = {reader.id: reader.address for reader in readers}
    ids = {one: _message_id(site, day, address) for one, address in addresses.items()}
    return tuple(Doubt(one, addresses.get(one), ids.get(one), since) for one, since in found)


def settle_by_log(store: Store, site: SiteFacts, day: date, lines: Iterable[str]) -> int:
    """Take those as sent whose mails a log shows; return how many they are. The others stay in doubt."""
    requests = [(request, frozenset(_named(store, request))) for request in uncertain(store, day)]
    readers = SubscriberStore(store).get_many([one for _, ids in requests for one in ids])
    wanted = {_message_id(site, day, reader.address): reader.id for reader in readers}
    taken = frozenset(wanted[found] for found in accepted(lines) if found in wanted)
    settled = 0
    for request, ids in requests:
        if not ids & taken:
            continue
        everybody = members(store, request.ref)
        marks = "".join(ACCEPTED if one in ids & taken else UNSPOKEN for one in everybody)
        claim = Claim(request.ref, request.token, "", everybody, request.mask)
        if Ledger(store).commit(claim, marks) is Committed.SETTLED:
            settled += len(ids & taken)
    return settled


def _named(store: Store, request: Uncertain) -> tuple[int, ...]:
    pairs = zip(members(store, request.ref), request.mask, strict=True)
    return tuple(one for one, mark in pairs if mark == UNCERTAIN)


def _message_id(site: SiteFacts, day: date, address: str) -> str:
    return message_id(day.isoformat().encode(), address, site.host.encode()).decode()
