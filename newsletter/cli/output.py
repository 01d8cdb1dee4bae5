"""What commands print: a table for people, JSON for programs, progress on a terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

NOTHING_TO_DO = 3


Progress = Callable[[str], None]
"""What a long command calls to name the step that begins."""


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows that share their columns; rich only where a person looks at a terminal."""
    if as_json:
        click.echo(json.dumps(list(rows), default=str, ensure_ascii=False, indent=2))
    elif rows and sys.stdout.isatty():
        _rich_table(rows)
    elif rows:
        _plain_table(rows)


def nothing_to_do(reason: str) -> NoReturn:
    """Say why there is nothing to do, and exit with the code that scripts can tell."""
    click.echo(reason, err=True)
    sys.exit(NOTHING_TO_DO)


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a function that names the step being done; silent where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda step: None  # noqa: ARG005 - a Progress that says nothing
        return
    from rich.console import Console  # noqa: PLC0415 - costs 60 ms, wanted only on a terminal

    with Console(stderr=True).status("Starting") as status:
        yield lambda step: status.update(step)  # noqa: PLW0108 - update takes more than a Progress gives


def _rich_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs 60 ms, wanted only on a terminal
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table, markup=False)


def _plain_table(rows: Sequence[Mapping[str, Any]]) -> None:
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return "" if value is None else str(value)
