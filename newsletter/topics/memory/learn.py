"""Learn the shipped counts: `python -m newsletter.topics.memory.learn FILE... OUT`.

Each FILE holds one paper per line as JSON (`id`, `date`, `title`, `abstract`),
compressed or not. Days are learnt in order; then everything that too few
papers support is left out, so that OUT is small and holds no text: the same
files give the same bytes.
"""

import gzip
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import orjson

from newsletter.models import Paper
from newsletter.topics.memory.memory import Memory

LEAST_PAPERS = 3
"""A stem or phrase that fewer papers hold is not shipped: it would be text rather than a count."""


def learnt_from(files: list[Path]) -> Memory:
    """Return the memory of the papers in `files`, days in order."""
    by_day: dict[date, list[Paper]] = defaultdict(list)
    for file in files:
        for line in _lines(file):
            record = orjson.loads(line)
            day = date.fromisoformat(record["date"])
            by_day[day].append(
                Paper(
                    id=record["id"],
                    title=record["title"],
                    abstract=record["abstract"],
                    first_seen=datetime.combine(day, time(), UTC),
                )
            )
    memory = Memory()
    for day in sorted(by_day):
        memory = memory.learn(by_day[day], day)
    return memory


def small(memory: Memory) -> Memory:
    """Return the memory without what too few papers support and without single days."""
    holders = {term: count for term, count in memory.holders.items() if count >= LEAST_PAPERS}
    return replace(
        memory,
        holders=holders,
        titles={term: count for term, count in memory.titles.items() if term in holders},
        usage={word: counts for word, counts in memory.usage.items() if counts[0] >= LEAST_PAPERS},
        introductions={
            acronym: kept
            for acronym, forms in memory.introductions.items()
            if (kept := {form: count for form, count in forms.items() if count >= LEAST_PAPERS})
        },
        recent=(),
        days=0,
    )


def _lines(file: Path) -> list[bytes]:
    data = file.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).splitlines()


def main(arguments: list[str]) -> int:
    """Write the counts of all files but the last into the last; return an exit status."""
    if len(arguments) < 2:
        sys.stderr.write("Name one file of papers or more, and the file to write: FILE... OUT\n")
        return 2
    *files, out = map(Path, arguments)
    data = small(learnt_from(files)).dumps()
    out.write_bytes(data)
    sys.stdout.write(f"{out}: {len(data):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
