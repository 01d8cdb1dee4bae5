"""`newsletter dev` and `newsletter web`: the whole house on one machine, or the site alone."""

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import click

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.cli.local.supervision import (
    LOOK_EVERY_SECONDS,
    Child,
    Supervisor,
    celery_command,
    environ_for,
    interrupt,
    web_command,
    worker_command,
)
from newsletter.errors import SettingsError


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the site, instead of the setting's.")
@click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1), help="Worker processes.")
def dev(port: int | None, concurrency: int) -> None:
    """Run the server, a worker, beat and the site together; Ctrl-C stops them all.

    Whatever dies is started again; what it was doing is found in the store.
    """
    settings = settings_module.load(**_chosen(port=port))
    refuse_busy_port(settings.host, settings.port)
    store_module.connect(settings)
    environ = environ_for(PORT=settings.port)
    children = [
        Child("worker", worker_command(concurrency), environ, Path.cwd()),
        Child("beat", celery_command("beat", "--loglevel", "WARNING", "--pidfile", ""), environ, Path.cwd()),
        Child("web", web_command(), environ, Path.cwd()),
    ]
    signal.signal(signal.SIGTERM, interrupt)
    with Supervisor(settings, children, lambda line: click.echo(line, err=True)).running() as supervisor:
        click.echo(f"{settings.name} on http://{settings.host}:{settings.port}  (Ctrl-C stops everything)")
        try:
            while True:
                time.sleep(LOOK_EVERY_SECONDS)
                supervisor.look()
        except KeyboardInterrupt:
            click.echo("Stopping.", err=True)


@click.command()
@click.option("--host", help="The address to listen on, instead of the setting's.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port, instead of the setting's.")
def web(host: str | None, port: int | None) -> None:
    """Serve the site alone."""
    settings = settings_module.load(**_chosen(host=host, port=port))
    environ = environ_for(PORT=settings.port, NEWSLETTER_HOST=settings.host)
    command = web_command()
    os.execve(command[0], command, environ)  # noqa: S606 - the site takes our place, and our signals


def refuse_busy_port(host: str, port: int) -> None:
    """Raise `SettingsError` where somebody else listens on the port already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"{host}:{port} cannot be listened on: {error.strerror}. Free it, or set PORT={port + 1}."
            ) from error


def _chosen(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
