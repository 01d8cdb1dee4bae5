"""A million readers end to end: tick, freeze and every batch, by real workers, to a provider that only takes.

    python tests/bench/million.py [readers, 1000000 unless said] [worker processes, 2] [--distinct QUERIES]

With `--distinct`, the same is done once more with every fifth reader on one of so many queries of their
own (two phrases and a muted word), on a day of 700 papers, and the two are compared.

A real server that writes every change to disk before it answers, a real Celery
worker, one tick as beat asks for it; who was mailed, and who twice, is counted
from the provider's own log.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "support")]

import sinks  # noqa: E402 - the path must be there first
import specimens  # noqa: E402
import topics  # noqa: E402
from mailing import publish, subscribe  # noqa: E402

from newsletter import queue  # noqa: E402
from newsletter import settings as settings_module  # noqa: E402
from newsletter import store as store_module  # noqa: E402
from newsletter.delivery.ledger.ledger import Ledger  # noqa: E402
from newsletter.delivery.ledger.progress import Progress  # noqa: E402
from newsletter.embedded import EmbeddedServer  # noqa: E402
from newsletter.models import Edition, Entry, Preferences  # noqa: E402
from newsletter.store import Store  # noqa: E402

MOST_SECONDS: Final = 90
MOST_MEGABYTES: Final = 300
MOST_TIMES: Final = 3
MOST_TIMES_LATER: Final = 1.2
GIVE_UP_AFTER: Final = 600.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Effort:
    """What a process has used so far."""

    cpu_seconds: float
    most_megabytes: float

    @classmethod
    def of(cls, pid: int) -> "Effort":
        """Read it from /proc."""
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return cls((int(fields[11]) + int(fields[12])) / _TICKS, int(peak.split()[1]) / 1024)


@dataclass(frozen=True)
class Run:
    """What one run took."""

    seconds: float
    plain_seconds: float
    """Until every reader without phrases was mailed."""
    cpu_seconds: float


def main() -> None:
    """Fill, send, count and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("readers", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("processes", nargs="?", type=int, default=2)
    arguments.add_argument("--distinct", type=int, default=0)
    asked = arguments.parse_args()
    alike = run(asked.readers, asked.processes, 0, is_long=bool(asked.distinct))
    if asked.distinct:
        own = run(asked.readers, asked.processes, asked.distinct, is_long=True)
        print(f"a fifth of the readers on {asked.distinct:,} queries, against none")
        for what, most, ratio in (
            ("wall", MOST_TIMES, own.seconds / alike.seconds),
            ("CPU of workers and server", MOST_TIMES, own.cpu_seconds / alike.cpu_seconds),
            ("until the others had theirs", MOST_TIMES_LATER, own.plain_seconds / alike.seconds),
        ):
            print(f"  {ratio:8.2f} × {what} {_verdict(ratio, most)}")


def run(readers: int, processes: int, distinct: int, *, is_long: bool) -> Run:
    """Mail everybody; every fifth reader is on one of `distinct` queries, where there are any."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="nm-", ignore_cleanup_errors=True))
        )
        port = stack.enter_context(sinks.sendgrid(folder / "provider.log"))
        server = EmbeddedServer(folder / "server")
        server.enter()
        stack.callback(server.leave)
        (folder / "newsletter.toml").write_text("sources = []\n")
        environ = _environ(folder, server, port)
        settings = settings_module.load(environ, directory=folder)
        store = store_module.connect(settings)
        day = _fill(store, readers, distinct, is_long=is_long)
        plain = readers - (readers + 4) // 5 if distinct else readers
        with _worker(folder, environ, processes) as children:
            while len(children()) < processes:
                time.sleep(0.05)
            before, started = store.info("all"), time.monotonic()
            queue.connect(settings).enqueue("workers.schedule.tick")
            progress, plain_seconds = _watch(store, day, readers, plain)
            seconds = time.monotonic() - started
            after, efforts = store.info("all"), [Effort.of(pid) for pid in children()]
        _report(readers, seconds, progress, efforts)
        served = _report_server(before, after, seconds, progress.batches)
        _report_log(folder / "provider.log", readers - progress.quiet)
        return Run(seconds, plain_seconds, served + sum(effort.cpu_seconds for effort in efforts))


def _environ(folder: Path, server: EmbeddedServer, port: int) -> dict[str, str]:
    return {
        "REDIS_URL": f"unix://{server.socket}",
        "SENDGRID_API_KEY": "SG.test",
        "NEWSLETTER_SENDGRID_HOST": f"http://127.0.0.1:{port}",
        "NEWSLETTER_MAILER": "sendgrid",
        "NEWSLETTER_DATA_DIR": str(folder),
        "NEWSLETTER_SECRET_KEY": "bench",
        "NEWSLETTER_BASE_URL": "https://papers.example.org",
        "NEWSLETTER_FROM": "Papers <papers@example.org>",
        "NEWSLETTER_POSTAL_ADDRESS": "1 Road, Town",
    }


def _fill(store: Store, readers: int, distinct: int, *, is_long: bool) -> date:
    """Make readers whose hour has just come, and the edition that they are to get."""
    now = datetime.now(UTC)
    cut_off = now.replace(minute=0, second=0, microsecond=0) - timedelta(minutes=1)
    edition = specimens.a_long_edition(15)
    if is_long:
        edition = edition.model_copy(update={"tail": _tail(edition.entries[0], 700)})
    queries = [_query(edition, number) for number in range(distinct)]
    for start in range(0, readers, 1000):
        numbers = range(start, min(start + 1000, readers))

        def wish(place: int, start: int = start) -> Preferences:
            copy, is_plain = divmod(start + place, 5)
            phrases = {} if is_plain or not queries else queries[copy % distinct]
            return Preferences(hour=now.hour, **phrases)

        subscribe(store, (f"reader.number{number}" for number in numbers), wish)
    publish(
        store, edition.model_copy(update={"date": cut_off.date(), "cut_off": cut_off, "composed_at": cut_off})
    )
    return cut_off.date()


def _tail(entry: Entry, papers: int) -> tuple[Entry, ...]:
    """Return a day's other papers: the real ones of ../shared where they are at hand."""
    made = []
    for number, one in enumerate(topics.lines(topics.SHARED, papers)):
        paper = entry.paper.model_copy(
            update={"id": f"tail:{number}", "title": one["title"], "abstract": one["abstract"]}
        )
        made.append(
            entry.model_copy(update={"paper": paper, "score": 50 - number / 20, "why": "", "summary": ()})
        )
    return tuple(made)


def _query(edition: Edition, number: int) -> dict[str, tuple[str, ...]]:
    """Return two phrases of one paper's title, so that something is found, and a word that mutes little."""
    entry = edition.tail[number % len(edition.tail)]
    words = entry.paper.title.split()
    place = number // len(edition.tail) % max(1, len(words) - 1)
    return {"topics": (" ".join(words[place : place + 2]), words[-1]), "muted": (f"word{number}",)}


@contextmanager
def _worker(folder: Path, environ: dict[str, str], processes: int) -> Iterator[Callable[[], list[int]]]:
    """Start a worker as the Procfile does; yields what lists the processes of its pool."""
    command = [sys.executable, "-m", "celery", "--app", "workers.app", "worker", "--without-gossip"]
    command += ["--without-mingle", "--loglevel", "WARNING", "--concurrency", str(processes)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "OPENBLAS_NUM_THREADS") if name in os.environ}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, **environ, "PYTHONPATH": str(HERE.parents[1])},
            stdout=log,
            stderr=log,
        )

    def children() -> list[int]:
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("utf-8").split()
        return [int(pid) for pid in listed]

    try:
        yield children
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _watch(store: Store, day: date, readers: int, plain: int) -> tuple[Progress, float]:
    """Wait until everybody has an end; returns also when so many were mailed as have no phrases."""
    started, plain_seconds = time.monotonic(), 0.0
    ledger, deadline = Ledger(store), started + GIVE_UP_AFTER
    while time.monotonic() < deadline:
        progress = ledger.progress(day)
        if not plain_seconds and progress.accepted >= plain:
            plain_seconds = time.monotonic() - started
        if progress.recipients + progress.quiet == readers and progress.is_done:
            return progress, plain_seconds
        time.sleep(0.1)
    raise SystemExit(f"not done within {GIVE_UP_AFTER:.0f} s: {progress}")


def _report(readers: int, seconds: float, progress: Progress, efforts: list[Effort]) -> None:
    assert progress.frozen_at
    assert progress.last_at
    sending = (progress.last_at - progress.frozen_at).total_seconds()
    peak = max(effort.most_megabytes for effort in efforts)
    used = sum(effort.cpu_seconds for effort in efforts)
    print(f"{readers:,} readers, {progress.batches:,} batches, {len(efforts)} processes")
    print(
        f"  {seconds:8.1f} s in all {_verdict(seconds, MOST_SECONDS)}, {sending:.1f} of them since the freeze"
    )
    print(f"  {progress.accepted / seconds:8,.0f} recipients a second")
    print(f"  {peak:8,.0f} MB at most in a process {_verdict(peak, MOST_MEGABYTES)}")
    print(f"  {used:8.1f} s of CPU in the workers' processes, {used / readers * 1e6:.1f} µs a recipient")


def _report_server(before: dict[str, Any], after: dict[str, Any], seconds: float, batches: int) -> float:
    used, scripts, commands = (
        count(after) - count(before)
        for count in (
            lambda info: info["used_cpu_user"] + info["used_cpu_sys"],
            lambda info: info.get("cmdstat_evalsha", {"calls": 0})["calls"],
            lambda info: info["total_commands_processed"],
        )
    )
    print(f"  {used:8.1f} s of CPU in the server, {used / seconds:.0%} of one core")
    print(f"  {scripts / batches:8.1f} scripts a batch, those that the freeze reads by among them")
    print(f"  {commands / batches:8.1f} commands a batch, Celery's and those within scripts among them")
    return float(used)


def _report_log(log: Path, readers: int) -> None:
    addresses = log.read_bytes().split()
    once = len(set(addresses))
    twice, never = len(addresses) - once, readers - once
    print(f"  {len(addresses):,} mailed by the provider's log: {twice} twice, {never} never")


def _verdict(value: float, most: float) -> str:
    return f"({'reached' if value <= most else 'MISSED'}: ≤ {most})"


if __name__ == "__main__":
    main()
