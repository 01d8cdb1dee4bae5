"""The connection to Redis, the start-up refusals, and how rooms name their keys.

Redis is the only store of truth. Each room's own store declares its keys as
`Key` values in a module constant `KEYS`, so that every name, what lives under
it and how long stands in one table (`newsletter config keys`, and the same in
`.github/CONTRIBUTING.md`, which a test compares).
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

import redis

from newsletter import embedded
from newsletter.errors import SettingsError, StoreRefusedError, StoreUnavailableError
from newsletter.redis_address import EXAMPLE, RedisAddress
from newsletter.settings import Settings

Store = redis.Redis
"""A connection pool whose replies are `str`; safe to share between threads, not across a fork."""


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Key:
    """A family of key names, what lives under them, and when they go away.

    >>> paper = Key("paper:{id}", "string", "a Paper as JSON", timedelta(days=90))
    >>> paper(id="arxiv:2606.13681")
    'paper:arxiv:2606.13681'
    """

    pattern: str
    kind: str
    """`string`, `hash`, `set`, `zset`, `list` or `bitmap`."""
    holds: str
    expires: timedelta | None = None

    def __call__(self, **parts: object) -> str:
        """Return the name with its parts filled in."""
        return self.pattern.format(**parts)

    def matches(self, name: str) -> bool:
        """Whether `name` belongs to this family."""
        return re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(self.pattern)), name) is not None


def connect(settings: Settings, *, decode: bool = True) -> Store:
    """Return the process's connection pool to the configured server, or to the embedded one.

    The server is looked at once a process; see `refusal`. Raises
    `StoreUnavailableError` where it does not answer and `StoreRefusedError`
    where it would lose subscribers.
    """
    return _connected(embedded.redis_url(settings), settings.accept_store_risks, decode)


def client_of(url: str, *, decode: bool = True) -> Store:
    """Return a client of the server at `url`, unasked yet. Raises `SettingsError` for an invalid one."""
    try:
        return redis.Redis.from_url(
            RedisAddress.read(url).for_store,
            decode_responses=decode,
            socket_timeout=30,
            socket_connect_timeout=5,
            health_check_interval=25,
        )
    except (ValueError, TypeError) as error:
        raise SettingsError(f"REDIS_URL has an option that is not known. Write {EXAMPLE}.") from error


@lru_cache(maxsize=8)
def _connected(url: str, accepts_risks: bool, decode: bool) -> Store:
    client = client_of(url, decode=decode)
    with unavailable_store():
        try:
            info: dict[str, Any] = client.info()
        except redis.ResponseError as error:
            raise StoreRefusedError(_unfit(error)) from error
        reason = refusal(info, _config(client))
    if reason and not accepts_risks:
        raise StoreRefusedError(reason)
    return client


@contextmanager
def unavailable_store() -> Iterator[None]:
    """Translate a connection's errors, and a server's refusal to write, into `StoreUnavailableError`."""
    try:
        yield
    except redis.ResponseError as error:
        refusal = next((what for sign, what in _REFUSES_WRITES.items() if sign in str(error)), None)
        if refusal is None:
            raise
        raise StoreUnavailableError(refusal) from error
    except redis.AuthenticationError as error:
        raise StoreUnavailableError(
            f"Redis refuses the user name or the password of REDIS_URL ({error}). Correct them."
        ) from error
    except redis.InvalidResponse as error:
        raise StoreUnavailableError(
            "What answers at REDIS_URL does not speak Redis's protocol. Correct its host and port."
        ) from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise StoreUnavailableError(
            f"Redis does not answer ({error}). Start it, correct REDIS_URL, or unset it for the embedded one."
        ) from error


_REFUSES_WRITES = {
    "MISCONF": "Redis cannot write to its disk and refuses changes. Make room; it resumes automatically.",
    "used memory >": "Redis is out of memory and takes no changes. Raise maxmemory, or give it more of it.",
    "read only replica": "Redis is a replica and takes no changes. Let REDIS_URL name the primary.",
    "busy running a script": "Redis is busy with a script and answers nobody. End it there: SCRIPT KILL.",
    "Link with MASTER is down": "Redis is a replica without its primary. Let REDIS_URL name the primary.",
    "MASTERDOWN": "Redis is a replica without its primary. Let REDIS_URL name the primary.",
    "CLUSTERDOWN": "The Redis cluster is down. Start its nodes; it resumes automatically.",
    "Hash slot not served": "The Redis cluster is down. Start its nodes; it resumes automatically.",
    "The cluster is down": "The Redis cluster is down. Start its nodes; it resumes automatically.",
    "TRYAGAIN": "Redis moves its keys and asks to be asked again. It resumes automatically.",
    "NOREPLICAS": "Redis misses replicas and takes no changes. Start them, or lower min-replicas-to-write.",
}
"""What stands in a server's answer to a change that it refuses, and what to do; nothing was changed then."""


def insisting(call: Callable[[], Answer], *, within: timedelta = timedelta(seconds=30)) -> Answer:
    """Return what `call` returns, trying again while the store is away: for what nobody else knows.

    `call` must be harmless to repeat. Raises `StoreUnavailableError` once the time is up.
    """
    ends_at = time.monotonic() + within.total_seconds()
    while True:
        try:
            return call()
        except StoreUnavailableError:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.2)


def refusal(info: dict[str, Any], config: dict[str, str] | None) -> str | None:
    """Return why a server must not be used, or None: too old, evicting, or without persistence.

    `config` is None where the provider blocks CONFIG; INFO then tells the
    policy and if an append-only file is kept, but not whether snapshots
    are taken, so a server without the file is refused and the operator may
    vouch for it.
    """
    if info.get("redis_mode") == "sentinel":
        return "REDIS_URL names a Sentinel, which keeps nothing. Let it name the primary server."
    if info.get("redis_mode") == "cluster":
        return "REDIS_URL names a cluster, over which steps are not atomic. Let it name a single server."
    version = tuple(int(part) for part in str(info.get("redis_version", "0")).split(".")[:2])
    if version < embedded.OLDEST_VERSION:
        return f"Redis {info.get('redis_version')} is too old; 6.2 or newer is needed. Upgrade the server."
    policy = info.get("maxmemory_policy") or (config or {}).get("maxmemory-policy", "unknown")
    if policy != "noeviction":
        return (
            f"Redis evicts keys (maxmemory-policy {policy}), which loses subscribers. "
            "Fix: CONFIG SET maxmemory-policy noeviction, and the same in its configuration file."
        )
    if not int(info.get("aof_enabled", 0)) and not (config or {}).get("save"):
        seen = "" if config else " as far as can be seen (CONFIG is blocked)"
        return (
            f"Redis keeps nothing on disk{seen}. Fix: CONFIG SET appendonly yes, and the same in its "
            "configuration file. If your provider persists otherwise: NEWSLETTER_ACCEPT_STORE_RISKS=true."
        )
    return None


def _unfit(error: redis.ResponseError) -> str:
    """Say why a server does not even tell about itself."""
    if "DB index" in str(error) or "database" in str(error).lower():
        return "REDIS_URL names a database that the server does not have (16 are usual). End it with /0."
    return f"Redis does not tell about itself ({error}). Give the user of REDIS_URL the right to INFO."


def _config(client: Store) -> dict[str, str] | None:
    try:
        found = {**client.config_get("maxmemory-policy"), **client.config_get("save")}
    except redis.ResponseError:  # managed servers block CONFIG
        return None
    return {str(name): str(value) for name, value in found.items()}
