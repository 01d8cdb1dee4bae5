"""What a server says in its headers, in our words: validators, pauses, redirects, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from newsletter.sources.faults import FaultKind, UnreachableError, UnreadableError
from newsletter.sources.fetching import addresses
from newsletter.sources.fetching.compression import Inflater

_LONGEST_RETRY = timedelta(days=1)
_LONGEST_VALIDATOR = 500


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask again with (RFC 9110, 8.8)."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """Return the conditional request's headers."""
        headers = {}
        if self.etag:
            headers["If-None-Match"] = self.etag
        if self.last_modified:
            headers["If-Modified-Since"] = self.last_modified
        return headers


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    url: str
    """Where the answer came from, after redirects."""
    is_unchanged: bool
    """304: the body is the one that the validators belong to."""
    body: bytes = b""
    content_type: str = ""
    validators: Validators = Validators()


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds or a date, a day at most.

    >>> retry_after("120", datetime(2026, 6, 10, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_RETRY)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), _LONGEST_RETRY)


def redirected(base: str, headers: Mapping[str, str]) -> str:
    """Return where a redirect leads; raises where it leads nowhere."""
    target = headers.get("Location", "").strip()
    if not target:
        raise UnreachableError(FaultKind.REDIRECT, "A redirect that names no address. Ask the site's owner.")
    try:
        return urljoin(base, target)
    except ValueError as error:
        raise addresses.refused(target, str(error)) from error


def refusal(status: int, headers: Mapping[str, str], host: str, now: datetime) -> UnreachableError:
    """Return the error for a status other than success."""
    pause = retry_after(headers.get("Retry-After", ""), now)
    if status in {429, 503}:
        return UnreachableError(
            FaultKind.BUSY, f"{host} asks for a pause (HTTP {status}). It is tried again.", retry_after=pause
        )
    remedy = (
        "Look for the feed's new address: newsletter sources test URL."
        if status in {404, 410}
        else "It is tried again."
    )
    return UnreachableError(FaultKind.STATUS, f"{host} answered HTTP {status}. {remedy}", retry_after=pause)


def validators_in(headers: Mapping[str, str]) -> Validators:
    """Return what to ask again with; what could not be sent back is none."""

    def kept(name: str) -> str:
        value = headers.get(name, "").strip()
        is_sendable = len(value) <= _LONGEST_VALIDATOR and all(" " <= one <= "~" for one in value)
        return value if is_sendable else ""

    return Validators(kept("ETag"), kept("Last-Modified"))


def inflater(headers: Mapping[str, str], cap_bytes: int) -> Inflater | None:
    """Return what undoes the answer's compression, or None where there is none."""
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding in {"gzip", "x-gzip", "deflate"}:
        return Inflater(cap_bytes, is_deflate=coding == "deflate")
    raise UnreadableError(
        FaultKind.ENCODING, f"The answer is compressed with {coding[:40]!r}, which was not asked for."
    )
