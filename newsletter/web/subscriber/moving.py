"""The link that a new address is sent: who presses its button is the reader from then on.

GET changes nothing, because scanners open every link.
"""

from typing import Final

from starlette.responses import Response

from newsletter.models import SubscriberStatus
from newsletter.subscribers.consent import keyring, moving, tokens
from newsletter.subscribers.consent.moving import Moved
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import next_edition

router: Final = Router()

_DAMAGED = ("We cannot read that link", "Copy the whole line from the message.")
_OVER = (
    "That link no longer works",
    (
        "A week has passed, the change was stopped, or another one came after it. Nothing was changed. "
        "You can ask again on your preferences page; every digest has a link to it."
    ),
)


@router.page("/move/{token}")
def move_page(token: str, site: CurrentSite) -> Response:
    """Show the button that moves the reader."""
    state = moving.look(site.store, site.settings, token, now=site.now())
    if state in (Moved.OPEN, Moved.ALREADY):
        return site.page("move.html", token=token)
    return _unusable(site, state)


@router.post("/move/{token}")
def move(token: str, site: CurrentSite) -> Response:
    """Move the reader to the address that holds this link; pressing twice is harmless."""
    state = moving.confirm(site.store, site.queue, site.settings, token, now=site.now())
    reading = tokens.read("move", token, keyring.known(site.store, site.settings), now=site.now())
    subscriber = SubscriberStore(site.store).get(reading.subscriber_id or 0)
    if state not in (Moved.MOVED, Moved.ALREADY) or subscriber is None:
        return _unusable(site, state)
    keys = keyring.of(site.store, site.settings)
    is_active = subscriber.status is SubscriberStatus.ACTIVE
    return site.page(
        "moved.html",
        address=subscriber.address,
        next=next_edition.next_edition(subscriber.preferences, site.now()) if is_active else "",
        manage=tokens.sign("manage", subscriber.id, subscriber.address, keys),
    )


def _unusable(site: Site, state: Moved) -> Response:
    title, text = _DAMAGED if state is Moved.DAMAGED else _OVER
    status = 404 if state is Moved.DAMAGED else 410
    return site.page("unusable.html", status=status, title=title, text=text, again=None)
