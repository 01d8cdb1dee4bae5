"""A subscriber as it is kept: a short JSON array that a person can read.

    ["ada@example.org", 7, "Europe/Berlin", 1780000000, "203.0.113", 95]

    0  address         as typed
    1  hour            local
    2  zone            IANA name
    3  asked           when consent was asked for, Unix seconds
    4  from            the network that asked, shortened (`203.0.113` is a /24, `2001:db8:1:2::`
                       a /64), or `import`, `command`, or `api` and a network
    5  confirmed       seconds after 3; null while not confirmed
    6  preferences     what differs from the defaults, as an object; 0 for nothing,
                       "long" where it is long and stands under `subscribers:wishes:*`
    7  confirmed from  the network, where it is not that of 4; `-` where it was not known
    8  left            when the reader unsubscribed, Unix seconds
    9  status          p pending, u unsubscribed, b bounced, c complained; active where it is left out

What is null, 0 or empty at the end is left out, so what most readers have
costs nothing. Lua changes records by position (`lua/records.lua` has the same
table); Python reads them, here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from newsletter.models import Consent, Preferences, Subscriber, SubscriberStatus
from newsletter.subscribers import networks, preferences

PENDING, ACTIVE, UNSUBSCRIBED, BOUNCED, COMPLAINED = "p", "a", "u", "b", "c"
STATUSES = {
    PENDING: SubscriberStatus.PENDING,
    ACTIVE: SubscriberStatus.ACTIVE,
    UNSUBSCRIBED: SubscriberStatus.UNSUBSCRIBED,
    BOUNCED: SubscriberStatus.BOUNCED,
    COMPLAINED: SubscriberStatus.COMPLAINED,
}
ADDRESS, HOUR, ZONE, ASKED, FROM, CONFIRMED, WISHES, CONFIRMED_FROM, LEFT, STATUS = range(10)
ELSEWHERE = "long"
"""Stands for preferences too long for a packed record."""

How = Literal["form", "import", "api", "command"]
Record = Sequence[Any]


class Reader(NamedTuple):
    """A record seen through a Subscriber's names, each decoded when it is asked for.

    Made for thousands at once: a batch asks for the address and the status of
    each reader, and building whole values would cost ten times as much.
    """

    id: int
    record: Record

    @property
    def address(self) -> str:
        """Where to send to, as typed."""
        return str(self.record[ADDRESS])

    @property
    def status(self) -> SubscriberStatus:
        """Where the reader stands."""
        return STATUSES[_at(self.record, STATUS) or ACTIVE]

    @property
    def is_active(self) -> bool:
        """Whether digests may be sent."""
        return not _at(self.record, STATUS)

    @property
    def preferences(self) -> Preferences:
        """What the reader chose; equal choices are often the same object."""
        return preferences.restored(self.record[HOUR], self.record[ZONE], _at(self.record, WISHES))

    @property
    def consent(self) -> Consent:
        """When and how the reader agreed."""
        return _consent(self.record)

    @property
    def confirmed(self) -> float:
        """When the reader confirmed, in Unix seconds; 0 while they have not."""
        record = self.record
        if len(record) <= CONFIRMED or record[CONFIRMED] is None:
            return 0
        return float((record[ASKED] or 0) + record[CONFIRMED])

    @property
    def left_at(self) -> datetime | None:
        """When the reader unsubscribed, or None who has not."""
        return _instant(_at(self.record, LEFT) or None)

    def whole(self) -> Subscriber:
        """Return everything known of the reader."""
        return Subscriber(
            id=self.id,
            address=self.address,
            status=self.status,
            preferences=self.preferences,
            consent=self.consent,
        )


def source(how: How, network: str) -> str:
    """Return what stands under `from` in a record.

    >>> source("form", "203.0.113.0/24"), source("api", "203.0.113.0/24"), source("import", "")
    ('203.0.113', 'api 203.0.113', 'import')
    """
    if how == "form":
        return networks.shortened(network)
    return f"api {networks.shortened(network)}" if how == "api" else how


def says_elsewhere(record: Record) -> bool:
    """Whether a record's preferences stand under `subscribers:wishes:*`."""
    return bool(_at(record, WISHES) == ELSEWHERE)


def _consent(record: Record) -> Consent:
    word, _, network = str(_at(record, FROM) or "").rpartition(" ")
    how: How = "form"
    if word == "api":
        how = "api"
    elif network in {"import", "command"}:
        how, network = ("import" if network == "import" else "command"), ""
    asked, seconds = _at(record, ASKED), _at(record, CONFIRMED)
    there = str(_at(record, CONFIRMED_FROM) or network)
    is_confirmed = asked is not None and seconds is not None
    return Consent(
        requested_at=_instant(asked),
        requested_from=networks.lengthened(network),
        confirmed_at=_instant(asked + seconds) if is_confirmed else None,
        confirmed_from=networks.lengthened(there.removeprefix("-")) if is_confirmed else "",
        how=how,
    )


def _at(record: Record, position: int) -> Any:
    return record[position] if position < len(record) else None


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
