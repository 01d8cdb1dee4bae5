"""A list may be open, by invitation, or closed."""

from collections import Counter
from collections.abc import Callable

import pytest
from visitor import Visitor, seen

from newsletter import queue as queue_module
from newsletter.errors import SettingsError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import signup
from newsletter.subscribers.notices import Letterbox

Make = Callable[..., Settings]


def invite(visitor: Visitor, address: str) -> int:
    """Do what the command does; return the letter's id."""
    signup.request(
        visitor.store,
        queue_module.connect(visitor.settings),
        visitor.settings,
        address,
        preferences=Preferences(),
        origin="",
        now=visitor.now,
        how="command",
    )
    return Letterbox(visitor.store).pending(visitor.now)[-1]


def kinds(visitor: Visitor) -> list[str]:
    """What waits to be sent."""
    box = Letterbox(visitor.store)
    return [str(letter.kind) for one in box.pending(visitor.now) if (letter := box.get(one))]


def test_a_closed_list_says_so_and_keeps_nothing(make_settings: Make, store: Store):
    """Form gone, 403 for who posts anyway, the same for each address; the store is as it was."""
    visitor = Visitor(make_settings(signup="closed"))
    invite(visitor, "known@example.org")
    before = visitor.everything()
    page = visitor.web.get("/").text
    assert "takes no new readers at present" in page
    assert "Subscribe</button>" not in page
    assert "Subscribe</button>" not in visitor.web.get("/preview").text
    answers = {
        (answer.status_code, answer.content, answer.headers["cache-control"], "set-cookie" in answer.headers)
        for answer in (
            visitor.subscribe("new@example.org"),
            visitor.subscribe("known@example.org"),
            visitor.subscribe("nobody", website="a bot"),
        )
    }
    assert [(status, cookie) for status, _, _, cookie in answers] == [(403, False)]
    assert visitor.everything() == before


def test_the_operator_invites_to_a_closed_list(make_settings: Make, store: Store):
    """By a mail of its own; its link works, and a late one can be had again."""
    visitor = Visitor(make_settings(signup="closed"))
    invite(visitor, "ada@example.org")
    assert kinds(visitor) == ["invitation"]
    found = visitor.subscribers.find("ada@example.org")
    old = visitor.token("confirm", found.id)
    visitor.later(days=8)
    again = visitor.web.post(f"/confirm/{old}", data={"again": "1"})
    assert again.status_code == 303
    done = visitor.web.post(f"/confirm/{visitor.token('confirm', found.id)}")
    assert "You are in." in done.text


def test_a_list_for_the_invited_looks_the_same_to_everybody(make_settings: Make, store: Store):
    """Whom nobody invited gets no mail and leaves no trace; page and answer do not tell."""
    visitor = Visitor(make_settings(signup="invited", signup_domains="Lab.example, münchen.example"))
    invite(visitor, "guest@example.org")
    before = len(kinds(visitor))
    assert "For invited readers and addresses at lab.example" in seen(visitor.web.get("/").text)
    answers, mailed = set(), []
    for address in (
        "stranger@example.org",
        "guest@example.org",
        "ada@LAB.example",
        "bea@münchen.example",
        "eve@notlab.example",
        "eve@sub.lab.example",
    ):
        count = visitor.subscribers.count()
        answer = visitor.subscribe(address)
        cookie = len(answer.headers["set-cookie"])
        answers.add((answer.status_code, answer.content, answer.headers["location"], cookie))
        if len(kinds(visitor)) > before:
            before = len(kinds(visitor))
            mailed.append(address)
        else:
            assert visitor.subscribers.count() == count
    assert len(answers) == 1
    assert mailed == ["guest@example.org", "ada@LAB.example", "bea@münchen.example"]


def test_domains_without_invitation_are_a_mistake(make_settings: Make):
    """They would be ignored in silence."""
    with pytest.raises(SettingsError, match="NEWSLETTER_SIGNUP=invited"):
        make_settings(signup_domains="lab.example")


def test_lost_links_are_mailed_to_readers_and_to_nobody_else(make_settings: Make, store: Store):
    """Whatever the address, the same answer; once a day, whatever the list's mode."""
    visitor = Visitor(make_settings(signup="closed", signups_per_network_hour=8))
    for status in ("active", "unsubscribed", "pending"):
        invite(visitor, f"{status}@example.org")
        found = visitor.subscribers.find(f"{status}@example.org")
        if status != "pending":
            visitor.web.post(f"/confirm/{visitor.token('confirm', found.id)}")
        if status == "unsubscribed":
            signup.unsubscribe(visitor.store, visitor.settings, found.id, visitor.now)
    before = Counter(kinds(visitor))
    answers = set()
    for name in ("active", "unsubscribed", "pending", "never", "active"):
        answer = visitor.web.post(
            "/links", data={"email": f"{name}@example.org", "stamp": visitor.stamp(), "website": ""}
        )
        answers.add((answer.status_code, answer.content, answer.headers["location"]))
    assert answers == {(303, b"", "/links?said=sent")}
    assert Counter(kinds(visitor)) - before == Counter(["already"])
    assert "If that address is subscribed" in visitor.web.get("/links?said=sent").text


@pytest.mark.parametrize("email", ["nobody", "a\0@example.org", ""])
def test_lost_links_need_an_address(make_settings: Make, store: Store, email: str):
    """422 with what is wrong; a bot's catch is let go; too much from one network is 429."""
    visitor = Visitor(make_settings(signups_per_network_hour=1))
    form = {"email": email, "stamp": visitor.stamp()}
    assert visitor.web.post("/links", data=form).status_code == 422
    assert visitor.web.post("/links", data=form | {"website": "x"}).status_code == 303
    assert visitor.web.post("/links", data={"email": "ada@example.org"}).status_code == 422
    good = form | {"email": "ada@example.org"}
    assert [visitor.web.post("/links", data=good).status_code for _ in range(2)] == [303, 429]
