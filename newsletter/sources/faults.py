"""What goes wrong between an address and its sightings.

    NewsletterError
    ├── PermanentError
    │   ├── AddressRefusedError    a URL that must not be asked: scheme, spelling, or where it leads
    │   └── UnreadableError        an answer that is not a readable document
    └── TransientError
        └── UnreachableError       no answer, or an answer that is none; `retry_after` when the host named it

Each carries the `FaultKind` that lists, metrics and tests tell faults apart by.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from newsletter.errors import PermanentError, TransientError


class FaultKind(StrEnum):
    """Why a source gave nothing; the wording for people is in the message."""

    ADDRESS = "address"
    """The URL is malformed, or leads where polling may not go."""
    NAME = "name"
    """The host's name has no address."""
    CONNECTION = "connection"
    """Nothing listens, or the connection broke."""
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    """Too many redirects, or a redirect without a target."""
    STATUS = "status"
    """An HTTP status other than success."""
    BUSY = "busy"
    """429 or 503: the host asks to be left alone for a while."""
    ENCODING = "encoding"
    """Compressed in a way that was not asked for, or damaged."""
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    TOO_COSTLY = "too-costly"
    """More elements than a feed has, or reading it took longer than a document may take."""
    EMPTY = "empty"
    """Not one character of content."""
    NOT_A_FEED = "not-a-feed"
    MALFORMED = "malformed"
    """So broken that no entry is whole."""


class AddressRefusedError(PermanentError):
    """A URL must not be asked."""

    kind = FaultKind.ADDRESS


class UnreadableError(PermanentError):
    """An answer is not a document that can be read."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class UnreachableError(TransientError):
    """A source gave no usable answer."""

    def __init__(self, kind: FaultKind, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.kind = kind


SourceError = AddressRefusedError | UnreadableError | UnreachableError
"""What this room raises about a source."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as a value, for lists, the status page and the memory of a source."""

    kind: FaultKind
    message: str

    @classmethod
    def of(cls, error: SourceError) -> "Fault":
        """Return the value of an error."""
        return cls(error.kind, str(error))
