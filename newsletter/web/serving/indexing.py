"""Beside the requests, a thread of the site keeps the search index of its machine up to date.

The site does it, not a worker: the index lies on the disk of the machine that
serves it, and workers may be elsewhere. Of several sites on one data
directory one writes at a time, and the others read what it wrote.
"""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from newsletter.errors import NewsletterError
from newsletter.search import IndexFaultError
from newsletter.search.refresh import refresh
from newsletter.web.serving.site import Site

log = logging.getLogger(__name__)

REFRESH_EVERY = timedelta(seconds=5)
"""An idle look costs milliseconds."""
_AFTER_A_FAULT = timedelta(minutes=5)
"""A disk that is full stays so for a while, and each attempt may write everything anew."""
_BREATH = timedelta(milliseconds=30)
"""Between two lots of papers, so that pages are served while all of them are indexed."""
_LEAVE_WITHIN = timedelta(seconds=10)


class _StoppedError(Exception):
    """The site is closing; what was not written is written at the next start."""


@asynccontextmanager
async def alongside(app: FastAPI) -> AsyncIterator[None]:
    """Keep the index up to date for as long as the site is served."""
    is_closing = threading.Event()
    keeper = threading.Thread(
        target=keep, args=(app.state.site, is_closing), name="search-index", daemon=True
    )
    keeper.start()
    yield
    is_closing.set()
    await run_in_threadpool(keeper.join, _LEAVE_WITHIN.total_seconds())


def keep(site: Site, is_closing: threading.Event) -> None:
    """Refresh the index again and again until the site closes; a fault is said once, and tried again."""
    said = ""
    while True:
        pause = REFRESH_EVERY
        try:
            _refresh(site, is_closing)
            said = ""
        except _StoppedError:
            return
        except NewsletterError as error:
            pause = _AFTER_A_FAULT if isinstance(error, IndexFaultError) else REFRESH_EVERY
            if str(error) != said:
                log.error("%s", error)  # noqa: TRY400 - expected: the message says what to do
            said = str(error)
        except Exception:
            log.exception("the search index was not refreshed; this is tried again")
            pause = _AFTER_A_FAULT
        if is_closing.wait(pause.total_seconds()):
            return


def _refresh(site: Site, is_closing: threading.Event) -> None:
    def breathe(_written: int, _of: int) -> None:
        if is_closing.wait(_BREATH.total_seconds()):
            raise _StoppedError

    done = refresh(site.store, site.index_store, site.now(), pace=breathe)
    if done and done.is_rebuilt:
        log.info("search index made anew papers=%d", done.written)
