"""A site in a process of its own, and somebody who can look behind it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from free_port import free_port
from visitor import Visitor

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.delivery.sending.notices import send_letter
from newsletter.models import SubscriberStatus
from newsletter.subscribers.notices import Letterbox


class Running(NamedTuple):
    """A site in a process of its own, and somebody who can look behind it."""

    url: str
    visitor: Visitor
    outbox: Path

    def letter(self, about: str, *, to: str = "") -> str:
        """Send what waits, as a worker does, and return the text of the newest mail that holds `about`."""
        store = store_module.connect(self.visitor.settings)
        now = datetime.now(UTC)
        for one in Letterbox(store).pending(now + timedelta(seconds=2)):
            send_letter(store, self.visitor.settings, one, lambda: now + timedelta(seconds=2))
        mails = [path for path in self.outbox.rglob("*.eml") if f"\nTo: {to}" in path.read_text("utf-8")]
        found = [path.with_suffix(".txt") for path in mails]
        found = [path for path in found if about in path.read_text("utf-8")]
        return max(found, key=lambda path: path.stat().st_mtime_ns).read_text("utf-8")

    def link(self, path: str) -> str:
        """Return the link that the newest mail with such a one holds."""
        found = re.search(rf"http://\S+{path}\S+", self.letter(path))
        assert found is not None
        return found[0]

    def status_of(self, address: str) -> SubscriberStatus | None:
        """Where a reader stands."""
        found = self.visitor.subscribers.find(address)
        return found.status if found else None


@contextmanager
def serving(redis_url: str, **more: str) -> Iterator[Running]:
    """Serve a site on a loopback port, from an emptied store; it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="nb-"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {
        "REDIS_URL": redis_url,
        "NEWSLETTER_SECRET_KEY": "a-secret-of-the-tests",
        "NEWSLETTER_BASE_URL": url,
        "NEWSLETTER_OUTBOX_DIR": str(folder / "outbox"),
        "PORT": str(port),
    } | more
    settings = settings_module.load(environ, directory=folder)
    store_module.connect(settings).flushdb()
    path = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    site = subprocess.Popen([sys.executable, "-m", "newsletter.web"], cwd=folder, env=path | environ)
    try:
        await_page(f"{url}/readyz")
        yield Running(url, Visitor(settings, now=datetime.now(UTC)), folder / "outbox")
    finally:
        site.terminate()
        site.wait(20)
        store_module.connect(settings).flushdb()
        shutil.rmtree(folder)


def await_page(address: str) -> None:
    """Wait until a page is there."""
    for _ in range(600):
        try:
            urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{address} did not come up")
