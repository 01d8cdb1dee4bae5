"""What SendGrid tells us afterwards: delivered, bounced, complained, unsubscribed."""

import logging
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from newsletter.delivery.feedback import events
from newsletter.errors import InvalidInputError
from newsletter.web.serving.site import CurrentSite, Router

router: Final = Router()

log = logging.getLogger(__name__)


async def _raw(request: Request) -> bytes:
    """Read the very bytes that were signed, up to the largest post; 413 beyond it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > events.LARGEST:
            raise HTTPException(413)
    return bytes(body)


@router.post("/webhooks/sendgrid")
def sendgrid(request: Request, site: CurrentSite, body: Annotated[bytes, Depends(_raw)]) -> Response:
    """Apply signed events, whenever and however often they come; 403 on anything that SendGrid did not sign.

    404 where no key is set (`NEWSLETTER_SENDGRID_WEBHOOK_KEY`), and 503 while
    the store is down: SendGrid tries again for 24 hours.
    """
    key, now = site.settings.sendgrid_webhook_key, site.now()
    if key is None:
        raise HTTPException(404)
    signature, signed_at = (
        request.headers.get(f"x-twilio-email-event-webhook-{name}") for name in ("signature", "timestamp")
    )
    if not events.is_genuine(body, signature, signed_at, key, now=now):
        raise HTTPException(403)
    try:
        applied = events.apply(site.store, events.parse(body), now)
    except InvalidInputError as error:
        raise HTTPException(400) from error
    log.info("events read=%d settled=%d suppressed=%d", applied.events, applied.settled, applied.suppressed)
    return JSONResponse({"events": applied.events})
