"""One reading of `REDIS_URL`, for the store and for Celery's broker alike.

redis-py and Celery spell the options of TLS differently and default to
different ones: read apart, the store would refuse a certificate that the
broker believes. Here a `rediss://` address verifies unless it says otherwise.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from newsletter.errors import SettingsError
from newsletter.setting_values import server_url

EXAMPLE = "redis://host:6379/0, rediss://… or unix:///path, or unset it for the embedded one"
_SCHEMES = frozenset({"redis", "rediss", "unix"})
_VERIFICATIONS = {"required", "optional", "none"}
_TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS_OPTIONS = frozenset({"ssl_cert_reqs", "ssl_check_hostname", *_TLS_FILES})
_YES = frozenset({"1", "true", "yes", "on", "t", "y"})


@dataclass(frozen=True)
class RedisAddress:
    """A server's address, taken apart once."""

    url: str
    """Without options."""
    tls: dict[str, str] = field(default_factory=dict)
    """Options of TLS, in redis-py's spelling; empty without TLS."""
    options: tuple[tuple[str, str], ...] = ()
    """The other options, as they were written."""

    @classmethod
    def read(cls, url: str) -> "RedisAddress":
        """Read an address. Raises `SettingsError`, without a secret in it, for what is none."""
        parts = server_url(url.strip(), "REDIS_URL", _SCHEMES, EXAMPLE)
        if parts.scheme != "unix" and (not parts.hostname or not re.fullmatch(r"/?\d*/?", parts.path)):
            raise SettingsError(f"REDIS_URL is not a valid address of a server. Write {EXAMPLE}.")
        given = parse_qsl(parts.query, keep_blank_values=True)
        tls = {name: value for name, value in given if name in _TLS_OPTIONS}
        if parts.scheme == "rediss":
            tls = _tls(tls)
        elif tls:
            raise SettingsError("REDIS_URL has options of TLS, but no TLS. Write rediss:// at its beginning.")
        rest = tuple((name, value) for name, value in given if name not in _TLS_OPTIONS)
        return cls(url.strip().partition("?")[0].rstrip("#"), tls, rest)

    @property
    def for_store(self) -> str:
        """The address as redis-py takes it."""
        return _with(self.url, (*self.options, *self.tls.items()))

    @property
    def for_broker(self) -> str:
        """The address as Celery takes it."""
        parts = urlsplit(self.url)
        if parts.scheme == "unix":
            database = dict(self.options).get("db", "0")
            credentials = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
            return f"redis+socket://{credentials}{parts.path}?virtual_host={quote(database)}"
        url, chosen = self.url, dict(self.options).get("db")
        if chosen is not None:
            url = f"{parts.scheme}://{parts.netloc}/{chosen}"
        spelt = dict(self.tls)
        if spelt:
            spelt["ssl_cert_reqs"] = f"CERT_{spelt['ssl_cert_reqs'].upper()}"
        return _with(url, tuple(spelt.items()))


def _tls(given: dict[str, str]) -> dict[str, str]:
    """Return the options of a connection with TLS: verified where nothing is said."""
    wanted = given.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if wanted not in _VERIFICATIONS:
        raise SettingsError("ssl_cert_reqs in REDIS_URL must be required, optional or none. Correct it.")
    checked = given.get("ssl_check_hostname", "true").lower() in _YES and wanted != "none"
    for name in _TLS_FILES:
        if name in given and not Path(given[name]).is_file():
            raise SettingsError(
                f"{name} in REDIS_URL names {given[name]}, which is not a file. Correct the path."
            )
    return {**given, "ssl_cert_reqs": wanted, "ssl_check_hostname": str(checked).lower()}


def _with(url: str, options: tuple[tuple[str, str], ...]) -> str:
    return f"{url}?{urlencode(options, safe='/:')}" if options else url
