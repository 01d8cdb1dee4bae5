"""Ask an address over HTTP, believing nothing.

One client, one pool and one TLS context a poll. Each URL, also behind a
redirect, is taken apart and checked anew; a name is looked up once, every
address it has is checked, and the connection goes to a checked address, so an
answer that changes between two look-ups changes nothing. The certificate is
still verified against the name. Bytes are counted while they come in.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from newsletter.settings import Settings
from newsletter.sources.faults import FaultKind, UnreachableError
from newsletter.sources.fetching import addresses
from newsletter.sources.fetching.compression import too_large
from newsletter.sources.fetching.politeness import HostLimiter, owner
from newsletter.sources.fetching.resolving import CheckedResolver, Resolver, system_resolver
from newsletter.sources.fetching.responses import (
    Answer,
    Validators,
    inflater,
    redirected,
    refusal,
    validators_in,
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/json;q=0.9, "
    "application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a source may ask of us."""

    body_bytes: int = 10_000_000
    """Compressed, and again decompressed."""
    redirects: int = 5
    connect_seconds: float = 10.0
    silence_seconds: float = 20.0
    """Until the first byte, and between any two."""
    whole_seconds: float = 60.0
    at_once: int = 100
    """Requests under way."""
    large_at_once: int = 4
    """Bodies beyond a megabyte under way, so that hostile hosts together cannot fill the memory."""


class Client:
    """Asks many addresses over one pool; an asynchronous context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
        limiter: HostLimiter | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.limiter = limiter or HostLimiter()
        self._allow_private = settings.allow_private_sources
        self._headers = {
            "User-Agent": user_agent(settings),
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip, deflate",
        }
        self._resolver = resolver or system_resolver
        self._large = asyncio.Semaphore(self.limits.large_at_once)
        self._paused: dict[str, UnreachableError] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, resolver=CheckedResolver(self._resolver, allow_private=self._allow_private)
            ),
            timeout=aiohttp.ClientTimeout(
                total=self.limits.whole_seconds,
                sock_connect=self.limits.connect_seconds,
                sock_read=self.limits.silence_seconds,
            ),
            headers=self._headers,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would resolve names itself, behind our back
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    async def get(self, url: str, validators: Validators, now: datetime) -> Answer:
        """Ask for `url`, on condition that it has changed where validators are known.

        A host that asked for a pause is not asked again by this client: the
        same error is raised at once. Raises `AddressRefusedError`,
        `UnreachableError` or `UnreadableError`.
        """
        for _ in range(self.limits.redirects + 1):
            target = self._checked(url)
            try:
                async with self.limiter.turn(target.host):
                    if paused := self._paused.get(owner(target.host)):
                        raise paused
                    found = await self._ask(target, validators, now)
            except aiohttp.ClientError as error:
                raise _translated(error, target) from error
            except TimeoutError as error:
                raise UnreachableError(
                    FaultKind.TIMEOUT, f"{target.host} did not answer in time. It is tried again."
                ) from error
            except ValueError as error:  # a header that cannot be sent or read
                raise UnreachableError(
                    FaultKind.CONNECTION, f"{target.host} gave an answer that is not HTTP ({error})."
                ) from error
            except UnreachableError as error:
                if error.kind is FaultKind.BUSY:
                    self._paused[owner(target.host)] = error
                raise
            if isinstance(found, Answer):
                return found
            url = found
        raise UnreachableError(
            FaultKind.REDIRECT, f"More than {self.limits.redirects} redirects. Correct the source's url."
        )

    def _checked(self, url: str) -> addresses.Address:
        target = addresses.parse(url)
        if target.literal is not None:
            reason = addresses.reason_to_refuse(target.literal, allow_private=self._allow_private)
            if reason:
                raise addresses.refused(url, f"it leads to {reason}")
        return target

    async def _ask(self, target: addresses.Address, validators: Validators, now: datetime) -> Answer | str:
        """Return the answer, or where it is to be found instead."""
        assert self._session is not None
        url = URL(target.url)
        if url.host != target.host:
            raise addresses.refused(target.url, "its host can be read in two ways")
        async with self._session.get(url, headers=validators.headers(), allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return redirected(target.url, response.headers)
            if response.status == 304 and validators.headers():
                return Answer(target.url, is_unchanged=True, validators=validators)
            if response.status != 200:
                raise refusal(response.status, response.headers, target.host, now)
            body = await self._body(response)
            return Answer(
                target.url,
                is_unchanged=False,
                body=body,
                content_type=response.headers.get("Content-Type", ""),
                validators=validators_in(response.headers),
            )

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        cap = self.limits.body_bytes
        if (response.content_length or 0) > cap:
            raise too_large(cap)
        inflate = inflater(response.headers, cap)
        body = bytearray()
        arrived = 0
        is_large = False
        try:
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                arrived += len(chunk)
                body += inflate.feed(chunk) if inflate else chunk
                if max(arrived, len(body)) > cap:
                    raise too_large(cap)
                if not is_large and len(body) > 1_000_000:
                    await self._large.acquire()
                    is_large = True
        finally:
            if is_large:
                self._large.release()
        return bytes(body)


def user_agent(settings: Settings) -> str:
    """Return how we introduce ourselves: product, version, and how to reach the operator."""
    try:
        release = version("trending-papers")
    except PackageNotFoundError:
        release = "0"
    where = [settings.base_url] if settings.is_production else []
    reach = "; ".join(where + ([settings.contact] if settings.contact else []))
    plain = "".join(character for character in reach if " " <= character <= "~")
    return f"trending-papers/{release}" + (f" (+{plain})" if plain else "")


def _translated(error: aiohttp.ClientError, target: addresses.Address) -> UnreachableError:
    host = target.host
    match error:
        case aiohttp.ServerTimeoutError():
            return UnreachableError(FaultKind.TIMEOUT, f"{host} did not answer in time. It is tried again.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return UnreachableError(
                FaultKind.CERTIFICATE, f"{host} does not prove that it is {host} ({error}). Ask its owner."
            )
        case aiohttp.ClientConnectorDNSError():
            return UnreachableError(
                FaultKind.NAME,
                f"{host} has no address. See to this machine's DNS, or correct the source's url.",
            )
        case _:
            return UnreachableError(
                FaultKind.CONNECTION, f"The connection to {host} failed ({error}). It is tried again."
            )
