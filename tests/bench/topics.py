"""How the cost of finding topics grows, beside the usual way to do it.

    python tests/bench/topics.py [FILE]

FILE holds papers, one a line as JSON (`title`, `abstract`), compressed or not;
without it, ../shared/data/quality/arxiv_days.jsonl.gz. Each measurement is a
process of its own, imports included: CPU seconds (user and system) and growth
of the resident set at its peak. The usual way is scikit-learn's TF-IDF and
KMeans with as many clusters as there are ten papers (`pip install
scikit-learn`; left out where it is not installed). Ratios are printed, because
seconds are this machine's.
"""

import gzip
import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

SIZES = (100, 700, 1_000, 3_000, 10_000)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "quality" / "arxiv_days.jsonl.gz"
MEGABYTE = 1 << 20


def lines(file: Path, count: int) -> list[dict[str, str]]:
    """Return the first `count` papers of a file."""
    data = file.read_bytes()
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return [json.loads(line) for line in text.splitlines()[:count]]


def ours(records: list[dict[str, str]]) -> int:
    """Find the topics, with the shipped memory."""
    from newsletter.models import Paper
    from newsletter.topics import Memory, find_topics

    now = datetime(2026, 6, 10, tzinfo=UTC)
    papers = [
        Paper(id=f"p{number:05}", title=one["title"], abstract=one["abstract"], first_seen=now)
        for number, one in enumerate(records)
    ]
    return len(find_topics(papers, Memory.shipped()))


def usual(records: list[dict[str, str]]) -> int:
    """Do as most would: TF-IDF of words, KMeans, the heaviest term as label."""
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    tfidf = TfidfVectorizer(stop_words="english", min_df=2, max_df=0.35, sublinear_tf=True)
    rows = tfidf.fit_transform([f"{one['title']}. {one['abstract']}" for one in records])
    clusters = KMeans(max(2, len(records) // 10), n_init=1, random_state=0).fit(rows)
    return len({int(center.argmax()) for center in clusters.cluster_centers_})


def measure(way: str, file: Path, count: int) -> tuple[float, float, int]:
    """Return CPU seconds, growth in MB and the number of topics of one run in a process of its own."""
    answer = subprocess.run(
        [sys.executable, __file__, "--run", way, str(file), str(count)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    ).stdout
    seconds, growth, topics = json.loads(answer)
    return seconds, growth, topics


def run(way: str, file: Path, count: int) -> None:
    """Measure one way in this process."""
    records = lines(file, count)
    before, start = _peak(), _cpu()
    topics = {"ours": ours, "usual": usual}[way](records)
    print(json.dumps([_cpu() - start, (_peak() - before) / MEGABYTE, topics]))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> None:
    """Print a line a size."""
    if arguments[:1] == ["--run"]:
        run(arguments[1], Path(arguments[2]), int(arguments[3]))
        return
    file = Path(arguments[0]) if arguments else SHARED
    has_usual = find_spec("sklearn") is not None
    print(f"{'papers':>7} {'topics':>7} {'CPU s':>7} {'MB':>5} {'usual s':>8} {'MB':>5} {'times faster':>13}")
    for size in SIZES:
        seconds, growth, topics = measure("ours", file, size)
        line = f"{size:7,} {topics:7} {seconds:7.2f} {growth:5.0f}"
        if has_usual:
            usual_seconds, usual_growth, _ = measure("usual", file, size)
            line += f" {usual_seconds:8.2f} {usual_growth:5.0f} {usual_seconds / seconds:13.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
