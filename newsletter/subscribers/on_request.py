"""Mails that readers ask for: the newest edition now, and links for those who lost theirs."""

from datetime import datetime
from enum import StrEnum

from newsletter.queue import Queue
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses, networks, notices
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import LATEST, indexed


class Latest(StrEnum):
    """What a wish for the newest edition led to."""

    SENDING = "sending"
    RECENT = "recent"
    """It was asked for within the hour: nothing is sent."""
    UNKNOWN = "unknown"
    """Nobody active has this id."""


def send_latest(store: Store, queue: Queue, subscriber_id: int, now: datetime) -> Latest:
    """Mail a reader the newest edition, at most once an hour; which one it is shows when it leaves."""
    assert LATEST.expires is not None
    outcome, letter_id = Scripts(store).run(
        "send_latest",
        id=subscriber_id,
        now=int(now.timestamp()),
        within=int(LATEST.expires.total_seconds()),
    )
    notices.enqueue(queue, letter_id)
    return Latest(outcome)


def send_links(
    store: Store, queue: Queue, settings: Settings, address: str, *, origin: str, now: datetime
) -> bool:
    """Mail an active reader their links, at most once a day. Return whether this network may ask.

    To the outside it looks the same for every address. Raises
    `InvalidInputError` for an invalid address.
    """
    outcome, _, letter_id = Scripts(store).run(
        "send_links",
        **indexed(addresses.parse(address)),
        now=int(now.timestamp()),
        network=networks.network(origin),
        per_network=settings.signups_per_network_hour,
        in_all=settings.signup_mails_per_hour,
    )
    notices.enqueue(queue, letter_id)
    return bool(outcome != "too-many")
