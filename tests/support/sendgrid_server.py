"""A SendGrid of our own on loopback: its limits, its answers, its faults, its signed events, and its log.

It knows what SendGrid's OpenAPI description does not: 429, quota answers, the
cap on recipients, reserved headers, addresses that stand twice. Each accepted
recipient becomes a line in its log, written before the answer, so that what
was delivered is counted here and never from our own ledger.

Runs in a thread (`SendGridServer`) or, for chaos and benchmarks, as a process
of its own: `python tests/support/sendgrid_server.py '{"log": "…", "faults": {…}}'`.
"""

import asyncio
import base64
import json
import os
import random
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

MOST_RECIPIENTS = 1000
LARGEST = 30_000_000
RESERVED = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}
KEY = ec.derive_private_key(20260610, ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()


@dataclass
class Behaviour:
    """What this server does."""

    log: str = ""
    """Where a line an accepted recipient goes: request id, address, subscriber's own unsubscribe link."""
    key: str = "SG.test"
    bad_addresses: tuple[str, ...] = ()
    names_the_bad: bool = False
    """Whether a 400 says which personalization is bad."""
    refuses_field: tuple[str | None, ...] = ()
    """Fields (None: without one) that every request is refused for with 400."""
    quota: int | None = None
    """Requests after which the account is out of credits."""
    rate: int | None = None
    """Requests a window of a second."""
    faults: dict[str, float] = field(default_factory=dict)
    """Probability by kind: 429, 503, refused (400), 500-after, reset-after, reset-before, stall-after."""
    stall_seconds: float = 30.0
    seed: int = 1
    certificate: str = ""
    key_file: str = ""
    """For TLS: where the certificate and its key are."""
    is_lenient: bool = False
    """For benchmarks: count recipients, parse nothing."""
    webhook: str = ""
    """Where events are posted, as http://host:port/path."""
    webhook_lag: tuple[float, float] = (0.05, 0.5)
    webhook_log: str = ""
    """Where a line a post that was taken goes: how many seconds after the acceptance."""
    told_of: int = 3
    """Of how many recipients of a request events are posted."""
    samples: str = ""
    """A folder for every tenth request, as it came."""
    chatter_seconds: float = 0.0
    """How often an event of somebody else's mail is posted, as on an account that sends more than this."""
    fault_log: str = ""
    """Where a line a fault goes."""
    latency: tuple[float, float] = (0.0, 0.0)
    """How long an answer takes."""
    suppressions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What stands in each suppression list, newest first."""
    suppression_answers: list[int] = field(default_factory=list)
    """Statuses that the next requests for a list get instead."""


@dataclass
class Seen:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes
    connection: int


class SendGridServer:
    """The server; `with` runs it in a thread."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.requests: list[Seen] = []
        self.accepted: list[dict[str, Any]] = []
        """The JSON of each accepted request, in a thread only."""
        self.asked: list[str] = []
        """The paths of the suppression lists that were asked for, in order."""
        self.keeps = True
        self.faults: dict[str, int] = {}
        self.port = 0
        self._random = random.Random(self.behaviour.seed)
        self._misfortune = random.Random(self.behaviour.seed)
        """Apart, so that a seed gives the same faults whatever the clock does in between."""
        self._connections = 0
        self._count = 0
        self._window = (0, 0)
        self._log: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        if self.behaviour.log:
            self._log = os.open(self.behaviour.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._log is not None:
            os.close(self._log)

    def _run(self, started: threading.Event) -> None:
        async def serve() -> None:
            self._stop = asyncio.Event()
            await self.start()
            started.set()
            await self._stop.wait()
            await self.stop()

        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve())
        self._loop.close()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._writers: set[asyncio.StreamWriter] = set()
        context = None
        if self.behaviour.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.behaviour.certificate, self.behaviour.key_file)
        self._server = await asyncio.start_server(
            self._serve, "localhost", port, limit=64 * 2**20, ssl=context, family=socket.AF_INET
        )
        self.port = self._server.sockets[0].getsockname()[1]
        if self.behaviour.chatter_seconds:
            self._later(self._chat())

    async def _chat(self) -> None:
        while True:
            await asyncio.sleep(self.behaviour.chatter_seconds)
            other = {"event": "delivered", "email": "somebody@example.net", "sg_event_id": "other"}
            await self._post(orjson.dumps([other | {"timestamp": int(time.time())}]))

    async def stop(self) -> None:
        """Stop listening, and end what is open."""
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        connection = self._connections
        self._writers.add(writer)
        try:
            while await self._one(reader, writer, connection):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self._count += 1
        if self.keeps:
            self.requests.append(Seen(headers, body, connection))
        if self.behaviour.samples and self._count % 10 == 1 and body:
            _note(f"{self.behaviour.samples}/{self._count}.json", body.decode())
        fault = self._fault()
        if self.behaviour.latency[1]:
            await asyncio.sleep(self._random.uniform(*self.behaviour.latency))
        if fault == "reset-before":
            writer.transport.abort()
            return False
        status, answer, extra = self._answer(lines[0], headers, body, fault)
        if fault == "stall-after" and status == 202:
            await asyncio.sleep(self.behaviour.stall_seconds)
        if fault == "reset-after" and status == 202:
            writer.transport.abort()
            return False
        if fault == "500-after" and status == 202:
            status, answer = 500, b"{}"
        reply = f"HTTP/1.1 {status} -\r\nContent-Length: {len(answer)}\r\n{extra}\r\n".encode()
        writer.write(reply + answer)
        await writer.drain()
        return True

    def _fault(self) -> str:
        drawn = self._misfortune.random()
        for kind, probability in self.behaviour.faults.items():
            drawn -= probability
            if drawn < 0:
                self.faults[kind] = self.faults.get(kind, 0) + 1
                _note(self.behaviour.fault_log, kind)
                return kind
        return ""

    def _answer(  # noqa: PLR0911 - an answer for each thing that can be wrong
        self, line: str, headers: dict[str, str], body: bytes, fault: str
    ) -> tuple[int, bytes, str]:
        if line.startswith("GET /v3/suppression/"):
            return self._suppressions(line.split()[1], headers)
        if not line.startswith("POST /v3/mail/send "):
            return 404, b'{"errors":[{"message":"not found"}]}', ""
        if headers.get("authorization") != f"Bearer {self.behaviour.key}":
            return 401, _error("The provided authorization grant is invalid, expired, or revoked"), ""
        if self.behaviour.quota is not None and self._count > self.behaviour.quota:
            return 401, _error("Maximum credits exceeded"), ""
        limited = self._rate_limited()
        if limited or fault == "429":
            return 429, _error("too many requests"), limited or self._limit(0)
        if fault == "503":
            return 503, _error("service unavailable"), ""
        if fault == "refused":
            return 400, _error("Bad Request"), ""
        if self.behaviour.is_lenient:
            self._write_lenient(body)
            return 202, b"", "X-Message-Id: x\r\n"
        found = orjson.loads(body)
        complaint = self._complaint(found, body)
        if complaint:
            return 400, complaint, ""
        self._accept(found)
        return 202, b"", f"X-Message-Id: m{self._count}\r\n" + self._limit(1)

    def _suppressions(self, path: str, headers: dict[str, str]) -> tuple[int, bytes, str]:
        self.asked.append(path)
        parts = urlsplit(path)
        asked = {name: int(value) for name, value in parse_qsl(parts.query)}
        if headers.get("authorization") != f"Bearer {self.behaviour.key}":
            return 401, _error("access forbidden"), ""
        if (
            self.behaviour.suppression_answers
            and (status := self.behaviour.suppression_answers.pop(0)) != 200
        ):
            return status, _error("no"), self._limit(0) if status == 429 else ""
        start, end = asked.get("start_time", 0), asked.get("end_time", 2**40)
        kept = self.behaviour.suppressions.get(parts.path.rpartition("/")[2], [])
        found = [one for one in kept if start <= one["created"] <= end]
        at, size = asked.get("offset", 0), min(asked.get("limit", 500), 500)
        return 200, orjson.dumps(found[at : at + size]), ""

    def _limit(self, remaining: int) -> str:
        if self.behaviour.rate is None and remaining:
            return ""
        left = max(0, (self.behaviour.rate or 1) - self._window[1]) if remaining else 0
        reset = int(time.time()) + 1
        values = {"Limit": self.behaviour.rate, "Remaining": left, "Reset": reset}
        return "".join(f"X-RateLimit-{name}: {value}\r\n" for name, value in values.items())

    def _rate_limited(self) -> str:
        if self.behaviour.rate is None:
            return ""
        second = int(time.time())
        used = self._window[1] if self._window[0] == second else 0
        if used >= self.behaviour.rate:
            return self._limit(0)
        self._window = (second, used + 1)
        return ""

    def _complaint(self, found: dict[str, Any], body: bytes) -> bytes | None:
        if self.behaviour.refuses_field:
            errors = [{"message": "Bad Request", "field": one} for one in self.behaviour.refuses_field]
            return orjson.dumps({"errors": errors})
        people = found["personalizations"]
        addresses = [one["email"].casefold() for person in people for one in person["to"]]
        if len(body) > LARGEST or len(people) > MOST_RECIPIENTS or len(addresses) > MOST_RECIPIENTS:
            return _error("too many recipients", "personalizations")
        if len(set(addresses)) != len(addresses):
            return _error(
                "Each email address in the personalization block should be unique", "personalizations"
            )
        for place in (found, *people):
            if RESERVED & {name.lower() for name in place.get("headers", {})}:
                return _error("header may not be set", "headers")
        for index, address in enumerate(addresses):
            if address in self.behaviour.bad_addresses:
                named = f"personalizations.{index}.to.0.email" if self.behaviour.names_the_bad else ""
                return _error("Does not contain a valid address.", named)
        return None

    def _accept(self, found: dict[str, Any]) -> None:
        if self.keeps:
            self.accepted.append(found)
        people = found["personalizations"]
        if self._log is not None:
            lines = [f"{_request_of(person)}\t{person['to'][0]['email']}\n" for person in people]
            os.write(self._log, "".join(lines).encode())
        if self.behaviour.webhook:
            self._later(self._post_events(people))

    def _write_lenient(self, body: bytes) -> None:
        if self._log is not None:
            os.write(self._log, b"%d\n" % body.count(b'"to":[{'))

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post_events(self, people: list[dict[str, Any]]) -> None:
        """Post what happened to a request's recipients: late, in pieces, shuffled, and now and then again."""
        accepted_at = time.monotonic()
        events = list(self._events(people))
        self._random.shuffle(events)
        pieces = [events[start : start + 400] for start in range(0, len(events), 400)]
        if self._random.random() < 0.3:
            again = [event | {"sg_event_id": event["sg_event_id"] + "-again"} for event in pieces[0]]
            pieces.append(again)
        if self._random.random() < 0.3:
            pieces.append(pieces[0])
        for piece in pieces:
            await asyncio.sleep(self._random.uniform(*self.behaviour.webhook_lag))
            await self._post(orjson.dumps(piece))
            _note(self.behaviour.webhook_log, f"{time.monotonic() - accepted_at:.2f}")

    def _events(self, people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        now = int(time.time())
        for index, person in enumerate(people[: self.behaviour.told_of]):
            for kind in ("processed", "delivered"):
                yield {
                    "event": kind,
                    "email": person["to"][0]["email"],
                    "timestamp": now,
                    "sg_event_id": f"{self._count}-{index}-{kind}",
                    **(person.get("custom_args") or {}),
                }

    async def _post(self, body: bytes) -> None:
        host, _, rest = self.behaviour.webhook.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        for _ in range(300):  # a receiver that is down is tried again, as SendGrid does
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection(name, int(port))
                writer.write(_signed_post(host, rest, body))
                status = await reader.readuntil(b"\r\n")
                writer.close()
                if b" 2" in status:
                    return
            await asyncio.sleep(0.2)


def _note(path: str, line: str) -> None:
    """Append a line to a log, where there is one."""
    if path:
        with Path(path).open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


def _request_of(person: dict[str, Any]) -> str:
    return str((person.get("custom_args") or {}).get("newsletter_request", ""))


def signature(timestamp: str, body: bytes) -> str:
    """Sign a webhook's body as SendGrid does."""
    return base64.b64encode(KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


def _signed_post(host: str, path: str, body: bytes) -> bytes:
    stamp = str(int(time.time()))
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"X-Twilio-Email-Event-Webhook-Signature: {signature(stamp, body)}\r\n"
        f"X-Twilio-Email-Event-Webhook-Timestamp: {stamp}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _error(message: str, field: str = "") -> bytes:
    return json.dumps({"errors": [{"message": message, "field": field or None, "help": None}]}).encode()


def _announce(ready: str, port: int) -> None:
    """Say in a file, whole at once, that we listen and where."""
    draft = Path(ready + ".draft")
    draft.write_text(str(port), encoding="utf-8")
    draft.rename(ready)


async def _main(values: dict[str, Any]) -> None:
    port = values.pop("port", 0)
    ready = values.pop("ready", "")
    server = SendGridServer(Behaviour(**values))
    server.keeps = False
    await server.start(port)
    if ready:
        _announce(ready, server.port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
