"""What the search costs: building its index, keeping it up to date, and asking it.

    python tests/bench/search.py [PAPERS] [../shared/data]

Papers are put together, from one seed, out of sentences of real abstracts where
their folder is given, else out of made-up words that are as unevenly used as
real ones (Zipf). Each gets a coined name in its title, so that the dictionary
grows with the papers. CPU is that of the process; the target is 50 ms an answer
at 200,000 papers.
"""

import gzip
import itertools
import json
import multiprocessing
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.embedded import EmbeddedServer
from newsletter.models import Paper, Sighting
from newsletter.papers.store import BY_CHANGE, BY_TIME, PAPER, REVISION, PaperStore
from newsletter.search import parse, search
from newsletter.search.index_store import IndexStore
from newsletter.search.refresh import rebuild, refresh
from newsletter.settings import Settings

SEED = 20261122
NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
A_DAY = 700
REPEATS = 40
SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]


class Press:
    """Makes papers, always the same ones."""

    def __init__(self, data: Path | None) -> None:
        self.chance = random.Random(SEED)
        rows = _rows(data) if data else []
        self.titles = [row["title"].split() for row in rows]
        self.sentences = [part for row in rows for part in re.split(r"(?<=[.!?])\s+", row["abstract"])]
        if not rows:
            words = list(dict.fromkeys(self.coined() for _ in range(40_000)))
            weights = list(itertools.accumulate(1 / place for place in range(1, len(words) + 1)))
            pick = lambda count: self.chance.choices(words, cum_weights=weights, k=count)  # noqa: E731
            self.titles = [pick(9) for _ in range(5_000)]
            self.sentences = [" ".join(pick(22)) + "." for _ in range(60_000)]
        self.people = [f"{self.coined()} {self.coined()}".title() for _ in range(80_000)]

    def coined(self) -> str:
        """A word that nobody has used."""
        return "".join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 5)))

    def papers(self, first: int, count: int) -> Iterator[Paper]:
        """Make papers with ids of their own."""
        for number in range(first, first + count):
            one, other = self.chance.choice(self.titles), self.chance.choice(self.titles)
            name = f"{2000 + number // 90_000}.{number % 90_000:05}"
            yield Paper(
                id=f"arxiv:{name}",
                arxiv_id=name,
                title=" ".join((*one[: len(one) // 2], self.coined().title(), *other[len(other) // 2 :])),
                abstract=" ".join(self.chance.choices(self.sentences, k=8)),
                authors=tuple(self.chance.choices(self.people, k=self.chance.randint(1, 8))),
                categories=("cs.LG",),
                first_seen=NOW - timedelta(minutes=number % 100_000),
            )


def _rows(data: Path) -> list[dict[str, Any]]:
    rows = []
    for name in ("background/arxiv_2025-10_12.jsonl.gz", "quality/arxiv_days.jsonl.gz"):
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return rows


def keep(store: store_module.Store, papers: Iterator[Paper]) -> None:
    """Put papers where the poller would, without comparing each with all others."""
    while lot := list(itertools.islice(papers, 1000)):
        with store.pipeline(transaction=False) as pipe:
            for paper in lot:
                pipe.set(PAPER(id=paper.id), paper.model_dump_json(exclude_defaults=True))
            moments = {paper.id: paper.first_seen.timestamp() for paper in lot}
            pipe.zadd(BY_TIME(), moments)
            pipe.zadd(BY_CHANGE(), moments)
            pipe.set(REVISION(), 1)
            pipe.execute()


def queries(press: Press, papers: Sequence[Paper]) -> dict[str, list[str]]:
    """Return queries of each kind, made from words that papers hold."""
    chance = press.chance

    def some(make: Callable[[list[str], Paper], str], count: int = REPEATS) -> list[str]:
        return [
            make(re.findall(r"[A-Za-z]{5,}", f"{paper.title} {paper.abstract}"), paper)
            for paper in chance.sample(papers, count)
        ]

    def mistyped(word: str) -> str:
        at = chance.randrange(1, len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    frequent = " ".join(word for word in papers[0].abstract.split()[:3])
    return {
        "one word": some(lambda words, _: chance.choice(words)),
        "three words": some(lambda words, _: " ".join(chance.sample(words, 3))),
        "six words": some(lambda words, _: " ".join(chance.sample(words, 6))),
        "phrase of three": some(lambda _, paper: '"{}"'.format(" ".join(paper.abstract.split()[3:6]))),
        "a title": some(lambda _, paper: paper.title),
        "a slip": some(lambda words, _: mistyped(chance.choice(words))),
        "two slips and a word": some(
            lambda words, _: f"{mistyped(chance.choice(words))} {mistyped(chance.choice(words))} {words[0]}"
        ),
        "author": some(lambda _, paper: f'author:"{paper.authors[0]}"'),
        "author and word, less one": some(lambda words, paper: f"{paper.authors[0]} {words[0]} -{words[-1]}"),
        "nothing": ["qzxwvkj", "qzxwvkj wqxzjk", "author:qzxwvkj"] * 10,
        "one letter": ["a", "x", "s"] * 10,
        "200 words": some(lambda _, paper: " ".join(paper.abstract.split() * 2), 20),
        "twelve frequent words": ["the of and a in to we is for with that on"] * 20,
        "a phrase of frequent words": [f'"{frequent}"', '"of the"', '"in this paper we"'] * 7,
        "words of no one paper": some(
            lambda words, _: " ".join(chance.choice(chance.choice(press.titles)) for _ in range(8)), 20
        ),
        "the 25th page": some(lambda words, _: chance.choice(words)),
    }


def settings_of(folder: str, url: str) -> Settings:
    """Return the settings of a data directory."""
    return settings_module.load({}, directory=Path(folder), redis_url=url, data_dir=Path(folder) / "data")


def build(folder: str, url: str) -> dict[str, float]:
    """Make the index anew, in a process of its own."""
    settings = settings_of(folder, url)
    before, started, wall = anonymous_mb(), time.process_time(), time.perf_counter()
    own = [before]
    done = rebuild(
        store_module.connect(settings),
        IndexStore(settings.data_dir),
        NOW,
        pace=lambda *_: own.append(max(own.pop(), anonymous_mb())),
    )
    assert done is not None
    return {
        "papers": done.written,
        "CPU s": time.process_time() - started,
        "wall s": time.perf_counter() - wall,
        "its own MB beyond the imports": own[0] - before,
    }


def follow(folder: str, url: str) -> dict[str, float]:
    """Do what a site does every few seconds: nothing new, a day's papers, and the hourly comparison."""
    settings = settings_of(folder, url)
    store, index_store = store_module.connect(settings), IndexStore(settings.data_dir)
    cost: dict[str, float] = {}

    def timed(name: str, now: datetime) -> None:
        started = time.process_time()
        done = refresh(store, index_store, now)
        cost[f"{name}, CPU ms"] = (time.process_time() - started) * 1000
        assert done is not None
        assert not done.is_rebuilt

    timed("first look of a process (checks the files)", NOW)
    timed("nothing new", NOW)
    fresh = Press(None).papers(900_000, A_DAY)
    PaperStore(store).absorb(_sighted(paper) for paper in fresh)
    timed(f"{A_DAY} new papers", NOW)
    timed("comparison with the store", NOW + timedelta(hours=2))
    return cost


def _sighted(paper: Paper) -> Sighting:
    return Sighting(
        source="bench",
        observed_at=NOW,
        url=f"https://arxiv.org/abs/{paper.arxiv_id}",
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        arxiv_id=paper.arxiv_id,
    )


def ask(folder: str, kinds: dict[str, list[str]]) -> dict[str, list[tuple[float, float]]]:
    """Answer every query, in a process of its own; return CPU and wall milliseconds of each."""
    before = anonymous_mb()
    index_store = IndexStore(Path(folder) / "data")
    spent: dict[str, list[tuple[float, float]]] = {}
    for name, asked in kinds.items():
        spent[name] = []
        for text in asked:
            cpu, wall = time.thread_time(), time.perf_counter()
            index = index_store.index()
            assert index is not None
            search(index, parse(text), page=25 if "page" in name else 1)
            spent[name].append(((time.thread_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    spent["memory of a reader beyond the imports, anonymous MB"] = [(anonymous_mb() - before, 0)]
    return spent


def anonymous_mb() -> float:
    """Return this process's own memory; the pages of the index belong to the system's cache."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1024


def main(count: int, data: Path | None) -> None:
    """Print the table."""
    press = Press(data)
    sample: list[Paper] = []

    def sampled(papers: Iterator[Paper]) -> Iterator[Paper]:
        for number, paper in enumerate(papers):
            if number % max(1, count // 2000) == 0:
                sample.append(paper)
            yield paper

    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        server = EmbeddedServer(Path(folder) / "redis")
        server.enter()
        url = f"unix://{server.socket}"
        keep(store_module.connect(settings_of(folder, url)), sampled(press.papers(0, count)))
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            built = pool.apply(build, (folder, url))
            print("rebuild:", "  ".join(f"{name} {value:,.1f}" for name, value in built.items()))
            files = [path for path in (Path(folder) / "data/search").rglob("*") if path.is_file()]
            print(
                f"on disk: {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB in {len(files)} files"
            )
            spent = pool.apply(ask, (folder, queries(press, sample)))
            followed = pool.apply(follow, (folder, url))
        server.leave()
    report(spent)
    for name, value in followed.items():
        print(f"{name:55}{value:10,.1f}")


def report(spent: dict[str, list[tuple[float, float]]]) -> None:
    """Print CPU and wall milliseconds of each kind, then of all."""
    name, memory = spent.popitem()
    print(f"{name}: {memory[0][0]:.0f}")
    print(f"{'ms an answer':30}{'p50':>10}{'p95':>10}{'p99':>10}{'max':>10}    wall p50 p95 max")
    for kind, times in (*spent.items(), ("all", list(itertools.chain(*spent.values())))):
        cpu, wall = sorted(one for one, _ in times), sorted(one for _, one in times)
        cuts = statistics.quantiles(cpu, n=100, method="inclusive")
        walls = statistics.quantiles(wall, n=100, method="inclusive")
        print(
            f"{kind:30}{cuts[49]:10.1f}{cuts[94]:10.1f}{cuts[98]:10.1f}{cpu[-1]:10.1f}"
            f"{walls[49]:12.1f}{walls[94]:7.1f}{wall[-1]:7.1f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
