"""A page of another site cannot act in a reader's browser."""

from collections.abc import Callable

import pytest
from visitor import Visitor

from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.web.subscriber import form_stamps

ELSEWHERE = {
    "cross-site": {"sec-fetch-site": "cross-site", "origin": "null"},
    "another origin, from an older browser": {"origin": "https://evil.example"},
    "our host as another's user": {"origin": "https://papers.example.org@evil.example"},
    "no address": {"origin": "https://[evil"},
}
OURS = {
    "our own page": {"sec-fetch-site": "same-origin", "origin": "null"},
    "our own page in an older browser": {"origin": "http://papers.example.org"},
    "without a referrer": {"origin": "null"},
    "a page of the same organisation": {"sec-fetch-site": "same-site", "origin": "http://www.example.org"},
    "an address that was typed": {"sec-fetch-site": "none"},
    "a program": {},
}


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """A reader at a site on a host of its own."""
    return Visitor(make_settings(base_url="http://papers.example.org"))


@pytest.mark.parametrize("headers", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("path", ["/subscribe", "/links", "/confirm/x", "/reject/x", "/move/x", "/manage/x"])
def test_what_a_page_of_another_site_posts_is_refused(visitor: Visitor, path: str, headers: dict[str, str]):
    """403, in words, before anything is looked at; nothing is kept and no cookie is set."""
    before = visitor.everything()
    data = {"email": "ada@example.net", "stamp": visitor.stamp(), "website": "", "do": "unsubscribe"}
    answer = visitor.web.post(path, data=data, headers=headers)
    assert answer.status_code == 403
    assert "That came from another site" in answer.text
    assert "set-cookie" not in answer.headers
    assert visitor.everything() == before


def test_a_click_confirms_nothing_after_another_site_filled_in_the_form(visitor: Visitor):
    """The link asks for a press: this browser holds no proof that its owner asked."""
    headers = ELSEWHERE["cross-site"]
    data = {"email": "ada@example.net", "stamp": visitor.stamp(), "website": "", "sure": ""}
    visitor.web.post("/subscribe", data=data, headers=headers)
    assert form_stamps.CONFIRM_COOKIE not in visitor.web.cookies
    reader = visitor.reader("ada@example.net", "pending")
    page = visitor.web.get(f"/confirm/{visitor.token('confirm', reader.id)}")
    assert "Confirm my address" in page.text
    assert visitor.subscribers.get(reader.id).status == "pending"


@pytest.mark.parametrize("headers", OURS.values(), ids=OURS)
def test_our_own_form_is_taken_whatever_the_browser_says_of_it(visitor: Visitor, headers: dict[str, str]):
    """Our pages name no referrer, so browsers send `Origin: null` with their forms."""
    data = {"email": "ada@example.net", "stamp": visitor.stamp(), "website": "", "sure": ""}
    assert visitor.web.post("/subscribe", data=data, headers=headers).status_code == 303


def test_one_click_and_links_work_from_anywhere(visitor: Visitor):
    """Webmail is another site, and unsubscribing from it must work; so must each link in a mail."""
    reader = visitor.reader("ada@example.net")
    headers = ELSEWHERE["cross-site"]
    for path in (
        "/",
        f"/u/{visitor.token('unsubscribe', reader.id)}",
        f"/manage/{visitor.token('manage', reader.id)}",
    ):
        assert visitor.web.get(path, headers=headers).status_code == 200
    path = f"/u/{visitor.token('unsubscribe', reader.id)}"
    assert visitor.web.post(path, data={"List-Unsubscribe": "One-Click"}, headers=headers).status_code == 200
    assert visitor.subscribers.get(reader.id).status == "unsubscribed"
