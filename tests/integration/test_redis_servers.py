"""`REDIS_URL` held against real servers: with TLS, without the database that it names, and a Sentinel."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import localhost_certificate
from free_port import free_port

from newsletter import queue, store
from newsletter.embedded import EmbeddedServer
from newsletter.errors import NewsletterError, StoreRefusedError
from newsletter.settings import Settings

BINARY = shutil.which("redis-server") or shutil.which("valkey-server")
needs_a_server = pytest.mark.skipif(BINARY is None, reason="no redis-server is installed")


@contextmanager
def running(folder: Path, port: int, *options: str) -> Iterator[None]:
    """Run a server until it listens, and end it afterwards."""
    assert BINARY
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([BINARY, *options], cwd=folder, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 20
            while f":{port}".encode() not in listening() and time.monotonic() < deadline:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(10)


def listening() -> bytes:
    """Return the ports on which somebody listens, as `:port` lines."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ports = [int(line.split()[1].partition(":")[2], 16) for line in lines if line.split()[3] == "0A"]
    return b"".join(f":{port}\n".encode() for port in ports)


@needs_a_server
@pytest.mark.parametrize(
    ("options", "is_trusted"),
    [
        pytest.param("", False, id="bare"),
        pytest.param("?ssl_cert_reqs=CERT_REQUIRED", False, id="celery-spelling"),
        pytest.param("?ssl_cert_reqs=required", False, id="redis-spelling"),
        pytest.param("?ssl_cert_reqs=CERT_NONE", True, id="unverified"),
        pytest.param("?ssl_ca_certs={ca}", True, id="known-authority"),
        pytest.param("?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={ca}", True, id="known-and-required"),
    ],
)
def test_store_and_broker_believe_the_same_certificates(
    options: str, is_trusted: bool, tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    """A certificate that nobody vouches for stops both, and one that is vouched for neither."""
    certificate, key = localhost_certificate(tmp_path)
    port = free_port()
    settings = make_settings(redis_url=f"rediss://localhost:{port}/1" + options.format(ca=certificate))
    flags = ["--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--tls-auth-clients", "no"]
    flags += ["--tls-cert-file", str(certificate), "--tls-ca-cert-file", str(certificate)]
    flags += ["--tls-key-file", str(key), "--appendonly", "yes"]
    steps = [
        lambda: store.connect(settings).ping(),
        lambda: queue.connect(settings).enqueue("nothing", 1),
    ]
    with running(tmp_path, port, *flags):
        for step in steps:
            if is_trusted:
                step()
            else:
                with pytest.raises(NewsletterError):
                    step()


def test_a_database_that_is_not_there_is_named_with_the_one_that_is(
    server: EmbeddedServer, make_settings: Callable[..., Settings]
) -> None:
    """One line, and no trace."""
    with pytest.raises(StoreRefusedError, match=r"database.*/0"):
        store.connect(make_settings(redis_url=f"unix://{server.socket}?db=99"))


@needs_a_server
def test_a_sentinel_is_told_from_a_server(tmp_path: Path, make_settings: Callable[..., Settings]) -> None:
    """It keeps nothing, and says nothing about eviction either."""
    port = free_port()
    (tmp_path / "sentinel.conf").write_text(f"port {port}\nbind 127.0.0.1\n")
    is_running = running(tmp_path, port, str(tmp_path / "sentinel.conf"), "--sentinel")
    with is_running, pytest.raises(StoreRefusedError, match="Sentinel"):
        store.connect(make_settings(redis_url=f"redis://127.0.0.1:{port}/0"))
