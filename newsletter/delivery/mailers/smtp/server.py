"""The mail server that `SMTP_URL` names, and a connection to it that is ready to carry mails."""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from newsletter.delivery.mailers.smtp.faults import explain
from newsletter.delivery.mailers.smtp.pipeline import SessionLostError
from newsletter.delivery.mailers.smtp.session import Session
from newsletter.errors import SettingsError
from newsletter.setting_values import server_url

CONNECT_WITHIN_SECONDS: Final = 10.0
OPEN_WITHIN_SECONDS: Final = 120.0
"""Until it is greeted, encrypted and logged in."""
_EXAMPLE: Final = "smtp://user:password@host:587 or smtps://host:465"


@dataclass(frozen=True)
class Server:
    """Where mails are handed in, as `SMTP_URL` says."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    is_tls: bool = False

    @classmethod
    def read(cls, url: str) -> "Server":
        """Read an `SMTP_URL`. Raises `SettingsError` where it is none.

        >>> Server.read("smtp://localhost:1025")
        Server(host='localhost', port=1025, user='', password='', is_tls=False)
        """
        parts = server_url(url, "SMTP_URL", frozenset({"smtp", "smtps"}), _EXAMPLE)
        if not parts.hostname:
            raise SettingsError(f"SMTP_URL is not a valid address of a server. Write {_EXAMPLE}.")
        is_tls = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            parts.port or (465 if is_tls else 587),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            is_tls,
        )

    @property
    def is_local(self) -> bool:
        """Whether nobody can listen on the way."""
        return self.host in {"localhost", "127.0.0.1", "::1"}

    async def open(self, our_name: str, context: ssl.SSLContext) -> Session:
        """Connect, greet, encrypt where asked or offered, and log in where there is a user.

        Raises `SessionLostError` with words that an operator can act on, and
        `LogInRefusedError` where it is the user who is not let in.
        """
        loop = asyncio.get_running_loop()
        session: Session | None = None
        try:
            async with asyncio.timeout(OPEN_WITHIN_SECONDS):
                async with asyncio.timeout(CONNECT_WITHIN_SECONDS):
                    _, session = await loop.create_connection(
                        Session, self.host, self.port, ssl=context if self.is_tls else None
                    )
                await session.greet(
                    our_name,
                    starttls=None if self.is_tls else (context, self.host),
                    must_encrypt=bool(self.user) and not self.is_local,
                )
                if self.user:
                    await session.log_in(self.user, self.password)
        except BaseException as error:
            if session is not None:
                session.close()
            if isinstance(error, OSError):  # a TimeoutError is one, and so is what TLS says
                raise SessionLostError(explain(error, self.host, self.port)) from error
            raise
        return session
