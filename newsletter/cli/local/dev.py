"""`newsletter dev` and `newsletter web`: the whole house on one machine, or the site alone."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from newsletter import listening
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
from newsletter.folders import make_private
from newsletter.locks import exclusive
from newsletter.settings import Settings


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the site, instead of the setting's.")
@click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1), help="Worker processes.")
def dev(port: int | None, concurrency: int) -> None:
    """Run the server, a worker, beat and the site together; Ctrl-C stops them all.

    Whatever dies is started again; what it was doing is found in the store.
    """
    settings = settings_module.load(**_chosen(port=port))
    data_dir = settings.data_dir.expanduser()
    with _alone(data_dir):
        listening.bound(settings.host, settings.port).close()
        store_module.connect(settings)
        environ = environ_for(**places(settings))
        beat = ("beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", str(data_dir / "beat"))
        _keep_alive(
            settings,
            [
                Child("worker", worker_command(concurrency), environ, Path.cwd()),
                Child("beat", celery_command(*beat), environ, Path.cwd()),
                Child("web", web_command(), environ, Path.cwd()),
            ],
        )


def _keep_alive(settings: Settings, children: Sequence[Child]) -> None:
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


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Raise `SettingsError` where another `newsletter dev` uses the data directory, and keep others out."""
    try:
        make_private(data_dir)
    except OSError as error:
        raise SettingsError(
            f"{data_dir} cannot be written: {error.strerror}. Set NEWSLETTER_DATA_DIR to a folder of yours."
        ) from error
    with exclusive(data_dir / "dev.lock") as lock:
        if lock is None:
            raise SettingsError(
                f"`newsletter dev` runs already on {data_dir}. Stop it, or set NEWSLETTER_DATA_DIR."
            )
        yield


def places(settings: Settings) -> dict[str, str | int]:
    """Return where the children serve, and what their links name: this port, unless you said otherwise."""
    found: dict[str, str | int] = {"PORT": settings.port}
    if "base_url" not in settings.model_fields_set:
        found["NEWSLETTER_BASE_URL"] = f"http://localhost:{settings.port}"
    return found


def _chosen(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
