"""What still names a reader who was erased: said to the operator, with its end and its remedy."""

import time
from typing import Any, Final

import redis

from newsletter.settings import Settings
from newsletter.store import Store

PATIENCE_SECONDS: Final = 60.0


def after_erasing(store: Store, settings: Settings, number: int) -> list[str]:
    """Return what else holds the address of the reader who had this number, a sentence each."""
    return [*_outbox(settings, number), _log_of_changes(store, settings), *_ELSEWHERE]


_ELSEWHERE = (
    "Backups and exports hold the address until you delete them. After restoring one, forget it again.",
    "Your mail server or SendGrid keeps what it was sent, and its logs, for as long as you told it to.",
)


def _outbox(settings: Settings, number: int) -> list[str]:
    """Tell of mails in the outbox, whose names hold the address."""
    found = sorted(settings.outbox_dir.glob(f"*/{number}-*"))
    if not found:
        return []
    where = f"{settings.outbox_dir}/*/{number}-*"
    return [f"The outbox holds {len(found)} files of mails to it until you delete them: rm {where}"]


def _log_of_changes(store: Store, settings: Settings) -> str:
    """Have the embedded server write its file of changes anew; of another, say how that is done."""
    if not settings.redis_url and _rewritten(store):
        return "The store's file of changes was written anew, without it."
    return (
        "Redis keeps past changes in its append-only file until it is rewritten, which it does as the file "
        "doubles. To do so now: redis-cli BGREWRITEAOF"
    )


def _rewritten(store: Store) -> bool:
    """Whether the file was written anew just now; waited for, since the server may stop with this process."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    try:
        store.bgrewriteaof()
        while time.monotonic() < ends_at:
            found: dict[str, Any] = store.info("persistence")
            if not found["aof_rewrite_in_progress"] and not found["aof_rewrite_scheduled"]:
                return bool(found["aof_last_bgrewrite_status"] == "ok")
            time.sleep(0.02)
    except redis.RedisError:
        pass  # one that began before may have read the record already
    return False
