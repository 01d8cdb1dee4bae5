"""Links as the letters hold them, without the mail around."""

from datetime import datetime

from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import keyring, tokens
from newsletter.subscribers.kept.store import SubscriberStore


def instant(store: Store, now: datetime) -> int:
    """What a letter that left now would be dated with."""
    at = int(now.timestamp() * 1000)
    last = int(str(store.get("letters:last") or 0))
    return last if at <= last < at + 60_000 else at


def token(
    store: Store,
    settings: Settings,
    purpose: tokens.Purpose,
    subscriber_id: int,
    now: datetime,
    *,
    address: str | None = None,
) -> str:
    """Return what a link that is mailed to this reader now would hold."""
    if address is None:
        found = SubscriberStore(store).asked(subscriber_id)
        assert found is not None
        address = found.address
    dated = instant(store, now) if purpose in {"confirm", "move"} else None
    return tokens.sign(purpose, subscriber_id, address, keyring.of(store, settings), instant=dated)


def move(store: Store, settings: Settings, subscriber_id: int) -> str:
    """Return what the question to the address holds that this reader asked to be reached at."""
    asked, _, address = str(store.get(f"subscribers:move:{subscriber_id}")).partition(" ")
    return tokens.sign("move", subscriber_id, address, keyring.of(store, settings), instant=int(asked))


def back(store: Store, settings: Settings, subscriber_id: int) -> str:
    """Return what the notice to the address holds that this reader has left."""
    _, told, address = str(store.get(f"subscribers:moved:{subscriber_id}")).split(" ", 2)
    return tokens.sign("move", subscriber_id, address, keyring.of(store, settings), instant=int(told))
