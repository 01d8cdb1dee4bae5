"""What the operator must hear of: derived from stored state, mailed once a subject and day, never to readers.

Where mails leave through SendGrid and `SMTP_URL` is set as well, alerts take
that way: the trouble may be SendGrid itself. With `NEWSLETTER_ALERT_URL` each
goes there as well, which tells of mail that does not leave at all.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from newsletter.delivery import clocks, mailers, restoration, webhook
from newsletter.delivery.feedback import reconciling, uncertain
from newsletter.delivery.ledger import control, progress, tallies
from newsletter.delivery.ledger.progress import Progress
from newsletter.delivery.mailers.port import Mailer, Outcome
from newsletter.delivery.sending import throttle
from newsletter.delivery.sending.notices import HALTED
from newsletter.editions import compose as composing
from newsletter.errors import PermanentError
from newsletter.models import Message, Recipient, SourceState
from newsletter.rendering import notices as rendering
from newsletter.rendering import template_check
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.store import SourceStore
from newsletter.store import Key, Store, unavailable_store

FAILING_FOR: Final = timedelta(days=3)
"""How long a source may fail or be stale before it is told."""
LOOK_BACK: Final = timedelta(days=7)
"""Older editions are history, but for those that readers wait for."""
WAITED_FOR: Final = timedelta(hours=1)
"""How long a delivery may wait before its reason is told."""
COMING_BACK: Final = timedelta(days=2)
"""How long an edition's bounces and complaints are news."""
MOST_BOUNCED: Final = 0.02
MOST_COMPLAINED: Final = 0.001
"""Shares of an edition's mails from which they are told."""
TAKEN_FOR: Final = timedelta(hours=1)
"""How long a process has to send an alert; one that did not leave is tried again then."""

TOLD = Key("alert:{subject}:{day}", "string", "the operator was told of it that day", timedelta(days=2))
KEYS = (TOLD,)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """One thing that a person must look at."""

    subject: str
    """By what it is known, so that it is told once a day."""
    headline: str
    known: tuple[str, ...]
    todo: str


def standing(store: Store, settings: Settings, now: datetime) -> tuple[Alert, ...]:
    """Return everything that a person should look at now, told already or not."""
    found: list[Alert] = []
    for day in control.kept_days(store):
        one = progress.read(store, day)
        if now.date() - day <= LOOK_BACK or (one.waiting and (one.held or one.waits_because)):
            found += _of_delivery(store, settings, one, now)
    found += _of_editions(store, settings, now)
    found += _of_sources(store, settings, now)
    found += _of_letters(store)
    found += _of_clocks(store)
    found += _of_reconciling(store, now)
    return tuple(found)


def due(store: Store, settings: Settings, now: datetime) -> tuple[Alert, ...]:
    """Return what the operator was not told today; nothing where it cannot be told."""
    if not (settings.operator or settings.alert_url):
        return ()
    alerts = standing(store, settings, now)
    with unavailable_store(), store.pipeline(transaction=False) as pipe:
        for alert in alerts:
            pipe.exists(_told(alert, now))
        told = pipe.execute() if alerts else []
    return tuple(alert for alert, is_told in zip(alerts, told, strict=True) if not is_told)


def send(store: Store, settings: Settings, now: datetime, *, mailer: Mailer | None = None) -> int:
    """Tell the operator what is due, each once however many workers try; return how many were told.

    An alert is told when it has left by one way.
    """
    sent = 0
    for alert in due(store, settings, now):
        name = _told(alert, now)
        with unavailable_store():
            is_ours = store.set(name, "taken", nx=True, ex=TAKEN_FOR)
        if not is_ours:
            continue
        faults = [
            fault
            for fault in (_mailed(store, settings, alert, now, mailer), _posted(settings, alert))
            if fault is not None
        ]
        for fault in filter(None, faults):
            log.error("The operator could not be told: %s. %s", alert.headline, fault)
        if "" in faults:
            sent += 1
            with unavailable_store():
                store.set(name, "told", ex=TOLD.expires)
    return sent


def _mailed(
    store: Store, settings: Settings, alert: Alert, now: datetime, mailer: Mailer | None
) -> str | None:
    """Mail an alert; return why it did not leave, nothing where it did, None without an address."""
    if not settings.operator:
        return None
    outcome = _mail(store, settings, alert, now, mailer)
    if outcome.accepted or outcome.uncertain:
        return ""
    said = (outcome.halt, outcome.rejected, outcome.reason, *outcome.refused.values())
    return next(filter(None, said), "try again later")


def _posted(settings: Settings, alert: Alert) -> str | None:
    """Post an alert to the operator's address for it; return as `_mailed` does."""
    if settings.alert_url is None:
        return None
    return webhook.post(settings.alert_url.get_secret_value(), alert.headline, alert.known, alert.todo)


def _mail(store: Store, settings: Settings, alert: Alert, now: datetime, mailer: Mailer | None) -> Outcome:
    operator = Recipient(subscriber_id=0, address=settings.operator or "")
    if settings.mailer == "sendgrid" and settings.smtp_url:
        settings = settings.model_copy(update={"mailer": "smtp"})
    message = _message(SiteFacts.of(settings), alert)
    throttle.count_letter(store, settings)
    try:
        mailer = mailer or mailers.make(settings)
        return mailer.send(message, [operator], request_id=f"alert-{alert.subject}-{now:%Y%m%d}.1")
    except PermanentError as error:
        return Outcome(halt=str(error))


def _message(site: SiteFacts, alert: Alert) -> Message:
    """Render an alert; with our own template where the operator's is what is broken."""
    try:
        with template_check.blaming("alert"):
            return rendering.alert(site, alert.headline, alert.known, alert.todo)
    except PermanentError:
        ours = site.model_copy(update={"templates_dir": None})
        return rendering.alert(ours, alert.headline, alert.known, alert.todo)


def _of_delivery(store: Store, settings: Settings, found: Progress, now: datetime) -> Iterator[Alert]:
    day = found.day
    if found.held and not found.is_held_by_hand:
        yield Alert(
            f"held-{day}",
            f"The edition of {day:%d %b} is held",
            (
                found.held,
                f"{found.accepted:,} of {found.recipients:,} readers have it, {found.waiting:,} wait.",
            ),
            f"To go on when its cause is gone: newsletter edition resume {day}",
        )
    if found.waits_because and found.waits_since and now - found.waits_since > WAITED_FOR and not found.held:
        yield Alert(
            f"waits-{day}",
            f"The edition of {day:%d %b} waits",
            (
                found.waits_because,
                f"Nobody is accepted since {found.waits_since.astimezone(settings.zone):%d %b %H:%M}.",
                f"{found.waiting:,} readers wait.",
            ),
            "It resumes automatically when the cause is gone. To try the way: newsletter check --mail-server",
        )
    limit = timedelta(minutes=settings.silence_minutes)
    waits = [one for one in uncertain.uncertain(store, day) if now - one.since > limit]
    if waits and settings.uncertain == "hold":
        yield Alert(
            f"uncertain-{day}",
            f"{sum(one.recipients for one in waits):,} mails of {day:%d %b} are in doubt",
            ("They left, but it is not known if they were accepted. Nothing is sent again automatically.",),
            f"Let the mailer's log tell: newsletter edition settle {day} --log FILE; then sent or resend.",
        )
    if found.stray:
        yield Alert(
            f"twice-{day}",
            f"{found.stray:,} readers got the edition of {day:%d %b} twice",
            ("Requests that had been given up turned out to be accepted.",),
            "Raise NEWSLETTER_SILENCE_MINUTES beyond the lag of SendGrid's webhook.",
        )
    yield from _of_reputation(store, found, now)


def _of_reputation(store: Store, found: Progress, now: datetime) -> Iterator[Alert]:
    """Tell of bounces and complaints while they are news: they add up for a day or two after the send."""
    day = found.day
    if now.date() - day > COMING_BACK:
        return
    totals = tallies.totals(store, day)
    bounced, complained = totals.get("bounce", 0), totals.get("spamreport", 0)
    mailed = max(found.accepted + found.refused, 1)
    if bounced >= MOST_BOUNCED * mailed and bounced:
        yield Alert(
            f"bounces-{day}",
            f"{bounced / mailed:.1%} of the mails of {day:%d %b} bounced",
            (f"{bounced:,} of {mailed:,} addresses do not exist. None of them is mailed again.",),
            "Mailbox providers distrust a sender above 2 %. Look at where these readers came from, and "
            "import no list that did not confirm.",
        )
    if complained >= MOST_COMPLAINED * mailed and complained:
        yield Alert(
            f"complaints-{day}",
            f"{complained:,} of {mailed:,} readers of {day:%d %b} complained",
            (f"They marked the mail as spam: {complained / mailed:.2%}. None of them is mailed again.",),
            "Mailbox providers block a sender above 0.3 %. Look at what was sent, and to whom.",
        )


def _of_editions(store: Store, settings: Settings, now: datetime) -> Iterator[Alert]:
    missing = composing.overdue(store, settings, now, restoration.began(store))
    if missing:
        yield Alert(
            "overdue",
            f"The edition of {missing:%d %b} is overdue",
            (f"It was due at {settings.cut_off:%H:%M} ({settings.timezone}), and is not composed.",),
            f"Look into the worker's log, then: newsletter edition build {missing}"
            if missing == now.astimezone(settings.zone).date()
            else "Look into the worker's log. That day's papers come with the next edition.",
        )


def _of_sources(store: Store, settings: Settings, now: datetime) -> Iterator[Alert]:
    broken = [
        health
        for health in SourceStore(store).health(catalog.configured(settings, store), now)
        if health.state in {SourceState.FAILING, SourceState.STALE}
        and health.since is not None
        and now - health.since > FAILING_FOR
    ]
    if broken:
        names = ", ".join(health.source.name for health in broken[:3]) + (", …" if len(broken) > 3 else "")
        yield Alert(
            "sources",
            f"Broken for days: {names}",
            tuple(f"{one.source.name} since {one.since:%d %b}: {one.reason}" for one in broken),
            "Look at each: newsletter sources list. Correct its address, or: newsletter sources disable NAME",
        )


def _of_letters(store: Store) -> Iterator[Alert]:
    with unavailable_store():
        why = store.get(HALTED())
    if why:
        yield Alert(
            "letters",
            "Confirmations and welcomes are waiting",
            (str(why),),
            "They go out by themselves within a quarter of an hour after its cause is gone.",
        )


def _of_clocks(store: Store) -> Iterator[Alert]:
    wrong = clocks.faults(store)
    if wrong:
        yield Alert(
            "clocks",
            "A clock is wrong",
            wrong,
            "Let NTP set the clock of each machine, and the server's.",
        )


def _of_reconciling(store: Store, now: datetime) -> Iterator[Alert]:
    found = reconciling.state(store)
    if found.fault and (found.at is None or now - found.at > timedelta(days=1)):
        yield Alert(
            "reconciling",
            "SendGrid's suppression lists cannot be read",
            (found.fault,),
            "Until this is fixed, readers who bounced or complained while the webhook was down may get mail.",
        )


def _told(alert: Alert, now: datetime) -> str:
    return TOLD(subject=alert.subject, day=now.date())
