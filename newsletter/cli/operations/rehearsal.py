"""A mail written as the chosen mailer would write it, to nobody: what only sending would show."""

from datetime import UTC, datetime

from newsletter.delivery.mailers import dkim
from newsletter.delivery.mailers.dkim import Signer
from newsletter.delivery.mailers.smtp.return_path import ReturnPath
from newsletter.delivery.sending import links
from newsletter.errors import NewsletterError
from newsletter.models import Recipient
from newsletter.rendering import notices
from newsletter.rendering.mime import wire_address
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.subscribers.consent.tokens import Keys

_REQUEST = "letter-1.1"
_MOMENT = datetime(2026, 6, 10, 7, tzinfo=UTC)


def fault(settings: Settings) -> str | None:
    """Say why the mailer of these settings could not write a mail, or None."""
    try:
        _write(settings)
    except NewsletterError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, each mail would end so
        kind = type(error).__name__
        return f"With these settings no mail can be written: {error} ({kind}). Look at FROM, NAME and DKIM."
    return None


def _write(settings: Settings) -> None:
    site = SiteFacts.of(settings)
    message = notices.render("welcome", site, first_at=_MOMENT)
    values = links.of(1, "reader@example.org", site, Keys(settings.keys, "00" * 32))
    reader = Recipient.of(1, "reader@example.org", values)
    if settings.mailer == "sendgrid":
        from newsletter.delivery.mailers.sendgrid import mailer as sendgrid  # noqa: PLC0415 - loads its library

        sendgrid.request_body(message, [reader], site, _REQUEST)
        return
    wire_address(site.sender_address).encode("ascii")
    signer = Signer.of(settings)
    dkim.envelope(message, site, sent_at=_MOMENT, stamp="letter-1", signer=signer).splice(reader)
    if path := ReturnPath.of(settings):
        path.writer(_REQUEST)(reader)
