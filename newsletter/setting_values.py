"""Values as operators write them: put right where that is certain, refused with a remedy where it is not."""

import ipaddress
import re
from collections.abc import Iterable
from datetime import time
from email.utils import parseaddr
from urllib.parse import SplitResult, urlsplit

import idna
from email_validator import EmailNotValidError, validate_email

from newsletter.errors import SettingsError

_BRACKETED = re.compile(r"(?P<name>.*?)\s*<\s*(?P<address>[^<>]*?)\s*>", re.DOTALL)
_PLAIN_NAME = re.compile(r"[^()<>@,:;\\\".\[\]\x00-\x1f\x7f]*")
_HOUR = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|uhr|h)?", re.IGNORECASE)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def unquoted(text: str) -> str:
    """Return a value without a pair of quotes around it, which Docker and some shells leave there.

    >>> unquoted('"Papers <papers@example.org>"'), unquoted('"Papers, Ltd." <papers@example.org>')
    ('Papers <papers@example.org>', '"Papers, Ltd." <papers@example.org>')
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].strip()
    return text


def mailbox(text: str) -> str:
    """Return a sender as `Name <address>`, its name quoted where mail asks for it, its address in ASCII.

    Raises `ValueError` for what would not arrive as it was meant.

    >>> mailbox("Papers @ Lab <p@bücher.example>")
    '"Papers @ Lab" <p@xn--bcher-kva.example>'
    """
    text = unquoted(text)
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("holds a line break or another control character; write it on one line")
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is None:
        if re.search(r"\s", text):
            raise ValueError(f"{text!r} has no angle brackets; write: Name <papers@example.org>")
        return plain_address(text)
    address = plain_address(bracketed["address"])
    name = re.sub(r"\\(.)", r"\1", unquoted(bracketed["name"]))
    if not name:
        return address
    if "<" in name or ">" in name:
        raise ValueError("holds more than one address; write one: Name <papers@example.org>")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    written = f"{name} <{address}>" if _PLAIN_NAME.fullmatch(name) else f'"{quoted}" <{address}>'
    assert parseaddr(written) == (name, address)
    return written


def plain_address(text: str) -> str:
    """Return an address in ASCII, its domain in IDNA. Raises `ValueError` for anything else."""
    local, at, domain = text.strip().rpartition("@")
    try:
        found = validate_email(f"{local}@example.org", check_deliverability=False)
        host = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except (EmailNotValidError, UnicodeError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"{text!r} is not an address ({reason}); write it like papers@example.org"
        ) from error
    if not at or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is not an address; write it like papers@example.org")
    if found.ascii_email is None:
        raise ValueError(
            f"{text!r} has letters before the @ that many mail servers refuse (SMTPUTF8); use ASCII there"
        )
    return f"{local}@{host}"


def in_ascii(url: str) -> str:
    """Return a web address as links in mails hold it, its host in IDNA.

    Raises `ValueError` where anything else than the host is not ASCII, or holds a blank.

    >>> in_ascii("https://bücher.example:8443/papers")
    'https://xn--bcher-kva.example:8443/papers'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        spelt = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"{host!r} is not the name of a host") from error
    if spelt != host:
        port = f":{parts.port}" if parts.port else ""
        url = parts._replace(netloc=f"{spelt}{port}").geturl()
    if not url.isascii() or re.search(r"\s", url):
        raise ValueError("must hold neither blanks nor letters beyond ASCII behind the host")
    return url


def time_of_day(value: object) -> object:
    """Return an hour and minute as a time; other values are left for the type to judge.

    Raises `ValueError` for a number, which would be taken for seconds, and for anything that is not a time.

    >>> time_of_day("6am"), time_of_day("18"), time_of_day("7:30 pm")
    (datetime.time(6, 0), datetime.time(18, 0), datetime.time(19, 30))
    """
    if isinstance(value, int | float):
        raise ValueError(f'{value} is a number, not a time; write it in quotes, such as "06:00"')  # noqa: TRY004
    if not isinstance(value, str):
        return value
    match = _HOUR.fullmatch(value.strip())
    if match is None:
        return value if re.fullmatch(r"\d{1,2}:\d{2}:\d{2}.*", value.strip()) else _no_time(value)
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half in {"am", "pm"}:
        if not 1 <= hour <= 12:
            return _no_time(value)
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else _no_time(value)


def _no_time(value: str) -> object:
    raise ValueError(f"{value!r} is not a time of day; write it like 06:00 or 18:30")


def server_url(url: str, name: str, schemes: frozenset[str], example: str) -> SplitResult:
    """Return the parts of a server's address. Raises `SettingsError`, which never quotes the address.

    A password with `/`, `?`, `#` or `%` must be percent-encoded: unencoded, a
    piece of it would be taken for the host, or for an option.
    """
    wrong = f"{name} is not a valid address of a server. Write {example}."
    _, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    credentials = authority.rpartition("@")[0]
    has_tail = "@" in rest[len(authority) :] and not url.startswith("unix:")
    if has_tail or _BARE_PERCENT.search(credentials) or re.search(r"[\[\]\s]", credentials):
        raise SettingsError(
            f"{name} holds a character in its user name or password that must be percent-encoded: "
            "%25 for %, %2F for /, %3F for ?, %23 for #, %40 for @, %3A for :, %5B and %5D for brackets."
        )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingsError(wrong) from error
    if parts.scheme not in schemes:
        raise SettingsError(wrong)
    return parts


_PRIVATE = (
    "127.0.0.0/8",
    "::1",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
)
"""Where a platform's router or a container's host stands (RFC 1918, RFC 6598, RFC 4193)."""


def proxies(given: Iterable[str]) -> tuple[str, ...]:
    """Return addresses and networks of proxies, `private` written out. Raises `ValueError` for anything else.

    >>> proxies(["10.1.2.3", "192.0.2.0/24"]), "10.0.0.0/8" in proxies(["private"])
    (('10.1.2.3', '192.0.2.0/24'), True)
    """
    found: list[str] = []
    for one in given:
        if one == "private":
            found += _PRIVATE
            continue
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            raise ValueError(
                f"{one!r} is not an address, a network such as 10.0.0.0/8, or the word private"
            ) from error
        found.append(one)
    return tuple(found)
