"""The message that the readers of a batch share, rendered once a process."""

from collections import OrderedDict
from datetime import date
from typing import Final

from newsletter.delivery.ledger import Claim, Ledger
from newsletter.editions import for_reader
from newsletter.editions.store import EditionStore
from newsletter.errors import NotFoundError
from newsletter.models import Edition, Message, Preferences
from newsletter.rendering import digest
from newsletter.rendering.site import SiteFacts
from newsletter.store import Store

_KEPT_MESSAGES: Final = 64


def message_of(store: Store, site: SiteFacts, ledger: Ledger, claim: Claim) -> Message:
    """Return a batch's message, rendered once a process for all batches that share it.

    Raises `NotFoundError` where the edition is gone.
    """
    key = (claim.rendering, site.model_dump_json())
    if key in _messages:
        _messages.move_to_end(key)
        return _messages[key]
    edition = EditionStore(store).get(claim.ref.day)
    if edition is None:
        raise NotFoundError(f"The edition of {claim.ref.day} is gone. Restore it, then resume.")
    shape = Preferences.model_validate_json(ledger.rendering(claim))
    own = for_reader(edition, shape, earlier=_earlier(store, claim.ref.day, shape))
    message = digest.render(own, shape, site)
    _messages[key] = message
    if len(_messages) > _KEPT_MESSAGES:
        _messages.popitem(last=False)
    return message


def _earlier(store: Store, day: date, shape: Preferences) -> list[Edition]:
    """Return the editions that may have been empty for readers who choose, so that the mail can say so."""
    if not shape.topics and not shape.muted:
        return []
    editions = EditionStore(store)
    days = [one for one in editions.dates() if one < day][:_EARLIER]
    return [edition for one in days if (edition := editions.get(one)) is not None]


_EARLIER = 5
"""How many silent days a mail counts at most: a working week."""
_messages: OrderedDict[tuple[str, str], Message] = OrderedDict()
