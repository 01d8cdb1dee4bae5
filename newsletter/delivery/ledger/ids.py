"""A batch's recipients as text that a person can read: `1042,1,1,7` is 1042, 1043, 1044, 1051.

The first number is an id, each further one the step from the id before. Ids
are dense, so steps are short: two to four bytes a recipient.
"""

from collections.abc import Iterable
from itertools import accumulate, pairwise

import orjson


def packed(ids: Iterable[int]) -> str:
    """Write ascending ids without repetition.

    >>> packed([1042, 1043, 1044, 1051])
    '1042,1,1,7'
    """
    ordered = list(ids)
    steps = [str(after - before) for before, after in pairwise(ordered)]
    return ",".join([str(ordered[0]), *steps]) if ordered else ""


def unpacked(text: str) -> tuple[int, ...]:
    """Read what `packed` wrote.

    >>> unpacked("1042,1,1,7")
    (1042, 1043, 1044, 1051)
    """
    return tuple(accumulate(orjson.loads(f"[{text}]")))
