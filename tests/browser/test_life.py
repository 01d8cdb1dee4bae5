"""A reader's whole life at the site, in a real browser, by clicking and by keyboard alone."""

import re

import pytest
from hand import Hand
from served import Running

from newsletter.models import Preferences, SubscriberStatus

pytestmark = pytest.mark.browser

LIVES = {
    "with-script": {"timezone_id": "Asia/Tokyo"},
    "without-script": {
        "java_script_enabled": False,
        "viewport": {"width": 600, "height": 800},
        "color_scheme": "dark",
    },
    "on-a-phone": {
        "timezone_id": "Asia/Tokyo",
        "viewport": {"width": 375, "height": 700},
        "has_touch": True,
    },
    "by-keys": {
        "timezone_id": "Asia/Tokyo",
        "viewport": {"width": 320, "height": 600},
        "color_scheme": "dark",
    },
}


@pytest.mark.parametrize("watched", LIVES.values(), indirect=True, ids=LIVES)
def test_a_readers_whole_life_by_clicking(watched, running: Running, request):
    """From a preview to deleting everything: each step by a press, each mail from the outbox."""
    life = request.node.callspec.id
    has_script, hand = life != "without-script", Hand(watched, by_keys=life == "by-keys")
    here, elsewhere = f"{life}@example.org", f"{life}@example.net"
    zone = "Asia/Tokyo" if has_script else "UTC"
    watched.goto(running.url)
    try_and_subscribe(watched, hand, zone, here)
    assert running.status_of(here) is SubscriberStatus.PENDING
    watched.goto(running.link("/confirm/"))
    assert watched.get_by_role("heading", name="You are in.").is_visible()
    reader = running.visitor.subscribers.find(here)
    assert reader.preferences == Preferences(hour=6, timezone=zone, topics=("flow matching",))
    hand.press("link", "Choose topics, hour and length")
    choose_and_pause(watched, hand)
    kept = running.visitor.subscribers.find(here).preferences
    assert (kept.frequency, kept.format, kept.paused_until) == ("weekly", "text", None)
    move_away(watched, hand, running, elsewhere)
    assert running.status_of(here) is None
    hand.press("link", "Preferences")
    hand.press("button", "Send me the latest edition")
    assert "on its way" in watched.get_by_role("status").inner_text()
    latest = running.letter("Straight Paths Are Enough", to=elsewhere)
    watched.goto(re.search(r"http://\S+/u/\S+", latest)[0])
    leave_and_return(watched, hand, running, elsewhere)
    watched.goto(f"{running.url}/manage/{running.visitor.token('manage', reader.id)}")
    hand.open("Delete everything")
    hand.choose("Yes, delete my address")
    hand.press("button", "Delete everything")
    assert watched.get_by_role("heading", name="Everything is deleted.").is_visible()
    assert running.status_of(elsewhere) is None


def try_and_subscribe(page, hand: Hand, zone: str, address: str) -> None:
    """See one's own edition before giving an address, then have it mailed like that."""
    hand.press("link", "try it first")
    hand.write("Topics that you follow", "flow matching")
    page.get_by_label("every day at").select_option("6")
    hand.press("button", "Show me")
    assert page.get_by_role("heading", name="Straight Paths Are Enough").is_visible()
    assert not page.get_by_role("heading", name="Protein Loops").is_visible()
    assert page.get_by_label("in", exact=True).input_value() == zone
    page.wait_for_timeout(2100)  # as long as a person needs at least; the form asks for it
    assert "around 06:00" in page.get_by_text("First edition:").inner_text()
    hand.write("Your address", address)
    hand.press("button", "Subscribe")
    assert page.get_by_role("heading", name="Check your inbox").is_visible()


def choose_and_pause(page, hand: Hand) -> None:
    """Text, once a week; a pause, and the end of it."""
    hand.choose("plain text")
    hand.choose("on Mondays")
    hand.press("button", "Save")
    assert page.get_by_role("status").inner_text().startswith("Saved.")
    hand.press("button", "7 days")
    assert page.get_by_text("Paused until").is_visible()
    hand.press("button", "Resume now")
    assert not page.get_by_text("Paused until").is_visible()


def move_away(page, hand: Hand, running: Running, address: str) -> None:
    """Ask for another address, and say yes from there."""
    hand.write("Send it to another address", address)
    hand.press("button", "Change")
    assert page.get_by_text(f"{address} to confirm").is_visible()
    page.goto(running.link("/move/"))
    hand.press("button", "Use this address")
    assert page.get_by_role("heading", name="Your address is changed.").is_visible()
    assert running.status_of(address) is SubscriberStatus.ACTIVE


def leave_and_return(page, hand: Hand, running: Running, address: str) -> None:
    """The mail's link asks first; Undo brings everything back."""
    assert running.status_of(address) is SubscriberStatus.ACTIVE
    hand.press("button", "Unsubscribe")
    assert page.get_by_role("heading", name="You are unsubscribed.").is_visible()
    assert running.status_of(address) is SubscriberStatus.UNSUBSCRIBED
    hand.press("button", "Undo")
    assert running.status_of(address) is SubscriberStatus.ACTIVE
