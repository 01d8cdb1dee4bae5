"""The workers' application with its waits cut short, so that chaos sees in a minute what takes an hour.

A tick a second instead of two a minute, a task whose message was lost asked
for again after five seconds, SMTP's patience a twentieth, and few copies a step
of the freeze and few steps a task. Everything else is what runs in production.
"""

from dataclasses import replace
from datetime import timedelta

import workers.app as application
from newsletter.delivery.freezing import steps as freezing
from newsletter.delivery.ledger import leases
from newsletter.delivery.mailers.smtp import in_turn, pipeline, queue, server, session
from newsletter.delivery.mailers.smtp import mailer as smtp
from newsletter.delivery.sending import batch_sender

TICK = timedelta(seconds=1)
application.TICK_EVERY = TICK
application.app.conf.beat_schedule = {"tick": {**application.BEAT["tick"], "schedule": TICK}}

from workers import schedule  # noqa: E402 - it takes the tick's length from the application

schedule.ASKED = replace(schedule.ASKED, expires=timedelta(seconds=5))

from workers import sending  # noqa: E402 - it takes how long a task is not asked for again from the schedule

sending.MOST_SECONDS = 0.2  # type: ignore[misc]
freezing.COPIES_A_STEP = 10  # type: ignore[misc]

smtp.Smtp.longest /= 20
smtp.RETRY_AFTER /= 20  # type: ignore[misc]
leases.LONGEST_LEASE /= 20  # type: ignore[misc]
queue.STOOD_STILL_SECONDS /= 20  # type: ignore[misc]
batch_sender.DEFERRED_FOR /= 20  # type: ignore[misc]
smtp.SENDING_SECONDS /= 20  # type: ignore[misc]
smtp.BEGINNING_SECONDS /= 20  # type: ignore[misc]
server.CONNECT_WITHIN_SECONDS /= 20  # type: ignore[misc]
server.OPEN_WITHIN_SECONDS /= 20  # type: ignore[misc]
session.OPENING_REPLY_WITHIN_SECONDS /= 20  # type: ignore[misc]
queue.FIRST_REPLY_WITHIN_SECONDS /= 20  # type: ignore[misc]
queue.REPLY_WITHIN_SECONDS /= 20  # type: ignore[misc]
for module in (pipeline, in_turn):
    module.LAST_REPLY_WITHIN_SECONDS /= 20  # type: ignore[misc]

app = application.app
__all__ = ["app"]
