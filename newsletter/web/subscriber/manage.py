"""Preferences, behind a link instead of a login: who holds it holds the inbox.

GET shows, POST changes, and every button is one `do`. After a change the
answer is a redirect, so that going back or reloading repeats nothing.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from newsletter.delivery.ledger import store as delivery
from newsletter.errors import InvalidInputError
from newsletter.models import Subscriber, SubscriberStatus
from newsletter.subscribers import on_request, preferences
from newsletter.subscribers.consent import keyring, moving, signup, tokens
from newsletter.subscribers.consent.moving import Asked
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.web.serving.forms import FieldError, Fields, Posted
from newsletter.web.serving.site import CurrentSite, Router, Site
from newsletter.web.subscriber import links, next_edition, preference_form, zones

router: Final = Router()

LONGEST_PAUSE = timedelta(days=366)
SAID = {
    "saved": "Saved. Starts with your next edition.",
    "paused": "Paused; resumes automatically.",
    "resumed": "Resumed.",
    "latest": "The latest edition is on its way to you.",
    "recent": "It was sent to you within the last hour. Check your inbox and your spam folder.",
    "asked": "Nothing has changed yet: the new address must confirm first.",
    "same": "That is your address already. Nothing was changed.",
    "stopped": "Your address stays as it is.",
}
"""What a redirect may ask the page to say; nothing else is shown."""
NOT_SUBSCRIBED = "Nothing is mailed to you at present, so nothing was changed. Subscribe again first."


@router.page("/manage/{token}")
def preferences_page(token: str, site: CurrentSite, said: str = "") -> Response:
    """Show what is chosen."""
    subscriber = _holder(site, token)
    if subscriber is None:
        return links.lost(site)
    return _page(site, token, subscriber, said=SAID.get(said, "") if _is_true(said, subscriber) else "")


def _is_true(said: str, subscriber: Subscriber) -> bool:
    """Whether a page may still say so: an address with `said` may be opened later, or again."""
    match said:
        case "back" | "latest":
            return subscriber.status is SubscriberStatus.ACTIVE
        case "paused":
            return subscriber.preferences.paused_until is not None
        case "resumed":
            return subscriber.preferences.paused_until is None
    return True


@router.page("/manage/{token}/export.json")
def export(token: str, site: CurrentSite) -> Response:
    """Hand over everything that is kept about the holder: the last editions that were sent, too."""
    subscriber = _holder(site, token)
    if subscriber is None:
        return links.lost(site)
    days = [day for day in site.dates() if site.now().date() - day <= delivery.KEPT]
    sent = delivery.addressed_to(site.store, days, subscriber.id)
    kept = subscriber.model_dump(mode="json") | {
        "moving_to": moving.wished(site.store, subscriber.id),
        "editions": [day.isoformat() for day in sent],
    }
    return Response(
        orjson.dumps(kept, option=orjson.OPT_INDENT_2),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="subscription.json"'},
    )


@router.post("/manage/{token}")
def change(token: str, site: CurrentSite, posted: Posted) -> Response:
    """Do what the pressed button says."""
    subscriber = _holder(site, token)
    if subscriber is None:
        return links.lost(site)
    act = _ACTS.get(posted.text("do"))
    if act is None:
        raise HTTPException(400)
    try:
        return act(site, token, subscriber, posted)
    except InvalidInputError as error:
        return _page(site, token, subscriber, fault=str(error), typed=posted)


def _holder(site: Site, token: str) -> Subscriber | None:
    reading = tokens.read("manage", token, keyring.known(site.store, site.settings), now=site.now())
    if reading.subscriber_id is None:
        return None
    found = SubscriberStore(site.store).get(reading.subscriber_id)
    return found if found and reading.is_for(found.address) else None


def _save(site: Site, token: str, subscriber: Subscriber, posted: Fields) -> Response:
    wanted = preference_form.read(posted, subscriber.preferences)
    kept = preferences.changed(subscriber.preferences, wanted, site.now().date())
    SubscriberStore(site.store).save_preferences(subscriber.id, kept, site.now())
    return _back(site, token, "saved")


def _pause(site: Site, token: str, subscriber: Subscriber, posted: Fields) -> Response:
    until = pause_end(posted, subscriber.preferences.timezone, site.now())
    paused = subscriber.preferences.model_copy(update={"paused_until": until})
    SubscriberStore(site.store).save_preferences(subscriber.id, paused, site.now())
    return _back(site, token, "paused")


def pause_end(posted: Fields, timezone: str, now: datetime) -> date:
    """Return the first day with mail again: after 7 or 30 days, or the day that was named."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    days = posted.text("days")
    if days:
        if days not in ("7", "30"):
            raise FieldError("A pause lasts 7 or 30 days, or until a day that you name.")
        return today + timedelta(days=int(days))
    try:
        until = date.fromisoformat(posted.text("until"))
    except ValueError as error:
        raise FieldError("Name the day on which the digest goes on, like 2026-12-24.") from error
    if not today < until <= today + LONGEST_PAUSE:
        raise FieldError("Choose a date within the next year.")
    return until


def _resume(site: Site, token: str, subscriber: Subscriber, _posted: Fields) -> Response:
    on = subscriber.preferences.model_copy(update={"paused_until": None})
    SubscriberStore(site.store).save_preferences(subscriber.id, on, site.now())
    return _back(site, token, "resumed")


def _latest(site: Site, token: str, subscriber: Subscriber, _posted: Fields) -> Response:
    if not site.dates():
        raise InvalidInputError("No edition yet. The first one comes automatically.")
    match on_request.send_latest(site.store, site.queue, subscriber.id, site.now()):
        case on_request.Latest.SENDING:
            return _back(site, token, "latest")
        case on_request.Latest.RECENT:
            return _back(site, token, "recent")
        case on_request.Latest.UNKNOWN:
            raise InvalidInputError(NOT_SUBSCRIBED)


def _move(site: Site, token: str, subscriber: Subscriber, posted: Fields) -> Response:
    typed = posted.text("email", longest=320)
    match moving.request(site.store, site.queue, site.settings, subscriber.id, typed, now=site.now()):
        case Asked.SAME:
            return _back(site, token, "same")
        case Asked.TOO_MANY:
            raise InvalidInputError("That is enough for one day. Nothing was changed; ask again tomorrow.")
        case Asked.UNKNOWN:
            raise InvalidInputError(NOT_SUBSCRIBED)
        case _:  # looks the same if a reader has that address already
            return _back(site, token, "asked")


def _stop_move(site: Site, token: str, subscriber: Subscriber, _posted: Fields) -> Response:
    moving.stop(site.store, subscriber.id)
    return _back(site, token, "stopped")


def _unsubscribe(site: Site, _token: str, subscriber: Subscriber, _posted: Fields) -> Response:
    signup.unsubscribe(site.store, site.settings, subscriber.id, site.now())
    out = tokens.sign("unsubscribe", subscriber.id, subscriber.address, keyring.of(site.store, site.settings))
    return RedirectResponse(site.path(f"/u/{out}"), status_code=303)


def _delete(site: Site, _token: str, subscriber: Subscriber, posted: Fields) -> Response:
    if posted.text("sure") != "yes":
        raise FieldError("Tick the box to say that you are sure. Nothing was deleted.")
    signup.erase(site.store, subscriber.id, site.now())
    return site.page(
        "message.html",
        title="Everything is deleted.",
        text="Your address and everything kept with it are gone. To come back, just sign up again.",
    )


_ACTS: dict[str, Callable[[Site, str, Subscriber, Fields], Response]] = {
    "save": _save,
    "pause": _pause,
    "resume": _resume,
    "latest": _latest,
    "move": _move,
    "stop-move": _stop_move,
    "unsubscribe": _unsubscribe,
    "delete": _delete,
}


def _back(site: Site, token: str, said: str) -> Response:
    return RedirectResponse(site.path(f"/manage/{token}?said={said}"), status_code=303)


def _page(
    site: Site,
    token: str,
    subscriber: Subscriber,
    *,
    said: str = "",
    fault: str = "",
    typed: Fields | None = None,
) -> Response:
    latest = next((site.edition(day) for day in site.dates()[:1]), None)
    wanted = subscriber.preferences
    is_active = subscriber.status is SubscriberStatus.ACTIVE
    return site.page(
        "manage.html",
        status=422 if fault else 200,
        token=token,
        subscriber=subscriber,
        preferences=wanted,
        regions=zones.by_region(),
        next=next_edition.next_edition(wanted, site.now()) if is_active else "",
        today=site.now().astimezone(ZoneInfo(wanted.timezone)).date(),
        suggestions=tuple(section.label for section in latest.sections) if latest else (),
        said=said,
        fault=fault,
        topics=typed.shown("topics", longest=3000) if typed else ", ".join(wanted.topics),
        muted=typed.shown("muted", longest=3000) if typed else ", ".join(wanted.muted),
        email=typed.shown("email") if typed else "",
        moving_to=moving.wished(site.store, subscriber.id) if is_active else None,
        move_days=tokens.CONFIRM_WITHIN.days,
        has_edition=latest is not None,
    )
