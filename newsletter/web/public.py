"""The pages that everybody sees: the landing page and what it explains."""

from typing import Final

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from newsletter.delivery.ledger import store as delivery
from newsletter.editions.scoring.trending import DEFINITION
from newsletter.subscribers.consent import signup, tokens
from newsletter.web.serving import caching
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import form_stamps, next_edition, zones
from newsletter.web.subscriber.signup_form import form_facts, offered

router: Final = Router()

_STAMP = "\0stamp\0"
"""What the kept page holds instead of a form's stamp: no text that is shown holds such characters."""


@router.page("/")
def landing(request: Request, site: CurrentSite) -> Response:
    """Show the promise, the form and the newest edition.

    The tag leaves out the form's stamp, so that a browser keeps the page until what it says changes.
    """
    newest = next(iter(site.dates()), None)
    facts = form_facts(site, offered(site))

    def make() -> str:
        edition = site.edition(newest) if newest else None
        return site.render("landing.html", edition=edition, cut_off=cut_off(site), **facts, stamp=_STAMP)

    said = site.shelf.get(("landing", newest, facts["first"]), make)
    body = said.replace(_STAMP, form_stamps.stamp(site.keys, site.now()))
    tag = caching.entity_tag(said)
    return caching.answer(request, body.encode(), "text/html", tag=tag, control=caching.CHECK_EACH_TIME)


def cut_off(site: Site) -> str:
    """Return when the day is closed, as a clock shows it."""
    return f"{site.settings.cut_off:%H:%M}"


@router.page("/first-edition")
def first_edition(site: CurrentSite, hour: str = "", timezone: str = "") -> Response:
    """Say when the first edition would come for an hour and a zone; the landing page's script asks."""
    preferences = offered(site)
    if hour.isascii() and hour.isdigit() and int(hour[:3]) < 24 and timezone in zones.known():
        preferences = preferences.model_copy(update={"hour": int(hour[:3]), "timezone": timezone})
    return PlainTextResponse(
        next_edition.next_edition(preferences, site.now()), headers={"Cache-Control": "no-store"}
    )


@router.page("/check-inbox")
def check_inbox(request: Request, site: CurrentSite) -> Response:
    """Say what to do next, the same to everybody."""
    answer = site.public_page(request, "check_inbox.html")
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@router.page("/about/trending")
def about(request: Request, site: CurrentSite) -> Response:
    """Publish how trending is defined."""
    return site.public_page(request, "about.html", definition=defined(), cut_off=cut_off(site))


def defined() -> tuple[tuple[str, str], ...]:
    """Return the published definition as pairs of a term (or nothing) and its text.

    >>> [term for term, _ in defined() if term][:3]
    ['Votes', 'Breadth', 'Words']
    """
    found = []
    for line in DEFINITION.replace("'", "’").splitlines():
        term, mark, text = line.partition(": ")
        is_term = bool(mark) and " " not in term
        found.append((term, text[:1].upper() + text[1:]) if is_term else ("", line))
    return tuple(found)


@router.page("/privacy")
def privacy(request: Request, site: CurrentSite) -> Response:
    """Say what is kept, why and how long."""
    return site.public_page(
        request,
        "privacy.html",
        unconfirmed_days=signup.KEEP_UNCONFIRMED.days,
        cookie_days=form_stamps.COOKIE_LIFE.days,
        ledger_days=delivery.KEPT.days,
        move_days=tokens.CONFIRM_WITHIN.days,
        mailer=site.settings.mailer,
    )
