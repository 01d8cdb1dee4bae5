"""Which URLs may be asked, and which machines they may lead to.

Feeds and redirects are written by strangers, so an address is believed only
after it was taken apart here. Spellings that readers and libraries understand
differently (backslashes, spaces, numbers that are almost addresses) are
refused rather than guessed. The tests for a machine follow the IANA
special-purpose registries (RFC 6890 and its updates); `is_global` alone would
pass the translated and embedded forms of private addresses.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote, urlsplit

from newsletter.sources.faults import AddressRefusedError

MAX_URL_CHARACTERS = 2_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}):")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_CARRIES_IPV4 = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("::/96"), 0),  # IPv4-compatible, RFC 4291, deprecated
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
_NEVER_PUBLIC: tuple[tuple[IPv4Network | IPv6Network, str], ...] = (
    (IPv4Network("0.0.0.0/8"), "this network"),  # RFC 791
    (IPv4Network("192.0.0.0/24"), "protocol assignments"),  # RFC 6890
    (IPv4Network("192.88.99.0/24"), "relays of 6to4"),  # RFC 7526
    (IPv6Network("3fff::/20"), "documentation"),  # RFC 9637; Python 3.11 takes it for public
    (IPv6Network("64:ff9b:1::/48"), "local NAT64"),  # RFC 8215
    (IPv6Network("fec0::/10"), "site-local"),  # RFC 3879
    (IPv6Network("2001::/32"), "a Teredo tunnel"),  # RFC 4380
    (IPv6Network("5f00::/16"), "segment routing"),  # RFC 9602
)
_LINK_LOCAL = IPv4Network("169.254.0.0/16")  # RFC 3927
_CARRIER = IPv4Network("100.64.0.0/10")  # RFC 6598
_METADATA: tuple[IPv4Network | IPv6Network, ...] = (
    IPv4Network("169.254.169.254"),  # AWS, Google, Azure, Oracle, DigitalOcean, Hetzner, OpenStack
    IPv4Network("169.254.170.0/24"),  # AWS: credentials of containers (.2) and of pods (.23)
    IPv4Network("169.254.0.23"),  # Tencent
    IPv4Network("169.254.42.42"),  # Scaleway
    IPv4Network("100.100.100.200"),  # Alibaba
    IPv4Network("168.63.129.16"),  # Azure's host of each machine
    IPv4Network("192.0.0.192"),  # Oracle's first cloud
    IPv6Network("fd00:ec2::/32"),  # AWS
    IPv6Network("fd20:ce::254"),  # Google
    IPv6Network("fd00:42::42"),  # Scaleway
    IPv6Network("fd00:c1::a9fe:a9fe"),  # Oracle
    IPv6Network("fe80::a9fe:a9fe"),  # OpenStack
)
"""Where clouds hand a machine its own credentials: never fetched from, whatever the operator allows."""
_LOOPBACK, _UNSPECIFIED = IPv6Address("::1"), IPv6Address("::")
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that is well formed, and the machine it names."""

    url: str
    """Normalised: lower-case scheme and host in ASCII, no fragment, no credentials."""
    scheme: str
    host: str
    """A name in ASCII, or an address as its standard text (IPv6 without brackets)."""
    port: int
    literal: IPv4Address | IPv6Address | None
    """The address itself, where the URL gives one instead of a name."""


def parse(url: str) -> Address:
    """Take a URL apart, or raise `AddressRefusedError` with what is wrong with it.

    Hosts are read as browsers read them (WHATWG URL, host parsing): Unicode
    is folded, and what ends in a number is an IPv4 address in any of its
    spellings or nothing.

    >>> parse("http://0x7f.1/").literal
    IPv4Address('127.0.0.1')
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise refused(url, f"it is longer than {MAX_URL_CHARACTERS} characters")
    scheme = _SCHEME.match(url)
    if scheme is None or scheme[1].lower() not in _DEFAULT_PORTS:
        said = scheme[1] if scheme else "an address without scheme"
        raise refused(url, f"only http and https are asked, not {said}")
    if any(character <= " " or character in '\\"<>\x7f' or character.isspace() for character in url):
        raise refused(url, "it holds a space, a backslash, a quote or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refused(url, str(error)) from error
    if port == 0:
        raise refused(url, "port 0 cannot be connected to")
    host, literal = _host(parts.netloc, parts.hostname or "")
    if "@" in parts.netloc:
        if literal is not None and (reason := reason_to_refuse(literal)):
            raise refused(url, f"it leads to {reason}")
        raise refused(url, "a name or password stands before the host, and would end up in logs")
    netloc = f"[{host}]" if isinstance(literal, IPv6Address) else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        netloc += f":{port}"
    plain = f"{parts.scheme}://{netloc}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
    return Address(plain, parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], literal)


@lru_cache(maxsize=4_096)
def reason_to_refuse(machine: IPv4Address | IPv6Address, *, allow_private: bool = False) -> str | None:
    """Return what keeps an address from being asked, or None.

    With `allow_private` the operator's own machines pass (loopback, private
    and carrier addresses); multicast, reserved, unspecified and IPv4
    link-local ones never do, and neither does a cloud's metadata service.

    >>> reason_to_refuse(ip_address("64:ff9b::7f00:1"))
    'a loopback address (127.0.0.1 inside 64:ff9b::7f00:1)'
    """
    inner = _carried(machine)
    if inner is not None:
        reason = _special(inner, allow_private=False)
        return f"{reason} ({inner} inside {machine})" if reason else None
    return _special(machine, allow_private=allow_private)


def refused(url: str, reason: str) -> AddressRefusedError:
    """Return the error for a URL, with what to do."""
    shown = re.sub(r"//[^/?#]*@", "//…@", url)  # a password never reaches a log
    shown = shown if len(shown) <= 120 else shown[:119] + "…"
    return AddressRefusedError(f"{shown!r} is not asked: {reason}. Correct the source's url.")


def _special(machine: IPv4Address | IPv6Address, *, allow_private: bool) -> str | None:
    if any(machine in network for network in _METADATA):
        return "a cloud's metadata service"
    for network, name in _NEVER_PUBLIC:
        if machine in network:
            return f"{name} ({network})"
    for is_so, name in (
        (machine.is_unspecified, "the unspecified address"),
        (machine.is_multicast, "a multicast address"),
        (machine.is_reserved and not machine.is_loopback, "a reserved address"),
        (machine in _LINK_LOCAL, "a link-local address"),  # clouds put more there than is listed
    ):
        if is_so:
            return name
    own = (
        (machine.is_loopback, "a loopback address"),
        (machine.is_link_local, "a link-local address"),
        (machine in _CARRIER, "a carrier's shared address (100.64.0.0/10)"),
        (machine.is_private, "a private address"),
    )
    for is_so, name in own:
        if is_so:
            return None if allow_private else name
    return None if machine.is_global else "an address that is not public"


def _carried(machine: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address maps, translates or embeds."""
    if isinstance(machine, IPv4Address) or machine in (_LOOPBACK, _UNSPECIFIED):
        return None
    if machine.ipv4_mapped is not None:
        return machine.ipv4_mapped
    for network, shift in _CARRIES_IPV4:
        if machine in network:
            return IPv4Address((int(machine) >> shift) & 0xFFFFFFFF)
    return None


@lru_cache(maxsize=4_096)
def _host(netloc: str, raw: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if "[" in netloc:
        try:
            found = ip_address(unquote(raw).partition("%")[0])
        except ValueError as error:
            raise refused(netloc, "what stands in brackets is not an IPv6 address") from error
        return str(found), found
    folded = unicodedata.normalize("NFKC", unquote(raw)).translate(_DOTS).casefold().removesuffix(".")
    if not folded:
        raise refused(netloc, "it names no host")
    if _NUMBER.fullmatch(folded.rpartition(".")[2]):
        found = _ipv4(netloc, folded.split("."))
        return str(found), found
    try:
        name = folded if folded.isascii() else folded.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise refused(netloc, "its host is not a name that can be looked up") from error
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise refused(netloc, "its host is not a name that can be looked up")
    return name, None


def _ipv4(netloc: str, parts: list[str]) -> IPv4Address:
    """Read one to four decimal, octal or hexadecimal numbers; the last fills the rest."""
    error = refused(netloc, "its host ends in a number but is not an IPv4 address")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise error
    try:
        *leading, last = map(_number, parts)
    except ValueError as fault:
        raise error from fault
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        raise error
    return IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(leading)) + last)


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)
