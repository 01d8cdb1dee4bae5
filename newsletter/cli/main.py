"""The command `newsletter`: a noun, then a verb.

Exit codes: 0 done, 1 failed, 2 used wrongly, 3 nothing to do. A noun's file is
imported only when it is asked for, so that `newsletter --help` is instant.
"""

import sys
from importlib import import_module

import click

from newsletter.errors import NewsletterError

NOUNS = {
    "demo": ("newsletter.cli.local.demo:demo", "Show the whole walk on sample sources, offline."),
    "dev": ("newsletter.cli.local.dev:dev", "Run server, worker, beat and site together."),
    "web": ("newsletter.cli.local.dev:web", "Serve the site alone."),
    "check": ("newsletter.cli.operations.check:check", "Check settings, secrets, templates and folders."),
    "sources": ("newsletter.cli.sources:sources", "What is polled: list, test, add, disable."),
    "poll": ("newsletter.cli.sources:poll", "Ask the sources now."),
    "edition": (
        "newsletter.cli.editions.edition:edition",
        "The day's edition: build, preview, send, status.",
    ),
    "backtest": (
        "newsletter.cli.editions.backtest:backtest",
        "What the morning's score said, and what came of it.",
    ),
    "memory": (
        "newsletter.cli.editions.memory:memory",
        "What earlier days taught about topics: show, rebuild.",
    ),
    "subscribers": (
        "newsletter.cli.readers.subscribers:subscribers",
        "The readers: list, add, import, export, …",
    ),
    "mailbox": (
        "newsletter.cli.operations.mailbox:mailbox",
        "Mail that comes back: bounces, unsubscriptions.",
    ),
    "search": ("newsletter.cli.operations.search:search", "The search index of this machine: rebuild."),
    "store": ("newsletter.cli.operations.store:store", "The server: say that it was restored from a backup."),
    "config": ("newsletter.cli.operations.config:config", "The settings: show, example, keys."),
    "version": ("newsletter.cli.operations.config:version", "The versions that a bug report needs."),
}
"""Each command, where it lives and what it is for, in the order of `--help`, which imports none of them."""

FAILED = 1


class Nouns(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which an operator meets them."""
        del ctx
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a noun."""
        del ctx
        if cmd_name not in NOUNS:
            return None
        module, _, name = NOUNS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in NOUNS.items()])


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
def newsletter() -> None:
    """Mail the day's papers people will talk about.

    Try `newsletter demo` first: it needs nothing, and shows everything.
    """


def main() -> None:
    """Run the command line; an expected failure is one line that says what to do next."""
    try:
        newsletter(prog_name="newsletter")
    except NewsletterError as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(FAILED)
