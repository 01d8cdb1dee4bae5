"""Preferences behind a link."""

import html

import pytest
from specimens import an_edition
from visitor import Visitor, seen

from newsletter.delivery.freezing import cohorts
from newsletter.models import Preferences, Subscriber, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """Somebody at an empty site."""
    return Visitor(settings)


@pytest.fixture
def reader(visitor: Visitor) -> Subscriber:
    """Somebody who reads at seven in Berlin."""
    return visitor.reader("ada@example.org", preferences=Preferences(hour=7, timezone="Europe/Berlin"))


def link(visitor: Visitor, reader: Subscriber) -> str:
    """Where a reader's preferences are."""
    return f"/manage/{visitor.token('manage', reader.id)}"


def test_every_choice_is_saved_and_shown_again(visitor: Visitor, reader: Subscriber):
    """What the form sends is what is kept, and the page shows it."""
    page = link(visitor, reader)
    wanted = {
        "do": "save",
        "topics": "diffusion models, Robotics,\n robotics",
        "muted": "survey",
        "limit": "8",
        "frequency": "weekdays",
        "hour": "18",
        "timezone": "America/New_York",
        "format": "text",
    }
    answer = visitor.web.post(page, data=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}?said=saved")
    assert visitor.subscribers.get(reader.id).preferences == Preferences(
        hour=18,
        timezone="America/New_York",
        frequency="weekdays",
        topics=("diffusion models", "Robotics"),
        muted=("survey",),
        limit=8,
        format="text",
    )
    shown = visitor.web.get(answer.headers["location"]).text
    assert "Saved." in shown
    assert "diffusion models, Robotics" in shown
    assert "next edition today around 18:00 (America/New_York)" in seen(shown)


def test_names_and_quotes_are_saved_and_shown_again(visitor: Visitor, reader: Subscriber):
    """A comma between quotes separates nothing."""
    page = link(visitor, reader)
    typed = 'author:"Li, Hao" -survey, category:cs.CL RL'
    assert visitor.web.post(page, data={"do": "save", "topics": typed}).status_code == 303
    kept = visitor.subscribers.get(reader.id).preferences
    assert kept.topics == ('author:"Li, Hao" -survey', "category:cs.CL RL")
    assert typed in html.unescape(visitor.web.get(page).text)


def test_a_topic_that_cannot_be_understood_is_refused_and_an_old_one_is_not(
    visitor: Visitor, reader: Subscriber
):
    """What was typed stays in the form; what was kept before it had to be understood can be kept."""
    page = link(visitor, reader)
    answer = visitor.web.post(page, data={"do": "save", "topics": "RL, auther:hinton"})
    assert answer.status_code == 422
    assert "“auther:” is not known here." in seen(answer.text)
    assert "RL, auther:hinton" in answer.text
    old = reader.preferences.model_copy(update={"topics": ("re:zero",)})
    visitor.subscribers.save_preferences(reader.id, old, visitor.now)
    assert visitor.web.post(page, data={"do": "save", "topics": "re:zero, RL"}).status_code == 303


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hour", "25"),
        ("timezone", "Nowhere/Land"),
        ("frequency", "hourly"),
        ("format", "pdf"),
        ("limit", "0"),
        ("limit", "51"),
        ("limit", "many"),
        ("topics", ", ".join(f"topic {n}" for n in range(30))),
        ("topics", "x" * 121),
        ("topics", "a\0b"),
        ("muted", "x" * 3001),
    ],
)
def test_a_choice_that_cannot_be_kept_changes_nothing(
    visitor: Visitor, reader: Subscriber, field: str, value: str
):
    """422, what is wrong in words, and the record as it was."""
    before = visitor.everything()
    answer = visitor.web.post(link(visitor, reader), data={"do": "save", "topics": "robots"} | {field: value})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert visitor.everything() == before


@pytest.mark.parametrize(
    ("posted", "until"),
    [({"days": "7"}, "2026-06-17"), ({"days": "30"}, "2026-07-10"), ({"until": "2026-12-24"}, "2026-12-24")],
)
def test_a_pause_has_an_end_and_can_be_ended_now(visitor: Visitor, reader: Subscriber, posted, until: str):
    """The banner says until when; one press goes on."""
    page = link(visitor, reader)
    assert visitor.web.post(page, data={"do": "pause"} | posted).status_code == 303
    assert str(visitor.subscribers.get(reader.id).preferences.paused_until) == until
    assert "Paused until" in visitor.web.get(page).text
    visitor.web.post(page, data={"do": "resume"})
    assert visitor.subscribers.get(reader.id).preferences.paused_until is None


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"days": "8"},
        {"until": "2026-06-10"},
        {"until": "2028-01-01"},
        {"until": "tomorrow"},
        {"until": "2026-02-30"},
    ],
)
def test_a_pause_without_a_sound_end_is_refused(visitor: Visitor, reader: Subscriber, posted):
    """Nobody is paused for ever, or until yesterday."""
    assert visitor.web.post(link(visitor, reader), data={"do": "pause"} | posted).status_code == 422
    assert visitor.subscribers.get(reader.id).preferences.paused_until is None


def test_unsubscribing_here_leads_to_undo_and_only_there_back(visitor: Visitor, reader: Subscriber):
    """The same goodbye page, with the same undo; the preferences themselves make nobody active."""
    page = link(visitor, reader)
    answer = visitor.web.post(page, data={"do": "unsubscribe"})
    assert answer.headers["location"] == f"/u/{visitor.token('unsubscribe', reader.id)}"
    assert visitor.subscribers.get(reader.id).status is SubscriberStatus.UNSUBSCRIBED
    assert "You are unsubscribed; nothing is sent." in seen(visitor.web.get(page).text)
    assert visitor.web.post(page, data={"do": "resubscribe"}).status_code == 400
    assert visitor.subscribers.get(reader.id).status is SubscriberStatus.UNSUBSCRIBED
    visitor.web.post(answer.headers["location"], data={"from": "page", "choice": "undo"})
    assert visitor.subscribers.get(reader.id).status is SubscriberStatus.ACTIVE


def test_deleting_everything_needs_a_second_yes_and_leaves_no_address(visitor: Visitor, reader: Subscriber):
    """Without the tick nothing happens; with it the address is nowhere in the store."""
    page = link(visitor, reader)
    assert visitor.web.post(page, data={"do": "delete"}).status_code == 422
    assert visitor.subscribers.get(reader.id) is not None
    assert visitor.web.post(page, data={"do": "delete", "sure": "yes"}).status_code == 200
    assert visitor.subscribers.get(reader.id) is None
    assert not [name for name, value in visitor.everything().items() if b"ada@example.org" in value]
    assert visitor.web.get(page).status_code == 404


def test_the_export_holds_all_that_is_kept(visitor: Visitor, reader: Subscriber):
    """Address, status, choices, consent, the address asked for and the editions sent, as one JSON file."""
    visitor.publish(an_edition(date=visitor.now.date()))
    cohorts.freeze_everyone(visitor.store, visitor.settings, visitor.now.date())
    visitor.web.post(link(visitor, reader), data={"do": "move", "email": "new@example.net"})
    answer = visitor.web.get(f"{link(visitor, reader)}/export.json")
    kept = answer.json()
    assert (kept.pop("moving_to"), kept.pop("editions")) == ("new@example.net", ["2026-06-10"])
    assert Subscriber.model_validate(kept) == visitor.subscribers.get(reader.id)
    assert answer.headers["content-disposition"] == 'attachment; filename="subscription.json"'


@pytest.mark.parametrize("status", ["pending", "bounced", "complained", "unsubscribed"])
def test_a_reader_who_gets_nothing_is_told_why(visitor: Visitor, status: str):
    """No state looks like a working subscription."""
    reader = visitor.reader("ada@example.org", status)
    page = visitor.web.get(link(visitor, reader)).text
    assert "banner" in page
    assert "next edition" not in page


@pytest.mark.parametrize("way", ["get", "head"])
def test_looking_changes_nothing_and_is_kept_nowhere(visitor: Visitor, reader: Subscriber, way: str):
    """Pages behind a token: no-store, noindex, no-referrer."""
    before = visitor.everything()
    for path in ("", "/export.json", "?said=saved", "?do=delete&sure=yes"):
        answer = getattr(visitor.web, way)(link(visitor, reader) + path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert visitor.everything() == before


def test_an_unknown_button_is_refused(visitor: Visitor, reader: Subscriber):
    """Only what the page offers can be done."""
    assert visitor.web.post(link(visitor, reader), data={"do": "explode"}).status_code == 400
    assert visitor.web.post(link(visitor, reader)).status_code == 400


def test_who_stops_following_is_remembered_for_it(visitor: Visitor, reader: Subscriber):
    """What the tail brought under a phrase is not brought again: the day of the change is kept."""
    page = link(visitor, reader)
    visitor.web.post(page, data={"do": "save", "topics": "diffusion"})
    visitor.web.post(page, data={"do": "save", "topics": ""})
    kept = visitor.subscribers.get(reader.id).preferences
    assert (kept.topics, kept.followed_until) == ((), visitor.now.date())


def test_the_latest_edition_is_sent_once_an_hour(visitor: Visitor, reader: Subscriber):
    """The button is there once an edition is; a second press within the hour says where to look."""
    page = link(visitor, reader)
    assert "Send me the latest edition" not in visitor.web.get(page).text
    assert visitor.web.post(page, data={"do": "latest"}).status_code == 422
    visitor.publish(an_edition(date=visitor.now.date()))
    assert "Send me the latest edition" in visitor.web.get(page).text
    said = [visitor.web.post(page, data={"do": "latest"}).headers["location"] for _ in range(2)]
    assert said == [f"{page}?said=latest", f"{page}?said=recent"]
    assert "is on its way to you" in visitor.web.get(said[0]).text
    assert "within the last hour" in visitor.web.get(said[1]).text
    visitor.store.delete(*visitor.store.scan_iter("signup:latest:*"))
    assert visitor.web.post(page, data={"do": "latest"}).headers["location"] == said[0]
