"""The mailbox behind `NEWSLETTER_BOUNCE_ADDRESS`: bounces, and readers who leave by mail.

Whatever else comes there (holiday notes, answers, spam) changes nothing. A
bounce or a complaint is believed for the signature in the address that it came
to, never for what it says of itself, and an unsubscription for the token in the
address or in its subject: no sender's address is proof of anything. Each mail may be read any number of
times, in any order, with one result.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from mailbox import mbox
from pathlib import Path
from typing import Final

from newsletter.delivery import reputation
from newsletter.delivery.faults import Fault
from newsletter.delivery.feedback import reports, uncertain
from newsletter.delivery.feedback.reports import Returned, Verdict
from newsletter.delivery.ledger import tallies
from newsletter.delivery.ledger.ledger import read_request_id
from newsletter.delivery.mailers.smtp.return_path import ReturnPath, ReturnToken
from newsletter.errors import InvalidInputError, SettingsError
from newsletter.models import Subscriber
from newsletter.rendering.mime import wire_address
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup
from newsletter.subscribers.consent.signup import Left
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.subscribers.notices import Letterbox

BELIEVED_FOR: Final = timedelta(days=30)
"""Mail servers give up within days; an older return path, found in some archive, bounces nobody away."""
COMPLAINTS_BELIEVED_FOR: Final = timedelta(days=365)
"""A reader may say so of an old mail, too."""
_LEAVING: Final = re.compile(
    r"(?<![a-z0-9])unsubscribe(?:[\s+:_=-]|%20)+?([A-Za-z0-9_-]{16,64})(?![A-Za-z0-9_-])", re.IGNORECASE
)
"""As little as can be between the word and the token, which may begin with `-` or `_` itself."""


class Taken(StrEnum):
    """What a mail led to."""

    LEFT = "left"
    """Its sender is unsubscribed."""
    GONE = "gone"
    """The address does not exist, and is not mailed any more."""
    COMPLAINED = "complained"
    """Its reader does not want the mail, and is never asked again."""
    COUNTED = "counted"
    """A mailing was turned away; `reputation` counts them."""
    NOTHING = "nothing"
    """It is none of ours, or says nothing that we act upon."""


def take(store: Store, settings: Settings, mail: bytes, now: datetime, *, sent_to: str = "") -> Taken:
    """Act upon one mail; `sent_to` is the envelope's recipient where the mail server tells it.

    Raises `SettingsError` where no return address is set, and
    `StoreUnavailableError` where nothing could be noted: keep the mail then.
    """
    path = _return_path(settings)
    read = reports.read(mail)
    asked = (*path.read_leaving(f"{sent_to}\n{read.addressed}"), *_LEAVING.findall(read.subject))
    if any(signup.unsubscribe(store, settings, token, now) is not Left.DAMAGED for token in asked):
        return Taken.LEFT
    if read.verdict is Verdict.NOTHING:
        return Taken.NOTHING
    for token in path.read(f"{sent_to}\n{read.addressed}"):
        reader = SubscriberStore(store).get(token.subscriber_id)
        if reader is not None and path.is_genuine(token, reader.address):
            return _bounced(store, token, reader, read, now)
    return Taken.NOTHING


def take_folder(
    store: Store, settings: Settings, folder: Path, now: Callable[[], datetime]
) -> Iterator[Taken]:
    """Act upon the new mails of a Maildir, or upon all of an mbox file.

    In a Maildir each mail is moved to `cur`: marked as seen where it led to
    something, and left unread for a person where it did not. An mbox file
    stays as it is. Raises `InvalidInputError` for what is neither.
    """
    _return_path(settings)
    try:
        if (folder / "new").is_dir() and (folder / "cur").is_dir():
            yield from _take_maildir(store, settings, folder, now)
        elif folder.is_file():
            yield from _take_mbox(store, settings, folder, now)
        else:
            raise InvalidInputError(f"{folder} is neither a Maildir nor an mbox file. Name one that is.")
    except OSError as error:
        raise InvalidInputError(
            f"{folder} cannot be read: {error.strerror}. Let this user read and write there."
        ) from error


def _take_maildir(
    store: Store, settings: Settings, folder: Path, now: Callable[[], datetime]
) -> Iterator[Taken]:
    for file in sorted((folder / "new").iterdir()):
        if file.name.startswith(".") or not file.is_file():
            continue
        with suppress(FileNotFoundError):  # somebody else reads here too
            with file.open("rb") as opened:
                taken = take(store, settings, opened.read(reports.LARGEST), now())
            seen = "" if taken is Taken.NOTHING else "S"
            file.rename(folder / "cur" / f"{file.name.partition(':')[0]}:2,{seen}")
            yield taken


def _take_mbox(store: Store, settings: Settings, file: Path, now: Callable[[], datetime]) -> Iterator[Taken]:
    box = mbox(file, create=False)
    try:
        for key in box.iterkeys():
            with box.get_file(key) as opened:
                yield take(store, settings, opened.read(reports.LARGEST), now())
    finally:
        box.close()


def _return_path(settings: Settings) -> ReturnPath:
    path = ReturnPath.of(settings)
    if path is None:
        raise SettingsError(
            "NEWSLETTER_BOUNCE_ADDRESS is not set, so no mail can have come back to it. Set it to an address "
            "that this command reads, such as bounces@example.org."
        )
    return path


def _bounced(store: Store, token: ReturnToken, reader: Subscriber, read: Returned, now: datetime) -> Taken:
    """Apply a bounce or a complaint that is proved to be of a mail of ours to this reader."""
    is_complaint = read.verdict is Verdict.COMPLAINT
    believed_for = COMPLAINTS_BELIEVED_FOR if is_complaint else BELIEVED_FOR
    mailed_on = _mailed_on(store, token.request_id)
    if mailed_on is None or not now - believed_for <= mailed_on <= now + timedelta(days=1):
        return Taken.NOTHING
    confirmed_at = reader.consent.confirmed_at
    if confirmed_at is not None and mailed_on.date() < confirmed_at.date():
        return Taken.NOTHING  # they have confirmed since: that address works again
    _prove(store, token, now)
    if is_complaint:
        tallies.count(store, token.request_id, "spamreport", reader.address)
        reputation.end(store, reader.address, Reason.COMPLAINED, now)
        return Taken.COMPLAINED
    is_gone = read.verdict is Verdict.GONE and _is_about(read, reader.address)
    tallies.count(store, token.request_id, "bounce" if is_gone else "blocked", reader.address)
    if is_gone or (
        read.fault is not Fault.SENDER
        and reputation.count_soft(store, [(reader.address, token.request_id, False)])
    ):
        reputation.end(store, reader.address, Reason.BOUNCED, now)
        return Taken.GONE
    return Taken.COUNTED


def _is_about(read: Returned, address: str) -> bool:
    """Whether a report names a reader's own address, or nobody: an alias outlives one of those behind it."""
    return not read.recipients or any(
        reports.is_same_mailbox(_in_ascii(one), _in_ascii(address)) for one in read.recipients
    )


def _in_ascii(address: str) -> str:
    try:
        return wire_address(address)
    except InvalidInputError:
        return address


def _mailed_on(store: Store, request_id: str) -> datetime | None:
    """Return the day of an edition, or when a letter was written; None for what is neither or forgotten."""
    read = read_request_id(request_id)
    if read is not None:
        return datetime.combine(read[0].day, time(), UTC)
    letter = Letterbox(store).get(_letter(request_id))
    return letter.created_at if letter else None


def _prove(store: Store, token: ReturnToken, now: datetime) -> None:
    """Note that a mail was accepted before it came back: this reader's, and no other of its request."""
    read = read_request_id(token.request_id)
    if read is not None:
        uncertain.prove(store, *read, token.subscriber_id)
    else:
        Letterbox(store).sent(_letter(token.request_id), now)


def _letter(request_id: str) -> int:
    number = request_id.partition(".")[0].removeprefix("letter-")
    return int(number) if number.isdecimal() else 0
