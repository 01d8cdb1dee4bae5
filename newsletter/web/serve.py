"""Serve the site with uvicorn, in this process."""

import gc
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from newsletter import listening
from newsletter.settings import Settings
from newsletter.web import app
from newsletter.web.serving import impatience
from newsletter.web.serving.impatience import ImpatientProtocol


def run(settings: Settings) -> None:
    """Serve until told to stop (SIGINT, SIGTERM).

    The access log is off: addresses of pages hold tokens. Forwarded headers
    are believed from `settings.trusted_proxies` alone, the nearest first.
    Raises `SettingsError` where a setting is wrong or the port is taken.
    """
    config = configured(app.create(settings), settings.trusted_proxies)
    settle()
    with _listen(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"The site listens on http://{shown}:{port}", flush=True)  # noqa: T201  # says that it is up, and where
        signal.signal(signal.SIGTERM, _leave)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def settle() -> None:
    """Leave what was loaded so far out of garbage collections: walking over it held a page up for 70 ms."""
    gc.collect()
    gc.freeze()


def configured(application: ASGIApp, trusted_proxies: Sequence[str] = ()) -> uvicorn.Config:
    """Return how uvicorn is run, whatever it serves."""
    ImpatientProtocol.most = impatience.bound()
    return uvicorn.Config(
        application,
        http=ImpatientProtocol,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=list(trusted_proxies) or ["127.0.0.1", "::1"],
        timeout_graceful_shutdown=10,
        log_level="warning",
    )


def _leave(_signal: int, _frame: object) -> None:
    """End as a program does: uvicorn raises the signal again when it is done, and dying of it skips `atexit`.

    The embedded server would be left running.
    """
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    listener = listening.bound(host, port)
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener
