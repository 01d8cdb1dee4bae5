"""What a page costs: its bytes, its CPU, and how many the server gives away in a second.

    python tests/bench/site.py

The floor is the same server, run as `newsletter web` runs it, with an
application that answers one constant of the same size. Requests come over
several kept connections; CPU is the server process's own, which a busy machine
distorts less than the wall.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import process_time
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import specimens
from asgi import asked
from free_port import free_port
from visitor import Visitor

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.embedded import EmbeddedServer
from newsletter.settings import Settings
from newsletter.web import serve
from newsletter.web.serving import caching

DAYS = 400
CONNECTIONS, REQUESTS = 8, 4000
RENDERED = 100
CONSTANT_BYTES = 50_000


class Load(NamedTuple):
    """What a server did under load."""

    a_second: float
    cpu_ms: float
    """Of the server, each request."""


def settings_of(folder: Path, socket: str, port: int) -> Settings:
    """Return the settings of a site that others can reach, as far as it knows."""
    environ = {
        "REDIS_URL": f"unix://{socket}",
        "PORT": str(port),
        "NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_SECRET_KEY": "a-secret-of-the-bench",
        "NEWSLETTER_ENVIRONMENT": "production",
        "NEWSLETTER_DATA_DIR": str(folder / "data"),
    }
    return settings_module.load(environ, directory=folder)


def publish(visitor: Visitor) -> None:
    """Fill the archive: a long edition with a tail on top, and more than a year below."""
    today = visitor.now.date()
    tail = tuple(specimens.an_entry(title=f"A Paper of the Tail, Number {n}") for n in range(400))
    visitor.publish(
        specimens.a_long_edition(25).model_copy(update={"date": today, "tail": tail}),
        *(specimens.an_edition(date=today - timedelta(days=days)) for days in range(1, DAYS)),
    )


def rendered(visitor: Visitor, path: str) -> tuple[int, float, float]:
    """Return a page's bytes, and the CPU milliseconds of making it anew: median and 95th percentile."""

    async def each() -> tuple[int, list[float]]:
        size, spent = 0, []
        for _ in range(RENDERED):
            visitor.app.state.site.shelf = caching.PageCache(0)
            start = process_time()
            answer = await asked(visitor.app, "HEAD", path)  # which is never answered from memory
            spent.append((process_time() - start) * 1000)
            assert answer.status == 200, path
            size = len(answer.body)
        return size, spent

    size, spent = asyncio.run(each())
    cuts = quantiles(spent, n=20)
    return size, cuts[9], cuts[18]


@contextmanager
def server(*arguments: str, port: int, environ: dict[str, str]) -> Iterator[int]:
    """Run a server until the block ends; yield its process id."""
    child = subprocess.Popen(
        [sys.executable, *arguments], env=os.environ | environ, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(400):
            try:
                asyncio.run(asyncio.wait_for(_get(port, "/healthz"), 5))
                break
            except OSError:
                time.sleep(0.05)
        yield child.pid
    finally:
        child.terminate()
        child.wait(20)


async def _get(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()


def load(port: int, path: str, pid: int, *, tag: str = "") -> Load:
    """Ask for a path over several connections, as fast as answers come."""
    asyncio.run(_ask(port, path, 200, tag))
    cpu, start = _cpu_seconds(pid), time.perf_counter()
    asyncio.run(_ask(port, path, REQUESTS, tag))
    wall = time.perf_counter() - start
    return Load(REQUESTS / wall, (_cpu_seconds(pid) - cpu) * 1000 / REQUESTS)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _ask(port: int, path: str, requests: int, tag: str) -> None:
    known = f"If-None-Match: {tag}\r\n" if tag else ""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{known}\r\n".encode()
    expected = b"304" if tag else b"200"

    async def one(times: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for _ in range(times):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head[9:12] == expected, head
            _, found, rest = head.lower().partition(b"content-length: ")
            if found and not tag:
                await reader.readexactly(int(rest.partition(b"\r\n")[0]))
        writer.close()

    await asyncio.gather(*(one(requests // CONNECTIONS) for _ in range(CONNECTIONS)))


def constant(port: int) -> None:
    """Serve one constant."""
    body = b"x" * CONSTANT_BYTES
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]

    async def application(scope: dict, receive: object, send: object) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    config = serve.configured(application)
    config.port, config.lifespan = port, "off"
    serve.uvicorn.Server(config).run()


def main() -> None:
    """Print the tables."""
    folder = Path(tempfile.mkdtemp(prefix="nbs-"))
    store_server = EmbeddedServer(folder)
    store_server.enter()
    try:
        port, floor_port = free_port(), free_port()
        settings = settings_of(folder, str(store_server.socket), port)
        visitor = Visitor(settings, now=datetime.now(UTC))
        publish(visitor)
        serve.settle()
        day = visitor.now.date()
        pages = {"landing": "/", "edition": f"/d/{day}", "archive": "/archive", "topics": "/topics"}
        print(f"{'made anew':<12}{'bytes':>9}{'CPU ms p50':>12}{'p95':>8}")
        for name, path in pages.items():
            size, median, late = rendered(visitor, path)
            print(f"{name:<12}{size:>9,}{median:>12.2f}{late:>8.2f}")
        environ = {
            "REDIS_URL": f"unix://{store_server.socket}",
            "PORT": str(port),
            "NEWSLETTER_BASE_URL": settings.base_url,
            "NEWSLETTER_SECRET_KEY": "a-secret-of-the-bench",
            "NEWSLETTER_ENVIRONMENT": "production",
            "NEWSLETTER_DATA_DIR": str(folder / "data"),
        }
        print(f"\n{'asked for':<22}{'a second':>10}{'CPU ms each':>13}   {CONNECTIONS} connections")
        with server(__file__, "--constant", str(floor_port), port=floor_port, environ={}) as pid:
            show(f"constant {CONSTANT_BYTES // 1000} KB", load(floor_port, "/", pid))
        with server("-m", "newsletter.web", port=port, environ=environ) as pid:
            for name, path in pages.items():
                show(name, load(port, path, pid))
            tag = tag_of(visitor, pages["edition"])
            show("edition, held (304)", load(port, pages["edition"], pid, tag=tag))
    finally:
        store_module.connect(settings).close()
        store_server.leave()


def tag_of(visitor: Visitor, path: str) -> str:
    """Return a page's tag."""
    return str(visitor.web.get(path).headers["etag"])


def show(name: str, found: Load) -> None:
    """Print a line."""
    print(f"{name:<22}{found.a_second:>10,.0f}{found.cpu_ms:>13.3f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--constant"]:
        constant(int(sys.argv[2]))
    else:
        main()
