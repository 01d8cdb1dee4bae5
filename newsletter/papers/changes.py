"""Tell which papers changed last, for code that keeps something made from them."""

from collections.abc import Iterable

from redis.client import Pipeline

from newsletter.store import Key, Store, unavailable_store

REMEMBERED = 20_000
"""Some weeks of papers; a user of them that was away for longer looks at everything again."""

BY_REVISION = Key("papers:by_revision", "zset", "the last 20,000 changed paper ids, by the revision they got")
KEYS = (BY_REVISION,)


def note(pipe: Pipeline, ids: Iterable[str], revision: int) -> None:
    """Write into a transaction that papers are changed by it."""
    pipe.zadd(BY_REVISION(), dict.fromkeys(ids, revision))
    pipe.zremrangebyrank(BY_REVISION(), 0, -REMEMBERED - 1)


def since(store: Store, revision: int) -> frozenset[str] | None:
    """Return the ids of papers that changed after a revision, or None where more did than are remembered."""
    with unavailable_store():
        found = store.zrange(BY_REVISION(), f"({revision}", "+inf", byscore=True)
        count = store.zcard(BY_REVISION())
    # the forgotten ones changed before all others: one older than the question proves that none is missing
    return frozenset(map(str, found)) if len(found) < count or count < REMEMBERED else None
