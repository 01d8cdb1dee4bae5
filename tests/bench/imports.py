"""What an import takes: rows a second and memory, for a list of any length.

    python tests/bench/imports.py [how many, 1000000 unless said]

Starts a server of its own in a temporary folder, writes an export of Ghost
there, plans its import, and does it.
"""

import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.embedded import EmbeddedServer
from newsletter.models import Preferences
from newsletter.subscribers.importing.plan import Plan
from newsletter.subscribers.importing.table import bounded_lines, open_text


def main(rows: int) -> None:
    """Print seconds and the process's largest size, before and after."""
    folder = Path(tempfile.mkdtemp(prefix="np-"))
    server = EmbeddedServer(folder)
    server.enter()
    try:
        file = folder / "members.csv"
        with file.open("w", encoding="utf-8") as out:
            out.write("id,email,name,note,subscribed_to_emails,created_at,deleted_at,labels\n")
            for n in range(rows):
                word = "false" if n % 10 == 0 else "true"
                out.write(f'{n},r{n}@example.org,R,"a\nb",{word},2024-05-02T10:11:12.000Z,,\n')
        settings = settings_module.load({}, directory=folder, redis_url=f"unix://{server.socket}")
        store = store_module.connect(settings)
        print(f"before: {_peak():.0f} MB")
        started = time.perf_counter()
        with Plan(store, confirmed=True, now=datetime.now(UTC)) as plan:
            with file.open("rb") as binary, open_text(binary) as text:
                plan.read(bounded_lines(text), file.name, Preferences(), ())
            groups = plan.groups()
            planned = time.perf_counter()
            print(f"plan:   {planned - started:.1f} s, {rows / (planned - started):,.0f} rows a second")
            for group in groups:
                print(f"        {group.becomes} {group.people:,}: {group.because}")
            report = plan.apply()
            print(f"import: {time.perf_counter() - planned:.1f} s, {report.rows:,} people")
        print(f"after:  {_peak():.0f} MB")
    finally:
        server.leave()
        shutil.rmtree(folder)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
