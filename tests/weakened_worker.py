"""A worker whose ledger is broken on purpose: what a dead worker left behind is sent again.

The chaos test runs once on it, to show that it can fail.
"""

from newsletter.delivery.store import Script
from workers.app import app

__all__ = ["app"]

_sound = Script.named("claim").source
_weak = _sound.replace("string.gsub(marks, 'i', proved and 'a' or 'u')", "string.gsub(marks, 'i', '.')")
assert _weak != _sound
_broken = Script.of(_weak)
_named = Script.named


def _weakened(name: str) -> Script:
    return _broken if name == "claim" else _named(name)


Script.named = staticmethod(_weakened)  # type: ignore[method-assign,assignment]
