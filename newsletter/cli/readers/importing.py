"""`newsletter subscribers import`: show whose export a file is and what becomes of whom, then import it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn

import click

from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.subscribers.addresses import masked
from newsletter.subscribers.importing.plan import Plan
from newsletter.subscribers.importing.report import ImportReport
from newsletter.subscribers.importing.table import bounded_lines, open_text

SHOWN_FAULTS = 20
SHOWN_GROUPS = 40
"""Lines of the table; a file says the same of most people."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--confirmed", is_flag=True, help="You can prove that everybody in FILE agreed to this letter.")
@click.option("--timezone", help="For rows without one; the settings' own where left out.")
@click.option("--hour", type=click.IntRange(0, 23), help="For rows without one.")
@click.option("--ignore", "ignored", multiple=True, help="A column that says nothing about consent.")
@click.option("--dry-run", is_flag=True, help="Show what would become of whom, and keep nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def import_(  # noqa: PLR0917 - click passes them by name
    file: str,
    confirmed: bool,
    timezone: str | None,
    hour: int | None,
    ignored: tuple[str, ...],
    dry_run: bool,
    yes: bool,
) -> None:
    """Put the people of a CSV FILE on the list (`-` reads standard input).

    Exports of listmonk, Ghost, Mailchimp, Substack, Buttondown, beehiiv, Keila,
    phpList, Mailman and of this newsletter are recognised by their columns. What
    becomes of whom is shown first. Without --confirmed each person gets a
    confirmation. Known people stay as they are; who left, bounced or complained,
    here or there, stays out. Exit 1 where a row could not be used.
    """
    settings, store = connected()
    preferences = defaults_for(settings, timezone, hour)
    with Plan(store, confirmed=confirmed, now=datetime.now(UTC)) as plan, output.progress() as say:
        with _opened(file) as binary, open_text(binary) as text:
            say("Reading the file")
            plan.read(bounded_lines(text), Path(file).name, preferences, ignored)
        _show(plan)
        plan.require_clear()
        if not plan.people:
            _end_without_people(plan)
        if dry_run:
            click.echo("Nothing was kept.")
        else:
            if not yes:
                _ask(file)
            _tell(plan.apply(lambda count: say(f"{count:,} people")))
        if plan.count_faults():
            sys.exit(1)


def defaults_for(settings: Settings, timezone: str | None, hour: int | None) -> Preferences:
    """Return the preferences of people who name none."""
    return Preferences(
        timezone=timezone or settings.timezone, hour=settings.send_at if hour is None else hour
    )


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as binary:
            yield binary
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}. Name a file that you may read."
        ) from error


def _ask(file: str) -> None:
    if file == "-" or not sys.stdin.isatty():
        raise click.UsageError("No terminal to confirm on; pass --yes.")
    click.confirm("Import them?", abort=True)


def _show(plan: Plan) -> None:
    """Print whose export it is, what becomes of whom, and what cannot be used."""
    if plan.reading:
        columns = ", ".join(plan.reading.used())
        click.echo(f"An export of {plan.engine}: {plan.people:,} people. Columns used: {columns}.")
    groups = plan.groups()
    output.show(
        [
            {
                "becomes": group.becomes,
                "people": f"{group.people:,}",
                "because": group.because,
                "for example": ", ".join(map(masked, group.examples)),
            }
            for group in groups[:SHOWN_GROUPS]
        ],
        as_json=False,
    )
    if rest := groups[SHOWN_GROUPS:]:
        click.echo(f"… and {sum(group.people for group in rest):,} people for {len(rest):,} other reasons.")
    if plan.unused_columns:
        click.echo(f"These columns are not kept: {', '.join(plan.unused_columns)}.", err=True)
    for note in plan.notes():
        click.echo(note, err=True)
    _tell_faults(plan)


def _tell_faults(plan: Plan) -> None:
    count = plan.count_faults()
    for number, fault in enumerate(plan.faults()):
        if number == SHOWN_FAULTS and sys.stderr.isatty():
            click.echo("…", err=True)
            break
        click.echo(f"line {fault.line}: {fault.reason}", err=True)
    if count:
        click.echo(
            f"{count:,} {'row' if count == 1 else 'rows'} cannot be used; the rest can. "
            "Correct them and import the file again: people who are known stay as they are.",
            err=True,
        )


def _end_without_people(plan: Plan) -> NoReturn:
    if plan.count_faults():
        sys.exit(1)
    output.nothing_to_do("The file holds nobody.")


def _tell(report: ImportReport) -> None:
    click.echo(
        f"{report.active:,} subscribed, {report.pending:,} asked to confirm, "
        f"{report.known:,} known before, {report.suppressed:,} kept out."
    )
    if report.pending:
        click.echo("The confirmations go out with the next ticks of the worker.")
