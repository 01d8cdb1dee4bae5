r"""How a memory is written down: compressed columns under a header that says the version.

    newsletter-memory <version> <CRC-32 of the rest>\\n
    zlib( one line of JSON, then the columns it names )

Counts are 32-bit floats, the latent space 16-bit ones, both little-endian, so
that the same memory gives the same bytes on every machine.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from newsletter.errors import PermanentError

VERSION = 2
_MAGIC = b"newsletter-memory"


class DamagedMemoryError(PermanentError):
    """A stored memory is not whole, or was written by another version."""


def pack(facts: Mapping[str, Any], columns: Mapping[str, bytes]) -> bytes:
    """Return facts (JSON) and columns as one archive."""
    head = orjson.dumps({"facts": facts, "columns": {name: len(data) for name, data in columns.items()}})
    body = zlib.compress(head + b"\n" + b"".join(columns.values()))
    return b"%s %d %d\n%s" % (_MAGIC, VERSION, zlib.crc32(body), body)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the facts and columns of an archive. Raises `DamagedMemoryError`."""
    header, _, body = data.partition(b"\n")
    words = header.split(b" ")
    if len(words) != 3 or words[0] != _MAGIC:
        raise _damaged("it does not begin as one")
    if words[1] != b"%d" % VERSION:
        raise _damaged(
            f"it is of version {words[1].decode('ascii', 'replace')}, this program reads {VERSION}"
        )
    if words[2] != b"%d" % zlib.crc32(body):
        raise _damaged("its check sum is wrong")
    head, _, rest = zlib.decompress(body).partition(b"\n")
    described = orjson.loads(head)
    columns, start = {}, 0
    for name, length in described["columns"].items():
        columns[name] = rest[start : start + length]
        start += length
    return described["facts"], columns


def _damaged(why: str) -> DamagedMemoryError:
    return DamagedMemoryError(
        f"The memory of earlier days cannot be read: {why}. "
        "Topics go on with what was shipped; `newsletter memory rebuild` learns the stored days again."
    )
