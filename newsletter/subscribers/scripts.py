"""The Lua scripts of this room: each is one atomic step, run by name with named arguments."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from redis.client import NEVER_DECODE
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from newsletter.store import Store, unavailable_store


class Scripts:
    """The scripts under `lua/`, on one connection pool; the server is sent each once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Script] = {}

    def run(self, name: str, **given: object) -> Any:
        """Run a script and return its answer. Raises `StoreUnavailableError`."""
        with unavailable_store():
            return self._script(name)(args=[orjson.dumps(given)])

    def run_each(self, name: str, rows: Sequence[dict[str, object]]) -> list[Any]:
        """Run a script once a row, in one round trip; each run is atomic, the whole is not."""
        with unavailable_store():
            pipe = self._store.pipeline(transaction=False)
            for row in rows:
                self._script(name)(args=[orjson.dumps(row)], client=pipe)
            return pipe.execute()

    def read(self, name: str, **given: object) -> Any:
        """Run a script that changes nothing; its answer is left as bytes, which bulk readers parse faster."""
        script = self._script(name)
        with unavailable_store():
            try:
                return self._undecoded(script, orjson.dumps(given))
            except NoScriptError:
                self._store.script_load(script.script)
                return self._undecoded(script, orjson.dumps(given))

    def _undecoded(self, script: Script, argument: bytes) -> Any:
        return self._store.execute_command(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
            "EVALSHA", script.sha, 0, argument, **{NEVER_DECODE: True}
        )

    def _script(self, name: str) -> Script:
        if name not in self._known:
            self._known[name] = self._store.register_script(_text("records") + _text(name))
        return self._known[name]


@cache
def _text(name: str) -> str:
    return files("newsletter.subscribers").joinpath("lua", f"{name}.lua").read_text("utf-8")
