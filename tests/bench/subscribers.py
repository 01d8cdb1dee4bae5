"""What a subscriber costs: bytes, restart, changes a second, and reading a batch beside the naive ways.

    python tests/bench/subscribers.py [how many, 1000000 unless said] [share with wishes, 0.25]

Starts a server of its own in a temporary folder, as `newsletter dev` would
(every write on disk before it is answered), and leaves nothing behind. Reads
are compared in one run with a hash a reader, by HGETALL one by one and
pipelined: the usual way to keep people in Redis.
"""

import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.embedded import EmbeddedServer
from newsletter.models import Preferences, Subscriber
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses
from newsletter.subscribers.consent import signup, tokens
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import SubscriberStore, chosen, indexed

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
FIRST = ("ada", "alan", "grace", "jean", "john", "karen", "kurt")
LAST = ("hopper", "turing", "shannon", "knuth", "dijkstra", "noether", "bartik")
HOSTS = ("gmail.com", "outlook.com", "cs.example.edu", "example.org", "uni-example.de", "example.ac.uk")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Paris",
    "Asia/Tokyo",
    "Asia/Seoul",
    "America/Chicago",
    "Asia/Singapore",
    "Australia/Sydney",
    "Europe/Zurich",
    "America/Toronto",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Amsterdam",
    "America/Sao_Paulo",
    "Asia/Jerusalem",
    "Europe/Warsaw",
    "Europe/Stockholm",
    "Asia/Taipei",
    "Europe/Vienna",
    "America/Denver",
    "Asia/Dubai",
    "Europe/Lisbon",
    "Asia/Jakarta",
    "Europe/Istanbul",
    "America/Mexico_City",
    "Africa/Lagos",
    "Asia/Karachi",
    "Pacific/Auckland",
    "America/Argentina/Buenos_Aires",
    "Asia/Ho_Chi_Minh",
    "Africa/Cairo",
    "Asia/Dhaka",
    "America/Bogota",
    "Asia/Manila",
)
TOPICS = ("diffusion models", "reinforcement learning", "agents", "interpretability", "speech", "robotics")
BATCH = 1000
PIPELINED = "HGETALL pipelined"


def main() -> None:
    """Run every measurement and print it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.25
    folder = Path(tempfile.mkdtemp(prefix="nb-"))
    server = EmbeddedServer(folder)
    server.enter()
    try:
        settings = _settings(folder, server)
        store = store_module.connect(settings)
        _fill(store, count, share)
        _restart(server, store, folder)
        _freeze(store, count)
        _read(store, count)
        _change(store, settings)
    finally:
        server.leave()
        shutil.rmtree(folder)


def _settings(folder: Path, server: EmbeddedServer) -> Settings:
    return settings_module.load(
        {},
        directory=folder,
        redis_url=f"unix://{server.socket}",
        data_dir=folder,
        secret_key="bench",
        signup_mails_per_hour=10**9,
        signups_per_network_hour=10**9,
    )


def _a_million(count: int, share: float) -> Iterator[dict[str, object]]:
    """Yield readers with the spread of a real list: many zones, some with wishes, all having confirmed."""
    chance = random.Random(0)
    weights = [1 / (rank + 2) for rank in range(len(ZONES))]
    for number in range(count):
        name = f"{chance.choice(FIRST)}.{chance.choice(LAST)}{number}@{chance.choice(HOSTS)}"
        zone = chance.choices(ZONES, weights)[0]
        hour = 7 if chance.random() < 0.6 else chance.randrange(5, 24)
        topics = tuple(chance.sample(TOPICS, 2)) if chance.random() < share * 0.6 else ()
        frequency = "weekly" if chance.random() < share * 0.4 else "daily"
        network = ".".join(str(chance.randrange(1, 255)) for _ in range(3)) + ".0/24"
        yield {
            **indexed(addresses.Address(name, name)),
            **chosen(Preferences(hour=hour, timezone=zone, topics=topics, frequency=frequency)),
            "address": name,
            "from": records.source("form", network),
            "now": int(NOW.timestamp()) + number,
            "asked": int(NOW.timestamp()) + number,
            "confirmed": True,
            "after": chance.randrange(20, 4000),
        }


def _fill(store: Store, count: int, share: float) -> None:
    scripts, before = Scripts(store), _memory(store)
    letters = sum(len(str(row["address"])) for row in _a_million(2000, share)) / 2000
    spent, rows = 0.0, []
    for row in _a_million(count, share):
        rows.append(row)
        if len(rows) == BATCH:
            spent += _seconds(partial(scripts.run_each, "import", rows))
            rows = []
    spent += _seconds(partial(scripts.run_each, "import", rows))
    total = _memory(store) - before
    print(f"{count:,} active readers: {letters:.0f} characters an address, {share:.0%} with wishes")
    print(f"  {total / count:6.1f} bytes each with every index   (imported at {count / spent:,.0f}/s)")
    for family in ("at", "by-address", "slot", "wishes"):
        used, keys = _family(store, f"subscribers:{family}:*")
        print(f"  {used / count:6.1f} bytes each in subscribers:{family}:* ({keys:,} keys)")


def _family(store: Store, pattern: str) -> tuple[float, int]:
    keys = list(store.scan_iter(match=pattern, count=5000))
    sample = random.Random(0).sample(keys, min(len(keys), 1000))
    if not sample:
        return 0.0, 0
    return sum(store.memory_usage(key, samples=0) or 0 for key in sample) / len(sample) * len(keys), len(keys)


def _restart(server: EmbeddedServer, store: Store, folder: Path) -> None:
    _until_idle(store)
    size = _log_bytes(folder)
    as_written = _seconds(lambda: _kill_and_revive(server, store))
    _until_idle(store)
    store.bgrewriteaof()
    _until_idle(store)
    compact = _log_bytes(folder)
    rewritten = _seconds(lambda: _kill_and_revive(server, store))
    print(f"  killed and back in {as_written:.1f} s ({size / 1e6:,.0f} MB of log as it was left),")
    print(f"  {rewritten:.1f} s once the log is rewritten ({compact / 1e6:,.0f} MB)")


def _log_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("appendonlydir/*"))


def _until_idle(store: Store) -> None:
    while store.info("persistence")["aof_rewrite_in_progress"]:
        time.sleep(0.1)


def _kill_and_revive(server: EmbeddedServer, store: Store) -> None:
    server.kill()
    while True:
        try:
            server.revive()
            store.ping()
        except Exception:  # noqa: BLE001 - a server that loads refuses in several ways; this waits it out
            continue
        return


def _freeze(store: Store, count: int) -> None:
    subscribers = SubscriberStore(store)
    slots = sorted(subscribers.slots().items(), key=lambda pair: pair[1])
    print(f"who is due ({len(slots)} slots)")
    for slot, size in (slots[0], slots[len(slots) // 2], slots[-1]):
        spent = _best(partial(subscribers.ids_due, slot))
        print(
            f"  {size:8,} ids of {slot.timezone} {slot.hour}:00 in {spent * 1000:.1f} ms of {count:,} readers"
        )


def _read(store: Store, count: int) -> None:
    subscribers = SubscriberStore(store)
    people = subscribers.get_many(range(1, min(count, 20_000) + 1))
    with store.pipeline(transaction=False) as pipe:
        for one in people:
            pipe.hset(f"naive:{one.id}", mapping=_flat(one.address, one.preferences))  # type: ignore[arg-type]  # redis-py wants its own union
        pipe.execute()
    dense = [one.id for one in people[5000 : 5000 + BATCH]]
    sparse = sorted(random.Random(1).sample([one.id for one in people], BATCH))
    print(f"reading a batch of {BATCH:,} (client CPU and wall time, µs a reader, and × pipelined HGETALL)")
    for name, ids in (("neighbours", dense), ("scattered", sparse)):
        ways: dict[str, Callable[[], object]] = {
            "HGETALL one by one": partial(_one_by_one, store, ids),
            PIPELINED: partial(_pipelined, store, ids),
            "mailable": partial(subscribers.mailable, ids),
            "get_many": partial(subscribers.get_many, ids),
            "… and preferences": partial(_to_freeze, subscribers, ids),
            "… and whole values": partial(_whole, subscribers, ids),
        }
        costs = _costs(ways)
        usual_cpu, usual_wall = costs[PIPELINED]
        for way, (cpu, wall) in costs.items():
            print(
                f"  {name:11} {way:20} {cpu * 1e3:6.2f} {wall * 1e3:6.2f}   "
                f"{usual_cpu / cpu:5.1f}× {usual_wall / wall:5.1f}×"
            )


def _to_freeze(subscribers: SubscriberStore, ids: Sequence[int]) -> list[Preferences]:
    return [one.preferences for one in subscribers.get_many(ids) if one.is_active]


def _whole(subscribers: SubscriberStore, ids: Sequence[int]) -> list[Subscriber]:
    return [one.whole() for one in subscribers.get_many(ids)]


def _one_by_one(store: Store, ids: Sequence[int]) -> list[object]:
    return [store.hgetall(f"naive:{one}") for one in ids]


def _flat(address: str, preferences: Preferences) -> dict[str, str]:
    values = preferences.model_dump(mode="json")
    return {"address": address, "status": "active"} | {name: str(value) for name, value in values.items()}


def _pipelined(store: Store, ids: Sequence[int]) -> list[object]:
    with store.pipeline(transaction=False) as pipe:
        for one in ids:
            pipe.hgetall(f"naive:{one}")
        return pipe.execute()


class _Nobody:
    """A queue that drops its messages: what is measured is the store."""

    def enqueue(self, name: str, *ids: str | int) -> None:
        """Do nothing."""


def _change(store: Store, settings: Settings, clients: int = 50, each: int = 200) -> None:
    queue: object = _Nobody()
    last = int(str(store.get("subscribers:last")))
    fresh = range(last + 1, last + 1 + clients * each)
    instant = int(NOW.timestamp() * 1000) + clients * each
    confirms = [
        tokens.sign(
            "confirm", one, f"new.reader{n}@example.org", tokens.Keys(settings.keys, ""), instant=instant
        )
        for n, one in enumerate(fresh)
    ]

    def subscribe(number: int) -> None:
        signup.request(
            store,
            queue,  # type: ignore[arg-type]
            settings,
            f"new.reader{number}@example.org",
            preferences=Preferences(timezone="Europe/Berlin"),
            origin=f"198.51.{number % 256}.7",
            now=NOW,
        )

    def confirm(number: int) -> None:
        signup.confirm(store, queue, settings, confirms[number], origin="198.51.100.7", now=NOW)  # type: ignore[arg-type]

    def leave(number: int) -> None:
        signup.unsubscribe(store, settings, fresh[number], NOW)

    def erase(number: int) -> None:
        signup.erase(store, fresh[number], NOW)

    print(f"changes a second, {clients} clients in one process, each on disk before it is answered")
    for name, act in (
        ("subscribe", subscribe),
        ("confirm", confirm),
        ("unsubscribe", leave),
        ("erase", erase),
    ):
        spent = _seconds(partial(_together, act, clients, each))
        print(f"  {name:12} {clients * each / spent:8,.0f}/s")


def _together(act: Callable[[int], None], clients: int, each: int) -> None:
    def work(client: int) -> None:
        for number in range(client * each, (client + 1) * each):
            act(number)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _memory(store: Store) -> int:
    return int(store.info("memory")["used_memory_dataset"]) + int(
        store.info("memory")["used_memory_overhead"]
    )


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _best(call: Callable[[], object], times: int = 5) -> float:
    return min(_seconds(call) for _ in range(times))


def _costs(ways: dict[str, Callable[[], object]], times: int = 25) -> dict[str, tuple[float, float]]:
    """Return the least CPU and wall seconds of each way, tried in turns so that a busy moment hits all."""
    spent: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(times):
        for way, call in ways.items():
            start, clock = time.process_time(), time.perf_counter()
            call()
            spent[way].append((time.process_time() - start, time.perf_counter() - clock))
    return {way: (min(cpu for cpu, _ in all_), min(wall for _, wall in all_)) for way, all_ in spent.items()}


if __name__ == "__main__":
    main()
