"""A worker whose ledger is broken on purpose, to show that the chaos test can fail.

It knows no intent (what a dead worker left behind is sent again) and no fence
(who lost the lease sends all the same).
"""

from hasty_worker import app

from newsletter.delivery.ledger.store import Script

__all__ = ["app"]

_named = Script.named
_BREAKS = {
    "claim": ("string.gsub(marks, 'i', proved and 'a' or 'u')", "string.gsub(marks, 'i', '.')"),
    "intend": ("if redis.call('HGET', fence, batch) ~= token or not free_at then", "if not free_at then"),
}


def _weakened(name: str) -> Script:
    sound = _named(name)
    if name not in _BREAKS:
        return sound
    assert _BREAKS[name][0] in sound.source
    return Script.of(sound.source.replace(*_BREAKS[name]))


Script.named = staticmethod(_weakened)  # type: ignore[method-assign,assignment]
