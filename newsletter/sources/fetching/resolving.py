"""Look names up once, and hand on only addresses that were checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from newsletter.sources.faults import AddressRefusedError
from newsletter.sources.fetching import addresses

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a name up: host and port in, addresses as text out; raises `OSError` where there is none."""


class CheckedResolver(AbstractResolver):
    """What the connection pool asks: it connects to nothing that did not come from here."""

    def __init__(self, resolver: Resolver, *, allow_private: bool) -> None:
        self._resolver = resolver
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return every address of a name; raises `AddressRefusedError` where one of them may not be asked."""
        found = [ip_address(text.split("%")[0]) for text in await self._resolver(host, port)]
        if not found:
            raise OSError("the name has no address")
        for machine in found:  # one bad address among good ones is an attempt, not an accident
            reason = addresses.reason_to_refuse(machine, allow_private=self._allow_private)
            if reason:
                raise AddressRefusedError(
                    f"{host} is not asked: it leads to {reason}. Correct the source's url, or set "
                    "NEWSLETTER_ALLOW_PRIVATE_SOURCES=true if the machine is yours."
                )
        return [
            ResolveResult(
                hostname=host,
                host=str(machine),
                port=port,
                family=socket.AF_INET6 if machine.version == 6 else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for machine in found
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if machine.version == 6 else socket.AF_INET)
        ]

    async def close(self) -> None:
        """Hold nothing open."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Look a name up as this machine does."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
