"""The site's port: taken, or refused in one line that says what to do."""

import errno
import socket

from newsletter.errors import SettingsError


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that has the port, and does not listen yet. Raises `SettingsError` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named, so that asyncio sees TCP and turns Nagle's algorithm off: small pages took 40 ms with it
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except (OSError, UnicodeError) as error:
        found.close()
        raise SettingsError(
            f"The site cannot listen on {host}:{port}: {_explained(error, host, port)}"
        ) from error
    return found


def _explained(error: Exception, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"{host} cannot be resolved. Set NEWSLETTER_HOST to 127.0.0.1, or to 0.0.0.0 for everybody."
    assert isinstance(error, OSError)
    match error.errno:
        case errno.EADDRINUSE:
            other = port - 1 if port == 65535 else port + 1
            return f"the port is in use. Stop what uses it, or set PORT={other}."
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine. Set NEWSLETTER_HOST to 127.0.0.1 or 0.0.0.0."
        case errno.EACCES | errno.EPERM:
            return "this user may not use the port. Set PORT to one above 1023, such as 8000."
    return f"{error.strerror}. Correct NEWSLETTER_HOST or PORT."
