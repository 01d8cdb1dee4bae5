"""The link of the confirmation mail, and the one beside it for who did not ask.

Mail scanners open every link, so GET confirms nothing, with one exception: in
the very browser that filled in the form, proven by its signed cookie, the click
is the answer. Everywhere else a button POSTs.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from newsletter.subscribers.consent import keyring, signup, tokens
from newsletter.subscribers.consent.signup import Confirmed, Requested
from newsletter.subscribers.consent.tokens import TokenReading, TokenState
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.web.serving.forms import Posted
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import form_stamps, next_edition
from newsletter.web.subscriber.subscribing import check_inbox, too_many

router: Final = Router()

_DAMAGED = ("We cannot read that link", "Copy the whole line from the message.")
_EXPIRED = (
    "That link is too old",
    f"A link works for {tokens.CONFIRM_WITHIN.days} days. Nothing was changed; a new one is one click away.",
)

_GONE = (
    "That link has done its work",
    "What it was for is over, and nothing was changed. Subscribe again on the front page if you like.",
)


@router.page("/confirm/{token}")
def confirm_page(token: str, request: Request, site: CurrentSite) -> Response:
    """Confirm in the browser that filled in the form; show a button in any other."""
    reading = _read(site, token)
    if reading.state is not TokenState.OK:
        return _unusable(site, token, reading.state)
    if request.method == "GET" and _was_filled_in_here(request, site, reading):
        return _confirm(site, token, request)
    return site.page("confirm.html", token=token)


@router.post("/confirm/{token}")
def confirm(token: str, request: Request, site: CurrentSite, posted: Posted) -> Response:
    """Confirm, or ask for a new link where this one is too old."""
    reading = _read(site, token)
    if reading.state is TokenState.EXPIRED and "again" in posted:
        return _send_again(site, reading, request)
    if reading.state is not TokenState.OK:
        return _unusable(site, token, reading.state)
    return _confirm(site, token, request)


@router.page("/reject/{token}")
def reject_page(token: str, site: CurrentSite) -> Response:
    """Ask whether it was somebody else; change nothing."""
    if not _is_genuine_no(site, token):
        return _unusable(site, token, TokenState.DAMAGED)
    return site.page("reject.html", token=token, is_done=False)


@router.post("/reject/{token}")
def reject(token: str, site: CurrentSite) -> Response:
    """Let nobody ask this address again for a while; an old link serves as well."""
    if not _is_genuine_no(site, token):
        return _unusable(site, token, TokenState.DAMAGED)
    signup.reject(site.store, site.settings, token, site.now())
    return site.page("reject.html", token=token, is_done=True)


def _read(site: Site, token: str) -> TokenReading:
    return tokens.read(
        "confirm",
        token,
        keyring.known(site.store, site.settings),
        max_age=tokens.CONFIRM_WITHIN,
        now=site.now(),
    )


def _is_genuine_no(site: Site, token: str) -> bool:
    return (
        tokens.read("reject", token, keyring.known(site.store, site.settings), now=site.now()).state
        is TokenState.OK
    )


def _was_filled_in_here(request: Request, site: Site, reading: TokenReading) -> bool:
    cookie = request.cookies.get(form_stamps.CONFIRM_COOKIE)
    if cookie is None or reading.subscriber_id is None:
        return False
    subscriber = SubscriberStore(site.store).asked(reading.subscriber_id)
    return subscriber is not None and form_stamps.is_same_browser(
        cookie, subscriber.address, site.keys, site.now()
    )


def _confirm(site: Site, token: str, request: Request) -> Response:
    outcome = signup.confirm(
        site.store, site.queue, site.settings, token, origin=site.client(request), now=site.now()
    )
    subscriber = SubscriberStore(site.store).get(_read(site, token).subscriber_id or 0)
    if outcome in (Confirmed.DAMAGED, Confirmed.EXPIRED) or subscriber is None:
        return _over(site)
    keys = keyring.of(site.store, site.settings)
    return site.page(
        "confirmed.html",
        first=next_edition.next_edition(subscriber.preferences, site.now()),
        is_new=outcome is Confirmed.CONFIRMED,
        has_edition=bool(site.dates()),
        manage=tokens.sign("manage", subscriber.id, subscriber.address, keys),
    )


def _send_again(site: Site, reading: TokenReading, request: Request) -> Response:
    """Record a new confirmation; the answer is that of the form, whatever becomes of it."""
    subscriber = SubscriberStore(site.store).asked(reading.subscriber_id or 0)
    if subscriber is None or not reading.is_for(subscriber.address):
        return _over(site)
    outcome = signup.request(
        site.store,
        site.queue,
        site.settings,
        subscriber.address,
        preferences=subscriber.preferences,
        origin=site.client(request),
        now=site.now(),
        is_invited=True,
    )
    if outcome is Requested.TOO_MANY:
        return too_many(site, signup.retry_after(site.now()))
    return check_inbox(site, subscriber.address)


def _over(site: Site) -> Response:
    """Answer a genuine link to somebody who is not kept any more, or who left since."""
    title, text = _GONE
    return site.page("unusable.html", status=410, title=title, text=text, again=None)


def _unusable(site: Site, token: str, state: TokenState) -> Response:
    is_old = state is TokenState.EXPIRED
    title, text = _EXPIRED if is_old else _DAMAGED
    again = site.path(f"/confirm/{token}") if is_old else None
    return site.page("unusable.html", status=410 if is_old else 404, title=title, text=text, again=again)
