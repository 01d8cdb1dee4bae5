"""The `sendgrid` package as client, on one kept connection.

The package opens a connection and an SSL context for each request, waits
without limit, and lets bare `URLError`s through. Its client says where it may
be changed (`_make_request`), so that is what we do; addresses, headers and
paths stay the package's own.
"""

import http.client
import logging
import select
import ssl
import time
import urllib.request
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import python_http_client
import sendgrid

from newsletter.errors import SettingsError, TransientError

IDLE_LIMIT_SECONDS: Final = 25.0
"""A connection that was idle for longer is not used again: the other side may be about to close it."""

# at DEBUG the package writes the API key and every address to the log
logging.getLogger("python_http_client").setLevel(logging.INFO)


class NotSentError(TransientError):
    """The request did not leave as a whole, so it was certainly not accepted."""


class EndUnknownError(TransientError):
    """The request left, and no answer came: it may or may not have been accepted."""


class Answer:
    """A whole answer, in the form that the package expects from urllib."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    def getcode(self) -> int:
        """Return the status."""
        return self.status

    def read(self) -> bytes:
        """Return the body."""
        return self._body

    def info(self) -> Mapping[str, str]:
        """Return the headers."""
        return self.headers


class KeptClient(python_http_client.Client):  # type: ignore[misc]  # the package has no types
    """The package's client with one connection, one SSL context, and a time limit for each step."""

    def __init__(self, host: str, request_headers: dict[str, str], timeout: float) -> None:
        super().__init__(host=host, version=3, request_headers=request_headers)
        self._wire = _Wire(host, timeout)

    def post(self, request_body: bytes) -> python_http_client.client.Response:
        """Send JSON that is written already, and return the package's answer, whatever its status.

        The package's own `post` makes an opener, and with it an SSL context,
        for each request, and writes every body into a log line at no level.
        """
        headers = self.request_headers | {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked where the host was read
            self._build_url(None), data=request_body, headers=headers, method="POST"
        )
        return python_http_client.client.Response(self._make_request(None, request))

    def _build_client(self, name: str | None = None) -> "KeptClient":
        child = object.__new__(KeptClient)
        child.__dict__.update(self.__dict__)
        child._url_path = [*self._url_path, name] if name else self._url_path
        return child

    def _make_request(
        self, opener: object, request: urllib.request.Request, timeout: float | None = None
    ) -> Answer:
        del opener, timeout
        headers = dict(request.header_items())
        body = request.data if isinstance(request.data, bytes) else None
        return self._wire.ask(request.get_method(), request.selector, headers, body)

    def disconnect(self) -> None:
        """Close the kept connection; the next request opens one."""
        self._wire.close()


def client(api_key: str, host: str, timeout: float) -> KeptClient:
    """Return the package's client for a key and one of SendGrid's hosts.

    `timeout` are the seconds that connecting, writing and answering may take each.
    """
    parts = urlsplit(host)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(
            f"NEWSLETTER_SENDGRID_HOST is not a valid address: {host!r}. Use https://api.sendgrid.com "
            "or https://api.eu.sendgrid.com."
        )
    api = sendgrid.SendGridAPIClient(api_key=api_key, host=host.rstrip("/"))
    return KeptClient(api.host, dict(api.client.request_headers), timeout)


class _Wire:
    """One connection that is opened when needed and never asked the same thing twice."""

    def __init__(self, host: str, timeout: float) -> None:
        parts = urlsplit(host)
        self._timeout = timeout
        self._host, self._port = parts.hostname or "", parts.port
        self._context = ssl.create_default_context() if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send once and read the whole answer. Raises `NotSentError` or `EndUnknownError`."""
        connection = self._open()
        try:
            connection.request(method, path, body, dict(headers))
        except (OSError, http.client.HTTPException) as error:
            answer = self._early_answer(connection)
            self.close()
            if answer is not None:
                return answer
            raise NotSentError(f"SendGrid closed the connection while we wrote ({error}).") from error
        try:
            answer = self._read(connection)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise EndUnknownError(f"No answer from SendGrid ({type(error).__name__}: {error}).") from error
        self._used_at = time.monotonic()
        return answer

    def close(self) -> None:
        """Forget the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is not None and self._is_stale():
            self.close()
        if self._connection is None:
            connection = self._new()
            try:
                connection.connect()
            except (OSError, http.client.HTTPException) as error:
                raise NotSentError(f"{self._host} cannot be reached ({error}).") from error
            self._connection = connection
        return self._connection

    def _new(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout, context=self._context
        )

    def _is_stale(self) -> bool:
        """Whether the other side hung up, or may be about to: bytes nobody asked for mean its goodbye."""
        socket = self._connection.sock if self._connection else None
        if socket is None or time.monotonic() - self._used_at > IDLE_LIMIT_SECONDS:
            return True
        readable, _, _ = select.select([socket], [], [], 0)
        return bool(readable)

    def _read(self, connection: http.client.HTTPConnection) -> Answer:
        response = connection.getresponse()
        try:
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            body = b""  # the status said all that matters
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body)

    def _early_answer(self, connection: http.client.HTTPConnection) -> Answer | None:
        """Read what a server said that stopped listening before we had finished."""
        try:
            return self._read(connection)
        except (OSError, http.client.HTTPException, ValueError):
            return None
