"""Where a request came from, as far as we want to know: its network, never its address."""

import ipaddress
from typing import Final

UNKNOWN: Final = "unknown"
"""The one network of all clients whose address is not told: it has the caps of any other."""


def network(client: str) -> str:
    """Return the network of a client's address: /24 for IPv4, /64 for IPv6, or "" for what is neither.

    A network that was named already stays as it is, so that calling twice is
    harmless. An IPv4 address inside IPv6 counts as IPv4.

    >>> network("203.0.113.77"), network("2001:db8:1:2:3:4:5:6"), network("::ffff:203.0.113.9")
    ('203.0.113.0/24', '2001:db8:1:2::/64', '203.0.113.0/24')
    >>> network("a unix socket"), network(UNKNOWN)
    ('', 'unknown')
    """
    if client == UNKNOWN:
        return UNKNOWN
    try:
        address = ipaddress.ip_address(client.partition("/")[0].partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def shortened(full: str) -> str:
    """Return a network without what its family says anyway; `lengthened` undoes it.

    >>> shortened("203.0.113.0/24"), shortened("2001:db8:1:2::/64")
    ('203.0.113', '2001:db8:1:2::')
    """
    return "" if full == UNKNOWN else full.removesuffix(".0/24").removesuffix("/64")


def lengthened(short: str) -> str:
    """Return the network that `shortened` wrote.

    >>> lengthened("203.0.113"), lengthened("2001:db8:1:2::"), lengthened("")
    ('203.0.113.0/24', '2001:db8:1:2::/64', '')
    """
    if not short:
        return ""
    return f"{short}/64" if ":" in short else f"{short}.0/24"
