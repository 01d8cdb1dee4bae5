"""Any SMTP server: a small pool of pipelined connections, kept between calls.

`SMTP_URL` says where: `smtp://user:password@host:587` (STARTTLS where offered,
and insisted on where a password travels to another machine) or
`smtps://host:465`. A refused recipient is one recipient's failure. A mail whose
last byte left and whose answer did not come is uncertain, and stays so: SMTP
has no way to ask.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from newsletter.delivery.mailers import dkim
from newsletter.delivery.mailers.dkim import Signer
from newsletter.delivery.mailers.port import Outcome, mailing_of
from newsletter.delivery.mailers.smtp.pipeline import LAST_REPLY_WITHIN_SECONDS, SessionLostError
from newsletter.delivery.mailers.smtp.queue import Mail, Queue
from newsletter.delivery.mailers.smtp.return_path import ReturnPath
from newsletter.delivery.mailers.smtp.server import Server
from newsletter.delivery.mailers.smtp.session import LogInRefusedError, Session
from newsletter.errors import SettingsError
from newsletter.models import Message, Recipient
from newsletter.rendering.mime import Envelope, wire_address
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings

__all__ = ["Server", "Smtp", "connect", "reach"]

MOST_AT_ONCE: Final = 200
LEAST_AT_ONCE: Final = 40
"""Between these is the size of a portion: a killed worker leaves at most as many in doubt."""
SENDING_SECONDS: Final = 20.0
"""After this no further mail of a call is begun; what is left waits for the next call."""
BEGINNING_SECONDS: Final = 420.0
"""After this no mail's content is begun, however late a server says that it waits for it."""
SPARE_AFTER_SECONDS: Final = 5.0
"""Where mails wait for so long, further connections are opened: those there are may wait for a slow reply."""
MOST_SLOW_KEPT: Final = 10_000
RETRY_AFTER: Final = timedelta(seconds=60)
"""How long a batch waits after the server put everybody off, or lost its connections."""


def connect(settings: Settings) -> "Smtp":
    """Return a mailer on the server of `SMTP_URL`. Raises `SettingsError` without one."""
    if settings.smtp_url is None:
        raise SettingsError(
            "SMTP_URL is not set, and NEWSLETTER_MAILER is smtp. Set it to smtp://user:password@host:587, "
            "or choose another mailer."
        )
    return Smtp(
        Server.read(settings.smtp_url.get_secret_value()),
        SiteFacts.of(settings),
        connections=settings.smtp_connections,
        mails_a_connection=settings.smtp_mails_a_connection,
        return_path=ReturnPath.of(settings),
        signer=Signer.of(settings),
    )


def reach(settings: Settings) -> str | None:
    """Connect to the server of `SMTP_URL`, log in and leave; return what stands in the way."""
    if settings.smtp_url is None:
        return "SMTP_URL is not set, so no mail server can be asked."

    async def open_and_leave(server: Server) -> None:
        session = await server.open(SiteFacts.of(settings).host, ssl.create_default_context())
        session.close()
        await asyncio.sleep(0.01)  # lets the goodbye leave

    try:
        asyncio.run(open_and_leave(Server.read(settings.smtp_url.get_secret_value())))
    except (SettingsError, LogInRefusedError, SessionLostError) as error:
        return str(error)
    return None


class Smtp:
    """One mail server, spoken to over a few connections."""

    name = "smtp"
    portion = MOST_AT_ONCE
    """About a second's mails at the pace of the last call, so that letters need not wait for long."""
    longest = timedelta(seconds=BEGINNING_SECONDS + LAST_REPLY_WITHIN_SECONDS + 20)

    def __init__(
        self,
        server: Server,
        site: SiteFacts,
        *,
        connections: int = 4,
        mails_a_connection: int = 100,
        context: ssl.SSLContext | None = None,
        return_path: ReturnPath | None = None,
        signer: Signer | None = None,
    ) -> None:
        self._server = server
        self._site = site
        self._sender = wire_address(site.sender_address)
        self._return_path = return_path
        self._signer = signer
        self._connections = connections
        self._mails_a_connection = mails_a_connection
        self._context = context or ssl.create_default_context()
        self._idle: list[Session] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._encoded: tuple[Message, str, Envelope] | None = None
        self._encoded_at = datetime.fromtimestamp(0, UTC)
        self._slow: set[int] = set()
        """Subscriber ids about whom the server thinks for minutes; they are tried last, each alone."""

    def send(self, message: Message, recipients: Sequence[Recipient], *, request_id: str) -> Outcome:
        """Hand the mails in on a few connections; returns when each has an end, or time is up."""
        envelope = self._envelope(message, mailing_of(request_id))
        written = self._return_path.writer(request_id) if self._return_path else None

        def write(recipient: Recipient) -> Mail:
            address = wire_address(recipient.address)
            sender = written(recipient) if written else self._sender
            return Mail(recipient, address, sender, envelope.pieces(recipient, address))

        self._loop = self._loop or asyncio.new_event_loop()
        began = self._loop.time()
        outcome = self._loop.run_until_complete(self._deliver(recipients, write))
        if len(recipients) >= LEAST_AT_ONCE:
            self.portion = portion_at(len(recipients), self._loop.time() - began)
        return outcome

    def close(self) -> None:
        """Say goodbye on every kept connection."""
        if self._loop is None or self._loop.is_closed():
            return
        for session in self._idle:
            session.close()
        self._idle.clear()
        self._loop.run_until_complete(asyncio.sleep(0.01))  # lets the goodbyes leave
        self._loop.close()
        self._loop = None

    def _envelope(self, message: Message, mailing: str) -> Envelope:
        """Encode a message once, for all portions of its batch and the next batches of a minute."""
        now = datetime.now(UTC)
        kept = self._encoded
        is_old = now - self._encoded_at > timedelta(minutes=1)
        if kept is None or kept[0] is not message or kept[1] != mailing or is_old:
            envelope = dkim.envelope(message, self._site, sent_at=now, stamp=mailing, signer=self._signer)
            kept = (message, mailing, envelope)
            self._encoded, self._encoded_at = kept, now
        return kept[2]

    async def _deliver(self, recipients: Sequence[Recipient], write: Callable[[Recipient], Mail]) -> Outcome:
        now = asyncio.get_running_loop().time()
        self._slow = self._slow if len(self._slow) < MOST_SLOW_KEPT else set()
        waiting = deque(sorted(recipients, key=self._is_slow)) if self._slow else deque(recipients)
        queue = Queue(waiting, write, now + SENDING_SECONDS, now + BEGINNING_SECONDS, self._slow)
        complaints: list[str] = []
        awake = asyncio.ensure_future(queue.stay_awake())
        try:
            await self._carry_all(queue, complaints, min(self._connections, max(1, len(recipients) // 10)))
        finally:
            awake.cancel()
        self._slow -= queue.accepted
        return _outcome(queue, complaints)

    def _is_slow(self, recipient: Recipient) -> bool:
        return recipient.subscriber_id in self._slow

    async def _carry_all(self, queue: Queue, complaints: list[str], connections: int) -> None:
        """Let connections work side by side; where all of them are kept waiting, some more."""
        working = {asyncio.ensure_future(self._work(queue, complaints)) for _ in range(connections)}
        while working:
            is_spare_left = connections < self._connections and not queue.is_over
            done, working = await asyncio.wait(
                working,
                timeout=SPARE_AFTER_SECONDS if is_spare_left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for one in done:
                one.result()
            if not done and is_spare_left and not queue.is_over:
                connections += 1
                working.add(asyncio.ensure_future(self._work(queue, complaints)))

    async def _work(self, queue: Queue, complaints: list[str]) -> None:
        """Send mails over one connection after another; stop after two that sent nothing."""
        failures = 0
        while failures < 2 and not queue.is_over:
            before = queue.ended
            try:
                await self._carry(queue)
            except (SessionLostError, OSError) as error:
                complaints.append(str(error) or type(error).__name__)
                failures = failures + 1 if queue.ended == before else 0
            except LogInRefusedError as error:
                queue.stopped = f"The mail server refuses this sender: {error}."

    async def _carry(self, queue: Queue) -> None:
        session = await self._session()
        try:
            await session.carry(queue, self._mails_a_connection)
        except BaseException:
            session.hang_up("we hung up")
            raise
        self._keep(session)

    async def _session(self) -> Session:
        await asyncio.sleep(0)  # lets the loop notice what was closed while it stood still
        while self._idle:
            session = self._idle.pop()
            if session.is_open:
                return session
        return await self._server.open(self._site.host, self._context)

    def _keep(self, session: Session) -> None:
        if session.is_open and session.may_carry(self._mails_a_connection):
            self._idle.append(session)
        else:
            session.close()


def portion_at(mails: int, seconds: float) -> int:
    """Return how many mails leave in about a second, where so many took so long.

    >>> portion_at(200, 0.4), portion_at(200, 2.0), portion_at(200, 60.0)
    (200, 100, 40)
    """
    return max(LEAST_AT_ONCE, min(MOST_AT_ONCE, int(mails / max(seconds, 0.001))))


def _outcome(queue: Queue, complaints: list[str]) -> Outcome:
    advice = "Correct SMTP_URL or NEWSLETTER_FROM, then resume."
    uncertain = frozenset(queue.uncertain)
    refused = queue.refused | queue.unwritable
    if queue.stopped:
        return Outcome(
            frozenset(queue.accepted),
            refused,
            queue.deferred,
            uncertain,
            halt=f"{queue.stopped} {advice}",
        )
    is_short = bool((queue.deferred and not queue.accepted) or (queue.waiting and (queue.busy or complaints)))
    return Outcome(
        frozenset(queue.accepted),
        refused,
        queue.deferred,
        uncertain,
        retry_after=RETRY_AFTER if is_short else None,
        reason=_why(queue, complaints) if is_short else None,
    )


def _why(queue: Queue, complaints: list[str]) -> str:
    """Return why those wait who do, in the server's words or the library's."""
    if queue.busy:
        return f"The mail server wants no mail for now: {queue.busy}."
    if queue.deferred and not (queue.waiting and complaints):
        return f"The mail server puts everybody off: {next(iter(queue.deferred.values()))}."
    return complaints[-1]
