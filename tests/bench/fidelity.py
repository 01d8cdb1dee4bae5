"""How faithfully titles and abstracts are shown: what of their markup is left, and what is lost.

    python tests/bench/fidelity.py ../shared/data [--show KIND]

One line a kind: the share of 2,000 texts that hold it as they were written,
as they are shown, and of quoted summaries. `--show macro` prints the texts
that still hold one. A missing name (`[…]`) is told apart: it is said, not hidden.
"""

import gzip
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from newsletter.editions.assembly.summary import summarise
from newsletter.sources.text import text
from newsletter.sources.text.scripts import raised

SAMPLE = 2_000
_POWER = re.compile(r"(?<=[0-9])(?:\$?\^\{?|<sup>)(-?[0-9]{1,3})(?![0-9.])")
_SLOT = re.compile(r"\s[,;](?:\s|$)|\s\.(?:\s|$)|\(\s*\)")
_LOSSES = {"lost superscript", "empty slot"}
KINDS: dict[str, Callable[[str, str], bool]] = {
    "macro": lambda _, shown: re.search(r"\\[A-Za-z]+", shown) is not None,
    "tilde": lambda _, shown: re.search(r"(?<!/)~", shown) is not None,
    "lone brace": lambda _, shown: shown.count("{") != shown.count("}"),
    "empty slot": lambda written, shown: bool(_SLOT.search(shown)) and not _SLOT.search(written),
    "lost superscript": lambda written, shown: any(
        raised(power) not in shown for power in _POWER.findall(written)
    ),
    "tag": lambda _, shown: (
        re.search(r"</?(?:su[bp]|math|m[a-z]+|picture|time|p|jats:\w+)\b[^<>]*>", shown) is not None
    ),
    "missing name": lambda _, shown: "[…]" in shown,
}


def written(data: Path) -> Iterator[str]:
    """Yield titles and abstracts as their sources wrote them."""
    for path in ("background/arxiv_2025-10_12.jsonl.gz", "quality/arxiv_days.jsonl.gz"):
        with gzip.open(data / path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                yield record["title"]
                yield record["abstract"]
    for path in sorted((data / "feeds" / "biorxiv").glob("*.gz")):
        feed = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        yield from re.findall(r"<description>(.*?)</description>", feed, re.DOTALL)


def main(data: Path, wanted: str) -> None:
    """Print the table, and the texts of one kind where asked."""
    every = sorted(set(written(data)))
    marked = [one for one in every if re.search(r"[\\$~{}^]|&lt;|<", one)]
    chance = random.Random(20261130)
    for name, texts in (
        ("any", chance.sample(every, SAMPLE)),
        ("with markup", chance.sample(marked, SAMPLE)),
    ):
        shown = [text.abstract(one) for one in texts]
        quoted = [" ".join(summarise(one)) for one in shown]
        print(f"{SAMPLE:,} texts, {name:12}{'written':>10}{'shown':>10}{'quoted':>10}")
        for kind, holds in KINDS.items():
            counts = [
                sum(holds(one, one) for one in texts) if kind not in _LOSSES else 0,
                sum(map(holds, texts, shown)),
                sum(holds(one, one) for one in quoted),
            ]
            print(f"  {kind:27}" + "".join(f"{count / SAMPLE:10.2%}" for count in counts))
            if kind == wanted:
                print(
                    *(one for source, one in zip(texts, shown, strict=True) if holds(source, one)), sep="\n\n"
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[-1])
