"""SendGrid's v3 API: up to 1,000 recipients a request, each with values of their own.

Limits and answers as SendGrid documents them for `POST /v3/mail/send`. It
offers no idempotency key: a request whose answer did not come, or came as 5xx, is
*uncertain* and is settled by events that carry `request_id` back.
"""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from operator import attrgetter
from typing import Any, Final

import orjson

from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.mailers.sendgrid.client import EndUnknownError, KeptClient, NotSentError, client
from newsletter.delivery.mailers.sendgrid.personalization import named_once, personalizations
from newsletter.errors import InvalidInputError, SettingsError
from newsletter.models import Message, Recipient
from newsletter.rendering.mime import PLACEHOLDER, wire_address
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings

LARGEST_REQUEST: Final = 30_000_000
"""Bytes."""
LONGEST_WAIT: Final = timedelta(minutes=15)
RESERVED_HEADERS: Final = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"}
    | {"to", "from", "subject", "reply-to", "cc", "bcc"}
)
_TRACKING: Final = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}


def connect(settings: Settings) -> "SendGrid":
    """Return a mailer on SendGrid. Raises `SettingsError` without a key."""
    if settings.sendgrid_api_key is None:
        raise SettingsError(
            "SENDGRID_API_KEY is not set, and NEWSLETTER_MAILER is sendgrid. "
            "Create a key that may send mail (SendGrid: Settings, API Keys), or choose another mailer."
        )
    key, timeout = settings.sendgrid_api_key.get_secret_value(), settings.sendgrid_timeout
    return SendGrid(
        client(key, settings.sendgrid_host, timeout),
        SiteFacts.of(settings),
        # connecting, the TLS handshake, writing and answering may each take so long
        longest=timedelta(seconds=4 * timeout),
    )


class SendGrid:
    """One account at SendGrid."""

    name = "sendgrid"
    portion = 1000

    def __init__(self, client: KeptClient, site: SiteFacts, *, longest: timedelta) -> None:
        self.longest = longest
        self._client = client
        self._site = site

    def send(self, message: Message, recipients: Sequence[Recipient], *, request_id: str) -> Outcome:
        """Send one request; a second recipient with the same address is left for another request."""
        named, refused = named_once(recipients)
        if not named:
            return Outcome(refused=refused)
        body = request_body(message, named, self._site, request_id)
        if len(body) > LARGEST_REQUEST:
            return Outcome(refused=refused, rejected="the request is larger than SendGrid takes")
        try:
            answer = self._client.mail.send.post(request_body=body)
        except NotSentError:
            return Outcome(refused=refused, retry_after=timedelta(seconds=5))
        except EndUnknownError:
            return Outcome(refused=refused, uncertain=_ids(named))
        return _outcome(answer.status_code, answer.headers, answer.body, named, refused)

    def close(self) -> None:
        """Close the kept connection."""
        self._client.disconnect()


def request_body(message: Message, named: Sequence[Recipient], site: SiteFacts, request_id: str) -> bytes:
    """Return the JSON of one request, with one personalization per recipient."""
    name, address = parseaddr(site.from_)
    content = [{"type": "text/plain", "value": message.text}]
    if message.html is not None:
        content.append({"type": "text/html", "value": message.html})
    shared, own = _split_headers(message.headers)
    body: dict[str, Any] = {
        "from": {"email": wire_address(address)} | ({"name": name} if name else {}),
        "subject": message.subject,
        "content": content,
        "tracking_settings": _TRACKING,
    }
    if shared:
        body["headers"] = shared
    if site.reply_to:
        body["reply_to"] = {"email": parseaddr(site.reply_to)[1]}
    people = personalizations(named, own, request_id).encode()
    return b'{"personalizations":[%b],%b' % (people, orjson.dumps(body)[1:])


def _split_headers(headers: Sequence[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Part headers into those that all share and those that hold placeholders.

    RFC 8058 wants both unsubscribe headers together, so the second follows the first.
    """
    reserved = [name for name, _ in headers if name.lower() in RESERVED_HEADERS]
    if reserved:
        raise InvalidInputError(f"SendGrid lets nobody set the header {reserved[0]}. Leave it to the mailer.")
    own = {
        name: value
        for name, value in headers
        if PLACEHOLDER.search(value) or name.lower() == "list-unsubscribe-post"
    }
    return {name: value for name, value in headers if name not in own}, own


def _outcome(
    status: int, headers: Mapping[str, str], body: bytes, named: Sequence[Recipient], refused: dict[int, str]
) -> Outcome:
    """Read an answer; see the table in SendGrid's documentation of errors."""
    ids = _ids(named)
    if 200 <= status < 300:
        is_last = headers.get("x-ratelimit-remaining") == "0"
        return Outcome(ids, refused, retry_after=pause_of(headers) if is_last else None)
    if status == 429:
        return Outcome(refused=refused, retry_after=pause_of(headers) or timedelta(seconds=30))
    if not 300 <= status < 500:
        return Outcome(refused=refused, uncertain=ids)
    errors = _errors(body)
    reason = errors[0][0]
    if status in {400, 413}:
        return _rejected(errors, named, refused)
    if status in {401, 403}:
        advice = "Nobody was suppressed. Check the key and the account's plan, then resume."
        return Outcome(refused=refused, halt=f"SendGrid says: {reason} ({status}). {advice}")
    advice = "Check NEWSLETTER_SENDGRID_HOST, then resume."
    return Outcome(refused=refused, halt=f"SendGrid answered {status}: {reason}. {advice}")


def _ids(recipients: Sequence[Recipient]) -> frozenset[int]:
    return frozenset(map(attrgetter("subscriber_id"), recipients))


def _rejected(
    errors: Sequence[tuple[str, str]], named: Sequence[Recipient], refused: dict[int, str]
) -> Outcome:
    """Tell bad recipients, whom SendGrid names by their place, from a request that is bad for everybody.

    A recipient is bad only where their address is: headers, values and arguments
    of a personalization are written by us, and alike for all.
    """
    bad: dict[int, str] = {}
    for reason, field in errors:
        place = _BAD_RECIPIENT.match(field)
        if place and int(place[1]) < len(named):
            bad[named[int(place[1])].subscriber_id] = reason
        elif _THE_MAIL.match(field):
            complaint = f"SendGrid refuses the mail itself ({field}): {reason}. Correct it, then resume."
            return Outcome(refused=refused, halt=complaint)
    if bad:
        return Outcome(refused=refused | bad)
    return Outcome(refused=refused, rejected=errors[0][0])


_BAD_RECIPIENT: Final = re.compile(r"personalizations[.\[](\d{1,4})\]?(?:\.(?:to|email)\b.*)?$")
_THE_MAIL: Final = re.compile(r"(?!personalizations)[a-z]|personalizations[.\[]\d{1,4}\]?\.", re.IGNORECASE)


def _errors(body: bytes) -> list[tuple[str, str]]:
    """Return each error's message and field; at least one."""
    try:
        found = [
            (str(one.get("message") or "no reason given"), str(one.get("field") or ""))
            for one in orjson.loads(body)["errors"]
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        found = []
    return found or [("no reason given", "")]


def pause_of(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the rate limit's window still runs."""
    reset = headers.get("x-ratelimit-reset", "")
    if not reset.isdecimal():
        return None
    return min(max(timedelta(seconds=int(reset) - time.time()), timedelta(seconds=1)), LONGEST_WAIT)
