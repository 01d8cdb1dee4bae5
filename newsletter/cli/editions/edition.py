"""`newsletter edition`: compose, look at, send and follow the day's edition."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TextIO

import click

from newsletter import queue
from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.delivery import doubts, first_edition
from newsletter.delivery.feedback import uncertain
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, progress, sweep
from newsletter.delivery.ledger.ledger import Ending
from newsletter.delivery.ledger.progress import Progress
from newsletter.delivery.sending import throttle
from newsletter.delivery.sending.throttle import Throttle
from newsletter.editions import compose as composing
from newsletter.editions import for_reader, period_editions
from newsletter.editions.periods import Period
from newsletter.editions.store import EditionStore
from newsletter.errors import InvalidInputError, NotFoundError, PermanentError
from newsletter.models import Edition, Preferences
from newsletter.rendering import coverage, digest, phrasing
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses
from newsletter.subscribers.kept.store import SubscriberStore


class Day(click.ParamType[date]):
    """A date as people write it to a program."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read an ISO date."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a valid date. Write it as 2026-06-12.", param, ctx)


day_argument = click.argument("day", type=Day(), required=False)


@click.group()
def edition() -> None:
    """Compose, look at, send and follow the day's edition. DAY is today where left out."""


@edition.command()
@day_argument
def build(day: date | None) -> None:
    """Compose DAY's edition and freeze it; one that is frozen stays as it is. Exit 3 then."""
    settings, store = connected()
    day = day or _today(settings)
    if day > _today(settings):
        raise InvalidInputError(
            f"{day} has not come yet, and a frozen edition stays. To see what it would be: "
            f"newsletter edition preview {day}"
        )
    if EditionStore(store).get(day):
        output.nothing_to_do(
            f"The edition of {day} is frozen. To look at it: newsletter edition preview {day}"
        )
    if day < _today(settings):
        raise InvalidInputError(
            f"{day} is over: composed now, its edition would take today's papers. They come with today's: "
            "newsletter edition build"
        )
    with output.progress() as say:
        say(f"Composing {day}")
        made = composing.build(store, settings, day, datetime.now(UTC))
    click.echo(_summary(made))
    if first_edition.hold(store, settings, [day]):
        click.echo(_held(store, day))


@edition.command()
@day_argument
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML there.")
@click.option("--json", "as_json", is_flag=True, help="Print the edition itself as JSON.")
def preview(day: date | None, html: Path | None, as_json: bool) -> None:
    """Show DAY's edition as a reader would get it, frozen or as of now; freezes and sends nothing."""
    settings, store = connected()
    day = day or _today(settings)
    made = EditionStore(store).get(day) or composing.preview(store, settings, day, datetime.now(UTC))
    if as_json:
        click.echo(made.model_dump_json(indent=2))
        return
    preferences = Preferences()
    message = digest.render(for_reader(made, preferences), preferences, SiteFacts.of(settings))
    if html:
        html.write_text(message.html or "", "utf-8")
        click.echo(f"Wrote {html}. The links to leave and to change are filled in when it is sent.")
    else:
        click.echo(f"Subject: {message.subject}\n\n{message.text}")


@edition.command()
@day_argument
@click.option("--dry-run", is_flag=True, help="Show who would get it, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--only-failed", is_flag=True, help="Only to those whom the mailer refused; nobody else.")
def send(day: date | None, dry_run: bool, yes: bool, only_failed: bool) -> None:
    """Send DAY's edition now to every active reader who has not had it, whatever their hour.

    With --only-failed, it is tried again with those whom the mailer refused
    and who are still active. The workers do the sending; follow it with
    `newsletter edition status`.
    """
    settings, store = connected()
    day = day or _today(settings)
    if control.reason_held(store, day):
        raise InvalidInputError(_held(store, day))
    if only_failed:
        waiting = tuple(sorted(SubscriberStore(store).mailable(control.refused(store, day))))
        nobody = f"The mailer refused nobody of the edition of {day} who can still be mailed."
    else:
        waiting = cohorts.everyone_waiting(store, day)
        nobody = f"Every active reader has had the edition of {day}, or there are none."
    if not waiting:
        output.nothing_to_do(nobody)
    shown = ", ".join(
        addresses.masked(reader.address) for reader in SubscriberStore(store).get_many(waiting[:3])
    )
    more = ", …" if len(waiting) > 3 else ""
    click.echo(f"{phrasing.count(len(waiting), 'reader')} through {settings.mailer}: {shown}{more}")
    if dry_run:
        return
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("No terminal to confirm on; pass --yes.")
    if not yes:
        click.confirm("Send it now?", abort=True)
    if first_edition.is_awaited(store, settings):
        first_edition.let_go(store)  # sending by hand means having looked
    if only_failed:
        control.retry_refused(store, day)
    asked = queue.connect(settings)
    frozen = sweep.open_batches(store) if only_failed else cohorts.freeze_everyone(store, settings, day)
    for batch in throttle.worth_asking(store, settings, frozen):
        asked.enqueue("workers.sending.send_batch", batch.day.isoformat(), batch.batch)
    click.echo(f"The workers have it. To follow: newsletter edition status {day}")


@edition.command()
@day_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(day: date | None, as_json: bool) -> None:
    """Show how far DAY's delivery has come, and what is in doubt."""
    settings, store = connected()
    day = day or _today(settings)
    found = progress.read(store, day)
    if not found.held and not EditionStore(store).get(day):
        raise NotFoundError(f"No edition for {day} yet. Build it: newsletter edition build {day}")
    pace = throttle.of(store, settings)
    why = {"waits because": found.held or found.waits_because} if as_json else {}
    output.show([_row(found, pace) | why], as_json=as_json)
    if not as_json and found.uncertain:
        click.echo(
            f"{found.uncertain} mails left and their end is not known. Let your mail server's log tell: "
            f"newsletter edition settle {day} --log FILE. Of who is left, say: … settle {day} sent|resend"
        )
    if not as_json and found.held:
        click.echo(_held(store, day))
    elif not as_json and found.waits_because and found.waits_since:
        click.echo(
            f"It waits since {found.waits_since.astimezone(settings.zone):%d %b %H:%M}: {found.waits_because}"
        )


@edition.command()
@click.argument("day", type=Day())
@click.argument("word", type=click.Choice(["sent", "resend"]), required=False)
@click.option(
    "--log", "logs", type=click.File(errors="replace"), multiple=True, help="Log of Postfix, Exim, sendmail."
)
@click.option("--list", "lists", is_flag=True, help="Show who is in doubt, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def settle(day: date, word: str | None, logs: tuple[TextIO, ...], lists: bool, as_json: bool) -> None:
    """Say that DAY's mails in doubt were sent, or have them sent again. Exit 3 where none is.

    With --log (several times, or - for a pipe), those are taken as sent whose
    mails the log of your mail server shows; a WORD is for those who are left.
    """
    if not (word or logs or lists):
        raise click.UsageError("Say sent or resend, or pass --log FILE or --list.")
    settings, store = connected()
    site = SiteFacts.of(settings)
    if lists:
        _list_doubts(doubts.listed(store, site, day), day, as_json=as_json)
        return
    proved = sum(doubts.settle_by_log(store, site, day, log) for log in logs)
    if logs:
        left = sum(request.recipients for request in uncertain.uncertain(store, day))
        click.echo(f"{proved} mails are in the log, and taken as sent; {left} are still in doubt.")
        if left and not word:
            click.echo(
                f"Where it covers the time, have them sent again: newsletter edition settle {day} resend"
            )
    if word:
        settled = uncertain.settle_by_hand(
            store, day, {"sent": Ending.ASSUMED, "resend": Ending.RESENT}[word]
        )
        if not settled and not proved:
            output.nothing_to_do(f"Nothing of the edition of {day} is in doubt.")
        click.echo(
            f"{settled} mails are {'taken as sent' if word == 'sent' else 'sent again by the workers'}."
        )
    elif not proved:
        sys.exit(output.NOTHING_TO_DO)


def _list_doubts(found: Sequence[doubts.Doubt], day: date, *, as_json: bool) -> None:
    if not found:
        output.nothing_to_do(f"Nothing of the edition of {day} is in doubt.")
    rows = [
        {
            "subscriber": one.subscriber_id,
            "address": one.address or "(erased)",
            "message id": f"<{one.message_id}>" if one.message_id else "",
            "since": one.since.isoformat(timespec="seconds"),
        }
        for one in found
    ]
    output.show(rows, as_json=as_json)


@edition.command()
@day_argument
@click.option(
    "--reason", default="held by the operator", show_default=True, help="Shown by `edition status`."
)
def hold(day: date | None, reason: str) -> None:
    """Stop DAY's delivery before its next request.

    A mail of several days is delivered under the newest of them that its
    reader had not had: to stop the week's, hold its Sunday.
    """
    settings, store = connected()
    day = day or _today(settings)
    control.hold(store, day, reason, by_hand=True)
    click.echo(f"Held. To go on: newsletter edition resume {day}")


@edition.command()
@day_argument
def resume(day: date | None) -> None:
    """Let DAY's delivery go on. Exit 3 where it was not held."""
    settings, store = connected()
    day = day or _today(settings)
    if not first_edition.resume(store, day):
        output.nothing_to_do(f"The edition of {day} is not held.")
    click.echo("The workers go on with the next tick.")


@edition.command()
@day_argument
@click.option("--week", "span", flag_value="week", help="The edition of DAY's week instead.")
@click.option("--month", "span", flag_value="month", help="The edition of DAY's month instead.")
def replay(day: date | None, span: str | None) -> None:
    """Compose DAY again from its stored inputs, and say whether the bytes are the same. Exit 1 where not."""
    settings, store = connected()
    day = day or _today(settings)
    if span:
        period = Period.week_of(day) if span == "week" else Period.month_of(day)
        name, frozen = f"{period.first} to {period.last}", period_editions.bound(store, period)
        again = period_editions.replay(store, period)
    else:
        name, frozen = str(day), EditionStore(store).get(day)
        again = composing.replay(store, day)
    if frozen is None or again.model_dump_json() != frozen.model_dump_json():
        raise PermanentError(
            f"The edition of {name} comes out differently, and stays as it was frozen. "
            "To see the same bytes, replay it with the version that composed it."
        )
    click.echo(f"The edition of {name} comes out the same, byte by byte.")


def _held(store: Store, day: date) -> str:
    why = (control.reason_held(store, day) or "").rstrip(".")
    return f"The edition of {day} is held: {why}. To go on: newsletter edition resume {day}"


def _summary(made: Edition) -> str:
    if made.is_quiet and coverage.is_broken(made):
        return f"{made.date} is empty: no source could be read. See newsletter sources list."
    if made.is_quiet:
        return f"{made.date} is a quiet day: nothing to announce among {made.candidates} papers."
    labels = ", ".join(section.label for section in made.sections)
    counts = f"{len(made.entries)} of {made.candidates} papers in {len(made.sections)} topics"
    return f"{made.date}: {counts}: {labels}"


def _row(found: Progress, pace: Throttle | None) -> dict[str, object]:
    now = datetime.now(UTC)
    left = found.remaining(now)
    if pace and found.waiting and not found.held:
        left = max(left or timedelta(0), pace.remaining(found.waiting, now))
    return {
        "day": found.day,
        "recipients": found.recipients,
        "accepted": found.accepted,
        "refused": found.refused,
        "left before": found.left,
        "in doubt": found.uncertain,
        "waiting": found.waiting,
        "twice": found.stray,
        "time left": f"{left.total_seconds():.0f} s" if left else "",
    }


def _today(settings: Settings) -> date:
    return datetime.now(settings.zone).date()
