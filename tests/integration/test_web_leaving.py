"""Unsubscribing: RFC 8058 for mail programs, one button for people, and nothing for scanners."""

from collections.abc import Callable

import pytest
from visitor import Visitor, seen

from newsletter.models import SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import tokens


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """Somebody at an empty site."""
    return Visitor(settings)


def status_of(visitor: Visitor, reader) -> SubscriberStatus:
    """Where a reader stands now."""
    return visitor.subscribers.get(reader.id).status


ONE_CLICKS = {
    "urlencoded": {"data": {"List-Unsubscribe": "One-Click"}},
    "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
    "empty": {},
    "unreadable": {"content": b"\xff\xfe\0", "headers": {"content-type": "multipart/form-data; boundary="}},
    "json": {"json": {"List-Unsubscribe": "One-Click"}},
    "foreign origin": {"headers": {"origin": "https://mail.example", "sec-fetch-site": "cross-site"}},
}


@pytest.mark.parametrize("name", ONE_CLICKS)
def test_one_click_unsubscribes_at_once_and_repeats_are_safe(visitor: Visitor, name: str):
    """Whatever a mail program posts means the click: 200, text, no redirect, no cookie asked or set."""
    reader = visitor.reader("ada@example.org")
    link = f"/u/{visitor.token('unsubscribe', reader.id)}"
    for _ in range(2):
        answer = visitor.from_network("192.0.2.1").post(link, **ONE_CLICKS[name])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert "set-cookie" not in answer.headers
        assert status_of(visitor, reader) is SubscriberStatus.UNSUBSCRIBED


@pytest.mark.parametrize("way", ["get", "head"])
def test_looking_at_the_link_changes_nothing(visitor: Visitor, way: str):
    """Scanners open every link in every mail."""
    reader = visitor.reader("ada@example.org")
    before = visitor.everything()
    assert getattr(visitor.web, way)(f"/u/{visitor.token('unsubscribe', reader.id)}").status_code == 200
    assert visitor.everything() == before


def test_the_button_leads_to_a_page_with_undo_and_undo_works(visitor: Visitor):
    """A press by mistake costs one more press."""
    reader = visitor.reader("ada@example.org")
    link = f"/u/{visitor.token('unsubscribe', reader.id)}"
    assert (
        '<button type="submit" class="main" name="choice" value="unsubscribe">' in visitor.web.get(link).text
    )
    done = visitor.web.post(link, data={"from": "page", "choice": "unsubscribe"})
    assert (done.status_code, done.headers["location"]) == (303, link)
    assert status_of(visitor, reader) is SubscriberStatus.UNSUBSCRIBED
    assert "You are unsubscribed." in visitor.web.get(link).text
    back = visitor.web.post(link, data={"from": "page", "choice": "undo"})
    assert (back.status_code, back.headers["location"]) == (303, f"{link}?said=back")
    assert status_of(visitor, reader) is SubscriberStatus.ACTIVE
    page = visitor.web.get(back.headers["location"]).text
    assert "<h1>You are subscribed again.</h1>" in page
    assert "Your next edition: tomorrow around 07:00 (UTC)." in seen(page)
    assert 'class="main"' not in page


def test_a_page_says_nothing_that_is_not_true(visitor: Visitor):
    """An address that says what was done may be opened by anybody, later or again."""
    for status in ("unsubscribed", "bounced", "complained", "pending"):
        reader = visitor.reader(f"{status}@example.org", status)
        link = f"/u/{visitor.token('unsubscribe', reader.id)}"
        assert "subscribed again." not in seen(visitor.web.get(f"{link}?said=back").text)
        for choice in ("weekly", "pause"):
            page = visitor.web.post(link, data={"from": "page", "choice": choice}).text
            assert "You are unsubscribed." in page
            assert "resumes" not in page
        kept = visitor.subscribers.get(reader.id)
        assert (kept.preferences.frequency, kept.preferences.paused_until) == ("daily", None)
        manage = f"/manage/{visitor.token('manage', reader.id)}"
        for said in ("back", "paused", "latest"):
            assert 'class="said"' not in visitor.web.get(f"{manage}?said={said}").text


def test_undo_has_its_time(visitor: Visitor):
    """After a day the page says how to come back instead."""
    reader = visitor.reader("ada@example.org", "unsubscribed")
    visitor.later(days=1, seconds=1)
    link = f"/u/{visitor.token('unsubscribe', reader.id)}"
    answer = visitor.web.post(link, data={"from": "page", "choice": "undo"})
    assert "more than a day ago" in seen(answer.text)
    assert status_of(visitor, reader) is SubscriberStatus.UNSUBSCRIBED


def test_less_mail_is_offered_beside_none(visitor: Visitor):
    """Weekly and a pause of 30 days are one press each."""
    reader = visitor.reader("ada@example.org")
    link = f"/u/{visitor.token('unsubscribe', reader.id)}"
    weekly = visitor.web.post(link, data={"from": "page", "choice": "weekly"})
    assert "<h1>One digest a week from now on.</h1>" in weekly.text
    pause = visitor.web.post(link, data={"from": "page", "choice": "pause"})
    assert "<h1>Paused for 30 days; resumes automatically.</h1>" in pause.text
    assert all(page.status_code == 200 and 'class="main"' not in page.text for page in (weekly, pause))
    kept = visitor.subscribers.get(reader.id)
    assert kept.status is SubscriberStatus.ACTIVE
    assert (kept.preferences.frequency, str(kept.preferences.paused_until)) == ("weekly", "2026-07-10")


def test_the_link_outlives_years_and_a_dropped_secret(make_settings: Callable[..., Settings], store: Store):
    """A mail from years ago still unsubscribes, though nobody remembers the secret of that time."""
    then = Visitor(make_settings(secret_key="first"))
    reader = then.reader("ada@example.org")
    token = then.token("unsubscribe", reader.id)
    now = Visitor(make_settings(secret_key="third"))
    now.later(days=4000)
    assert now.web.post(f"/u/{token}").status_code == 200
    assert status_of(now, reader) is SubscriberStatus.UNSUBSCRIBED


def test_a_lost_key_leads_to_a_new_link_by_mail(make_settings: Callable[..., Settings], store: Store):
    """Where no key fits, the page says how to get a link that works, and changes nothing."""
    then = Visitor(make_settings(secret_key="lost"))
    reader = then.reader("ada@example.org")
    now = Visitor(make_settings(secret_key="other"))
    link = f"/manage/{then.token('manage', reader.id)}"
    for answer in (now.web.get(link), now.web.post(link), now.web.post(link, data={"from": "page"})):
        assert answer.status_code == 404
        assert "have working links mailed to you" in answer.text
        assert "/links" in answer.text
    assert status_of(now, reader) is SubscriberStatus.ACTIVE


@pytest.mark.parametrize("purpose", ["confirm", "manage", "move"])
def test_a_token_of_another_purpose_unsubscribes_nobody(visitor: Visitor, purpose: tokens.Purpose):
    """Each link does what it says and nothing else."""
    reader = visitor.reader("ada@example.org")
    assert visitor.web.post(f"/u/{visitor.token(purpose, reader.id)}").status_code == 404
    assert status_of(visitor, reader) is SubscriberStatus.ACTIVE


@pytest.mark.parametrize("purpose", ["confirm", "unsubscribe", "move"])
def test_a_token_of_another_purpose_opens_no_preferences(visitor: Visitor, purpose: tokens.Purpose):
    """Who can unsubscribe somebody cannot read or change what they chose."""
    reader = visitor.reader("ada@example.org")
    token = visitor.token(purpose, reader.id)
    before = visitor.everything()
    assert visitor.web.get(f"/manage/{token}").status_code == 404
    assert visitor.web.get(f"/manage/{token}/export.json").status_code == 404
    assert visitor.web.post(f"/manage/{token}", data={"do": "delete", "sure": "yes"}).status_code == 404
    assert visitor.everything() == before


def test_who_was_erased_is_out_already(visitor: Visitor):
    """Their old links still answer kindly."""
    reader = visitor.reader("ada@example.org", "erased")
    link = f"/u/{visitor.token('unsubscribe', reader.id)}"
    assert visitor.web.post(link).status_code == 200
    assert "You are unsubscribed." in visitor.web.get(link).text


TAILS = [
    ".",
    ",",
    ")",
    ">",
    "]",
    ";",
    "!",
    "'",
    '"',
    "/",
    "//",
    "./",
    ">.",
    "%20",
    "%0A",
    "%0D%0A",
    "%E2%80%9D",
    "*",
    "=",
    "%3E",
]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(
    ("purpose", "place"), [("unsubscribe", "u"), ("manage", "manage"), ("confirm", "confirm")]
)
def test_what_mail_programs_add_to_a_link_is_forgiven(
    visitor: Visitor, purpose: tokens.Purpose, place: str, tail: str
):
    """The page is that of the link itself, with the headers that a token asks for."""
    reader = visitor.reader("ada@example.org", "pending" if purpose == "confirm" else "active")
    link = f"/{place}/{visitor.token(purpose, reader.id)}"
    answer = visitor.web.get(link + tail)
    assert (answer.status_code, answer.text) == (200, visitor.web.get(link).text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"


def test_a_link_that_was_copied_over_two_lines_is_read(visitor: Visitor):
    """A line end and blanks within a token are no part of it."""
    reader = visitor.reader("ada@example.org")
    token = visitor.token("unsubscribe", reader.id)
    answer = visitor.web.post(f"/u/{token[:9]}%0D%0A%20{token[9:]}./")
    assert answer.status_code == 200
    assert status_of(visitor, reader) is SubscriberStatus.UNSUBSCRIBED


@pytest.mark.parametrize("link", ["/u/", "/u", "/manage/", "/manage", "/u/.", "/manage//"])
def test_a_link_without_its_token_leads_to_new_ones(visitor: Visitor, link: str):
    """The page says what is wrong and mails working links."""
    answer = visitor.web.get(link)
    assert answer.status_code == 404
    assert 'action="/links"' in answer.text
