"""The links that differ between recipients, made for a thousand at once."""

from collections.abc import Mapping, Sequence

from newsletter.models import Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.subscribers import tokens

UNSUBSCRIBE, MANAGE, BY_MAIL = "-unsubscribe_url-", "-manage_url-", "-unsubscribe_mail_url-"


def of(subscriber_id: int, site: SiteFacts, keys: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return what is spliced into every mail to a subscriber: how to leave, and how to change."""
    token = tokens.sign("unsubscribe", subscriber_id, keys)
    values = (
        (UNSUBSCRIBE, f"{site.base_url}/u/{token}"),
        (MANAGE, f"{site.base_url}/manage/{tokens.sign('manage', subscriber_id, keys)}"),
    )
    return (*values, (BY_MAIL, _letter_to(site) + token)) if site.bounce_address else values


def recipients(addresses: Mapping[int, str], site: SiteFacts, keys: Sequence[str]) -> dict[int, Recipient]:
    """Return recipients by id; their addresses were checked when they signed up."""
    leave, change = tokens.signer("unsubscribe", keys), tokens.signer("manage", keys)
    u, manage = f"{site.base_url}/u/", f"{site.base_url}/manage/"
    if site.bounce_address is None:
        return {
            one: Recipient(one, address, ((UNSUBSCRIBE, u + leave(one)), (MANAGE, manage + change(one))))
            for one, address in addresses.items()
        }
    by_mail = _letter_to(site)
    return {
        one: Recipient(
            one,
            address,
            (
                (UNSUBSCRIBE, u + (token := leave(one))),
                (MANAGE, manage + change(one)),
                (BY_MAIL, by_mail + token),
            ),
        )
        for one, address in addresses.items()
    }


def _letter_to(site: SiteFacts) -> str:
    """Return the `mailto:` whose subject ends with a token; `mailbox` reads it."""
    return f"mailto:{site.bounce_address}?subject=unsubscribe%20"
