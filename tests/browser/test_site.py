"""The site in a real browser: every page before axe-core, in both schemes, at four widths."""

from collections.abc import Iterator
from datetime import timedelta

import links
import pytest
from served import Running, await_page, serving
from visitor import Visitor

from newsletter import queue as queue_module
from newsletter.editions.periods import Period
from newsletter.models import Preferences
from newsletter.rendering.site import period_path
from newsletter.subscribers.consent import moving

pytestmark = pytest.mark.browser

ALL = "{exclude: [['optgroup']]}"
"""What axe-core looks at: everything but the 400 names in the list of time zones, which take it minutes."""


def test_the_form_can_be_filled_in_with_the_keyboard_alone(watched, running: Running):
    """Skip link first, then the site's links, then address and button, as they are seen."""
    page = watched
    page.goto(running.url)
    seen = []
    while "Subscribe" not in seen and len(seen) < 20:
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert seen[0] == "Skip to the text"
    assert seen[-2:] == ["email", "Subscribe"]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (375, 812)])
def test_the_first_paper_stands_within_the_first_screen(watched, running: Running, width: int, height: int):
    """On the landing page and on a day's own, on a desk and a phone; the landing takes four screens."""
    page = watched
    page.set_viewport_size({"width": width, "height": height})
    for path in ("/", f"/d/{running.visitor.now.date()}"):
        page.goto(running.url + path)
        box = page.locator("#top h3").first.bounding_box()
        assert box["y"] + box["height"] <= height, path
    page.goto(running.url)
    if width == 1280:
        assert page.evaluate("document.documentElement.scrollHeight") <= 4 * height


def test_the_form_takes_the_browsers_zone(chromium, running: Running):
    """The reader is asked for one thing; hour and zone come along, and the sentence says so."""
    context = chromium.new_context(timezone_id="America/Los_Angeles")
    page = context.new_page()
    page.goto(running.url)
    page.get_by_text("(America/Los_Angeles)").wait_for(timeout=5000)
    assert page.locator('form.subscribe input[name="timezone"]').input_value() == "America/Los_Angeles"
    context.close()


def test_the_hour_of_the_first_edition_follows_the_choice(watched, running: Running):
    """The one line of script asks our own site, and the sentence changes."""
    page = watched
    page.goto(f"{running.url}/preview")
    page.get_by_label("every day at").select_option("5")
    page.get_by_label("in", exact=True).select_option("Pacific/Auckland")
    page.get_by_text("around 05:00 (Pacific/Auckland)").wait_for(timeout=5000)


def test_an_answer_that_comes_late_does_not_undo_a_later_choice(watched, running: Running):
    """The sentence tells of what is chosen, in whatever order the answers come."""
    page, held = watched, []
    page.goto(f"{running.url}/preview")
    page.route("**/first-edition?hour=5*", lambda route: held.append(route))  # noqa: PLW0108 - it marks what it calls
    page.get_by_label("every day at").select_option("5")
    page.get_by_label("every day at").select_option("6")
    page.get_by_text("around 06:00").wait_for(timeout=5000)
    with page.expect_response("**/first-edition?hour=5*") as late:
        held[0].continue_()
    late.value.finished()
    assert "around 06:00" in page.locator("#first").inner_text()


@pytest.fixture(scope="module")
def addresses(running: Running) -> dict[str, str]:
    """Every kind of page, with links that work."""
    await_page(f"{running.url}/authors/ines-okafor")
    visitor = running.visitor
    day = visitor.now.date()
    active = visitor.reader("active@example.org", preferences=Preferences(topics=("flow matching",)))
    paused = visitor.reader("paused@example.org")
    visitor.subscribers.save_preferences(paused.id, Preferences(paused_until=day + timedelta(days=9)))
    gone = visitor.reader("gone@example.org", "unsubscribed")
    bounced = visitor.reader("bounced@example.org", "bounced")
    complained = visitor.reader("complained@example.org", "complained")
    waiting = visitor.reader("waiting@example.org", "pending")
    mover = visitor.reader("mover@example.org")
    queue = queue_module.connect(visitor.settings)
    moving.request(visitor.store, queue, visitor.settings, mover.id, "new@example.net", now=visitor.now)
    old = Visitor(visitor.settings, now=visitor.now - timedelta(days=8))
    return {
        "landing": "/",
        "preview": "/preview?topics=flow+matching",
        "check inbox": "/check-inbox",
        "edition": f"/d/{day}",
        "hard edition": f"/d/{day - timedelta(days=1)}",
        "quiet edition": f"/d/{day - timedelta(days=2)}",
        "archive": "/archive",
        "week": path_of(Period.week_of(day)),
        "month": path_of(Period.month_of(day)),
        "search": "/search",
        "search, found": "/search?q=flow+matching",
        "search, corrected": "/search?q=machting",
        "search, hostile title": "/search?q=sparse",
        "search, nothing": "/search?q=qqqqqqqqqq",
        "author": "/authors/ines-okafor",
        "topics": "/topics",
        "topic": "/topics/flow-matching",
        "API": "/api",
        "about": "/about/trending",
        "privacy": "/privacy",
        "nothing there": "/nowhere",
        "confirm": f"/confirm/{visitor.token('confirm', waiting.id)}",
        "confirm too late": f"/confirm/{old.token('confirm', waiting.id)}",
        "confirm damaged": "/confirm/x",
        "unsubscribe damaged": "/u/x",
        "reject": f"/reject/{visitor.token('reject', waiting.id)}",
        "unsubscribe": f"/u/{visitor.token('unsubscribe', active.id)}",
        "unsubscribed": f"/u/{visitor.token('unsubscribe', gone.id)}",
        "preferences": f"/manage/{visitor.token('manage', active.id)}",
        "preferences saved": f"/manage/{visitor.token('manage', active.id)}?said=saved",
        "preferences paused": f"/manage/{visitor.token('manage', paused.id)}",
        "preferences unsubscribed": f"/manage/{visitor.token('manage', gone.id)}",
        "preferences moving": f"/manage/{visitor.token('manage', mover.id)}",
        "move": f"/move/{links.move(visitor.store, visitor.settings, mover.id)}",
        "move over": f"/move/{visitor.token('move', active.id)}",
        "links": "/links",
        "links sent": "/links?said=sent",
        "preferences complained": f"/manage/{visitor.token('manage', complained.id)}",
        "preferences bounced": f"/manage/{visitor.token('manage', bounced.id)}",
    }


@pytest.fixture(scope="module")
def closed(server) -> Iterator[Running]:
    """Serve a list that takes nobody and has no edition yet."""
    with serving(f"unix://{server.socket}?db=1", NEWSLETTER_SIGNUP="closed") as site:
        yield site


def test_every_page_reads_well_for_everybody(chromium, running: Running, addresses, axe):
    """axe-core finds no violation and no undecided contrast, light or dark; nothing scrolls sideways."""
    assert faults_of(chromium, running, addresses, axe) == {}


def test_a_closed_and_empty_list_reads_well_too(chromium, closed: Running, axe):
    """Nothing is offered that is not there."""
    pages = {"landing": "/", "archive": "/archive", "preview": "/preview", "links": "/links"}
    assert faults_of(chromium, closed, pages, axe) == {}


def path_of(period: Period) -> str:
    """Where the best of a week or a month stands."""
    return period_path(period.first, period.last)


def faults_of(chromium, site: Running, addresses: dict[str, str], axe: str) -> dict[str, list[str]]:
    """What is wrong with each page, by its name."""
    page = chromium.new_page()
    faults: dict[str, list[str]] = {}
    for name, path in addresses.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(site.url + path)
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
    return faults


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
