"""What machines ask: whether the process lives, can work, and made today's edition."""

import hmac
import logging
from datetime import date, datetime
from typing import Any, Final

from fastapi import Request
from jinja2 import TemplateError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from newsletter.delivery import clocks, restoration
from newsletter.delivery.feedback import reconciling
from newsletter.delivery.ledger import control, progress
from newsletter.editions import compose as composing
from newsletter.errors import StoreRefusedError, StoreUnavailableError
from newsletter.models import SourceState
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.store import SourceHealth, SourceStore
from newsletter.store import unavailable_store
from newsletter.subscribers.kept.store import SubscriberStore
from newsletter.web.operator import metrics
from newsletter.web.serving.site import CurrentSite, Router, Site

router: Final = Router()

log = logging.getLogger(__name__)

_NEVER_KEPT = {"Cache-Control": "no-store"}


@router.page("/healthz")
async def healthz() -> Response:
    """Say that the process answers; it asks nobody else, and waits for no thread."""
    return PlainTextResponse("ok\n", headers=_NEVER_KEPT)


@router.page("/readyz")
def readyz(request: Request, site: CurrentSite) -> Response:
    """Say whether requests can be served, else 503; who may read the status learns what is missing.

    Others do not: an error names hosts, ports and folders. The log has it too.
    """
    faults: list[str] = []
    try:
        with unavailable_store():
            site.store.ping()
    except (StoreUnavailableError, StoreRefusedError) as error:
        faults.append(str(error))
    try:
        site.environment.get_template("landing.html")
    except TemplateError as error:
        faults.append(f"The template {error} cannot be read. Check NEWSLETTER_TEMPLATES_DIR.")
    if not faults:
        return PlainTextResponse("ready\n", headers=_NEVER_KEPT)
    log.error("not ready: %s", " ".join(faults))
    text = "\n".join(faults) if _may_read(request, site.settings) else "not ready; the log says why"
    return PlainTextResponse(f"{text}\n", status_code=503, headers=_NEVER_KEPT)


@router.page("/status.json")
def status(request: Request, site: CurrentSite) -> Response:
    """Report the newest edition, the sources and the readers; 503 where the edition is overdue."""
    require_token(request, site.settings)
    report = _report(site, site.now())
    return JSONResponse(report, status_code=503 if report["edition"]["overdue"] else 200, headers=_NEVER_KEPT)


@router.page("/metrics")
def numbers(request: Request, site: CurrentSite) -> Response:
    """Report the same as `/status.json`, and how far the newest delivery is, for Prometheus."""
    require_token(request, site.settings)
    newest = next(iter(site.dates()), None)
    found = progress.read(site.store, newest) if newest else None
    states = ("recipients", "waiting", "accepted", "refused", "left", "uncertain", "stray")
    delivery = {name: int(getattr(found, name)) for name in states} if found else {}
    body = metrics.text(_report(site, site.now()), delivery)
    return Response(body, media_type=metrics.CONTENT_TYPE, headers=_NEVER_KEPT)


def _stands(site: Site, day: date) -> bool:
    """Whether readers wait for an edition that is held, or that nobody takes."""
    found = progress.read(site.store, day)
    return bool(found.waiting and (found.held or found.waits_because))


def _delivery(site: Site, day: date) -> dict[str, Any]:
    found = progress.read(site.store, day)
    return {
        "day": day.isoformat(),
        "recipients": found.recipients,
        "waiting": found.waiting,
        "held": found.held,
        "waits_because": found.waits_because,
        "waits_since": found.waits_since.isoformat(timespec="seconds") if found.waits_since else None,
    }


def require_token(request: Request, settings: Settings) -> None:
    """Let in who sends the metrics token as `Authorization: Bearer …`; without a setting, a laptop's owner.

    A token in the address would end in logs, so none is read there.
    """
    if _may_read(request, settings):
        return
    if settings.metrics_token is None:
        raise HTTPException(404)
    raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="status"'})


def _may_read(request: Request, settings: Settings) -> bool:
    if settings.metrics_token is None:
        return not settings.is_production
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = settings.metrics_token.get_secret_value()
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted.encode())


def _report(site: Site, now: datetime) -> dict[str, Any]:
    latest = next((site.edition(day) for day in site.dates()[:1]), None)
    missing = composing.overdue(site.store, site.settings, now, restoration.began(site.store))
    lists = reconciling.state(site.store)
    sources = SourceStore(site.store).health(catalog.configured(site.settings, site.store), now)
    return {
        "at": now.isoformat(timespec="seconds"),
        "edition": {
            "latest": latest.date.isoformat() if latest else None,
            "composed_at": latest.composed_at.isoformat() if latest else None,
            "papers": len(latest.entries) if latest else 0,
            "quiet": latest.is_quiet if latest else False,
            "overdue": missing is not None,
        },
        "delivery": _delivery(site, latest.date) if latest else None,
        "waiting": [_delivery(site, day) for day in control.open_days(site.store) if _stands(site, day)],
        "clocks": list(clocks.faults(site.store)),
        "sources": [_source(one) for one in sources],
        "broken_sources": sum(one.state in (SourceState.STALE, SourceState.FAILING) for one in sources),
        "suppression_lists": {
            "read_at": lists.at.isoformat() if lists.at else None,
            "fault": lists.fault or None,
        },
        "subscribers": {str(name): count for name, count in SubscriberStore(site.store).by_status().items()},
    }


def _source(health: SourceHealth) -> dict[str, Any]:
    """Describe a source; its address stays out, because some carry a password."""
    return {
        "name": health.source.name,
        "title": health.source.title,
        "state": str(health.state),
        "since": health.since.isoformat() if health.since else None,
        "reason": health.reason,
        "last_ok": health.last_ok.isoformat() if health.last_ok else None,
        "papers": health.papers,
    }
