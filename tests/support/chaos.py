"""Chaos: real processes, a provider with faults of its own, and a hand that kills at random.

What was delivered is counted from the provider's log and never from our
ledger; the ledger is only asked what it says of each reader, and every word of
that is held against the log.

    python tests/support/chaos.py short | long | smtp | weak
"""

import json
import math
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import redis
import tally
from fleet import SUPPORT, Fleet, wait_for
from free_port import free_port
from mailing import an_edition, publish, subscribe
from sendgrid_server import PUBLIC_KEY
from tally import Tally

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.cli.local.supervision import Child
from newsletter.delivery import first_edition
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import Ledger
from newsletter.delivery.ledger.progress import Progress
from newsletter.embedded import EmbeddedServer
from newsletter.errors import TransientError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store

SENDGRID_FAULTS = {
    "429": 0.04,
    "503": 0.05,
    "500-after": 0.08,
    "reset-after": 0.08,
    "reset-before": 0.04,
    "stall-after": 0.04,
}
SMTP_FAULTS = {
    "hang_up_in_data": 0.003,
    "hang_up_after_dot": 0.003,
    "hang_up_before_accepting": 0.002,
    "stall_after_dot": 0.002,
    "stall_before_accepting": 0.002,
    "deferring": 0.01,
}
KILLS = {"child": 6, "worker": 2, "beat": 2, "web": 2, "server": 2, "pause": 2}


@dataclass(frozen=True)
class Plan:
    """How bad it gets."""

    recipients: int
    distinct: int = 0
    """How many copies every fifth reader's own phrases make; each holds a paper of the edition."""
    kills: dict[str, int] = field(default_factory=lambda: dict(KILLS))
    """How often each is killed, spread evenly over the mails that are accepted."""
    mailer: str = "sendgrid"
    pool: int = 2
    latency: tuple[float, float] = (0.15, 0.4)
    faults: dict[str, float] = field(default_factory=lambda: dict(SENDGRID_FAULTS))
    timeout: float = 0.8
    """Seconds that SendGrid may take to answer; a stall is longer."""
    silence_seconds: float = 12.0
    told_of: int = 20
    limit_seconds: float = 200.0
    appendfsync: str = "always"
    application: str = "hasty_worker:app"
    seed: int = 7

    @property
    def schedule(self) -> list[str]:
        """Who is killed, in order; the seed decides."""
        victims = [victim for victim, times in self.kills.items() for _ in range(times)]
        random.Random(self.seed).shuffle(victims)
        return victims


SHORT = Plan(recipients=100_000, distinct=60)
LONG = Plan(
    recipients=1_000_000,
    kills={"child": 35, "worker": 5, "beat": 5, "web": 5, "server": 10, "pause": 5},
    silence_seconds=20.0,
    limit_seconds=2400.0,
)
WEAK = Plan(
    recipients=10_000, kills={"child": 4}, latency=(0.4, 0.6), faults={}, application="weakened_worker:app"
)
FULL_DISK = Plan(recipients=6_000, kills={"disk": 2, "child": 1}, faults={}, latency=(0.3, 0.6))
SMTP = Plan(
    recipients=5_000, kills={"child": 3, "worker": 1, "server": 1}, mailer="smtp", faults=dict(SMTP_FAULTS)
)


def run(plan: Plan, *, samples: Path | None = None, disk: Path | None = None) -> Tally:
    """Do what the plan says in folders and processes of its own, and leave nothing behind.

    Every tenth request to SendGrid is kept in `samples`; the server keeps its data on `disk`.
    """
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="np-", ignore_cleanup_errors=True))
        )
        server = EmbeddedServer(disk or folder / "server")
        server.enter()
        stack.callback(server.leave)
        port = free_port()
        provider = stack.enter_context(_provider(plan, folder, port, samples))
        environ = _environ(plan, folder, server, provider)
        (folder / "newsletter.toml").write_text("sources = []\n")
        scene = _Scene(plan, settings_module.load(environ, directory=folder))
        scene.fill()
        fleet = Fleet(folder, server, application=plan.application, pool=plan.pool, port=port)
        with fleet.running(environ):
            scene.play(fleet)
        return Tally(
            title=f"{plan.recipients:,} by {plan.mailer}, seed {plan.seed}",
            kills=fleet.kills,
            faults=tally.faults(folder / "provider.faults"),
            count=tally.count(
                folder / "provider.log",
                tally.letters(scene.store, scene.day, plan.recipients),
                refused=_refused(plan),
            ),
            uncertain_seen=scene.uncertain_seen,
            progress=Ledger(scene.store).progress(scene.day),
            lags=tally.lags(folder / "provider.posts"),
            seconds=scene.seconds,
        )


def _environ(plan: Plan, folder: Path, server: EmbeddedServer, provider: str) -> dict[str, str]:
    return {
        "REDIS_URL": f"unix://{server.socket}",
        "SENDGRID_API_KEY": "SG.test",
        "SMTP_URL": f"smtp://127.0.0.1:{provider}",
        "NEWSLETTER_MAILER": plan.mailer,
        "NEWSLETTER_SENDGRID_HOST": f"http://127.0.0.1:{provider}",
        "NEWSLETTER_SENDGRID_TIMEOUT": str(plan.timeout),
        "NEWSLETTER_SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
        "NEWSLETTER_SILENCE_MINUTES": str(plan.silence_seconds / 60),
        "NEWSLETTER_SECRET_KEY": "a-secret-of-the-tests",
        "NEWSLETTER_DATA_DIR": str(folder / "data"),
    }


@contextmanager
def _provider(plan: Plan, folder: Path, port: int, samples: Path | None) -> Iterator[str]:
    """Run the provider in a process of its own; yield its port."""
    ready = folder / "provider.port"
    values: dict[str, Any] = {
        "log": str(folder / "provider.log"),
        "fault_log": str(folder / "provider.faults"),
        "ready": str(ready),
        "stall_seconds": plan.timeout * 3,
        "seed": plan.seed,
    }
    if plan.mailer == "smtp":
        script = "smtp_listener.py"
        values |= plan.faults | {"most_mails": 70, "stall_seconds": 4.0}
        values["refused"] = {_address(one): "550 no such user" for one in _refused(plan)}
    else:
        script = "sendgrid_server.py"
        values |= {
            "faults": plan.faults,
            "latency": plan.latency,
            "webhook": f"http://127.0.0.1:{port}/webhooks/sendgrid",
            "webhook_lag": (0.05, 1.0),
            "webhook_log": str(folder / "provider.posts"),
            "told_of": plan.told_of,
            "chatter_seconds": 0.5,
            "samples": str(samples or ""),
        }
    child = Child("provider", [sys.executable, str(SUPPORT / script), json.dumps(values)], {}, folder)
    child.start()
    assert child.process is not None
    try:
        yield wait_for(ready, child)
    finally:
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()


def _address(one: int) -> str:
    return f"r{one}@example.org"


def _refused(plan: Plan) -> range:
    """Whom an SMTP server does not know."""
    return range(97, plan.recipients + 1, 500) if plan.mailer == "smtp" else range(0)


class _Scene:
    """One run."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.plan = plan
        self.settings = settings
        self.uncertain_seen = 0
        self.killed_at = math.inf
        self.intents: set[tuple[str, str]] = set()
        self.seconds = 0.0

    @property
    def store(self) -> Store:
        return store_module.connect(self.settings)

    def fill(self) -> None:
        """Subscribe everybody for an hour that has just been, and publish an edition cut off before it."""
        now = datetime.now(UTC)
        self.store.config_set("appendfsync", "no")  # nothing is at stake yet
        plain = Preferences(hour=(now - timedelta(hours=1)).hour)
        everybody = [f"r{one}" for one in range(1, self.plan.recipients + 1)]
        for start in range(0, len(everybody), 1000):
            some = everybody[start : start + 1000]
            subscribe(self.store, some, partial(self._wish, plain, start))
        self.store.config_set("appendfsync", self.plan.appendfsync)
        cut_off = now - timedelta(hours=2)
        self.day = now.date()
        first_edition.let_go(self.store)
        publish(
            self.store, an_edition(self.day).model_copy(update={"cut_off": cut_off, "composed_at": cut_off})
        )

    def _wish(self, plain: Preferences, start: int, place: int) -> Preferences:
        copy, is_own = divmod(start + place, 5)
        if is_own or not self.plan.distinct:
            return plain
        return plain.model_copy(update={"topics": ("diffusion", f"topic {copy % self.plan.distinct}")})

    def play(self, fleet: Fleet) -> None:
        """Let beat and the workers do it all; kill when as many were accepted as the plan says."""
        started = time.monotonic()
        victims, chance = self.plan.schedule, random.Random(self.plan.seed)
        every = 0.95 * self.plan.recipients / max(1, len(victims))
        left = victims.copy()
        while time.monotonic() < started + self.plan.limit_seconds:
            fleet.look()
            progress = self._progress()
            if progress is not None:
                if self._is_over(progress) and not left:
                    break
                is_time = progress.accepted >= every * (len(victims) - len(left))
                if left and is_time and self._would_hurt(left[0], progress) and fleet.kill(left[0], chance):
                    left.pop(0)
                    self.killed_at, self.intents = time.monotonic(), self._intents()
            time.sleep(chance.uniform(0.05, 0.15))
        self.seconds = time.monotonic() - started

    def _would_hurt(self, victim: str, progress: Progress) -> bool:
        """Whether the whole pool has begun requests since the last kill, or has not for five seconds."""
        if victim not in {"child", "worker"} or progress.is_done or time.monotonic() > self.killed_at + 5:
            return True
        return len(self._intents() - self.intents) >= self.plan.pool

    def _intents(self) -> set[tuple[str, str]]:
        with suppress(redis.RedisError):
            return set(self.store.hgetall(keys.INTENT(day=self.day)).items())
        return set()

    def _progress(self) -> Progress | None:
        with suppress(TransientError, redis.RedisError):
            progress = Ledger(self.store).progress(self.day)
            self.uncertain_seen = max(self.uncertain_seen, progress.uncertain)
            return progress if progress.recipients else None
        return None

    def _is_over(self, progress: Progress) -> bool:
        everybody_is = progress.is_done and progress.recipients == self.plan.recipients
        return everybody_is and (self.plan.mailer == "smtp" or not progress.uncertain)


if __name__ == "__main__":
    chosen = {"short": SHORT, "long": LONG, "smtp": SMTP, "weak": WEAK}[sys.argv[1]]
    extra = {name: json.loads(value) for name, _, value in (part.partition("=") for part in sys.argv[2:])}
    print(run(replace(chosen, **extra)))
