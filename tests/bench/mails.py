"""A mail's cost, rendered once and spliced, against one rendered and encoded for each reader.

    python tests/bench/mails.py

The naive loop is what a first version does: the templates parsed, the page
rendered, the styles inlined and an `EmailMessage` serialised for every mail.
Ratios are of CPU time, measured in turns in one run.
"""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from statistics import median
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import specimens

from newsletter.models import Recipient
from newsletter.rendering import digest
from newsletter.rendering.mime import Envelope
from newsletter.rendering.templating import templates

EDITION = specimens.a_long_edition(15)
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
ROUNDS = 5


def a_recipient(number: int) -> Recipient:
    """Return one of many readers."""
    return Recipient.of(
        subscriber_id=number,
        address=f"reader{number}@example.org",
        substitutions=specimens.RECIPIENT.substitutions,
    )


def naive(recipient: Recipient, *, parses: bool = True) -> bytes:
    """Make one mail from nothing, or from templates that were parsed before."""
    if parses:
        templates.environment.cache_clear()
    message = digest.render(EDITION, specimens.READER, specimens.SITE)
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    mail["From"], mail["To"], mail["Subject"] = specimens.SITE.from_, recipient.address, message.subject
    text, html = message.text, message.html or ""
    for name, value in recipient.substitutions:
        text, html = text.replace(name, value), html.replace(name, value)
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def seconds_each(make: Callable[[], object], mails: int) -> float:
    """Return the CPU seconds of one mail, over `mails`."""
    start = process_time()
    for _ in range(mails):
        make()
    return (process_time() - start) / mails


def sizes(papers: int) -> str:
    """Say how large a day of so many papers becomes, beside the limits of Gmail."""
    message = digest.render(specimens.a_long_edition(papers), specimens.READER, specimens.SITE)
    html = message.html or ""
    style = sum(len(block) for block in re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    wire = Envelope(message, specimens.SITE, sent_at=NOW, stamp="2026-11-22").splice(a_recipient(1))
    return (
        f"{papers:3} papers: HTML {len(html):6,} of {digest.LARGEST_HTML:,} bytes, "
        f"style block {style:,} of 16,384, {len(wire):,} on the wire"
    )


def main() -> None:
    """Print the cost of each step and the ratio."""
    message = digest.render(EDITION, specimens.READER, specimens.SITE)
    envelope = Envelope(message, specimens.SITE, sent_at=NOW, stamp="2026-11-22")
    reader = a_recipient(7)
    mail = envelope.splice(reader)
    loops = {
        "render, once for a set of preferences": (
            lambda: digest.render(EDITION, specimens.READER, specimens.SITE),
            3,
        ),
        "encode, once for a batch": (lambda: Envelope(message, specimens.SITE, sent_at=NOW, stamp="x"), 5),
        "splice, each mail": (lambda: envelope.splice(reader), 5000),
        "floor: copying its bytes": (lambda: bytearray(mail), 5000),
        "naive loop, each mail": (lambda: naive(reader), 3),
        "naive loop, templates kept": (lambda: naive(reader, parses=False), 3),
    }
    found: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(ROUNDS):
        for name, (make, mails) in loops.items():
            found[name].append(seconds_each(make, mails))
    cost = {name: median(times) for name, times in found.items()}
    for papers in (1, 15, 25):
        print(sizes(papers))
    for name, seconds in cost.items():
        print(f"{seconds * 1e6:12,.1f} µs  {name}")
    shared = (cost["render, once for a set of preferences"] + cost["encode, once for a batch"]) / 1000
    ours = cost["splice, each mail"] + shared
    for name in ("naive loop, each mail", "naive loop, templates kept"):
        print(f"{cost[name] / ours:12,.0f} ×   {name}, against a rendered batch of 1,000 (target 300)")
    print(
        f"{cost['splice, each mail'] / cost['floor: copying its bytes']:12,.1f} ×   splice against the floor"
    )


if __name__ == "__main__":
    main()
