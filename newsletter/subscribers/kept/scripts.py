"""The Lua scripts of this room: each is one atomic step, run by name with named arguments."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError, OutOfMemoryError, ResponseError

from newsletter.store import Store, unavailable_store


class Scripts:
    """The scripts under `lua/`, on one connection pool; the server is sent each once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, name: str, **given: object) -> Any:
        """Run a script and return its answer. Raises `StoreUnavailableError`."""
        return self._evaluated(name, orjson.dumps(given))

    def read(self, name: str, **given: object) -> Any:
        """Run a script that changes nothing; its answer is left as bytes, which bulk readers parse faster."""
        return self._evaluated(name, orjson.dumps(given), **{NEVER_DECODE: True})

    def run_each(self, name: str, rows: Sequence[dict[str, object]]) -> list[Any]:
        """Run a script once a row, in one round trip; each run is atomic, the whole is not."""
        with unavailable_store():
            self._store.script_load(_text(name))
            pipe = self._store.pipeline(transaction=False)
            for row in rows:
                pipe.evalsha(_digest(name), 0, orjson.dumps(row))
            return pipe.execute()

    def _evaluated(self, name: str, argument: bytes, **options: bool) -> Any:
        with unavailable_store():
            try:
                return self._call(name, argument, **options)
            except OutOfMemoryError:
                if name not in _WHATEVER_MEMORY:
                    raise
                return self._without_memory(name, argument)

    def _call(self, name: str, argument: bytes, **options: bool) -> Any:
        try:
            return self._store.execute_command(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
                "EVALSHA", _digest(name), 0, argument, **options
            )
        except NoScriptError:  # a server that was restarted has forgotten it
            self._store.script_load(_text(name))
            return self._call(name, argument, **options)

    def _without_memory(self, name: str, argument: bytes) -> Any:
        """Run a script beyond `maxmemory`; what it writes is smaller than what it deletes.

        A server older than 7 knows no such flag: the error stays the one of before.
        """
        try:
            return self._store.eval(f"#!lua flags=allow-oom\n{_text(name)}", 0, argument)
        except ResponseError as error:
            if "ompil" in str(error):  # "Error compiling script"
                raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.") from error
            raise


_WHATEVER_MEMORY = frozenset({"leave", "erase"})
"""Leaving works on a server that takes no other changes."""


@cache
def _text(name: str) -> str:
    folder = files("newsletter.subscribers.kept").joinpath("lua")
    return "".join(folder.joinpath(f"{part}.lua").read_text("utf-8") for part in ("records", name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha1(_text(name).encode(), usedforsecurity=False).hexdigest()
