"""What each rule and constant of `newsletter.papers.identity` is worth, and what the comparison costs.

    python tests/bench/identity.py ../shared/data

Three figures a line, without identifiers and with a third of the abstracts
removed: recall of true pairs, wrong pairs among them (three draws each), and
pairs joined among 20,000 real papers of which no two are the same work (some
of them are the same under two numbers: read the list at the end).
"""

import gzip
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

from newsletter.papers import identity
from newsletter.papers.identity import Fingerprint, candidates, evidence, same_work

DRAWS = (20261122, 1, 2)
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "without authors": {"_AUTHORS": 0.0},
    "authors twice": {"_AUTHORS": 2.0},
    "without abstracts": {"_ABSTRACT": 0.0},
    "abstracts half": {"_ABSTRACT": 3.0},
    "titles twice": {"_TITLE": 6.0},
    "usual title .65": {"_USUAL_TITLE": 0.65},
    "usual title .75": {"_USUAL_TITLE": 0.75},
    "usual authors .3": {"_USUAL_AUTHORS": 0.3},
    "usual authors .7": {"_USUAL_AUTHORS": 0.7},
    "usual abstract .1": {"_USUAL_ABSTRACT": 0.1},
    "usual abstract .3": {"_USUAL_ABSTRACT": 0.3},
    "agreement .8": {"_AGREE": 0.8},
    "no agreement": {"_AGREE": 2.0},
    "no cut or missing subtitles": {"_LETTERS_OF_A_TITLE": 10**6},
    "any cut or missing subtitle": {"_LETTERS_OF_A_TITLE": 1},
    "names mean nothing": {"_SAME_TEAM": 2.0},
    "names mean much": {"_SAME_TEAM": 0.5},
    "series are one": {"_is_sequel": lambda *_: False},
}


def records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a gzipped file, one a line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def prints(rows: list[dict[str, Any]], draw: int) -> list[Fingerprint]:
    """Take fingerprints without identifiers, a third of them without abstract."""
    chance = random.Random(draw)
    return [
        Fingerprint.of(
            row["title"],
            "" if chance.random() < 0.3 else row["abstract"][:700],
            tuple(row.get("authors") or ()),
        )
        for row in rows
    ]


@contextmanager
def changed(constants: dict[str, Any]) -> Iterator[None]:
    """Let the room work with other constants for a while."""
    before = {name: getattr(identity, name) for name in constants}
    for name, value in constants.items():
        setattr(identity, name, value)
    yield
    for name, value in before.items():
        setattr(identity, name, value)


Compared = list[tuple[int, int, Fingerprint, Fingerprint]]


def compared(fingerprints: list[Fingerprint]) -> Compared:
    """Return what is worth comparing, with the positions."""
    return [(a, b, fingerprints[a], fingerprints[b]) for a, b in sorted(candidates(fingerprints))]


def joined(pairs: Compared) -> list[tuple[int, int]]:
    """Return the pairs that speak for one work."""
    return [(a, b) for a, b, one, other in pairs if evidence(one, other) > 0]


def main(data: Path) -> None:
    """Print the table, then what was joined among different numbers, then the time."""
    noisy = records(data / "quality" / "dedupe.jsonl.gz")
    works = [row["work"] for row in noisy]
    same = sum(works[a] == works[b] for a, b in combinations(range(len(works)), 2))
    others = {
        row["id"]: row
        for path in ("background/arxiv_2025-10_12.jsonl.gz", "quality/arxiv_days.jsonl.gz")
        for row in records(data / path)
    }
    draws = [compared(prints(noisy, draw)) for draw in DRAWS]
    strangers = compared(prints(list(others.values()), 3))
    print(f"{'':30}{'recall':^26}{'wrong':^10}{'of ' + str(len(others)):>10}")
    for name, constants in VARIANTS.items():
        with changed(constants):
            hits = [[works[a] == works[b] for a, b in joined(pairs)] for pairs in draws]
            recall = "  ".join(f"{sum(found) / same:.3f}" for found in hits)
            wrong = " ".join(f"{len(found) - sum(found):2}" for found in hits)
            print(f"{name:30}{recall:^26}{wrong:^10}{len(joined(strangers)):>10}")
    numbers = list(others)
    for a, b in joined(strangers):
        print(f"{numbers[a]} {others[numbers[a]]['title']!r} | {numbers[b]} {others[numbers[b]]['title']!r}")
    for count in (5_000, 10_000, 20_000):
        started = time.process_time()
        same_work(prints(list(others.values())[:count], 3))
        print(f"{count} records: {time.process_time() - started:.1f} s of CPU")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
