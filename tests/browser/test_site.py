"""The site in a real browser: a reader's life by clicking, and every page before axe-core."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest
from specimens import a_quiet_edition, an_edition, an_entry
from visitor import Visitor

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.delivery.letters import send_letter
from newsletter.models import Preferences, SubscriberStatus
from newsletter.subscribers.letters import Letterbox

pytestmark = pytest.mark.browser

ADDRESS = "ada@example.org"
SECRET = "a-secret-of-the-tests"


ALL = "{exclude: [['optgroup']]}"
"""What axe-core looks at: everything but the 400 names in the list of time zones, which take it minutes."""
REFUSED = "status of 422"
"""What Chromium says of a form that came back: meant."""


class Running(NamedTuple):
    """A site in a process of its own, and somebody who can look behind it."""

    url: str
    visitor: Visitor
    outbox: Path

    def letter(self, kind: str) -> str:
        """Send what waits, as a worker does, and return the newest mail of a kind as text."""
        store = store_module.connect(self.visitor.settings)
        now = datetime.now(UTC)
        for one in Letterbox(store).pending(now):
            send_letter(store, self.visitor.settings, one)
        found = [path for path in self.outbox.rglob("*.txt") if kind in path.read_text("utf-8")]
        return max(found, key=lambda path: path.stat().st_mtime_ns).read_text("utf-8")


@pytest.fixture(scope="module")
def running(server) -> Iterator[Running]:
    """Serve three editions on a loopback port, from the run's own store."""
    folder = Path(tempfile.mkdtemp(prefix="nb-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {
        "REDIS_URL": f"unix://{server.socket}",
        "NEWSLETTER_SECRET_KEY": SECRET,
        "NEWSLETTER_BASE_URL": url,
        "NEWSLETTER_OUTBOX_DIR": str(folder / "outbox"),
        "PORT": str(port),
    }
    settings = settings_module.load(environ, directory=folder)
    store_module.connect(settings).flushall()
    visitor = Visitor(settings, now=datetime.now(UTC))
    today = visitor.now.date()
    tail = (an_entry(title="A Paper of the Tail"),)
    visitor.publish(
        an_edition(date=today, tail=tail),
        an_edition("hard", date=today - timedelta(days=1)),
        a_quiet_edition(date=today - timedelta(days=2)),
        an_edition(date=today - timedelta(days=40)),
    )
    path = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "LANG") if name in os.environ}
    site = subprocess.Popen([sys.executable, "-m", "newsletter.web"], cwd=folder, env=path | environ)
    try:
        _await(url)
        yield Running(url, visitor, folder / "outbox")
    finally:
        site.terminate()
        site.wait(20)
        store_module.connect(settings).flushall()
        shutil.rmtree(folder)


def _await(url: str) -> None:
    for _ in range(600):
        try:
            urlopen(f"{url}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the site did not come up")


@pytest.fixture
def watched(chromium, running: Running, request) -> Iterator[object]:
    """Yield a page that fails the test on a console error, a failed request or one to another host."""
    options = getattr(request, "param", {})
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if REFUSED not in said.text else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda asked: faults.append(asked.url) if not asked.url.startswith(running.url) else None
    )
    yield page
    context.close()
    assert faults == []


def status_of(running: Running) -> SubscriberStatus | None:
    """Where the reader of these tests stands."""
    found = running.visitor.subscribers.find(ADDRESS)
    return found.status if found else None


@pytest.mark.parametrize(
    "watched",
    [{"timezone_id": "Asia/Tokyo"}, {"java_script_enabled": False}],
    indirect=True,
    ids=["with-script", "without-script"],
)
def test_a_readers_whole_life_by_clicking(watched, running: Running, request):
    """Preview, subscribe, confirm, choose, pause, go on, weekly, leave, undo, delete: each by a press."""
    page, has_script = watched, "with-script" in request.node.name
    page.goto(running.url)
    page.get_by_role("link", name="try it first").click()
    page.get_by_label("Topics that you follow").fill("flow matching")
    page.get_by_role("button", name="Show me").click()
    assert page.get_by_role("heading", name="Straight Paths Are Enough").is_visible()
    assert not page.get_by_role("heading", name="Protein Loops").is_visible()
    assert page.get_by_label("in", exact=True).input_value() == ("Asia/Tokyo" if has_script else "UTC")
    page.wait_for_timeout(2100)  # as long as a person needs at least; the form asks for it
    page.get_by_label("Your address").fill(ADDRESS)
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("heading", name="Check your inbox").is_visible()
    assert status_of(running) is SubscriberStatus.PENDING

    link = re.search(r"http://\S+/confirm/\S+", running.letter("/confirm/"))[0]
    page.goto(link)
    assert page.get_by_role("heading", name="You are in.").is_visible()
    reader = running.visitor.subscribers.find(ADDRESS)
    assert reader.preferences.topics == ("flow matching",)
    assert reader.preferences.timezone == ("Asia/Tokyo" if has_script else "UTC")

    page.get_by_role("link", name="Choose topics, hour and length").click()
    page.get_by_label("plain text").check()
    page.get_by_label("on Mondays").check()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text().startswith("Saved.")
    page.get_by_role("button", name="7 days").click()
    assert page.get_by_text("Paused until").is_visible()
    page.get_by_role("button", name="Go on now").click()
    assert not page.get_by_text("Paused until").is_visible()
    kept = running.visitor.subscribers.find(ADDRESS).preferences
    assert (kept.frequency, kept.format, kept.paused_until) == ("weekly", "text", None)

    out = re.search(r"http://\S+/u/\S+", running.letter("/u/"))[0]
    page.goto(out)
    assert status_of(running) is SubscriberStatus.ACTIVE
    page.get_by_role("button", name="Unsubscribe", exact=True).click()
    assert page.get_by_role("heading", name="You are unsubscribed.").is_visible()
    assert status_of(running) is SubscriberStatus.UNSUBSCRIBED
    page.get_by_role("button", name="Undo").click()
    assert status_of(running) is SubscriberStatus.ACTIVE

    page.goto(f"{running.url}/manage/{running.visitor.token('manage', reader.id)}")
    page.get_by_text("Delete everything", exact=True).first.click()
    page.get_by_label("Yes, delete my address").check()
    page.get_by_role("button", name="Delete everything").click()
    assert page.get_by_role("heading", name="Everything is deleted.").is_visible()
    assert status_of(running) is None


def test_the_form_can_be_filled_in_with_the_keyboard_alone(watched, running: Running):
    """Skip link first, then the site's links, then address, button, hour and zone, as they are seen."""
    page = watched
    page.goto(running.url)
    seen = []
    while "timezone" not in seen and len(seen) < 20:
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert seen[0] == "Skip to the text"
    assert seen[-4:] == ["email", "Subscribe", "hour", "timezone"]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_hour_of_the_first_edition_follows_the_choice(watched, running: Running):
    """The one line of script asks our own site, and the sentence changes."""
    page = watched
    page.goto(running.url)
    page.get_by_label("every day at").select_option("5")
    page.get_by_label("in", exact=True).select_option("Pacific/Auckland")
    page.get_by_text("about 05:00 (Pacific/Auckland)").wait_for(timeout=5000)


@pytest.fixture(scope="module")
def addresses(running: Running) -> dict[str, str]:
    """Every kind of page, with links that work."""
    visitor = running.visitor
    day = visitor.now.date()
    active = visitor.reader("active@example.org", preferences=Preferences(topics=("flow matching",)))
    paused = visitor.reader("paused@example.org")
    visitor.subscribers.save_preferences(paused.id, Preferences(paused_until=day + timedelta(days=9)))
    gone = visitor.reader("gone@example.org", "unsubscribed")
    bounced = visitor.reader("bounced@example.org", "bounced")
    waiting = visitor.reader("waiting@example.org", "pending")
    old = Visitor(visitor.settings, now=visitor.now - timedelta(days=8))
    return {
        "landing": "/",
        "preview": "/preview?topics=flow+matching",
        "check inbox": "/check-inbox",
        "edition": f"/d/{day}",
        "hard edition": f"/d/{day - timedelta(days=1)}",
        "quiet edition": f"/d/{day - timedelta(days=2)}",
        "archive": "/archive",
        "topics": "/topics",
        "topic": "/topics/flow-matching",
        "API": "/api",
        "about": "/about/trending",
        "privacy": "/privacy",
        "nothing there": "/nowhere",
        "confirm": f"/confirm/{visitor.token('confirm', waiting.id)}",
        "confirm too late": f"/confirm/{old.token('confirm', waiting.id)}",
        "confirm damaged": "/confirm/x",
        "reject": f"/reject/{visitor.token('confirm', waiting.id)}",
        "unsubscribe": f"/u/{visitor.token('unsubscribe', active.id)}",
        "unsubscribed": f"/u/{visitor.token('unsubscribe', gone.id)}",
        "preferences": f"/manage/{visitor.token('manage', active.id)}",
        "preferences saved": f"/manage/{visitor.token('manage', active.id)}?said=saved",
        "preferences paused": f"/manage/{visitor.token('manage', paused.id)}",
        "preferences unsubscribed": f"/manage/{visitor.token('manage', gone.id)}",
        "preferences bounced": f"/manage/{visitor.token('manage', bounced.id)}",
    }


def test_every_page_reads_well_for_everybody(chromium, running: Running, addresses, axe):
    """axe-core finds no violation and no undecided contrast, light or dark; nothing scrolls sideways."""
    page = chromium.new_page()
    faults: dict[str, list[str]] = {}
    for name, path in addresses.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(running.url + path)
        page.evaluate(axe)
        wrong = complaints(page.evaluate(f"axe.run({ALL})"))
        page.emulate_media(color_scheme="dark")
        wrong += complaints(page.evaluate(f"axe.run({ALL}, {{runOnly: ['color-contrast']}})"))
        for width in (1280, 600, 375, 320):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"scrolls sideways at {width} px")
        if wrong:
            faults[name] = wrong
    page.close()
    assert faults == {}


def complaints(found) -> list[str]:
    """What axe-core found wrong, or could not decide about contrast."""
    undecided = [one for one in found["incomplete"] if one["id"] == "color-contrast"]
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found["violations"] + undecided
        for node in one["nodes"]
    ]


def test_a_refused_form_reads_well_too(watched, running: Running, axe):
    """What is wrong is announced, tied to its field, and the typed value stays."""
    page = watched
    page.goto(running.url)
    page.wait_for_timeout(2100)  # as long as a person needs at least; the form asks for it
    page.get_by_label("Your address").fill("ada@gmial.com")
    page.get_by_role("button", name="Subscribe").click()
    assert "Did you mean ada@gmail.com?" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Your address").input_value() == "ada@gmial.com"
    page.evaluate(axe)
    found = page.evaluate(f"axe.run({ALL})")
    assert complaints(found) == []
