"""Mails as files: what leaves the machine otherwise can be looked at here.

One folder per mailing, with three files per recipient: the `.eml` as a mail client would
get it, and its `.html` and `.txt`. Each appears whole or not at all, the
`.eml` last, so it proves that the mail was delivered. A second mail of the
same mailing to the same recipient stands beside the first as `~2`: a doubled
mail is seen, never overwritten.
"""

import errno
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.delivery.mailers import dkim
from newsletter.delivery.mailers.dkim import Signer
from newsletter.delivery.mailers.port import Outcome, mailing_of, spliced
from newsletter.errors import InvalidInputError
from newsletter.folders import make_private
from newsletter.models import Message, Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings


def connect(settings: Settings) -> "Outbox":
    """Return the outbox of these settings."""
    return Outbox(settings.outbox_dir, SiteFacts.of(settings), Signer.of(settings))


class Outbox:
    """A folder that takes mails."""

    name = "outbox"
    portion = 1000
    longest = timedelta(seconds=40)

    def __init__(self, folder: Path, site: SiteFacts, signer: Signer | None = None) -> None:
        self._folder = folder
        self._site = site
        self._signer = signer

    def send(self, message: Message, recipients: Sequence[Recipient], *, request_id: str) -> Outcome:
        """Write three files per recipient; a folder that cannot be written halts the run."""
        mailing = mailing_of(request_id)
        envelope = dkim.envelope(
            message, self._site, sent_at=datetime.now(UTC), stamp=mailing, signer=self._signer
        )
        accepted: set[int] = set()
        refused: dict[int, str] = {}
        try:
            make_private(self._folder / mailing)  # the names of its files are addresses
            for recipient in recipients:
                try:
                    mail = envelope.splice(recipient)
                    self._deliver(message, recipient, mail, self._stem(mailing, recipient))
                except InvalidInputError as error:
                    refused[recipient.subscriber_id] = str(error)
                else:
                    accepted.add(recipient.subscriber_id)
        except OSError as error:
            return Outcome(frozenset(accepted), refused, halt=self._complaint(error))
        return Outcome(frozenset(accepted), refused)

    def evidence(self, recipients: Sequence[Recipient], *, request_id: str) -> frozenset[int]:
        """Return who has a mail of this mailing in the folder: files are proof."""
        mailing = mailing_of(request_id)
        return frozenset(
            recipient.subscriber_id
            for recipient in recipients
            if _with_suffix(self._stem(mailing, recipient), ".eml").exists()
        )

    def close(self) -> None:
        """There is nothing to close."""

    def _stem(self, mailing: str, recipient: Recipient) -> Path:
        readable = re.sub(r"[^A-Za-z0-9.@+-]+", "_", recipient.address)[:80]
        return self._folder / mailing / f"{recipient.subscriber_id}-{readable}"

    def _deliver(self, message: Message, recipient: Recipient, mail: bytes, stem: Path) -> None:
        tries = 1
        name = stem
        while _with_suffix(name, ".eml").exists():
            tries += 1
            name = stem.with_name(f"{stem.name}~{tries}")
        if message.html is not None:
            _write(_with_suffix(name, ".html"), spliced(message.html, recipient).encode())
        _write(_with_suffix(name, ".txt"), spliced(message.text, recipient).encode())
        _write(_with_suffix(name, ".eml"), mail)

    def _complaint(self, error: OSError) -> str:
        where = f"The outbox {self._folder} cannot be written"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return f"{where}: the disk is full. Make room, then resume."
        return f"{where}: {error.strerror}. Make it writable or set NEWSLETTER_OUTBOX_DIR, then resume."


def _with_suffix(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _write(path: Path, content: bytes) -> None:
    """Write a file that appears whole; readable by its owner alone, because mails hold tokens."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
