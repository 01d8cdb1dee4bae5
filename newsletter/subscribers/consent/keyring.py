"""The keys of this store's links: the operator's secrets, and one that the store makes for itself.

What an operator sets may be changed and forgotten. Unsubscribe links work for
ever, so their key is made once, when the first link is signed, and lies among
the readers: whatever brings them back brings it back too.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from newsletter.settings import Settings
from newsletter.store import Store, unavailable_store
from newsletter.subscribers.consent.tokens import Keys
from newsletter.subscribers.kept.store import SEAL, SubscriberStore


def of(store: Store, settings: Settings) -> Keys:
    """Return what links are signed with, making the store's own key at first use."""
    with unavailable_store():
        return Keys(settings.keys, str(store.get(SEAL()) or _made(store)))


def known(store: Store, settings: Settings) -> Keys:
    """Return what links are read with; nothing changes."""
    with unavailable_store():
        return Keys(settings.keys, str(store.get(SEAL()) or ""))


def mailable(
    store: Store, settings: Settings, ids: Iterable[int], now: datetime
) -> tuple[dict[int, str], Keys]:
    """Return what `SubscriberStore.mailable` does, and the keys of the links, in one round trip."""
    addresses, seal = SubscriberStore(store).mailable_with_key(ids, now)
    return addresses, of(store, settings) if seal is None else Keys(settings.keys, seal)


def _made(store: Store) -> str:
    """Make the key; of two who do so at once, both return the one that is kept."""
    store.set(SEAL(), secrets.token_hex(32), nx=True)
    return str(store.get(SEAL()))
