"""The message that the readers of a batch share, rendered once a process."""

from collections import OrderedDict
from typing import Final

from newsletter.delivery.freezing.variants import DigestVariant, cut
from newsletter.delivery.ledger.ledger import Claim, Ledger
from newsletter.models import Message
from newsletter.rendering import digest, template_check
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.store import Store

_KEPT_MESSAGES: Final = 64


def message_of(store: Store, settings: Settings, site: SiteFacts, ledger: Ledger, claim: Claim) -> Message:
    """Return a batch's message, rendered once a process for all batches that share it.

    Raises `NotFoundError` where the edition is gone, and `SettingsError` where
    a template of the operator's fails.
    """
    key = (claim.rendering, site.model_dump_json())
    if key in _messages:
        _messages.move_to_end(key)
        return _messages[key]
    copy = DigestVariant.model_validate_json(ledger.rendering(claim))
    edition = cut(store, settings, claim.ref.day, copy)
    with template_check.blaming("digest"):
        message = digest.render(edition, copy.preferences, site)
    _messages[key] = message
    if len(_messages) > _KEPT_MESSAGES:
        _messages.popitem(last=False)
    return message


_messages: OrderedDict[tuple[str, str], Message] = OrderedDict()
