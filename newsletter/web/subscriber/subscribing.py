"""The form that asks for a digest.

Whatever the state of an address, the answer is the same to the byte but for a
cookie that is as long in each case: who asks learns nothing about anybody. A
letter is only recorded here; workers send it.
"""

from datetime import timedelta
from typing import Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.subscribers import addresses
from newsletter.subscribers.addresses import Address
from newsletter.subscribers.consent import signup
from newsletter.web.serving.forms import Fields, Posted
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import form_stamps, preference_form
from newsletter.web.subscriber.signup_form import form_facts, offered

router: Final = Router()

HONEYPOT = "website"
"""A field that people do not see and scripts fill in."""
TOO_MANY = "Too many requests came from your network. Please try again in {minutes}."
CLOSED = (
    "This list takes no new readers at present",
    "Nothing was saved. The newest edition, the archive and the feeds are open to everybody.",
)


@router.post("/subscribe")
def subscribe(request: Request, site: CurrentSite, posted: Posted) -> Response:
    """Take an address, and say “check your inbox” unless it cannot be one."""
    if site.settings.signup == "closed":
        return closed(site)
    if HONEYPOT in posted:
        return check_inbox(site, posted.shown("email"))
    fault = filled_too(posted, site)
    if fault:
        return _again(site, posted, fault)
    try:
        typed, preferences = (
            posted.text("email", longest=320),
            preference_form.read(posted, offered(site)),
        )
        address = addresses.parse(typed)
    except InvalidInputError as error:
        return _again(site, posted, str(error))
    meant = addresses.suggestion(address)
    if meant and posted.shown("sure") != typed:
        return _again(site, posted, "", meant=meant, sure=typed)
    return _request(request, site, address, preferences)


def _request(request: Request, site: Site, address: Address, preferences: Preferences) -> Response:
    now = site.now()
    outcome = signup.request(
        site.store,
        site.queue,
        site.settings,
        address.typed,
        preferences=preferences,
        origin=site.client(request),
        now=now,
    )
    if outcome is signup.Requested.TOO_MANY:
        return too_many(site, signup.retry_after(now))
    return check_inbox(site, address.typed)


def filled_too(posted: Fields, site: Site) -> str:
    """Say what is wrong with how long the form took to fill in, or nothing."""
    match form_stamps.fill(posted.shown("stamp"), site.keys, site.now()):
        case form_stamps.Fill.HUMAN:
            return ""
        case form_stamps.Fill.TOO_FAST:
            return "That was too fast; please try again."
        case _:
            return "This page had been open for long. Press the button once more, please."


def closed(site: Site) -> Response:
    """Answer 403 where the list takes nobody; it is the same for every address."""
    title, text = CLOSED
    return site.page("message.html", status=403, title=title, text=text)


def too_many(site: Site, wait: timedelta) -> Response:
    """Answer 429 to a network that asked too often; it says nothing of any address."""
    answer = site.page("message.html", status=429, title="Too many at once", text=too_many_words(wait))
    answer.headers.update(retry_after(wait))
    return answer


def too_many_words(wait: timedelta) -> str:
    """Say how long a network has to wait.

    >>> too_many_words(timedelta(seconds=61))
    'Too many requests came from your network. Please try again in 2 minutes.'
    """
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    return TOO_MANY.format(minutes="a minute" if minutes == 1 else f"{minutes} minutes")


def retry_after(wait: timedelta) -> dict[str, str]:
    """Return the header that says the same (RFC 9110, section 10.2.3), in seconds."""
    return {"Retry-After": str(max(1, int(wait.total_seconds())))}


def _again(
    site: Site,
    posted: Fields,
    fault: str,
    *,
    meant: str | None = None,
    sure: str = "",
) -> Response:
    """Show the form again with what was typed and what is wrong with it."""
    # what cannot be read is offered afresh, and said so
    preferences, unread = preference_form.read_or(posted, offered(site))
    fault = fault or unread
    facts = form_facts(site, preferences) | {
        "email": posted.shown("email"),
        "fault": fault,
        "meant": meant,
        "sure": sure,
    }
    return site.page("subscribe.html", status=422, **facts, stamp=next_stamp(site, posted))


def next_stamp(site: Site, posted: Fields) -> str:
    """Return the stamp of the next try: who has shown to be slow need not show it again."""
    given = posted.shown("stamp")
    is_kept = form_stamps.fill(given, site.keys, site.now()) is form_stamps.Fill.HUMAN
    return given if is_kept else form_stamps.stamp(site.keys, site.now())


def check_inbox(site: Site, address: str) -> Response:
    """Send on to “check your inbox”, and mark the browser as the one that gave this address."""
    answer = RedirectResponse(site.path("/check-inbox"), status_code=303)
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(
        form_stamps.CONFIRM_COOKIE,
        form_stamps.browser_cookie(address, site.keys, site.now()),
        max_age=int(form_stamps.COOKIE_LIFE.total_seconds()),
        path=site.path("/confirm"),
        secure=site.settings.base_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answer
