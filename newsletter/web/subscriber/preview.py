"""Try before you subscribe: the newest edition as somebody's choices would make it."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from newsletter.editions import for_reader
from newsletter.rendering.templating import untrusted
from newsletter.web.serving.forms import Fields
from newsletter.web.serving.site import CurrentSite, Router
from newsletter.web.subscriber import form_stamps, preference_form
from newsletter.web.subscriber.signup_form import form_facts, offered
from newsletter.web.subscriber.subscribing import too_many

router: Final = Router()


@router.page("/preview")
def preview(request: Request, site: CurrentSite) -> Response:
    """Show the newest edition for the topics, words, length and hour in the query; keep nothing of them.

    429 to a network that asks too often: this page is made anew for each request.
    """
    if wait := site.turnstile.wait(site.client(request), site.now()):
        return too_many(site, wait)
    asked = Fields(request.query_params.multi_items())
    wanted, fault = preference_form.read_or(asked, offered(site))
    newest = site.published.newest(site.store)
    tailored = untrusted.disarmed(for_reader(newest, wanted)) if newest else None
    return site.page(
        "preview.html",
        status=422 if fault else 200,
        edition=tailored,
        topics=", ".join(wanted.topics) or asked.shown("topics", longest=3000),
        muted=", ".join(wanted.muted) or asked.shown("muted", longest=3000),
        wrong=fault,
        has_zone=asked.mentions("timezone"),
        stamp=form_stamps.stamp(site.keys, site.now()),
        **form_facts(site, wanted),
    )
