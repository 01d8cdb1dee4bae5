"""Each state that a reader can meet, with its status and its words, in one table."""

from collections.abc import Callable

import pytest
from specimens import a_quiet_edition, an_edition
from visitor import Visitor, seen

from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import tokens

Ask = Callable[[Visitor], object]


def token(visitor: Visitor, purpose: tokens.Purpose, address: str, days: float = 0) -> str:
    """What a mail's link to this reader holds, signed so many days ago."""
    found = visitor.subscribers.find_id(address)
    assert found is not None
    then = Visitor(visitor.settings, now=visitor.now)
    then.later(days=-days)
    return then.token(purpose, found)


def form(email: str, **fields: str) -> Ask:
    """Fill in the form on the front page."""
    return lambda visitor: visitor.subscribe(email, **fields)


def get(path: str) -> Ask:
    """Open a page."""
    return lambda visitor: visitor.web.get(path)


def link(
    place: str,
    purpose: tokens.Purpose,
    who: str,
    *,
    days: float = 0,
    post: dict[str, str] | None = None,
    cut: bool = False,
) -> Ask:
    """Open a mail's link, or press a button behind it."""

    def ask(visitor: Visitor) -> object:
        path = f"/{place}/{token(visitor, purpose, f'{who}@example.org', days)}"
        path = path[:-1] if cut else path
        return visitor.web.get(path) if post is None else visitor.web.post(path, data=post)

    return ask


INBOX = "Check your inbox One message is on its way"
STATES: dict[str, tuple[Ask, int, str]] = {
    "landing": (
        get("/"),
        200,
        "We will send one message to confirm it. No tracking. Unsubscribe in one click.",
    ),
    "the hour before the address": (get("/"), 200, "First edition: tomorrow around 07:00 (UTC)"),
    "subscribe": (form("new@example.org"), 303, INBOX),
    "subscribe, active": (form("active@example.org"), 303, INBOX),
    "subscribe, complained": (form("complained@example.org"), 303, INBOX),
    "subscribe, a bot": (form("new@example.org", website="x"), 303, INBOX),
    "subscribe, no address": (form("nobody"), 422, "Please type it like name@example.org."),
    "subscribe, a slip": (form("name@gmial.com"), 422, "Did you mean name@gmail.com?"),
    "confirm": (link("confirm", "confirm", "pending"), 200, "One click and you’re in"),
    "confirmed": (
        link("confirm", "confirm", "pending", post={}),
        200,
        "You are in. First edition: tomorrow around",
    ),
    "confirmed before": (link("confirm", "confirm", "active", post={}), 200, "You are in. Next edition:"),
    "confirm, late": (link("confirm", "confirm", "pending", days=8), 410, "Send me a new link"),
    "confirm, late, asked again": (
        link("confirm", "confirm", "pending", days=8, post={"again": "1"}),
        303,
        INBOX,
    ),
    "confirm, damaged": (
        link("confirm", "confirm", "pending", cut=True),
        404,
        "Copy the whole line from the message.",
    ),
    "not me": (
        link("reject", "reject", "pending", post={}),
        200,
        "For 30 days nobody can make us write to your",
    ),
    "preferences": (
        link("manage", "manage", "active"),
        200,
        "next edition tomorrow around 07:00 (Europe/Berlin)",
    ),
    "preferences, paused": (link("manage", "manage", "paused"), 200, "Paused until Wednesday, 24 June 2026."),
    "preferences, bounced": (link("manage", "manage", "bounced"), 200, "came back, so we stopped"),
    "preferences, left": (
        link("manage", "manage", "unsubscribed"),
        200,
        "You are unsubscribed; nothing is sent.",
    ),
    "preferences, lost": (
        link("manage", "manage", "active", cut=True),
        404,
        "have working links mailed to you",
    ),
    "unsubscribe": (link("u", "unsubscribe", "active"), 200, "Prefer less? Weekly, or pause for 30 days."),
    "unsubscribed": (
        link("u", "unsubscribe", "active", post={"from": "page"}),
        303,
        "No more digests will come. Undo",
    ),
    "one click": (
        link("u", "unsubscribe", "active", post={"List-Unsubscribe": "One-Click"}),
        200,
        "You are unsubscribed.",
    ),
    "rather weekly": (
        link("u", "unsubscribe", "active", post={"from": "page", "choice": "weekly"}),
        200,
        "One digest a week from now on",
    ),
    "move": (link("move", "move", "active", post={}), 410, "That link no longer works"),
    "an edition": (get("/d/2026-06-10"), 200, "flow matching"),
    "a quiet day": (get("/d/2026-06-09"), 200, "so that you can tell a quiet day from a broken one"),
    "no such day": (get("/d/2020-01-01"), 404, "Page not found"),
    "privacy": (get("/privacy"), 200, "so that no edition is sent twice"),
}


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """A site with a reader of every status, an edition and a quiet day."""
    found = Visitor(settings)
    day = found.now.date()
    found.publish(an_edition(date=day), a_quiet_edition(date=day.replace(day=9)))
    for status in ("active", "pending", "unsubscribed", "bounced", "complained"):
        found.reader(f"{status}@example.org", status, Preferences(hour=7, timezone="Europe/Berlin"))
    paused = found.reader("paused@example.org")
    found.subscribers.save_preferences(paused.id, Preferences(paused_until=day.replace(day=24)))
    return found


@pytest.mark.parametrize("name", STATES)
def test_a_state_has_its_status_and_its_words(visitor: Visitor, name: str):
    """A redirect is followed, as a browser does."""
    ask, status, words = STATES[name]
    answer = ask(visitor)
    assert answer.status_code == status
    if status == 303:
        answer = visitor.web.get(answer.headers["location"])
    assert words.lower() in seen(answer.text).lower()


def test_when_the_store_is_down_the_form_says_that_nothing_was_saved(
    make_settings: Callable[..., Settings], tmp_path, store: Store
):
    """503, when to come again, and the same words for every form."""
    mailed = Visitor(make_settings())
    visitor = Visitor(make_settings(redis_url=f"unix://{tmp_path}/nobody.sock"))
    for answer in (
        visitor.subscribe("ada@example.org"),
        visitor.web.post("/links", data={"email": "ada@example.org", "stamp": visitor.stamp()}),
        visitor.web.post(f"/manage/{mailed.token('manage', 1)}", data={"do": "save"}),
        visitor.web.post(f"/move/{mailed.token('move', 1)}"),
        visitor.web.post(f"/u/{mailed.token('unsubscribe', 1)}"),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert "Nothing was saved. Please try again in a minute." in answer.text
