"""Leaving: one press here, or one click in the mail program (RFC 8058).

The POST needs no cookie and no proof but the address itself; it answers 200
without a redirect, may be repeated, and works for as long as a key is kept.
GET changes nothing, because scanners open every link.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from newsletter.models import Preferences, Subscriber, SubscriberStatus
from newsletter.subscribers.consent import keyring, signup, tokens
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.web.serving.forms import Posted
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import links, next_edition

router: Final = Router()

SHORT_PAUSE = timedelta(days=30)
TOO_LATE = "That was more than a day ago. Subscribe again on the front page, please."
DONE = "You are unsubscribed. No more digests will come.\n"


@router.page("/u/{token}")
def unsubscribe_page(token: str, site: CurrentSite, said: str = "") -> Response:
    """Show one button, or that it is done; change nothing."""
    return _page(site, token, done=_DONE["undo"] if said == "back" else "")


@router.post("/u/{token}")
def unsubscribe(token: str, site: CurrentSite, posted: Posted) -> Response:
    """Unsubscribe at once; a form of our page may ask for less, or take it back.

    Whatever else a mail program posts, or nothing at all, means the one click.
    """
    if posted.shown("from") != "page":
        if signup.unsubscribe(site.store, site.settings, token, site.now()) is signup.Left.DAMAGED:
            return PlainTextResponse(
                f"{' '.join(links.LOST)}\n{site.settings.base_url}/links\n", status_code=404
            )
        return PlainTextResponse(DONE)
    if not _holder(site, token)[0]:
        return _page(site, token)
    match posted.text("choice"):
        case "weekly" | "pause" as choice:
            return _page(site, token, done=_want_less(site, token, choice))
        case "undo":
            return _undo(site, token)
        case "" | "unsubscribe":
            signup.unsubscribe(site.store, site.settings, token, site.now())
        case _:
            raise HTTPException(400)
    return RedirectResponse(site.path(f"/u/{token}"), status_code=303)


_DONE = {
    "weekly": "One digest a week from now on.",
    "pause": "Paused for 30 days; resumes automatically.",
    "undo": "You are subscribed again.",
}
"""What is true after a choice; shown to nobody for whom it is not."""


def _undo(site: Site, token: str) -> Response:
    if signup.resubscribe(site.store, site.settings, token, site.now()) is signup.Returned.EXPIRED:
        return _page(site, token, said=TOO_LATE)
    return RedirectResponse(site.path(f"/u/{token}?said=back"), status_code=303)


def _holder(site: Site, token: str) -> tuple[bool, Subscriber | None]:
    """Return whether the link is genuine, and whom it names if they are still kept."""
    reading = tokens.read("unsubscribe", token, keyring.known(site.store, site.settings), now=site.now())
    if reading.state is not tokens.TokenState.OK:
        return False, None
    return True, SubscriberStore(site.store).at(reading.mailbox)


def _want_less(site: Site, token: str, choice: str) -> str:
    _, subscriber = _holder(site, token)
    if subscriber is None or subscriber.status is not SubscriberStatus.ACTIVE:
        return ""
    less = _less(subscriber.preferences, choice, site.now())
    SubscriberStore(site.store).save_preferences(subscriber.id, less, site.now())
    return _DONE[choice]


def _less(preferences: Preferences, choice: str, now: datetime) -> Preferences:
    if choice == "weekly":
        return preferences.model_copy(update={"frequency": "weekly"})
    until = (now.astimezone(ZoneInfo(preferences.timezone)) + SHORT_PAUSE).date()
    return preferences.model_copy(update={"paused_until": until})


def _page(site: Site, token: str, *, said: str = "", done: str = "") -> Response:
    """Show what is true now: that nothing comes, what was done, or the button."""
    is_genuine, subscriber = _holder(site, token)
    if not is_genuine:
        return links.lost(site)
    is_active = subscriber is not None and subscriber.status is SubscriberStatus.ACTIVE
    return site.page(
        "unsubscribe.html",
        token=token,
        subscriber=subscriber,
        said=said,
        done=done if is_active else "",
        next=next_edition.next_edition(subscriber.preferences, site.now())
        if subscriber and is_active
        else "",
    )
