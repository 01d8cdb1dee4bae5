"""The tick: everything that must be done now, derived from stored state.

Nothing is remembered between ticks, so a lost message, a killed worker or a
restarted server costs half a minute, and any number of beats is harmless.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from newsletter import queue
from newsletter.delivery import alerts, clocks, restoration
from newsletter.delivery.feedback import reconciling
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import sweep
from newsletter.delivery.sending import throttle
from newsletter.editions import compose as composing
from newsletter.editions import period_editions
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.polling import shards
from newsletter.sources.store import SourceStore
from newsletter.store import Key, Store
from workers.app import TICK_EVERY, app, settings, store
from workers.app import now as server_time
from workers.upkeep import TIDIED

Task = tuple[str, tuple[str, ...]]
"""A task's name and the ids that it is called with."""

TICK = Key("tick:{slot}", "string", "this half minute's tick has been taken", timedelta(minutes=2))
ASKED = Key("asked:{task}", "string", "this task was enqueued a moment ago", timedelta(seconds=90))
BEAT_SEEN = Key("heartbeat:tick", "string", "when the tick last ran, ISO instant")
KEYS = (TICK, ASKED, BEAT_SEEN)

log = logging.getLogger(__name__)


@app.task(name="workers.schedule.tick")  # type: ignore[untyped-decorator]  # celery ships no types
def tick() -> None:
    """Enqueue what is due, once a half minute however many beats ask."""
    now = server_time()
    slot = int(now.timestamp() // TICK_EVERY.total_seconds())
    redis = store()
    if not redis.set(TICK(slot=slot), "1", nx=True, ex=TICK.expires):
        return
    back = clocks.follow(redis, settings(), now)
    if back:
        log.error("The server's clock was put back by %s. What waited for it goes on.", back)
        for name in redis.scan_iter(ASKED(task="*"), count=1000):
            redis.delete(name)
    restoration.notice(redis, settings(), now)
    restoration.beat(redis, settings(), now)
    redis.set(BEAT_SEEN(), now.isoformat())
    asked = queue.connect(settings())
    for name, ids in work_due(redis, settings(), now):
        # a task that is slow to start is not asked for again at every tick
        if redis.set(ASKED(task=":".join((name, *ids))), "1", nx=True, ex=ASKED.expires):
            asked.enqueue(name, *ids)


def work_due(redis: Store, settings: Settings, now: datetime) -> Iterator[Task]:
    """Yield what must be done at `now`.

    Readers come first: letters, open batches and due cohorts before the day's
    edition, and that before the sources.
    """
    for letter in sweep.open_letters(redis, now):
        yield "workers.sending.send_letter", (letter,)
    forgotten = sweep.not_asked_for(redis, sweep.open_batches(redis, now))
    for batch in throttle.worth_asking(redis, settings, forgotten):
        yield "workers.sending.send_batch", (batch.day.isoformat(), str(batch.batch))
    yield "workers.sending.settle", ()
    if cohorts.due(redis, settings, now):
        yield "workers.sending.freeze", ()
    if day := composing.due(redis, settings, now):
        yield "workers.composing.compose", (day.isoformat(),)
    if next(period_editions.due(redis), None):
        yield "workers.composing.bind", ()
    if not redis.exists(TIDIED(day=now.date())):
        yield "workers.upkeep.tidy", ()
    if alerts.due(redis, settings, now):
        yield "workers.upkeep.alert", ()
    if reconciling.due(redis, settings, now):
        yield "workers.upkeep.reconcile", ()
    sources = catalog.configured(settings, redis)
    names = set(SourceStore(redis).due(sources, now))
    for shard in shards([source for source in sources if source.name in names]):
        yield "workers.polling.poll", shard
