"""Chaos: a worker pool, a server on disk, a provider with faults of its own, and a hand that kills at random.

What was delivered is counted from the provider's log. Our ledger is only asked
what it calls uncertain; the two are compared at the end.
"""

import http.server
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from mailing import an_edition, publish, subscribe
from sendgrid_server import PUBLIC_KEY

from newsletter import queue as queue_module
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.delivery import cohorts, events, settling, sweep
from newsletter.delivery import store as keys
from newsletter.delivery.ledger import Ledger
from newsletter.delivery.progress import Progress
from newsletter.embedded import EmbeddedServer
from newsletter.errors import TransientError
from newsletter.settings import Settings

TESTS = Path(__file__).resolve().parent
FAULTS = {
    "429": 0.04,
    "503": 0.05,
    "500-after": 0.08,
    "reset-after": 0.08,
    "reset-before": 0.04,
    "stall-after": 0.04,
}


@dataclass(frozen=True)
class Plan:
    """How bad it gets."""

    recipients: int
    kills: int
    kill_every: tuple[float, float] = (0.3, 0.8)
    server_kills: int = 0
    pool: int = 2
    latency: tuple[float, float] = (0.05, 0.2)
    faults: dict[str, float] = field(default_factory=lambda: dict(FAULTS))
    timeout: float = 1.0
    """Seconds that the provider may take to answer; a stall is longer."""
    silence_seconds: float = 5.0
    limit_seconds: float = 100.0
    application: str = "workers.app:app"
    seed: int = 7


@dataclass
class Tally:
    """What came of it."""

    recipients: int
    kills: int
    server_kills: int
    faults: dict[str, int]
    doubled: int
    dropped: int
    """Neither in the provider's log nor called uncertain or waiting by us."""
    missing: int
    """Not in the provider's log."""
    uncertain_seen: int
    """The most that was uncertain at one time."""
    progress: Progress
    seconds: float

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        left = self.progress
        return (
            f"{self.recipients:,} recipients, {self.kills} worker kills, {self.server_kills} server kills, "
            f"faults: {kinds}; uncertain: at most {self.uncertain_seen:,}, {left.uncertain:,} at the end; "
            f"doubled {self.doubled:,}, dropped {self.dropped:,}, missing {self.missing:,}, "
            f"stray {left.stray:,}; {self.seconds:.1f} s"
        )


def run(plan: Plan) -> Tally:
    """Do what the plan says in folders and processes of its own, and leave nothing behind."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="np-", ignore_cleanup_errors=True))
        )
        server = EmbeddedServer(folder / "server")
        server.enter()
        stack.callback(server.leave)
        scene = _Scene(plan, folder, server)
        scene.fill()
        receiver = stack.enter_context(_receiver(scene.settings))
        provider = stack.enter_context(_provider(plan, folder, receiver))
        scene.connect(provider)
        stack.enter_context(scene.workers())
        return scene.play()


class _Scene:
    """One run."""

    def __init__(self, plan: Plan, folder: Path, server: EmbeddedServer) -> None:
        self.plan = plan
        self.folder = folder
        self.server = server
        self.settings = self._settings("http://127.0.0.1:9")
        self.chance = random.Random(plan.seed)
        self.kills = 0
        self.server_kills = 0
        self.uncertain_seen = 0
        self.has_begun = False

    def _environment(self, host: str) -> dict[str, str]:
        return {
            "REDIS_URL": f"unix://{self.server.socket}",
            "SENDGRID_API_KEY": "SG.test",
            "NEWSLETTER_MAILER": "sendgrid",
            "NEWSLETTER_SENDGRID_HOST": host,
            "NEWSLETTER_SENDGRID_TIMEOUT": str(self.plan.timeout),
            "NEWSLETTER_SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
            "NEWSLETTER_SILENCE_MINUTES": str(self.plan.silence_seconds / 60),
            "NEWSLETTER_SECRET_KEY": "a-secret-of-the-tests",
            "NEWSLETTER_DATA_DIR": str(self.folder / "data"),
        }

    def _settings(self, host: str) -> Settings:
        return settings_module.load(self._environment(host), directory=self.folder)

    def fill(self) -> None:
        """Subscribe everybody, and freeze the edition for all."""
        store = store_module.connect(self.settings)
        self.edition = an_edition(datetime.now(UTC).date() - timedelta(days=1))
        publish(store, self.edition)
        for start in range(0, self.plan.recipients, 1000):
            subscribe(store, (f"r{n}" for n in range(start, min(start + 1000, self.plan.recipients))))
        cohorts.freeze_everyone(store, self.settings, self.edition.date)

    def connect(self, host: str) -> None:
        """Say where the provider is."""
        self.settings = self._settings(host)

    @contextmanager
    def workers(self) -> Iterator[None]:
        """Run a pool of workers, and bring it back when it dies."""
        self._pool = self._start()
        try:
            yield
        finally:
            self._pool.kill()
            self._pool.wait()
            for child in _children(self._pool.pid) + self._orphans():
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", self.plan.application, "worker"]
        options = [
            "-P",
            "prefork",
            "-c",
            str(self.plan.pool),
            "--without-gossip",
            "--without-mingle",
            "-l",
            "WARNING",
        ]
        paths = f"{TESTS.parent}:{TESTS}"
        environment = {**os.environ, **self._environment(self.settings.sendgrid_host), "PYTHONPATH": paths}
        self._children: set[int] = set()
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *options], cwd=self.folder, env=environment, stdout=log, stderr=log
            )

    def _orphans(self) -> list[int]:
        return [child for child in self._children if Path(f"/proc/{child}").exists()]

    def play(self) -> Tally:
        """Do what the tick does, kill now and then, and count when all is done or time is up."""
        started = time.monotonic()
        next_kill = started
        while time.monotonic() < started + self.plan.limit_seconds:
            with suppress(TransientError, redis.RedisError):
                if self._tick():
                    break
            if self._pool.poll() is not None:
                self._pool = self._start()
            if self.has_begun and time.monotonic() > next_kill:
                self._kill()
                next_kill = time.monotonic() + self.chance.uniform(*self.plan.kill_every)
            time.sleep(0.1)
        return self._count(time.monotonic() - started)

    def _tick(self) -> bool:
        """Enqueue what is open, settle what can be; return whether nothing is left."""
        store = store_module.connect(self.settings)
        queue = queue_module.connect(self.settings)
        progress = Ledger(store).progress(self.edition.date)
        self.has_begun = progress.first_at is not None
        self.uncertain_seen = max(self.uncertain_seen, progress.uncertain)
        if progress.is_done and not progress.uncertain:
            return True
        if int(store.llen("mq:newsletter")) < 8:
            for ref in self.chance.sample(refs := sweep.open_batches(store), min(8, len(refs))):
                queue.enqueue("workers.sending.send_batch", ref.day.isoformat(), ref.batch)
        settling.settle(
            store, self.settings, datetime.now(UTC), grace=timedelta(seconds=2 * self.plan.timeout)
        )
        return False

    def _kill(self) -> None:
        """Kill a process of the pool, now and then the pool itself, and the server as often as planned."""
        self._children |= set(_children(self._pool.pid))
        if self.server_kills < self.plan.server_kills and self.chance.random() < 0.25:
            self._kill_server()
        elif self.kills < self.plan.kills:
            victims = _children(self._pool.pid)
            if victims and self.chance.random() < 0.95:
                with suppress(ProcessLookupError):
                    os.kill(self.chance.choice(victims), signal.SIGKILL)
                    self.kills += 1
            elif victims:
                self._pool.kill()
                self._pool.wait()
                for child in victims:
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                self.kills += 1
                self._pool = self._start()

    def _kill_server(self) -> None:
        process_id = int(store_module.connect(self.settings).info("server")["process_id"])
        os.kill(process_id, signal.SIGKILL)
        self.server_kills += 1
        while Path(f"/proc/{process_id}").exists() and _state(process_id) != "Z":
            time.sleep(0.01)
        self.server.revive()

    def _count(self, seconds: float) -> Tally:
        """Read the provider's log, and hold what we call accepted and uncertain against it."""
        log = (self.folder / "provider.log").read_text().splitlines()
        delivered = Counter(line.partition("\t")[2] for line in log)
        everyone = {f"r{n}@example.org" for n in range(self.plan.recipients)}
        missing = everyone - set(delivered)
        store = store_module.connect(self.settings)
        in_doubt = self._in_doubt()
        return Tally(
            recipients=self.plan.recipients,
            kills=self.kills,
            server_kills=self.server_kills,
            faults=_faults(self.folder / "provider.faults"),
            doubled=sum(1 for count in delivered.values() if count > 1),
            dropped=len(missing - in_doubt),
            missing=len(missing),
            uncertain_seen=self.uncertain_seen,
            progress=Ledger(store).progress(self.edition.date),
            seconds=seconds,
        )

    def _in_doubt(self) -> set[str]:
        """Return the addresses that the ledger calls uncertain, waiting or under way."""
        store = store_module.connect(self.settings)
        day = self.edition.date
        found: set[str] = set()
        for batch, marks in store.hgetall(keys.MARKS(day=day)).items():
            ids = settling.members(store, settling.BatchRef(day, int(batch)))
            spread = marks if len(marks) == len(ids) else marks * len(ids)
            found |= {
                f"r{one - 1}@example.org" for one, mark in zip(ids, spread, strict=True) if mark in "u.i"
            }
        return found


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        return [int(one) for one in text.split()]
    return []


def _state(process_id: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    return "Z"


def _faults(path: Path) -> dict[str, int]:
    return dict(Counter(path.read_text().split())) if path.exists() else {}


@contextmanager
def _provider(plan: Plan, folder: Path, webhook: str) -> Iterator[str]:
    """Run the provider in a process of its own; yield its address."""
    ready = folder / "provider.port"
    values: dict[str, Any] = {
        "log": str(folder / "provider.log"),
        "fault_log": str(folder / "provider.faults"),
        "ready": str(ready),
        "faults": plan.faults,
        "stall_seconds": plan.timeout * 2,
        "latency": plan.latency,
        "webhook": webhook,
        "webhook_lag": (0.05, plan.silence_seconds / 5),
        "chatter_seconds": 0.5,
        "seed": plan.seed,
    }
    process = subprocess.Popen([sys.executable, str(TESTS / "sendgrid_server.py"), json.dumps(values)])
    try:
        yield f"http://127.0.0.1:{_wait_for(ready, process)}"
    finally:
        process.kill()
        process.wait()


def _wait_for(ready: Path, process: subprocess.Popen[bytes]) -> str:
    while not ready.exists():
        if process.poll() is not None:
            raise RuntimeError("the provider did not start")
        time.sleep(0.02)
    return ready.read_text()


@contextmanager
def _receiver(settings: Settings) -> Iterator[str]:
    """Take the provider's events as the site does; yield where."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(_receive(settings, body, self.headers.get))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks/sendgrid"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _receive(settings: Settings, body: bytes, header: Callable[[str], str | None]) -> int:
    now = datetime.now(UTC)
    signature = header("X-Twilio-Email-Event-Webhook-Signature")
    stamp = header("X-Twilio-Email-Event-Webhook-Timestamp")
    if not events.is_genuine(body, signature, stamp, settings.sendgrid_webhook_key or "", now=now):
        return 403
    try:
        events.apply(store_module.connect(settings), events.parse(body), now)
    except (TransientError, redis.RedisError):
        return 503
    return 204


if __name__ == "__main__":
    from dataclasses import replace

    chosen = Plan(recipients=int(sys.argv[1]), kills=int(sys.argv[2]), server_kills=int(sys.argv[3]))
    extra = {name: json.loads(value) for name, _, value in (part.partition("=") for part in sys.argv[4:])}
    print(run(replace(chosen, **extra)))
