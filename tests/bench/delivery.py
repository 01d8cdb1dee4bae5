"""What a mail costs: ours beside the naive loop, the stock SendGrid client and the kernel's copy, in one run.

    python tests/bench/delivery.py [readers, 20000 unless said] [rounds, 5] [papers a mail, 23: 75 KB]

CPU is user and system time of the sending process alone, for each of the ways:
servers are processes of their own on loopback. Ours includes the ledger on a
server that writes every change to disk. The floor is one socket to which the
same bytes are written, for a reader that throws them away. Figures move with
the machine; ratios, taken from medians of ways tried in turns, do not much.
"""

import gc
import json
import os
import resource
import shutil
import smtplib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "support")]

import sendgrid as stock  # noqa: E402 - the path must be there first
import sinks  # noqa: E402
import specimens  # noqa: E402
from certificates import localhost_certificate  # noqa: E402
from mailing import publish, subscribe  # noqa: E402
from sendgrid.helpers.mail import Content, CustomArg, From, Header, Mail, Personalization, Substitution, To  # noqa: E402

from newsletter import settings as settings_module  # noqa: E402
from newsletter import store as store_module  # noqa: E402
from newsletter.delivery.freezing import addressees, cohorts  # noqa: E402
from newsletter.delivery.ledger.ledger import Ledger  # noqa: E402
from newsletter.delivery.mailers.smtp.mailer import Server, Smtp  # noqa: E402
from newsletter.delivery.sending import links  # noqa: E402
from newsletter.delivery.sending.batches import send_batch  # noqa: E402
from newsletter.embedded import EmbeddedServer  # noqa: E402
from newsletter.models import Preferences, Recipient  # noqa: E402
from newsletter.rendering import digest  # noqa: E402
from newsletter.rendering.mime import Envelope  # noqa: E402
from newsletter.rendering.site import SiteFacts  # noqa: E402
from newsletter.rendering.templating import templates  # noqa: E402
from newsletter.settings import Settings  # noqa: E402
from newsletter.subscribers.consent.tokens import Keys  # noqa: E402
from newsletter.subscribers.kept.store import SubscriberStore  # noqa: E402

SITE = SiteFacts(name="Papers", base_url="https://papers.example.org", from_="P <papers@example.org>")
OURS_SENDGRID, OURS_SMTP = "ours: SendGrid, ledger", "ours: SMTP, ledger"
OURS_MIME = "ours: render and encode once, splice"
STOCK_ONE, STOCK_MANY = "sendgrid package, a request a mail", "sendgrid package, 1,000 personalizations"
NAIVE, NAIVE_MIME = "naive loop: render, inline, connect, send", "naive loop: render, inline, MIME"
KERNEL = "kernel copy"
ROUND_TRIP = 0.02
"""Seconds: a mail server on the same continent."""
TARGETS = (
    (STOCK_ONE, OURS_SENDGRID, 5000),
    (STOCK_MANY, OURS_SENDGRID, 10),
    (NAIVE, OURS_SMTP, 100),
    (NAIVE_MIME, OURS_MIME, 300),
)
"""How many times the second must be cheaper than the first."""
MOST_ABOVE_KERNEL = 4
LEAST_AT_A_DISTANCE = 3.5


def main() -> None:
    """Measure, and print what a mail costs each way."""
    given = [int(text) for text in sys.argv[1:]]
    readers, rounds, papers = (*given, *(20_000, 5, 23)[len(given) :])
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="np-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        bench = Bench(folder, stack, readers, papers)
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000)  # both as workers do
        costs: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, way in bench.ways():
                costs.setdefault(name, []).append(way())
        bench.report({name: statistics.median(values) for name, values in costs.items()})


class Bench:
    """The scene: readers, an edition, servers."""

    def __init__(self, folder: Path, stack: ExitStack, readers: int, papers: int) -> None:
        self.folder, self.readers = folder, readers
        certificate, key = localhost_certificate(folder)
        os.environ["SSL_CERT_FILE"] = str(_trusted(folder, certificate))
        server = EmbeddedServer(folder / "server")
        server.enter()
        stack.callback(server.leave)
        tls = {"certificate": str(certificate), "key_file": str(key)}
        port = stack.enter_context(_process(folder, "sendgrid_server.py", {"is_lenient": True, **tls}))
        self.provider = f"https://localhost:{port}"
        far = {"round_trip_seconds": ROUND_TRIP}
        self.far_port = int(stack.enter_context(_process(folder, "smtp_listener.py", far)))
        self.smtp_port = stack.enter_context(sinks.smtp())
        self.sink = stack.enter_context(sinks.discarding())
        common: dict[str, object] = {
            "redis_url": f"unix://{server.socket}",
            "data_dir": folder,
            "secret_key": "bench",
            "base_url": SITE.base_url,
            "from_": SITE.from_,
        }
        account: dict[str, object] = {"sendgrid_host": self.provider, "sendgrid_api_key": "SG.test"}
        self.sendgrid = _load(folder, **common, **account, mailer="sendgrid")
        self.smtp = _load(folder, **common, mailer="smtp", smtp_url=f"smtp://127.0.0.1:{self.smtp_port}")
        self.store = store_module.connect(self.sendgrid)
        for start in range(0, readers, 1000):
            names = (f"reader.number{n}" for n in range(start, start + 1000))
            subscribe(self.store, names, Preferences(limit=papers))
        self.wishes = Preferences(limit=papers)
        # long ago, so that each round has a day of its own
        day = datetime.now(UTC).date() - timedelta(days=400)
        self.edition = specimens.a_long_edition(papers).model_copy(update={"date": day})
        self.message = digest.render(self.edition, self.wishes, SITE)
        self.ids = list(range(1, 1001))
        addresses = SubscriberStore(self.store).mailable(self.ids)
        self.people = list(links.recipients(addresses, SITE, Keys(self.sendgrid.keys, "leaving")).values())
        envelope = Envelope(self.message, SITE, sent_at=datetime.now(UTC), stamp="bench")
        self.wire = envelope.splice(self.people[0])
        self.published = self.edition.date

    def ways(self) -> Iterator[tuple[str, Callable[[], float]]]:
        """Yield each way to send, as something that returns CPU microseconds a mail."""
        yield KERNEL, self.kernel_copy
        yield OURS_SENDGRID, lambda: self.ledgered(self.sendgrid, self.readers)
        yield STOCK_MANY, lambda: _cpu(self.stock_many) / 1000
        yield STOCK_ONE, lambda: _cpu(lambda: self.stock_one(10)) / 10
        yield OURS_SMTP, lambda: self.ledgered(self.smtp, min(self.readers, 5000))
        yield NAIVE, lambda: _cpu(lambda: self.naive(10)) / 10
        yield OURS_MIME, lambda: _cpu(self.splice) / 1000
        yield NAIVE_MIME, lambda: _cpu(lambda: [self.naive_mail(one) for one in self.people[:10]]) / 10

    def ledgered(self, settings: Settings, most: int) -> float:
        """Publish one more edition, address everybody, and send `most` of them; time the sending alone."""
        self.published += timedelta(days=1)
        day = self.published
        publish(self.store, self.edition.model_copy(update={"date": day, "cut_off": self.edition.cut_off}))
        refs = cohorts.freeze_everyone(self.store, settings, day)[: max(1, most // addressees.BATCH)]
        send_batch(self.store, settings, day, refs[0].batch)  # renders, connects
        refs = refs[1:] or refs

        def send() -> None:
            for ref in refs:
                while send_batch(self.store, settings, day, ref.batch).waiting:
                    pass

        before = Ledger(self.store).progress(day).accepted
        spent = _cpu(send)
        return spent / (Ledger(self.store).progress(day).accepted - before)

    def stock_many(self) -> None:
        """One request of the package's own helpers."""
        mail = Mail(from_email=From("papers@example.org"), subject=self.message.subject)
        mail.add_content(Content("text/plain", self.message.text))
        mail.add_content(Content("text/html", self.message.html))
        for one in self.people:
            person = Personalization()
            person.add_to(To(one.address))
            for placeholder, value in one.substitutions:
                person.add_substitution(Substitution(placeholder, value))
            person.add_header(Header("List-Unsubscribe", f"<{one.substitutions[0][1]}>"))
            person.add_header(Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
            person.add_custom_arg(CustomArg("newsletter_request", "2026-06-10.17.3"))
            mail.add_personalization(person)
        stock.SendGridAPIClient("SG.test", host=self.provider).send(mail)

    def stock_one(self, count: int) -> None:
        """A request a mail, as its examples do."""
        client = stock.SendGridAPIClient("SG.test", host=self.provider)
        for one in self.people[:count]:
            html = _filled(self.message.html or "", one)
            client.send(Mail("papers@example.org", one.address, self.message.subject, html_content=html))

    def naive(self, count: int) -> None:
        """Render, inline, build and connect for each reader."""
        for one in self.people[:count]:
            with smtplib.SMTP("127.0.0.1", self.smtp_port) as server:
                server.send_message(self.naive_mail(one))

    def naive_mail(self, one: Recipient) -> EmailMessage:
        """Render, inline and build one mail from nothing but templates."""
        templates.environment.cache_clear()
        message = digest.render(self.edition, self.wishes, SITE)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = SITE.from_, one.address, message.subject
        mail.set_content(_filled(message.text, one))
        mail.add_alternative(_filled(message.html or "", one), subtype="html")
        mail.as_bytes()
        return mail

    def splice(self) -> None:
        """Render and encode once, splice a thousand times."""
        message = digest.render(self.edition, self.wishes, SITE)
        envelope = Envelope(message, SITE, sent_at=datetime.now(UTC), stamp="bench")
        for one in self.people:
            envelope.splice(one)

    def kernel_copy(self) -> float:
        """Hand the same bytes to the kernel."""

        def send() -> None:
            with socket.create_connection(("127.0.0.1", self.sink)) as line:
                for _ in range(1000):
                    line.sendall(self.wire)

        return _cpu(send) / 1000

    def at_a_distance(self, mails: int = 30) -> tuple[float, float]:
        """Return the seconds of a mail over one connection to a server far away: smtplib's, and ours."""
        with smtplib.SMTP("127.0.0.1", self.far_port) as server:
            mail = self.naive_mail(self.people[0])
            reused = _seconds(lambda: [server.send_message(mail) for _ in range(mails)])
        mailer = Smtp(Server.read(f"smtp://127.0.0.1:{self.far_port}"), SITE, connections=1)
        mailer.send(self.message, self.people[:1], request_id="2026-06-10.1.1")  # connects
        ours = _seconds(lambda: mailer.send(self.message, self.people[:mails], request_id="2026-06-10.1.2"))
        mailer.close()
        return reused / mails, ours / mails

    def report(self, costs: dict[str, float]) -> None:
        """Print the table, and the ratios that are asked for."""
        html = len(self.message.html or "")
        print(f"{self.readers:,} readers; {html:,} bytes of HTML, {len(self.wire):,} on the wire")
        for name, cost in sorted(costs.items(), key=lambda item: item[1]):
            print(f"  {cost:12,.1f} µs of CPU a mail   {name}")
        for slow, fast, least in TARGETS:
            ratio = costs[slow] / costs[fast]
            print(f"  {ratio:12,.1f} × {_verdict(ratio >= least)} (≥ {least:,}): {slow} / {fast}")
        ratio = costs[OURS_SMTP] / costs[KERNEL]
        print(f"  {ratio:12,.1f} × {_verdict(ratio <= MOST_ABOVE_KERNEL)} (≤ 4): {OURS_SMTP} / {KERNEL}")
        reused, ours = self.at_a_distance()
        ratio, far = reused / ours, f"{ROUND_TRIP * 1000:.0f} ms away, one connection"
        print(
            f"  {ratio:12,.1f} × {_verdict(ratio >= LEAST_AT_A_DISTANCE)} (≥ {LEAST_AT_A_DISTANCE}): "
            f"smtplib reused, {1 / reused:.0f} mails a second / ours, {1 / ours:.0f}; {far}"
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"  {peak:12,} MB at most in this process")


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "MISSED "


def _trusted(folder: Path, certificate: Path) -> Path:
    """Return this machine's authorities, with ours among them: a new SSL context reads them all."""
    usual = ssl.get_default_verify_paths()
    bundle = folder / "authorities.pem"
    known = Path(usual.cafile).read_text("utf-8") if usual.cafile else ""
    bundle.write_text(known + certificate.read_text("utf-8"))
    return bundle


def _filled(text: str, one: Recipient) -> str:
    for placeholder, value in one.substitutions:
        text = text.replace(placeholder, value)
    return text


def _cpu(call: Callable[[], object]) -> float:
    """Return the CPU microseconds that a call takes in this process."""
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1e6


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _load(folder: Path, **values: object) -> Settings:
    return settings_module.load({}, directory=folder, **values)


@contextmanager
def _process(folder: Path, script: str, values: dict[str, object]) -> Iterator[str]:
    ready = folder / f"{script}.port"
    command = [
        sys.executable,
        str(HERE.parent / "support" / script),
        json.dumps(values | {"ready": str(ready)}),
    ]
    process = subprocess.Popen(command)
    try:
        while not ready.exists():
            time.sleep(0.02)
        yield ready.read_text("utf-8")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    assert threading.active_count() == 1
    main()
