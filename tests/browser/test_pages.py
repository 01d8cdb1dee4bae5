"""Pages before a validator of HTML: each kind of page, as the site sends it."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from searching import Library, a_work
from specimens import DAY, a_quiet_edition, an_edition
from visitor import Visitor

from newsletter.settings import Settings
from newsletter.store import Store

pytestmark = pytest.mark.browser


def test_every_page_is_valid_html(settings: Settings, store: Store, node_modules: Path):
    """html-validate has nothing against any of them, but for what `check_pages.mjs` gives a reason for."""
    visitor = Visitor(settings, now=an_edition().composed_at + timedelta(hours=5))
    one = timedelta(days=1)
    visitor.publish(an_edition(), an_edition("hard", date=DAY - one), a_quiet_edition(date=DAY - 2 * one))
    library = Library(store, settings)
    library.keep(*(a_work(n, f"Rivers & tides, part {n}", "Water.", ["Ada Vale"]) for n in range(1, 24)))
    library.refresh()
    pages = {path: visitor.web.get(path).text for path in addresses(visitor)}
    refused = visitor.subscribe("ada@gmial.com")
    assert refused.status_code == 422
    told = subprocess.run(
        ["node", Path(__file__).with_name("check_pages.mjs")],
        input=json.dumps(pages | {"a refused form": refused.text}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert json.loads(told) == {}


def addresses(visitor: Visitor) -> list[str]:
    """Every kind of page, the private ones in each of their states."""
    waiting = visitor.reader("waiting@example.org", "pending")
    public = [
        *("/", "/preview?topics=flow+matching&limit=3", "/preview?limit=0", "/check-inbox", "/archive"),
        *("/archive/2026-11", "/topics", "/topics/flow-matching", "/about/trending", "/privacy", "/api"),
        *("/search", "/search?q=flow+machting", "/search?q=qqqqqq", "/search?q=rivers&page=2"),
        *("/authors/ines-okafor", "/authors/ada-vale", "/links", "/nowhere"),
        *(f"/d/{DAY - timedelta(days=back)}" for back in range(3)),
    ]
    private = [f"/{page}/{visitor.token(page, waiting.id)}" for page in ("confirm", "reject")] + [
        "/confirm/x",
        "/u/x",
        "/manage/x",
        "/move/x",
    ]
    for status in ("active", "unsubscribed", "bounced"):
        reader = visitor.reader(f"{status}@example.org", status)
        private.append(f"/u/{visitor.token('unsubscribe', reader.id)}")
        private.append(f"/manage/{visitor.token('manage', reader.id)}")
    return public + private
