"""The search in a real browser, by keyboard alone, and what it shows of strangers' texts."""

import pytest
from hand import Hand
from served import Running, await_page

from newsletter.models import SubscriberStatus

pytestmark = pytest.mark.browser


@pytest.fixture
def indexed(running: Running) -> Running:
    """Wait until the site has indexed its papers by itself, as it does after each start."""
    await_page(f"{running.url}/authors/ines-okafor")
    return running


def test_a_paper_is_found_with_the_keyboard_alone(indexed: Running, watched):
    """From the landing page to the paper's place in its edition, a slip on the way included."""
    hand = Hand(watched, by_keys=True)
    watched.goto(indexed.url)
    hand.press("link", "Search")
    hand.write("Search all papers", "straigt paths")
    hand.press("button", "Search")
    assert watched.get_by_text("these match “straight”").is_visible()
    hand.press("link", "In the edition of", exact=False)
    paper = watched.locator(":target")
    assert "Straight Paths" in paper.inner_text()
    assert paper.is_visible()


@pytest.mark.parametrize(
    "watched", [{}, {"java_script_enabled": False}], indirect=True, ids=["with-script", "without-script"]
)
def test_a_search_is_mailed_after_a_yes(indexed: Running, watched, request):
    """Search, see what it would bring, give an address, confirm: the topic is kept."""
    address = f"{request.node.callspec.id}-search@example.org"
    hand = Hand(watched, by_keys=False)
    watched.goto(indexed.url + "/search?q=straight+paths")
    hand.press("button", "Mail me this")
    assert watched.get_by_role("heading", name="Straight Paths Are Enough").is_visible()
    watched.wait_for_timeout(2100)  # as long as a person needs at least; the form asks for it
    hand.write("Your address", address)
    hand.press("button", "Subscribe")
    assert watched.get_by_role("heading", name="Check your inbox").is_visible()
    assert indexed.status_of(address) is SubscriberStatus.PENDING
    watched.goto(indexed.link("/confirm/"))
    assert watched.get_by_role("heading", name="You are in.").is_visible()
    assert indexed.visitor.subscribers.find(address).preferences.topics == ("straight paths",)


def test_what_a_hostile_title_holds_is_shown_and_not_run(indexed: Running, watched):
    """The page that holds it raises no error in the console and asks nobody else."""
    watched.goto(indexed.url + "/search?q=sparse+%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<b>Sparse</b>" in watched.locator("main").inner_text()
    assert watched.locator("main script, main b").count() == 0
