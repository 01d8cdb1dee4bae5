"""The links that differ between recipients, made for a thousand at once."""

from collections.abc import Mapping, Sequence

from newsletter.models import Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.subscribers import tokens

UNSUBSCRIBE, MANAGE = "-unsubscribe_url-", "-manage_url-"


def of(subscriber_id: int, site: SiteFacts, keys: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return what is spliced into every mail to a subscriber: how to leave, and how to change."""
    return (
        (UNSUBSCRIBE, f"{site.base_url}/u/{tokens.sign('unsubscribe', subscriber_id, keys)}"),
        (MANAGE, f"{site.base_url}/manage/{tokens.sign('manage', subscriber_id, keys)}"),
    )


def recipients(addresses: Mapping[int, str], site: SiteFacts, keys: Sequence[str]) -> dict[int, Recipient]:
    """Return recipients by id; their addresses were checked when they signed up."""
    leave, change = tokens.signer("unsubscribe", keys), tokens.signer("manage", keys)
    u, manage = f"{site.base_url}/u/", f"{site.base_url}/manage/"
    return {
        one: Recipient(one, address, ((UNSUBSCRIBE, u + leave(one)), (MANAGE, manage + change(one))))
        for one, address in addresses.items()
    }
