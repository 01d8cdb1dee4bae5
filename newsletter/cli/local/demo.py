"""`newsletter demo`: the whole walk on sample sources, on real parts, offline.

A server, a worker and the site are started in a folder of their own; the
sample sources are polled over HTTP on the loopback, four weeks of them before
today's; a reader subscribes and confirms through the site; the worker polls,
composes and delivers today's edition. Nothing is prepared but the input, and
nothing is left behind but the mails.
"""

import json
import os
import signal
import socket
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import click

from newsletter import embedded, queue, sample
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.cli import output
from newsletter.cli.local.reader import Reader, link_in, mails_in, wait_for
from newsletter.cli.local.supervision import (
    LOOK_EVERY_SECONDS,
    Child,
    Supervisor,
    interrupt,
    web_command,
    worker_command,
)
from newsletter.cli.output import Progress
from newsletter.delivery.freezing import cohorts
from newsletter.editions import compose as composing
from newsletter.editions.store import EditionStore
from newsletter.errors import NewsletterError, SettingsError
from newsletter.models import Edition
from newsletter.papers import intake
from newsletter.sample import SampleSite
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses
from newsletter.topics.history import SERIES_DAYS

READER = "reader@example.org"
PATIENCE_SECONDS = 60.0
LAST_WORDS = 4000
"""How many characters of the children's log are shown where the walk fails."""
TYPING_SECONDS = 2.2
"""The site takes who is faster for a script."""
OURS = ("NEWSLETTER_", "REDIS_URL", "SMTP_URL", "SENDGRID_API_KEY", "PORT")
"""What of the operator's environment the demo must not see: it is a house of its own, and mails nobody."""

T = TypeVar("T")


@dataclass
class Walk:
    """One run of the demo: its house, and the steps from the form to the inbox."""

    settings: Settings
    store: Store
    site: SampleSite
    reader: Reader
    supervisor: Supervisor
    say: Progress
    started_at: float = field(default_factory=time.monotonic)

    def subscribe(self) -> None:
        """Let the reader fill in the form, open the mail and confirm; the site and the worker do the rest."""
        self.say("Waiting for the site")
        self._until("The site", lambda: self.reader.can_reach_the_site() or None)
        self.say(f"Subscribing {self.reader.address}")
        self.reader.subscribe("UTC", patience=lambda: time.sleep(TYPING_SECONDS))
        letter = self._until("The confirmation mail", lambda: self._mail("letter-", 1))
        self.reader.confirm(link_in(letter, "/confirm/"))
        self._until("The welcome", lambda: self._mail("letter-", 2))

    def live_through(self, past: tuple[datetime, ...]) -> None:
        """Poll earlier days by the code of any day, and compose those that today's chart looks back on."""
        for moment in past:
            self.say(f"Four weeks before: {moment:%d %B}")
            self.site.now = moment
            intake.poll_into(self.store, self.settings, moment)
            if moment in past[-SERIES_DAYS:]:
                composing.build(self.store, self.settings, moment.date(), moment)

    def publish(self, now: datetime) -> Edition:
        """Have the worker poll, compose and deliver today's edition."""
        self.site.now = now
        day = now.date()
        asked = queue.connect(self.settings)
        names = [source.name for source in self.settings.sources or ()]
        self.say("Polling the sources")
        asked.enqueue("workers.polling.poll", *names)
        self._until("The day's papers", lambda: composing.due(self.store, self.settings, now))
        self.say("Composing the edition")
        asked.enqueue("workers.composing.compose", day.isoformat())
        edition = self._until("The edition", lambda: EditionStore(self.store).get(day))
        self.say("Delivering")
        for batch in cohorts.freeze_everyone(self.store, self.settings, day):
            asked.enqueue("workers.sending.send_batch", batch.day.isoformat(), batch.batch)
        self._until("The digest", lambda: self._mail(day.isoformat(), 1))
        return edition

    def _mail(self, mailing: str, number: int) -> EmailMessage | None:
        mails = [
            mail
            for file, mail in mails_in(self.settings.outbox_dir).items()
            if file.parent.name.startswith(mailing)
        ]
        return mails[number - 1] if len(mails) >= number else None

    def _until(self, what: str, look: Callable[[], T | None]) -> T:
        return wait_for(what, look, PATIENCE_SECONDS, self.supervisor.refuse_ended)


@click.command()
@click.option(
    "--to", default=READER, show_default=True, help="The reader to subscribe; no mail leaves this machine."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default="outbox", help="Where the mails go."
)
@click.option("--serve", is_flag=True, help="Keep the site up until Ctrl-C, so that the mail's links work.")
@click.option("--open", "opens", is_flag=True, help="Open the digest in your browser.")
def demo(to: str, out: Path, serve: bool, opens: bool) -> None:
    """Show the whole walk on sample sources: offline, in seconds, and nothing stays but the mails."""
    address = addresses.parse(to).typed
    signal.signal(signal.SIGTERM, interrupt)
    now = datetime.now(UTC)
    try:
        with output.progress() as say, house(address, writable(out), now, say) as walk:
            walk.subscribe()
            walk.live_through(sample.history(now))
            edition = walk.publish(now)
            say("")
            digest = report(walk, edition)
            if opens:
                webbrowser.open(digest.with_suffix(".html").as_uri())
            if serve:
                stay(walk)
    except KeyboardInterrupt:
        click.echo("Stopped; nothing is left running.", err=True)
        raise SystemExit(130) from None


@contextmanager
def house(address: str, out: Path, now: datetime, say: Progress) -> Iterator[Walk]:
    """Build a house of its own in a temporary folder, run it while the block lasts, and take it down."""
    with tempfile.TemporaryDirectory(prefix="newsletter-demo-") as name:
        folder = Path(name)
        site = SampleSite(now)
        log_file = folder / "children.log"
        environ = surroundings(folder, out, site.base_url)
        settings = settings_module.load(environ, directory=folder)
        store = store_module.connect(settings)
        with log_file.open("wb") as log:
            children = [
                Child("worker", worker_command(2), environ, folder, log),
                Child("site", web_command(), environ, folder, log),
            ]
            supervisor = Supervisor(settings, children, lambda line: click.echo(line, err=True))
            try:
                with supervisor.running(), site.running():
                    yield Walk(settings, store, site, Reader(address, settings.base_url), supervisor, say)
            except NewsletterError:
                click.echo(log_file.read_text("utf-8", "replace")[-LAST_WORDS:], err=True)
                raise
            finally:
                embedded.leave(settings)


def surroundings(folder: Path, out: Path, sources_url: str) -> dict[str, str]:
    """Return the environment of the demo's processes: ours, without the operator's own service in it."""
    port = free_port()
    sources = [source.model_dump(mode="json") for source in sample.sources(sources_url)]
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | {
        "PORT": str(port),
        "NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_DATA_DIR": str(folder),
        "NEWSLETTER_OUTBOX_DIR": str(out),
        "NEWSLETTER_SOURCES": json.dumps(sources),
        "NEWSLETTER_ALLOW_PRIVATE_SOURCES": "true",
        "NEWSLETTER_CUT_OFF": "00:00",
        "NEWSLETTER_POSTAL_ADDRESS": "Sample data, nowhere in particular",
    }


def writable(out: Path) -> Path:
    """Return a folder inside `out` for this run's mails. Raises `SettingsError` where it cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-", dir=out.absolute()))
    except OSError as error:
        raise SettingsError(
            f"{out} cannot be written: {error.strerror}. Choose another: --out DIR"
        ) from error


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def report(walk: Walk, edition: Edition) -> Path:
    """Print what happened and what to open; return the digest's .eml."""
    files = mails_in(walk.settings.outbox_dir)
    digest = next(file for file in files if file.parent.name == edition.date.isoformat())
    row = {
        "sources": f"{len(edition.coverage)}",
        "papers": edition.candidates,
        "announced": len(edition.entries),
        "topics": len(edition.sections),
        "recipients": sum(file.parent == digest.parent for file in files),
        "seconds": f"{time.monotonic() - walk.started_at:.1f}",
    }
    click.echo()
    output.show([row], as_json=False)
    click.echo("\nThe digest, as three files:")
    for suffix in (".html", ".txt", ".eml"):
        click.echo(f"  {digest.with_suffix(suffix)}")
    click.echo("\nThe link that ends it (it answers while the site is up: --serve):")
    click.echo(f"  {link_in(files[digest], '/u/')}")
    return digest


def stay(walk: Walk) -> None:
    """Keep the site up until Ctrl-C."""
    click.echo(f"\nThe site is up: {walk.settings.base_url}  (Ctrl-C stops everything)")
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        walk.supervisor.look()
