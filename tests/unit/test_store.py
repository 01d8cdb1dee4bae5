"""Which servers are refused, and how keys are named."""

import pytest

from newsletter.store import Key, refusal

GOOD_INFO = {"redis_version": "7.2.4", "maxmemory_policy": "noeviction", "aof_enabled": 1}


@pytest.mark.parametrize(
    ("info", "config", "remedy"),
    [
        (GOOD_INFO, {"save": ""}, None),
        (GOOD_INFO | {"aof_enabled": 0}, {"save": "3600 1"}, None),
        (GOOD_INFO, None, None),
        (GOOD_INFO | {"maxmemory_policy": "allkeys-lru"}, {"save": ""}, "maxmemory-policy noeviction"),
        (GOOD_INFO | {"aof_enabled": 0}, {"save": ""}, "CONFIG SET appendonly yes"),
        (GOOD_INFO | {"aof_enabled": 0}, None, "NEWSLETTER_ACCEPT_STORE_RISKS"),
        (GOOD_INFO | {"redis_version": "6.0.16"}, {"save": ""}, "Upgrade"),
        (GOOD_INFO | {"redis_mode": "sentinel"}, None, "primary"),
        (GOOD_INFO | {"redis_mode": "cluster"}, None, "single server"),
    ],
    ids=[
        *("append-only", "snapshots", "config-blocked", "evicting", "volatile", "volatile-blocked", "old"),
        *("sentinel", "cluster"),
    ],
)
def test_a_server_that_would_lose_subscribers_is_refused_with_the_remedy(
    info: dict[str, object], config: dict[str, str] | None, remedy: str | None
) -> None:
    """Eviction, no persistence and old versions are refused; the rest passes."""
    reason = refusal(info, config)
    assert (reason is None) if remedy is None else (reason is not None and remedy in reason)


def test_a_key_knows_the_names_of_its_family() -> None:
    """The table of keys can be held against a living server."""
    key = Key("edition:{day}:batch:{number}", "string", "a batch")
    assert key.matches(key(day="2026-06-12", number=3))
    assert not key.matches("edition:2026-06-12")
