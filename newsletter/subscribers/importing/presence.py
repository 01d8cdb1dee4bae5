"""Whether people are known or suppressed here already."""

from collections.abc import Sequence
from typing import NamedTuple

from newsletter.store import Store, unavailable_store
from newsletter.subscribers import addresses
from newsletter.subscribers.kept.store import BY_ADDRESS, REJECTED, SUPPRESSED, SubscriberStore


class Presence(NamedTuple):
    """What is known here of an address."""

    status: str = ""
    """Of the reader who has it, or empty."""
    suppressed: str = ""
    """Why it is not mailed, or empty."""

    @property
    def is_active(self) -> bool:
        """Whether mail is sent there now."""
        return self.status == "active"


def presences(store: Store, keys: Sequence[str]) -> list[Presence]:
    """Return what is known of each address's key, in two round trips; nothing is changed."""
    pipe = store.pipeline(transaction=False)
    for key in keys:
        bucket, digest = addresses.digest(key)
        pipe.hget(BY_ADDRESS(bucket=bucket), str(digest))
        pipe.hget(SUPPRESSED(bucket=bucket), str(digest))
        pipe.exists(REJECTED(bucket=bucket, digest=digest))
    with unavailable_store():
        answers = pipe.execute()
    found = list(zip(answers[0::3], answers[1::3], answers[2::3], strict=True))
    readers = SubscriberStore(store).get_many(int(one) for one, _, _ in found if one)
    statuses = {reader.id: reader.status.value for reader in readers}
    return [
        Presence(
            statuses.get(int(one), "") if one else "",
            str(kept).partition(" ")[0] if kept else "said “this wasn't me”" if rejected else "",
        )
        for one, kept, rejected in found
    ]
