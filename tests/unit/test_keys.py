"""Every key in one table: declared beside its code, documented for who operates the server."""

import importlib
import pkgutil
from pathlib import Path

import newsletter
from newsletter.store import Key

REPOSITORY = Path(__file__).resolve().parents[2]


def declared_keys() -> dict[str, Key]:
    """Return every Key that a module of ours declares, by pattern."""
    found = {}
    for module in pkgutil.walk_packages(newsletter.__path__, "newsletter."):
        if module.name.endswith("__main__"):
            continue
        for key in getattr(importlib.import_module(module.name), "KEYS", ()):
            found[key.pattern] = key
    return found


def test_every_key_stands_in_the_table_of_the_contributors() -> None:
    """Who looks at a server finds each name, what it holds, and when it goes away."""
    text = (REPOSITORY / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    missing = [key.pattern for key in declared_keys().values() if f"| `{key.pattern}` |" not in text]
    assert missing == []


def test_no_two_rooms_share_a_name() -> None:
    """Patterns are told apart by what stands before their first part."""
    patterns = sorted(declared_keys())
    assert len(patterns) == len({pattern.replace("{", "").replace("}", "") for pattern in patterns})
