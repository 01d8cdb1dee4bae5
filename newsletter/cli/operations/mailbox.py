"""`newsletter mailbox`: what comes back to the return address."""

import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.delivery.feedback import mailbox as mail
from newsletter.delivery.feedback import reports
from newsletter.delivery.feedback.mailbox import Taken
from newsletter.errors import NewsletterError

TRY_AGAIN: Final = 75
"""EX_TEMPFAIL of sysexits(3): a mail server that pipes a mail to us keeps it and comes again."""
_SAID: Final = {
    Taken.LEFT: "unsubscribed",
    Taken.GONE: "not mailed any more",
    Taken.COMPLAINED: "complained, not mailed any more",
    Taken.COUNTED: "turned away and counted",
    Taken.NOTHING: "left alone",
}


@click.group()
def mailbox() -> None:
    """Read what comes back to NEWSLETTER_BOUNCE_ADDRESS."""


@mailbox.command()
@click.argument("place", default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--to", "sent_to", default="", help="The envelope's recipient, where no header tells it.")
def read(place: Path, sent_to: str) -> None:
    """Act upon bounces and unsubscriptions in PLACE: a Maildir, an mbox file, or one mail on standard input.

    Everything else is left alone, and reading a mail twice changes nothing.
    Exit 0 once the mail was read, whatever it was, and 75 (try again) where
    anything kept us from it: a mail server keeps the mail then.
    """
    with _kept_for_another_try():
        if str(place) == "-":
            click.echo(_SAID[_read_one(sent_to)])
            return
        settings, store = connected()
        found = Counter(mail.take_folder(store, settings, place, lambda: datetime.now(UTC)))
    if not found:
        output.nothing_to_do(f"No new mail in {place}.")
    click.echo(", ".join(f"{count} {_SAID[taken]}" for taken, count in sorted(found.items())))


def _read_one(sent_to: str) -> Taken:
    given = sys.stdin.buffer
    content = given.read(reports.LARGEST)
    while given.read(reports.LARGEST):
        pass  # a program that writes into a pipe that nobody empties takes it for a failure
    settings, store = connected()
    return mail.take(store, settings, content, datetime.now(UTC), sent_to=sent_to)


@contextmanager
def _kept_for_another_try() -> Iterator[None]:
    """Exit with `TRY_AGAIN` on any failure: with another code a mail server throws a bounce away for good."""
    try:
        yield
    except NewsletterError as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(TRY_AGAIN)
    except Exception:  # noqa: BLE001 - whatever it is, the mail must outlive it
        traceback.print_exc()
        sys.exit(TRY_AGAIN)
