"""Subscribing and unsubscribing by program: the form's own rules, and answers that tell as little."""

from typing import Annotated, Final, Literal

from fastapi import Depends, Path, Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from newsletter.subscribers import addresses, preferences
from newsletter.subscribers.consent import signup
from newsletter.web.api.problems import faults, problem
from newsletter.web.api.routes import DescribedRouter
from newsletter.web.serving import forms
from newsletter.web.serving.forms import Fields
from newsletter.web.serving.site import CurrentSite
from newsletter.web.subscriber import preference_form, subscribing
from newsletter.web.subscriber.signup_form import offered
from newsletter.web.values import Described

router: Final = DescribedRouter()

_CHECK_INBOX = "One message is on its way to the address. Nothing else is sent before its link was pressed."
_LOST = (
    "No subscription has this token. Copy what follows /u/ in the unsubscribe link of any mail, all of it."
)


Phrases = Annotated[
    tuple[Annotated[str, Field(max_length=preferences.LONGEST_PHRASE)], ...],
    Field(max_length=preferences.MOST_PHRASES),
]


class SubscriptionRequest(Described):
    """A wish for the digest; whatever is left out is as on the form."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: str = Field(min_length=3, max_length=320, json_schema_extra={"format": "email"})
    """Where a confirmation is mailed to; nothing else is, before its link was pressed."""
    sure: bool = False
    """Take an address that looks mistyped (`name@gmial.com`) as it stands."""
    topics: Phrases = ()
    """Phrases to follow; none means everything."""
    muted: Phrases = ()
    """Words that remove a paper."""
    frequency: Literal["daily", "weekdays", "weekly"] = "daily"
    hour: int | None = Field(default=None, ge=0, le=23)
    """Local hour of the mail."""
    timezone: str | None = Field(default=None, max_length=200)
    """IANA name, such as `Europe/Berlin`."""
    limit: int | None = Field(default=None, ge=1, le=50)
    """Max papers per email."""
    format: Literal["html", "text"] = "html"


class Accepted(Described):
    """That a request was taken: the same answer whatever is known of the address."""

    message: str
    """What to tell the person."""


async def _json(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415)
    return await forms.body(request)


Token = Annotated[
    str, Path(max_length=200, description="What follows `/u/` in the unsubscribe link of a mail.")
]


@router.changes(
    "POST",
    "/subscriptions",
    status=202,
    answer=Accepted,
    problems=(403, 413, 415, 422, 429),
    body=SubscriptionRequest,
)
def subscribe(request: Request, site: CurrentSite, posted: Annotated[bytes, Depends(_json)]) -> Response:
    """Ask that an address be subscribed; its owner gets one message to confirm it.

    The answer is the same whether the address is new, subscribed or blocked. Mails are capped for each
    address and in all, requests for each network (429); the form on the front page shares these caps.
    """
    try:
        wanted = SubscriptionRequest.model_validate_json(posted)
    except ValidationError as error:
        return problem(422, "Correct what `errors` names and ask again.", errors=faults(error.errors()))
    fields = _fields(wanted)
    chosen = preference_form.read(fields, offered(site))
    address = addresses.parse(fields.text("email", longest=320))
    meant = addresses.suggestion(address)
    if meant and not wanted.sure:
        detail = "Ask whether `suggestion` was meant, and send that, or the same again with `sure` as true."
        return problem(422, detail, suggestion=meant)
    outcome = signup.request(
        site.store,
        site.queue,
        site.settings,
        address.typed,
        preferences=chosen,
        origin=site.client(request),
        now=site.now(),
        how="api",
    )
    if outcome is signup.Requested.CLOSED:
        return problem(403, ". ".join(subscribing.CLOSED))
    if outcome is signup.Requested.TOO_MANY:
        wait = signup.retry_after(site.now())
        return problem(429, subscribing.too_many_words(wait), headers=subscribing.retry_after(wait))
    return JSONResponse(Accepted(message=_CHECK_INBOX).model_dump(), 202, {"Cache-Control": "no-store"})


@router.changes("DELETE", "/subscriptions/{token}", status=204, problems=(404, 422))
def unsubscribe(token: Token, site: CurrentSite) -> Response:
    """Unsubscribe whom the token names, at once; may be repeated.

    The token is that of the unsubscribe link in any mail to them, however old.
    """
    if signup.unsubscribe(site.store, site.settings, token, site.now()) is signup.Left.DAMAGED:
        raise HTTPException(404, _LOST)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _fields(wanted: SubscriptionRequest) -> Fields:
    """Return a request as the form would have posted it, so that the same rules read both."""
    given = wanted.model_dump(exclude={"sure"}, exclude_none=True)
    lists = {name: "\n".join(given.pop(name)) for name in ("topics", "muted")}
    return Fields((name, str(value)) for name, value in (given | lists).items())
