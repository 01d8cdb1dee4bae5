"""`newsletter config` and `newsletter version`: what is set, and what can be."""

import pkgutil
import platform
from datetime import time, timedelta
from importlib import import_module
from importlib.metadata import version as installed_version

import click
from pydantic import SecretStr

import newsletter
from newsletter import settings as settings_module
from newsletter.cli import output
from newsletter.settings import SECRETS, Settings, environment_names
from newsletter.store import Key

EXAMPLE_SOURCES = """
# Sources; without this list the built-in one is polled.
# [[sources]]
# name = "arxiv-cs-lg"
# url = "https://rss.arxiv.org/rss/cs.LG"
# title = "arXiv cs.LG"
"""


@click.group()
def config() -> None:
    """Show the settings, and what they could be."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show every setting, its value and what it is for; secrets are masked."""
    settings = settings_module.load()
    rows = [
        {
            "setting": name,
            "value": masked(getattr(settings, field)),
            "set": "yes" if field in settings.model_fields_set else "",
            "meaning": Settings.model_fields[field].description,
        }
        for field, name in environment_names().items()
    ]
    output.show(rows, as_json=as_json)


@config.command()
def example() -> None:
    """Print a newsletter.toml with every setting that may stand there, at its default."""
    click.echo("# newsletter.toml: everything here can also be set in the environment.")
    click.echo("# Secrets are set in the environment alone: " + ", ".join(sorted(map(_name, SECRETS))) + "\n")
    for field, info in Settings.model_fields.items():
        if field not in SECRETS | {"sources"}:
            click.echo(f"# {info.description}")
            click.echo(f"# {field.rstrip('_')} = {_toml(info.default)}\n")
    click.echo(EXAMPLE_SOURCES.strip())


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keys(as_json: bool) -> None:
    """Show every family of keys in Redis, what it holds and when it goes away."""
    output.show(
        [
            {"key": key.pattern, "kind": key.kind, "kept": kept(key.expires), "holds": key.holds}
            for key in declared_keys()
        ],
        as_json=as_json,
    )


def kept(span: timedelta | None) -> str:
    """Return for how long a key is kept, in its largest whole unit.

    >>> kept(None), kept(timedelta(days=1)), kept(timedelta(hours=2)), kept(timedelta(seconds=90))
    ('for good', '1 day', '2 h', '90 s')
    """
    if span is None:
        return "for good"
    seconds = int(span.total_seconds())
    if not span.seconds:
        return f"{span.days} day{'s' if span.days > 1 else ''}"
    sizes = {"h": 3600, "min": 60, "s": 1}
    return next(f"{seconds // size} {unit}" for unit, size in sizes.items() if seconds % size == 0)


def default_of(field: str) -> str:
    """Return a setting's default as the README writes it.

    >>> default_of("port"), default_of("redis_url"), default_of("cut_off")
    ('`8000`', '', '`06:00`')
    """
    default = Settings.model_fields[field].default
    if default is None or default in ((), ""):
        return ""
    return f"`{default:%H:%M}`" if isinstance(default, time) else f"`{_toml(default).strip(chr(34))}`"


def declared_keys() -> tuple[Key, ...]:
    """Return every `Key` that a room declares, by pattern."""
    modules = (
        name
        for _, name, _ in pkgutil.walk_packages(newsletter.__path__, "newsletter.")
        if "__main__" not in name
    )
    found = {key for name in modules for key in getattr(import_module(name), "KEYS", ())}
    return tuple(sorted(found, key=lambda key: key.pattern))


@click.command()
def version() -> None:
    """Print the versions that a bug report needs."""
    click.echo(f"trending-papers {installed_version('trending-papers')}, Python {platform.python_version()}")


def masked(value: object) -> str:
    """Return a setting as it may be shown.

    >>> masked(SecretStr("hunter2")), masked((SecretStr("a"), SecretStr("b"))), masked(None), masked(8000)
    ('********', '********', '', '8000')
    """
    if value is None or value == ():
        return ""
    parts = value if isinstance(value, tuple) else (value,)
    if any(isinstance(part, SecretStr) for part in parts):
        return "********"
    return f"{len(parts)} sources" if isinstance(value, tuple) else str(value)


def _name(field: str) -> str:
    return environment_names()[field]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{"" if value is None else value}"'
