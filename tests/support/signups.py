"""Readers who sign up, confirm and leave, on a real store and a real queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import links

from newsletter import queue as queue_module
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup, tokens
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.subscribers.notices import Letterbox

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
AT_HOME, ON_THE_ROAD = "203.0.113.77", "198.51.100.9"


class Signups:
    """One list, as the forms, links and buttons of its site reach it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self.queue = queue_module.connect(settings)
        self.subscribers, self.letters = SubscriberStore(store), Letterbox(store)
        self.now = NOON

    def later(self, **duration: float) -> None:
        """Let time pass."""
        self.now += timedelta(**duration)

    def ask(
        self, address: str = "ada@example.org", *, origin: str = AT_HOME, **chosen: Any
    ) -> signup.Requested:
        """Fill in the form."""
        return signup.request(
            self.store,
            self.queue,
            self.settings,
            address,
            preferences=Preferences(**chosen),
            origin=origin,
            now=self.now,
        )

    def token(self, purpose: tokens.Purpose, address: str = "ada@example.org") -> str:
        """Return what stands in this reader's link."""
        found = self.subscribers.find_id(address)
        assert found is not None
        return links.token(self.store, self.settings, purpose, found, self.now)

    def press(self, token: str, *, origin: str = AT_HOME) -> signup.Confirmed:
        """Press the button behind a confirmation link."""
        return signup.confirm(self.store, self.queue, self.settings, token, origin=origin, now=self.now)

    def join(self, address: str = "ada@example.org", **chosen: Any) -> int:
        """Ask, confirm, and return the id."""
        self.ask(address, **chosen)
        assert self.press(self.token("confirm", address)) is signup.Confirmed.CONFIRMED
        found = self.subscribers.find_id(address)
        assert found is not None
        return found

    def leave(self, address: str = "ada@example.org") -> signup.Left:
        """Press the button behind an unsubscribe link."""
        return signup.unsubscribe(self.store, self.settings, self.token("unsubscribe", address), self.now)

    def mail(self) -> list[tuple[str, int]]:
        """Return what waits to be sent, oldest first: kind and reader."""
        waiting = [self.letters.get(one) for one in self.letters.pending(self.now)]
        return [(str(letter.kind), letter.subscriber_id) for letter in waiting if letter]

    def everything(self) -> dict[str, object]:
        """Return all that the store holds, for comparing before with after; queue and links' key aside."""
        read = {
            "string": self.store.get,
            "hash": self.store.hgetall,
            "set": self.store.smembers,
            "zset": lambda name: self.store.zrange(name, 0, -1, withscores=True),
        }
        names = sorted(
            name for name in self.store.scan_iter() if not name.startswith(("mq:", "subscribers:key"))
        )
        return {name: read[self.store.type(name)](name) for name in names}
