"""Somebody at the site: a client with a clock, a network and a memory for cookies."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

import links
from builders import NOON
from starlette.testclient import TestClient

from newsletter import queue as queue_module
from newsletter import store as store_module
from newsletter.editions.assembly.arrangement import Inputs
from newsletter.editions.store import EditionStore
from newsletter.models import Edition, Preferences, Subscriber, SubscriberStatus
from newsletter.settings import Settings
from newsletter.subscribers.consent import signup, suppression, tokens
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.web.app import create
from newsletter.web.subscriber import form_stamps

HOME = "203.0.113.9"


class Visitor:
    """A browser without script on the site of `settings`; `now` is what the site's clock shows."""

    def __init__(self, settings: Settings, *, address: str = HOME, now: datetime = NOON) -> None:
        self.settings = settings
        self.now = now
        self.app = create(settings, clock=lambda: self.now)
        self.web = self.from_network(address)
        self._addresses: dict[int, str] = {}

    def from_network(self, address: str) -> TestClient:
        """Another browser at another address, with no cookies."""
        return TestClient(
            self.app, base_url=self.settings.base_url, follow_redirects=False, client=(address, 4711)
        )

    @property
    def store(self) -> store_module.Store:
        """The site's own store."""
        return store_module.connect(self.settings)

    @property
    def subscribers(self) -> SubscriberStore:
        """Who is known at the site."""
        return SubscriberStore(self.store)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def stamp(self, seconds: float = 20) -> str:
        """What a form that was opened some seconds ago carries."""
        return form_stamps.stamp(self.settings.keys, self.now - timedelta(seconds=seconds))

    def subscribe(self, email: str, *, web: TestClient | None = None, **fields: str) -> Any:
        """Fill in the form and press the button."""
        return (web or self.web).post(
            "/subscribe", data={"email": email, "stamp": self.stamp(), "website": "", "sure": ""} | fields
        )

    def token(self, purpose: tokens.Purpose, subscriber_id: int) -> str:
        """What a mail's link would hold."""
        found = self.subscribers.asked(subscriber_id)
        address = found.address if found else self._addresses.get(subscriber_id, "nobody@example.org")
        return links.token(self.store, self.settings, purpose, subscriber_id, self.now, address=address)

    def reader(
        self, email: str, status: str = "active", preferences: Preferences | None = None
    ) -> Subscriber:
        """Somebody who stands where `status` says, by the way that people get there."""
        queue = queue_module.connect(self.settings)
        wanted = preferences or Preferences()
        signup.request(
            self.store, queue, self.settings, email, preferences=wanted, origin="198.51.100.1", now=self.now
        )
        found = self.subscribers.find(email)
        assert found is not None
        self._addresses[found.id] = found.address
        if status == "pending":
            return found
        token = self.token("confirm", found.id)
        signup.confirm(self.store, queue, self.settings, token, origin="198.51.100.1", now=self.now)
        if status == "unsubscribed":
            signup.unsubscribe(self.store, self.settings, found.id, self.now)
        elif status == "erased":
            signup.erase(self.store, found.id, self.now)
            return found
        elif status != "active":
            suppression.suppress(self.store, email, Reason(status), now=self.now)
        kept = self.subscribers.get(found.id)
        assert kept is not None
        assert kept.status is SubscriberStatus(status)
        return kept

    def publish(self, *editions: Edition) -> None:
        """Freeze editions, the oldest first, as composing does."""
        for edition in sorted(editions, key=lambda one: one.date):
            kept = EditionStore(self.store)
            inputs = Inputs(day=edition.date, composed_at=edition.composed_at, cut_off=edition.cut_off)
            assert kept.freeze(edition, inputs, after=next(iter(kept.dates()), None))

    def everything(self) -> dict[str, bytes]:
        """All that the store holds, byte for byte, but for the key of the links that a test makes."""
        raw = store_module.connect(self.settings, decode=False)
        return {
            name.decode(): bytes(raw.dump(name))
            for name in raw.scan_iter(count=1000)
            if name != b"subscribers:key"
        }


def seen(page: str) -> str:
    """What a page says, without its markup."""
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    return html.unescape(re.sub(r" (?=[.,;?])", "", text))
