"""The command `newsletter`: a noun, then a verb.

Exit codes: 0 done, 1 failed, 2 used wrongly, 3 nothing to do. A noun's file is
imported only when it is asked for, so that `newsletter --help` is instant.
"""

import sys
from importlib import import_module

import click

from newsletter.errors import NewsletterError

NOUNS = {
    "demo": "newsletter.cli.demo:demo",
    "dev": "newsletter.cli.dev:dev",
    "web": "newsletter.cli.dev:web",
    "check": "newsletter.cli.check:check",
    "sources": "newsletter.cli.sources:sources",
    "poll": "newsletter.cli.sources:poll",
    "edition": "newsletter.cli.edition:edition",
    "subscribers": "newsletter.cli.subscribers:subscribers",
    "config": "newsletter.cli.config:config",
    "version": "newsletter.cli.config:version",
}
"""Each command and where it lives, in the order of `--help`."""

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
        module, _, name = NOUNS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


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
