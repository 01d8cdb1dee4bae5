"""`newsletter memory`: what earlier days taught about topics."""

import click

from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.editions import compose
from newsletter.topics import Memory
from newsletter.topics.store import MemoryStore


@click.group()
def memory() -> None:
    """See what earlier days taught about topics, and learn it anew."""


@memory.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show how much the memory has learnt. Fails where it cannot be read."""
    _, store = connected()
    output.show([_told(MemoryStore(store).read())], as_json=as_json)


@memory.command()
def rebuild() -> None:
    """Learn every day that is kept again, upon what was shipped; composing goes on meanwhile."""
    _, store = connected()
    with output.progress() as step:
        learnt = compose.relearn(store, pace=lambda day: step(f"Learning {day}"))
    click.echo(f"The memory has learnt {learnt.days} days; it rests on {learnt.papers:,.0f} papers.")


def _told(known: Memory) -> dict[str, object]:
    return {
        "days learnt": known.days,
        "last day": known.recent[-1].date.isoformat() if known.recent else None,
        "papers": round(known.papers),
        "words and phrases": len(known.holders),
        "acronyms": len(known.long_forms),
    }
