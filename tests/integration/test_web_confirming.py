"""The confirmation link: a scanner's visit changes nothing, a reader's press does."""

from collections.abc import Callable

import pytest
from visitor import Visitor, seen

from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.notices import Letterbox


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """Somebody at an empty site."""
    return Visitor(settings)


def status_of(visitor: Visitor, email: str) -> SubscriberStatus | None:
    """Where an address stands."""
    found = visitor.subscribers.find(email)
    return found.status if found else None


def letters(visitor: Visitor) -> list[str]:
    """The kinds of the letters that wait."""
    box = Letterbox(visitor.store)
    return [str(box.get(one).kind) for one in box.pending(visitor.now)]


def test_a_click_in_the_browser_of_the_form_confirms_at_once(visitor: Visitor):
    """The signed cookie proves that reader and browser are one; the welcome is recorded."""
    visitor.subscribe("ada@example.org", hour="7", timezone="Europe/Berlin")
    token = visitor.token("confirm", visitor.subscribers.find("ada@example.org").id)
    answer = visitor.web.get(f"/confirm/{token}")
    assert answer.status_code == 200
    assert "First edition: tomorrow around 07:00 (Europe/Berlin)." in seen(answer.text)
    assert status_of(visitor, "ada@example.org") is SubscriberStatus.ACTIVE
    assert letters(visitor) == ["confirm", "welcome"]
    again = visitor.web.get(f"/confirm/{token}")
    assert again.status_code == 200
    assert letters(visitor) == ["confirm", "welcome"]


def test_any_other_browser_gets_a_button_and_get_changes_nothing(visitor: Visitor):
    """Scanners open every link: only the press confirms, and the network of the press is kept."""
    reader = visitor.reader("ada@example.org", "pending")
    link = f"/confirm/{visitor.token('confirm', reader.id)}"
    before = visitor.everything()
    page = visitor.web.get(link)
    assert page.status_code == 200
    assert f'method="post" action="{link}"' in page.text
    assert visitor.everything() == before
    assert visitor.web.post(link).status_code == 200
    found = visitor.subscribers.get(reader.id)
    assert found.status is SubscriberStatus.ACTIVE
    assert found.consent.confirmed_from == "203.0.113.0/24"


def test_nobody_is_sent_to_an_edition_before_there_is_one(visitor: Visitor):
    """Who confirms before the first edition was composed is only told when it comes."""
    reader = visitor.reader("ada@example.org", "pending")
    page = visitor.web.post(f"/confirm/{visitor.token('confirm', reader.id)}").text
    assert "You are in." in page
    assert "edition</a>" not in page


def test_head_confirms_nothing_even_with_the_cookie(visitor: Visitor):
    """A browser that only asks whether the page is there has not clicked."""
    visitor.subscribe("ada@example.org")
    token = visitor.token("confirm", visitor.subscribers.find("ada@example.org").id)
    assert visitor.web.head(f"/confirm/{token}").status_code == 200
    assert status_of(visitor, "ada@example.org") is SubscriberStatus.PENDING


def test_the_cookie_of_one_address_confirms_no_other(visitor: Visitor):
    """Who filled in the form for one address still has to press for another."""
    visitor.subscribe("ada@example.org")
    other = visitor.reader("eve@example.org", "pending")
    visitor.web.get(f"/confirm/{visitor.token('confirm', other.id)}")
    assert status_of(visitor, "eve@example.org") is SubscriberStatus.PENDING


def test_an_old_link_offers_a_new_one(visitor: Visitor):
    """After seven days: 410, and one press records a new confirmation."""
    reader = visitor.reader("ada@example.org", "pending")
    link = f"/confirm/{visitor.token('confirm', reader.id)}"
    visitor.later(days=7, seconds=1)
    page = visitor.web.get(link)
    assert page.status_code == 410
    assert "Send me a new link" in page.text
    assert visitor.web.post(link).status_code == 410
    assert status_of(visitor, "ada@example.org") is SubscriberStatus.PENDING
    again = visitor.web.post(link, data={"again": "1"})
    assert (again.status_code, again.headers["location"]) == (303, "/check-inbox")
    assert letters(visitor) == ["confirm", "confirm"]


@pytest.mark.parametrize("way", ["get", "post", "head"])
@pytest.mark.parametrize("page", ["confirm", "reject"])
def test_a_damaged_link_is_404(visitor: Visitor, page: str, way: str):
    """A line torn by a mail program says what to do, and does nothing."""
    reader = visitor.reader("ada@example.org", "pending")
    before = visitor.everything()
    token = visitor.token("confirm", reader.id)
    for damaged in (token[:-1], token[1:], token.swapcase(), "x", "%00", "é", "x" * 5000):
        answer = getattr(visitor.web, way)(f"/{page}/{damaged}")
        assert answer.status_code == 404
        if way != "head":
            assert "Copy the whole line from the message." in answer.text
    assert visitor.everything() == before


def test_who_did_not_ask_can_stop_it_for_a_month(visitor: Visitor):
    """“This wasn't me” erases the address, and no form makes us write to it for 30 days."""
    reader = visitor.reader("ada@example.org", "pending")
    link = f"/reject/{visitor.token('reject', reader.id)}"
    before = visitor.everything()
    assert visitor.web.get(link).status_code == 200
    assert visitor.everything() == before
    assert visitor.web.post(link).status_code == 200
    assert visitor.subscribers.get(reader.id) is None
    visitor.subscribe("ada@example.org")
    assert status_of(visitor, "ada@example.org") is None


def test_a_link_to_somebody_who_is_gone_is_410(visitor: Visitor):
    """A genuine link whose reader was erased promises nothing."""
    reader = visitor.reader("ada@example.org", "erased")
    link = f"/confirm/{visitor.token('confirm', reader.id)}"
    assert visitor.web.post(link).status_code == 410
    assert status_of(visitor, "ada@example.org") is None


def test_the_cookie_is_the_only_one_and_is_kept_close(make_settings: Callable[..., Settings], store: Store):
    """It goes to the confirm page alone, to no script, and over TLS where the site has it."""
    visitor = Visitor(make_settings(base_url="https://papers.example.org", environment="development"))
    cookie = visitor.subscribe("ada@example.org").headers["set-cookie"]
    for part in ("confirm=", "HttpOnly", "Path=/confirm", "SameSite=lax", "Secure", "Max-Age=604800"):
        assert part in cookie
