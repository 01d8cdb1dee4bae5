"""`newsletter search`: the index of this machine."""

from datetime import UTC, datetime

import click

from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.errors import TransientError
from newsletter.search.index_store import IndexStore
from newsletter.search.refresh import rebuild as rebuilt


@click.group()
def search() -> None:
    """Look after the index that the site's search asks; the site keeps it up to date by itself."""


@search.command()
def rebuild() -> None:
    """Make this machine's index anew from the store; searches are answered from the old one meanwhile."""
    settings, store = connected()
    index_store = IndexStore(settings.data_dir)
    with output.progress() as step:
        done = rebuilt(
            store,
            index_store,
            datetime.now(UTC),
            pace=lambda written, of: step(f"Indexed {written:,} of {of:,} papers"),
        )
    if done is None:
        raise TransientError(
            f"Another process is writing the index in {index_store.directory}. Try again later."
        )
    click.echo(f"{done.written:,} papers are indexed in {index_store.directory}.")
