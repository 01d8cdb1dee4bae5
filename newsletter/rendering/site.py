"""What mails and pages say of the newsletter itself."""

import re
from datetime import date, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from newsletter.models import Edition, Value
from newsletter.settings import Settings

_DAY = timedelta(days=1)


class SiteFacts(Value):
    """The newsletter's name, addresses and templates; links are built from `base_url` alone."""

    name: str
    base_url: str
    """Absolute, without a slash at its end."""
    from_: str
    """The sender, as `Name <address>`."""
    reply_to: str | None = None
    bounce_address: str | None = None
    """Where unsubscriptions by mail are read, if they are."""
    postal_address: str = ""
    timezone: str = "UTC"
    templates_dir: Path | None = None
    """A folder whose templates override ours of the same name."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Pick from the settings what readers may see."""
        return cls(
            name=settings.name,
            base_url=settings.base_url,
            from_=settings.from_,
            reply_to=settings.reply_to,
            bounce_address=settings.bounce_address,
            postal_address=settings.postal_address,
            timezone=settings.timezone,
            templates_dir=settings.templates_dir,
        )

    @property
    def host(self) -> str:
        """The site's host name, in ASCII.

        >>> SiteFacts(name="P", base_url="https://papers.example.org:8443", from_="p@example.org").host
        'papers.example.org'
        """
        host = urlsplit(self.base_url).hostname or "localhost"
        return host if host.isascii() else host.encode("idna").decode("ascii")

    @property
    def list_id(self) -> str:
        """The List-Id (RFC 2919): stable for ever, ASCII, so that no mail software encodes it.

        >>> SiteFacts(name="P", base_url="https://papers.example.org", from_="p@example.org").list_id
        '<digest.papers.example.org>'
        """
        return f"<digest.{self.host.strip('[]').replace(':', '.')}>"

    @property
    def sender_id(self) -> str:
        """The last part of Feedback-ID: 5 to 15 characters, the same in all mails (Google's rule)."""
        letters = re.sub(r"[^a-z0-9]", "", self.host.lower())
        return (letters or "papers")[:15].ljust(5, "0")

    @property
    def sender_address(self) -> str:
        """The address in From."""
        return parseaddr(self.from_)[1]

    @property
    def unsubscribe_headers(self) -> tuple[tuple[str, str], ...]:
        """One click (RFC 8058), and by mail too (RFC 2369) where mail is read."""
        by_mail = ", <-unsubscribe_mail_url->" if self.bounce_address else ""
        return (
            ("List-Unsubscribe", f"<-unsubscribe_url->{by_mail}"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        )

    def url(self, path: str) -> str:
        """Return the public address of a path that begins with a slash."""
        return self.base_url + path

    def edition_url(self, edition: Edition) -> str:
        """Return where an edition stands on the web; a long weekend's has only the month's list."""
        return self.url(edition_path(edition))

    def topic_url(self, slug: str) -> str:
        """Return where a topic's history stands on the web."""
        return self.url(f"/topics/{quote(slug, safe='')}")


def edition_path(edition: Edition) -> str:
    """Return the path of an edition's page.

    >>> from datetime import datetime
    >>> noon = datetime.fromisoformat("2027-01-03T12:00Z")
    >>> day = Edition(date=noon.date(), composed_at=noon, cut_off=noon)
    >>> monday = noon.date() - timedelta(days=6)
    >>> [edition_path(day.model_copy(update={"since": first})) for first in (None, monday)]
    ['/d/2027-01-03', '/week/2026-W53']
    """
    if edition.since is None:
        return f"/d/{edition.date.isoformat()}"
    return period_path(edition.since, edition.date)


def period_path(first: date, last: date) -> str:
    """Return the path of a week's or a month's page; for other days that of their month's list."""
    year, week, weekday = first.isocalendar()
    if weekday == 1 and last - first == 6 * _DAY:
        return f"/week/{year}-W{week:02}"
    is_month = first.day == 1 and first.month == last.month and (last + _DAY).day == 1
    return f"/{'month' if is_month else 'archive'}/{last.isoformat()[:7]}"
