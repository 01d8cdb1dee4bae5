"""Mail new links to readers who lost theirs: only the owner of the inbox gets them."""

from typing import Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from newsletter.errors import InvalidInputError
from newsletter.subscribers import on_request
from newsletter.subscribers.consent import signup
from newsletter.web.serving.forms import Fields, Posted
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import form_stamps
from newsletter.web.subscriber.subscribing import HONEYPOT, filled_too, next_stamp, too_many

router: Final = Router()

LOST = (
    "We cannot read that link",
    "Copy the whole line from the message. If that does not help, have working links mailed to you.",
)


@router.page("/links")
def links_page(site: CurrentSite, said: str = "") -> Response:
    """Show the form, or that it was sent, the same to everybody."""
    return _page(site, is_done=said == "sent", stamp=form_stamps.stamp(site.keys, site.now()))


@router.post("/links")
def send_links(request: Request, site: CurrentSite, posted: Posted) -> Response:
    """Have a reader's links mailed; the answer is the same for every address."""
    done = RedirectResponse(site.path("/links?said=sent"), status_code=303)
    if HONEYPOT in posted:
        return done
    fault = filled_too(posted, site)
    if fault:
        return _refused(site, posted, fault)
    try:
        may_ask = on_request.send_links(
            site.store,
            site.queue,
            site.settings,
            posted.text("email", longest=320),
            origin=site.client(request),
            now=site.now(),
        )
    except InvalidInputError as error:
        return _refused(site, posted, str(error))
    return done if may_ask else too_many(site, signup.retry_after(site.now()))


def lost(site: Site) -> Response:
    """Answer a link that cannot be read with the way to a new one."""
    title, text = LOST
    stamp = form_stamps.stamp(site.keys, site.now())
    return site.page(
        "unusable.html", status=404, title=title, text=text, again=None, fault="", email="", stamp=stamp
    )


def _refused(site: Site, posted: Fields, fault: str) -> Response:
    return _page(site, status=422, fault=fault, email=posted.shown("email"), stamp=next_stamp(site, posted))


def _page(
    site: Site, *, stamp: str, status: int = 200, is_done: bool = False, fault: str = "", email: str = ""
) -> Response:
    return site.page("links.html", status=status, is_done=is_done, fault=fault, email=email, stamp=stamp)
