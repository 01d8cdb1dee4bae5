"""The links that differ between recipients, made for a thousand at once."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import repeat

import numpy as np

from newsletter.delivery.mailers.smtp import return_path
from newsletter.models import Recipient
from newsletter.rendering.site import SiteFacts
from newsletter.subscribers.consent import tokens
from newsletter.subscribers.consent.tokens import Keys

UNSUBSCRIBE, MANAGE, BY_MAIL = "-unsubscribe_url-", "-manage_url-", "-unsubscribe_mail_url-"
_Row = tuple[int, str, tuple[str, ...], tuple[str, ...]]
_as_recipient: Callable[[_Row], Recipient] = partial(tuple.__new__, Recipient)
"""Makes a Recipient without running Python."""


def of(subscriber_id: int, address: str, site: SiteFacts, keys: Keys) -> tuple[tuple[str, str], ...]:
    """Return what is spliced into every mail to a subscriber: how to leave, and how to change."""
    return recipients({subscriber_id: address}, site, keys)[subscriber_id].substitutions


def recipients(addresses: Mapping[int, str], site: SiteFacts, keys: Keys) -> dict[int, Recipient]:
    """Return recipients by id; their addresses were checked when they signed up."""
    ids, to = list(addresses), list(addresses.values())
    numbers = np.array(ids, np.int64)
    leave = tokens.sign_many("unsubscribe", numbers, to, keys)
    links = {
        UNSUBSCRIBE: _ending(f"{site.base_url}/u/", leave),
        MANAGE: _ending(f"{site.base_url}/manage/", tokens.sign_many("manage", numbers, to, keys)),
    }
    if site.bounce_address:
        mailto = return_path.leaving(site.bounce_address, leave)
        links[BY_MAIL] = [f"mailto:{address}?subject=unsubscribe" for address in mailto]
    values = zip(*links.values(), strict=True)
    rows = zip(ids, to, repeat(tuple(links)), values)
    return dict(zip(ids, map(_as_recipient, rows), strict=True))


def _ending(start: str, ends: Sequence[str]) -> list[str]:
    return [start + end for end in ends]
