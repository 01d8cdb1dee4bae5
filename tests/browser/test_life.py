"""A reader's whole life at the site, in a real browser, by clicking and by keyboard alone."""

import re

import pytest
from hand import Hand
from served import Running

from newsletter.models import Preferences, SubscriberStatus

pytestmark = pytest.mark.browser

ADDRESS, ELSEWHERE = "ada@example.org", "countess@example.net"

LIVES = {
    "with-script": {"timezone_id": "Asia/Tokyo"},
    "without-script": {"java_script_enabled": False},
    "by-keys": {
        "timezone_id": "Asia/Tokyo",
        "viewport": {"width": 375, "height": 700},
        "color_scheme": "dark",
    },
}


@pytest.mark.parametrize("watched", LIVES.values(), indirect=True, ids=LIVES)
def test_a_readers_whole_life_by_clicking(watched, running: Running, request):
    """From a preview to deleting everything: each step by a press, each mail from the outbox."""
    has_script = "without-script" not in request.node.name
    hand = Hand(watched, by_keys="by-keys" in request.node.name)
    zone = "Asia/Tokyo" if has_script else "UTC"
    watched.goto(running.url)
    try_and_subscribe(watched, hand, running, zone)
    watched.goto(running.link("/confirm/"))
    assert watched.get_by_role("heading", name="You are in.").is_visible()
    reader = running.visitor.subscribers.find(ADDRESS)
    assert reader.preferences == Preferences(hour=6, timezone=zone, topics=("flow matching",))
    hand.press("link", "Choose topics, hour and length")
    choose_and_pause(watched, hand, running)
    move_away(watched, hand, running)
    hand.press("link", "Preferences")
    hand.press("button", "Send me the latest edition")
    assert "on its way" in watched.get_by_role("status").inner_text()
    latest = running.letter("Straight Paths Are Enough", to=ELSEWHERE)
    watched.goto(re.search(r"http://\S+/u/\S+", latest)[0])
    leave_and_return(watched, hand, running)
    watched.goto(f"{running.url}/manage/{running.visitor.token('manage', reader.id)}")
    hand.open("Delete everything")
    hand.choose("Yes, delete my address")
    hand.press("button", "Delete everything")
    assert watched.get_by_role("heading", name="Everything is deleted.").is_visible()
    assert running.status_of(ELSEWHERE) is None


def try_and_subscribe(page, hand: Hand, running: Running, zone: str) -> None:
    """See one's own edition before giving an address, then have it mailed like that."""
    hand.press("link", "try it first")
    hand.write("Topics that you follow", "flow matching")
    hand.press("button", "Show me")
    assert page.get_by_role("heading", name="Straight Paths Are Enough").is_visible()
    assert not page.get_by_role("heading", name="Protein Loops").is_visible()
    assert page.get_by_label("in", exact=True).input_value() == zone
    page.wait_for_timeout(2100)  # as long as a person needs at least; the form asks for it
    page.get_by_label("every day at").select_option("6")
    hand.write("Your address", ADDRESS)
    hand.press("button", "Subscribe")
    assert page.get_by_role("heading", name="Check your inbox").is_visible()
    assert running.status_of(ADDRESS) is SubscriberStatus.PENDING


def choose_and_pause(page, hand: Hand, running: Running) -> None:
    """Text, once a week; a pause, and the end of it."""
    hand.choose("plain text")
    hand.choose("on Mondays")
    hand.press("button", "Save")
    assert page.get_by_role("status").inner_text().startswith("Saved.")
    hand.press("button", "7 days")
    assert page.get_by_text("Paused until").is_visible()
    hand.press("button", "Go on now")
    assert not page.get_by_text("Paused until").is_visible()
    kept = running.visitor.subscribers.find(ADDRESS).preferences
    assert (kept.frequency, kept.format, kept.paused_until) == ("weekly", "text", None)


def move_away(page, hand: Hand, running: Running) -> None:
    """Ask for another address, and say yes from there."""
    hand.write("Send it to another address", ELSEWHERE)
    hand.press("button", "Change")
    assert page.get_by_text(f"{ELSEWHERE} is to become your address").is_visible()
    page.goto(running.link("/move/"))
    hand.press("button", "Use this address")
    assert page.get_by_role("heading", name="Your address is changed.").is_visible()
    assert running.status_of(ADDRESS) is None
    assert running.status_of(ELSEWHERE) is SubscriberStatus.ACTIVE


def leave_and_return(page, hand: Hand, running: Running) -> None:
    """The mail's link asks first; Undo brings everything back."""
    assert running.status_of(ELSEWHERE) is SubscriberStatus.ACTIVE
    hand.press("button", "Unsubscribe")
    assert page.get_by_role("heading", name="You are unsubscribed.").is_visible()
    assert running.status_of(ELSEWHERE) is SubscriberStatus.UNSUBSCRIBED
    hand.press("button", "Undo")
    assert running.status_of(ELSEWHERE) is SubscriberStatus.ACTIVE
