"""`newsletter store`: what is done to the server that keeps everything."""

import sys
from datetime import UTC, datetime

import click

from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.delivery import restoration


@click.group()
def store() -> None:
    """Tell of what happened to the server that keeps everything."""


@store.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def restored(yes: bool) -> None:
    """Say that the store was restored from a backup: hold every edition that may have been sent since.

    Workers notice it by themselves where `DATA_DIR` was not restored along
    with the machine. Exit 3 where there was nothing to hold.
    """
    settings, redis = connected()
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("No terminal to confirm on; pass --yes.")
    if not yes:
        click.confirm("Hold every edition that may have been sent since the backup?", abort=True)
    held = restoration.declare(redis, settings, datetime.now(UTC))
    if not held:
        output.nothing_to_do("No edition to hold.")
    for day in held:
        click.echo(f"Held: {day}. Look what the mailer has sent, then: newsletter edition resume {day}")
