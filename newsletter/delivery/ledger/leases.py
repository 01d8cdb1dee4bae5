"""A lease that is lengthened for as long as its worker lives and its request is under way.

Mail servers may take ten minutes for an answer (RFC 5321, 4.5.3.2), and a batch
whose worker was killed must not wait that long for another.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Self

from newsletter.delivery.mailers.port import Mailer
from newsletter.errors import TransientError

LEASE_OVER_LONGEST: Final = 1.5
"""How much longer a lease is than the longest request: reading, rendering and noting need some of it."""
LONGEST_LEASE: Final = timedelta(seconds=150)
"""A lease for longer requests is lengthened while they last, so that a killed worker's batch is free soon."""

log = logging.getLogger(__name__)


def lease_of(mailer: Mailer) -> timedelta:
    """Return the lease under which a mailer's requests are made."""
    return min(mailer.longest * LEASE_OVER_LONGEST, LONGEST_LEASE)


class KeptLease:
    """Calls `extend` five times a lease, beside whatever the `with` block does.

    A store that does not answer is asked again; where it stays away, nobody
    else can take the batch either.
    """

    def __init__(self, extend: Callable[[], object], lease: timedelta) -> None:
        self._extend = extend
        self._every = lease.total_seconds() / 5
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._keep, daemon=True, name="lease").start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()

    def _keep(self) -> None:
        while not self._is_over.wait(self._every):
            try:
                self._extend()
            except TransientError as error:
                log.warning("A lease could not be lengthened: %s", error)
