"""Read SendGrid's suppression lists once a day: what the webhook missed is found there.

Bounces, invalid addresses, complaints and unsubscriptions are applied by the
same rules as events; blocks are told apart and suppress nobody. Each list is
read in pages, from a day before the last reading to the start of this one, so
that what is added meanwhile shifts no page. How far it came is kept after each
page: a killed worker, a limit or a fault costs one page, and reading one twice
changes nothing. What readers have confirmed since is stronger than an old entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

import orjson

from newsletter.delivery import reputation
from newsletter.delivery.mailers.sendgrid.client import KeptClient, client
from newsletter.delivery.mailers.sendgrid.mailer import pause_of
from newsletter.errors import InvalidInputError, NewsletterError, PermanentError, TransientError
from newsletter.settings import Settings
from newsletter.store import Key, Store, unavailable_store
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SubscriberStore

PAGE: Final = 500
"""Entries; the most that SendGrid gives at once."""
MOST_SECONDS: Final = 120.0
"""After this no further page is asked for; the next tick goes on."""
OVERLAP: Final = timedelta(days=1)
AFTER_A_FAULT: Final = timedelta(minutes=15)
AFTER_A_REFUSAL: Final = timedelta(hours=6)
"""How long to wait where a person must act first: a key without the right to read suppressions."""
LISTS: Final[Mapping[str, Reason | None]] = {
    "bounces": Reason.BOUNCED,
    "invalid_emails": Reason.BOUNCED,
    "spam_reports": Reason.COMPLAINED,
    "unsubscribes": Reason.UNSUBSCRIBED,
    "blocks": None,
}

RECONCILED = Key(
    "delivery:reconciled",
    "hash",
    "SendGrid's suppression lists: per list since, until and offset as JSON; day (done), again_at, fault, at",
)
KEYS = (RECONCILED,)


@dataclass(frozen=True)
class Reconciled:
    """What one reading found; counts of entries."""

    suppressed: int = 0
    """Addresses that are not mailed (any more)."""
    blocked: int = 0
    confirmed_since: int = 0
    """Entries older than the reader's own word."""
    is_done: bool = False
    fault: str = ""
    """Why it stopped; ends with what to do."""


@dataclass(frozen=True)
class State:
    """When the lists were last read, and what is wrong."""

    at: datetime | None = None
    """When they were last read to their end."""
    fault: str = ""


def due(store: Store, settings: Settings, now: datetime) -> bool:
    """Whether the day's reading is still to be done, and may be tried now."""
    if settings.mailer != "sendgrid" or settings.sendgrid_api_key is None:
        return False
    with unavailable_store():
        day, again_at = store.hmget(RECONCILED(), "day", "again_at")
    return day != now.date().isoformat() and (not again_at or now >= datetime.fromisoformat(str(again_at)))


def state(store: Store) -> State:
    """Return what is known of the last reading."""
    with unavailable_store():
        at, fault = store.hmget(RECONCILED(), "at", "fault")
    return State(datetime.fromisoformat(str(at)) if at else None, str(fault or ""))


def reconcile(store: Store, settings: Settings, now: datetime) -> Reconciled:
    """Go on with the day's reading; harmless to repeat. What goes wrong is kept for `state`, not raised."""
    assert settings.sendgrid_api_key is not None
    api = client(
        settings.sendgrid_api_key.get_secret_value(), settings.sendgrid_host, settings.sendgrid_timeout
    )
    reading = _Reading(store, api, now)
    try:
        reading.run()
    except NewsletterError as error:
        wait = getattr(error, "retry_after", None)
        wait = wait or (AFTER_A_FAULT if isinstance(error, TransientError) else AFTER_A_REFUSAL)
        _keep(store, fault=str(error), again_at=(now + wait).isoformat())
        return reading.found(fault=str(error))
    finally:
        api.disconnect()
    return reading.found()


class _Reading:
    """One task's way through the lists."""

    def __init__(self, store: Store, api: KeptClient, now: datetime) -> None:
        self._store = store
        self._api = api
        self._now = now
        self._subscribers = SubscriberStore(store)
        self._ends_at = monotonic() + MOST_SECONDS
        self._suppressed = self._blocked = self._outdated = 0
        self._is_done = False

    def run(self) -> None:
        """Read what is left of the lists, and note that the day's reading is done."""
        today = self._now.date().isoformat()
        for name in LISTS:
            at = self._place(name)
            while at.get("day") != today:
                if monotonic() > self._ends_at:
                    return
                at = self._read_page(name, at, today)
                _keep(self._store, **{name: orjson.dumps(at).decode()})
        _keep(self._store, day=today, at=self._now.isoformat(), fault="", again_at="")
        self._is_done = True

    def found(self, fault: str = "") -> Reconciled:
        """Return the counts."""
        return Reconciled(self._suppressed, self._blocked, self._outdated, self._is_done, fault)

    def _place(self, name: str) -> dict[str, Any]:
        """Return where a list is to be read on: in the window that was begun, or in a new one."""
        with unavailable_store():
            kept = self._store.hget(RECONCILED(), name)
        found: dict[str, Any] = orjson.loads(str(kept)) if kept else {}
        if not found or "day" in found:
            until = int(self._now.timestamp())
            since = max(0, int(found.get("until", 0)) - int(OVERLAP.total_seconds()))
            return found | {"since": since, "until": until, "offset": 0}
        return found

    def _read_page(self, name: str, at: dict[str, Any], today: str) -> dict[str, Any]:
        """Apply a page, and return where to go on; `day` says that the list is read to its end."""
        entries = self._ask(name, at)
        for entry in entries:
            self._apply(entry, LISTS[name])
        begun = {key: at[key] for key in ("since", "until")}
        if len(entries) < PAGE:
            return begun | {"day": today}
        return begun | {"offset": at["offset"] + len(entries)}

    def _ask(self, name: str, at: Mapping[str, Any]) -> list[Any]:
        window = {"start_time": at["since"], "end_time": at["until"], "limit": PAGE, "offset": at["offset"]}
        answer = getattr(self._api.suppression, name).get(query_params=window)
        what = f"SendGrid's list of {name.replace('_', ' ')}"
        if answer.status_code == 429 or answer.status_code >= 500:
            wait = pause_of(answer.headers)
            raise TransientError(f"{what} answers {answer.status_code}. It is tried again.", retry_after=wait)
        if answer.status_code != 200:
            raise PermanentError(
                f"{what} answers {answer.status_code}. Let the API key read suppressions "
                "(SendGrid: Settings, API Keys), or check NEWSLETTER_SENDGRID_HOST."
            )
        try:
            found = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, list):
            raise TransientError(f"{what} is none. It is tried again; check NEWSLETTER_SENDGRID_HOST.")
        return found

    def _apply(self, entry: Any, reason: Reason | None) -> None:
        address, created = (entry.get("email"), entry.get("created")) if isinstance(entry, dict) else ("", 0)
        if not isinstance(address, str) or not isinstance(created, int):
            return
        if reason is None:
            self._blocked += 1
        elif self._has_confirmed_since(address, created):
            self._outdated += 1
        else:
            self._suppressed += reputation.end(self._store, address, reason, self._now)

    def _has_confirmed_since(self, address: str, created: int) -> bool:
        try:
            reader = self._subscribers.find(address)
        except InvalidInputError:
            return False
        confirmed_at = reader.consent.confirmed_at if reader else None
        return confirmed_at is not None and confirmed_at > datetime.fromtimestamp(created, UTC)


def _keep(store: Store, **fields: str) -> None:
    with unavailable_store(), store.pipeline() as pipe:
        for name, value in fields.items():
            pipe.hset(RECONCILED(), name, value)
        pipe.execute()
