"""`newsletter subscribers`: who reads, who comes and who goes."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

import click

from newsletter import queue as queue_module
from newsletter.cli import output
from newsletter.cli.operations.connection import connected
from newsletter.cli.readers import remains
from newsletter.cli.readers.importing import defaults_for, import_
from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.models import Preferences, Subscriber, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses, schedule, transfer
from newsletter.subscribers.addresses import masked
from newsletter.subscribers.consent import signup, suppression
from newsletter.subscribers.kept.records import Reader
from newsletter.subscribers.kept.store import SubscriberStore

STATUSES = click.Choice([status.value for status in SubscriberStatus])


@click.group()
def subscribers() -> None:
    """See who reads; add, import, export and let go."""


@subscribers.command("list")
@click.option("--status", type=STATUSES, help="Only these.")
@click.option("--limit", default=100, show_default=True, help="How many at most; 0 for all.")
@click.option("--addresses", "in_full", is_flag=True, help="Show whole addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(status: str | None, limit: int, in_full: bool, as_json: bool) -> None:
    """List readers in the order in which they came; addresses are masked unless asked for."""
    _, store = connected()
    found = list(islice(transfer.everybody(store, status), limit or None))
    if not found and not as_json:
        output.nothing_to_do(
            "Nobody. Somebody subscribes at the site, or: newsletter subscribers add ADDRESS"
        )
    output.show([_line(reader, in_full=in_full) for reader in found], as_json=as_json)


@subscribers.command()
@click.argument("who")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(who: str, as_json: bool) -> None:
    """Show everything that is kept about WHO, an address or an id."""
    _, store = connected()
    subscriber = _named(store, who)
    (reader,) = SubscriberStore(store).get_many([subscriber.id])
    found = transfer.portrait(reader)
    kept = suppression.find(store, subscriber.address)
    found["suppressed"] = f"{kept.reason} since {_moment(kept.since)}" if kept else None
    if subscriber.status is SubscriberStatus.ACTIVE:
        next_at = schedule.next_edition_at(subscriber.preferences, datetime.now(UTC))
        found["next_edition_at"] = next_at.isoformat()
    if as_json:
        output.show([found], as_json=True)
    else:
        output.show([{"field": name, "value": value} for name, value in found.items()], as_json=False)


@subscribers.command()
@click.argument("address", nargs=-1, required=True)
@click.option("--timezone", help="An IANA name; the settings' own where left out.")
@click.option("--hour", type=click.IntRange(0, 23), help="Local hour of the digest.")
def add(address: tuple[str, ...], timezone: str | None, hour: int | None) -> None:
    """Invite each ADDRESS by mail to confirm, in every sign-up mode; nobody is subscribed unasked."""
    settings, store = connected()
    preferences = defaults_for(settings, timezone, hour)
    for one in address:
        try:
            addresses.parse(one)  # a typing error in the last must not invite the others twice
        except InvalidInputError as error:
            raise InvalidInputError(f"{one}: {error} Nobody was invited.") from error
    outcomes, faults = [], []
    for one in address:
        try:
            outcomes.append(_invite(settings, store, one, preferences))
        except InvalidInputError as error:
            faults.append(str(error))
    if faults:
        raise InvalidInputError("\n".join(faults))
    if signup.Requested.CONFIRM not in outcomes:
        output.nothing_to_do("Nobody is left to invite. See: newsletter subscribers list")


def _invite(settings: Settings, store: Store, address: str, preferences: Preferences) -> signup.Requested:
    outcome = signup.request(
        store,
        queue_module.connect(settings),
        settings,
        address,
        preferences=preferences,
        origin="",
        now=datetime.now(UTC),
        how="command",
    )
    match outcome:
        case signup.Requested.CONFIRM:
            click.echo(f"{masked(address)} is invited, and subscribed on pressing the button in the mail.")
        case signup.Requested.BLOCKED:
            raise InvalidInputError(
                f"{masked(address)} complained or said “this wasn't me”, so nothing is mailed there. "
                "They can ask you to lift it: newsletter subscribers lift ADDRESS"
            )
        case signup.Requested.LEFT:
            raise InvalidInputError(
                f"{masked(address)} left here, so nothing is mailed there. They come back by the form at "
                f"{settings.base_url}, or ask you to lift it: newsletter subscribers lift ADDRESS"
            )
        case signup.Requested.CAPPED:
            raise InvalidInputError(
                f"{masked(address)} is not invited: enough was mailed today to this address, or this hour to "
                "all. Try again later, or raise NEWSLETTER_CONFIRMATIONS_PER_ADDRESS_DAY or "
                "NEWSLETTER_SIGNUP_MAILS_PER_HOUR."
            )
        case _:
            click.echo(f"{masked(address)} is subscribed already.", err=True)
    return outcome


subscribers.add_command(import_)


@subscribers.command()
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--status", type=STATUSES, help="Only these.")
@click.option(
    "--output", "-o", "target", type=click.Path(dir_okay=False), help="A file, readable by you alone."
)
def export(kind: str, status: str | None, target: str | None) -> None:
    """Write everybody, whole addresses and consent included, to standard output or a file."""
    _, store = connected()
    write = transfer.export_csv if kind == "csv" else transfer.export_json
    readers = transfer.everybody(store, status)
    if target is None:
        write(readers, sys.stdout)
        return
    count = write_privately(Path(target), lambda out: write(readers, out))
    click.echo(f"Wrote {count:,} to {target}.", err=True)


@subscribers.command()
@click.argument("who")
def unsubscribe(who: str) -> None:
    """Stop mailing WHO, an address or an id; the record stays, so that no import brings them back."""
    settings, store = connected()
    subscriber = _named(store, who)
    if signup.unsubscribe(store, settings, subscriber.id, datetime.now(UTC)) is signup.Left.ALREADY:
        output.nothing_to_do(f"{masked(subscriber.address)} gets nothing already ({subscriber.status}).")
    click.echo(f"{masked(subscriber.address)} gets no more mail.")


@subscribers.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(who: str, yes: bool) -> None:
    """Erase WHO, an address or an id; only a digest stays, so that no import brings them back."""
    settings, store = connected()
    subscriber = _named(store, who)
    if not yes:
        click.confirm(f"Erase {masked(subscriber.address)} for good?", abort=True)
    signup.erase(store, subscriber.id, datetime.now(UTC))
    click.echo(f"{masked(subscriber.address)} is forgotten.")
    for one in remains.after_erasing(store, settings, subscriber.id):
        click.echo(f"- {one}")


@subscribers.command()
@click.argument("address")
def lift(address: str) -> None:
    """Let ADDRESS sign up again although it complained, bounced or was blocked: at its owner's request."""
    _, store = connected()
    if not suppression.lift(store, address, now=datetime.now(UTC)):
        output.nothing_to_do(f"Nothing keeps {masked(address)} from signing up.")
    click.echo(f"{masked(address)} may sign up and confirm again; nothing is mailed there until then.")


@subscribers.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(as_json: bool) -> None:
    """Count readers by status, and active ones by the hour at which they are mailed."""
    _, store = connected()
    book = SubscriberStore(store)
    rows: list[dict[str, object]] = [
        {"what": status.value, "readers": count} for status, count in book.by_status().items()
    ]
    busiest = sorted(book.slots().items(), key=lambda pair: (-pair[1], pair[0]))
    rows += [{"what": f"{slot.timezone} {slot.hour:02}:00", "readers": count} for slot, count in busiest]
    output.show(rows, as_json=as_json)


def write_privately(target: Path, write: Callable[[TextIO], int]) -> int:
    """Write a file that only its owner may read, whole or not at all; return what `write` counted."""
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with draft.open("w", encoding="utf-8", newline="") as out:
            count = write(out)
        draft.replace(target)
    except OSError as error:
        raise InvalidInputError(
            f"{target} cannot be written: {error.strerror}. Choose another file."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return count


def _named(store: Store, who: str) -> Subscriber:
    """Return the subscriber with this address or id. Raises `NotFoundError` where there is none."""
    book = SubscriberStore(store)
    found = book.get(int(who)) if who.isdecimal() else book.find(addresses.parse(who))
    if found is None:
        what = f"id {who}" if who.isdecimal() else masked(who)
        raise NotFoundError(f"Nobody is subscribed as {what}. See: newsletter subscribers list")
    return found


def _line(reader: Reader, *, in_full: bool) -> dict[str, object]:
    return {
        "id": reader.id,
        "address": reader.address if in_full else masked(reader.address),
        "status": reader.status.value,
        "hour": f"{reader.preferences.hour:02}:00",
        "timezone": reader.preferences.timezone,
        "frequency": reader.preferences.frequency,
        "confirmed": _moment(reader.consent.confirmed_at),
        "how": reader.consent.how,
    }


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else ""
