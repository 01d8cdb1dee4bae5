"""Everything this package raises on purpose.

    NewsletterError
    ├── PermanentError          a person must act; trying again changes nothing
    │   ├── SettingsError       a setting is missing, unknown or malformed
    │   ├── StoreRefusedError   the Redis server would lose subscribers
    │   ├── NotFoundError       what was named does not exist
    │   └── InvalidInputError   what was given cannot be used
    └── TransientError          may work later; carries `retry_after` when known
        └── StoreUnavailableError   the Redis server does not answer

A room may add children of its own below these two branches; each adapter
translates its driver's exceptions at its edge and chains them. What *may*
happen (a link has expired, a feed is not a feed) is a value, not an error.
"""

from datetime import timedelta


class NewsletterError(Exception):
    """Anything that went wrong here; the message ends with what to do next."""


class PermanentError(NewsletterError):
    """A person must act: trying again changes nothing."""


class TransientError(NewsletterError):
    """The same call may succeed later."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SettingsError(PermanentError):
    """A setting is missing, unknown or malformed."""


class StoreRefusedError(PermanentError):
    """The Redis server is set up in a way that would lose subscribers."""


class NotFoundError(PermanentError):
    """What was named does not exist."""


class InvalidInputError(PermanentError):
    """What was given cannot be used."""


class StoreUnavailableError(TransientError):
    """The Redis server does not answer."""
