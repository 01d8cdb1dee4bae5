"""`newsletter sources` and `newsletter poll`: what is read, and reading it now."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import click

from newsletter import settings as settings_module
from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.errors import NotFoundError, TransientError
from newsletter.models import Source
from newsletter.papers import intake
from newsletter.settings import Settings
from newsletter.sources import catalog, inspection
from newsletter.sources.polling import Outcome, Polled
from newsletter.sources.store import SourceStore
from newsletter.store import Store


@click.group()
def sources() -> None:
    """See, try, add and switch off what is polled."""


@sources.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the sources: state, when each last answered, and what is wrong with it."""
    settings, store = connected()
    configured = catalog.configured(settings, store)
    rows = [
        {
            "source": health.source.name,
            "state": health.state.value,
            "since": _moment(health.since),
            "last answer": _moment(health.last_ok),
            "papers": health.papers,
            "reason": health.reason,
            "url": health.source.url,
        }
        for health in SourceStore(store).health(configured, datetime.now(UTC))
    ]
    output.show(rows, as_json=as_json)


@sources.command()
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(url: str, as_json: bool) -> None:
    """Show what would be read from URL, and what would be dropped and why; nothing is stored."""
    found = inspection.inspect(url, settings_module.load(), datetime.now(UTC))
    if not as_json:
        kept = "can be asked for changes alone" if found.is_conditional else "gives no validators"
        click.echo(f"{found.url}: {found.kind}, {found.entries} entries, {found.size_bytes:,} bytes; {kept}.")
    rows = [
        {"kept": "yes", "id": s.arxiv_id or s.doi or "", "votes": s.votes, "title": s.title, "reason": ""}
        for s in found.sightings
    ]
    rows += [
        {"kept": "no", "id": "", "votes": None, "title": problem.what, "reason": problem.why}
        for problem in found.dropped
    ]
    output.show(rows, as_json=as_json)
    if not found.sightings and not as_json:
        click.echo("It is a feed, but nothing in it names a paper today.")


@sources.command()
@click.argument("url")
@click.option("--name", help="What to call it; made from the address where left out.")
@click.option("--title", default="", help="What readers see in the coverage line.")
def add(url: str, name: str | None, title: str) -> None:
    """Add the feed at URL, or the one that the page at URL points to."""
    settings, store = connected()
    feed = inspection.discover(url, settings, datetime.now(UTC))
    host = (urlsplit(feed).hostname or "").removeprefix("www.")
    source = Source(name=name or host.replace(".", "-"), url=feed, title=title)
    if source.name in {known.name for known in catalog.configured(settings, store)}:
        raise click.UsageError(f"{source.name} exists already. Choose another: --name {source.name}-2")
    catalog.add(store, source)
    click.echo(
        f"Added {source.name}: {source.url}. It is polled with the next tick; to see it now: newsletter poll"
    )


@sources.command()
@click.argument("name")
def disable(name: str) -> None:
    """Stop polling NAME until it is enabled again."""
    settings, store = connected()
    _named(settings, store, (name,))
    catalog.disable(store, name)
    click.echo(f"{name} is not polled any more. To poll it again: newsletter sources enable {name}")


@sources.command()
@click.argument("name")
def enable(name: str) -> None:
    """Poll NAME again."""
    settings, store = connected()
    _named(settings, store, (name,))
    catalog.enable(store, name)
    click.echo(f"{name} is polled with the next tick.")


@sources.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove NAME, which was added by command."""
    _, store = connected()
    catalog.remove(store, name)
    click.echo(f"{name} is gone. Papers that it brought stay.")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Show what would be kept, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def poll(names: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Ask the sources now, due or not: all of them, or those NAMED. Exit 1 where none answered."""
    settings, store = connected()
    chosen = _named(settings, store, names)
    with output.progress() as say:
        report = intake.poll_into(
            store,
            settings,
            datetime.now(UTC),
            chosen,
            dry_run=dry_run,
            on_progress=lambda polled: say(f"{polled.source.name}: {polled.outcome.value}"),
        )
    output.show([_row(polled) for polled in report.polled], as_json=as_json)
    if not as_json:
        are = "would be" if dry_run else "are"
        counts = f"{report.new_papers} papers {are} new, {report.updated_papers} {are} updated"
        click.echo(f"{counts}; {report.seconds:.1f} s.")
    if report.polled and all(polled.outcome is Outcome.FAILED for polled in report.polled):
        raise TransientError("No source answered. Is this machine online? See: newsletter sources list")
    if not report.polled:
        output.nothing_to_do("No source is enabled. See: newsletter sources list")


def _row(polled: Polled) -> dict[str, object]:
    return {
        "source": polled.source.name,
        "outcome": polled.outcome.value,
        "sightings": len(polled.sightings),
        "dropped": len(polled.dropped),
        "reason": polled.error.message if polled.error else "",
    }


def _named(settings: Settings, store: Store, names: tuple[str, ...]) -> list[str]:
    """Return `names`, or all enabled ones where none is given. Raises `NotFoundError` for an unknown one."""
    known = {source.name: source for source in catalog.configured(settings, store)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise NotFoundError(f"No source is called {', '.join(unknown)}. See: newsletter sources list")
    return list(names) or [name for name, source in known.items() if source.enabled]


def _moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else ""
