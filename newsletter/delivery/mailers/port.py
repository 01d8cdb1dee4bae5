"""The port that mailers implement: what they are asked, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, runtime_checkable

from newsletter.models import Message, Recipient


@dataclass(frozen=True)
class Outcome:
    """What became of one request; recipients in none of the fields were not accepted and may wait."""

    accepted: frozenset[int] = frozenset()
    """Subscriber ids that the other side took responsibility for."""
    refused: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → why this one recipient will never be accepted."""
    deferred: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → why this one recipient cannot be accepted now."""
    uncertain: frozenset[int] = frozenset()
    """The request was begun and its end is unknown."""
    retry_after: timedelta | None = None
    """How long the other side wants to be left alone."""
    reason: str | None = None
    """Why those wait who are to be asked for again, in the words of the other side or of the network."""
    rejected: str | None = None
    """Why the request as a whole was malformed: something in it is bad, and a half of it may be good."""
    halt: str | None = None
    """Why nothing more can be sent until a person acts; ends with what to do."""


class Mailer(Protocol):
    """Delivers one message to many recipients, once."""

    name: str
    portion: int
    """The most recipients that one call takes; a killed worker leaves at most as many uncertain."""
    longest: timedelta
    """The longest that one call takes; leases are longer."""

    def send(self, message: Message, recipients: Sequence[Recipient], *, request_id: str) -> Outcome:
        """Send now, once, and never again by itself.

        What it has not begun in good time stands in no field of the outcome.
        Network faults are outcomes, not errors. `request_id` names the
        mailing, the batch and the try: `2026-06-10.17.3`.
        """
        ...

    def close(self) -> None:
        """Give connections back; the next `send` opens new ones."""
        ...


@runtime_checkable
class Witness(Protocol):
    """A mailer that can be asked afterwards what it accepted."""

    def evidence(self, recipients: Sequence[Recipient], *, request_id: str) -> frozenset[int]:
        """Return who of an uncertain request was accepted after all."""
        ...


def spliced(text: str, recipient: Recipient) -> str:
    """Return a text with one recipient's values in the places of the placeholders."""
    for placeholder, value in recipient.substitutions:
        text = text.replace(placeholder, value)
    return text


def mailing_of(request_id: str) -> str:
    """Return the mailing that a request belongs to: an edition's date, or `letter-9`.

    >>> mailing_of("2026-06-10.17.3"), mailing_of("letter-9.1")
    ('2026-06-10', 'letter-9')
    """
    return request_id.partition(".")[0]
