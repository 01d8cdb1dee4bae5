"""Pages as files: a change in what visitors see is a diff that a person reads."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
import specimens
from visitor import Visitor

from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent.tokens import Purpose

MORNING = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PUBLIC = {
    "landing.html": "/",
    "edition.html": "/d/2026-11-22",
    "quiet.html": "/d/2026-11-21",
    "hard.html": "/d/2026-11-20",
    "no-such-page.html": "/d/2020-01-01",
    "week.html": "/week/2026-W47",
    "archive.html": "/archive",
    "topics.html": "/topics",
    "topic.html": "/topics/flow-matching",
    "feed.xml": "/feed.xml",
    "feed.json": "/feed.json",
    "topic-feed.xml": "/topics/flow-matching/feed.xml",
    "topic-feed.json": "/topics/flow-matching/feed.json",
    "edition.bib": "/d/2026-11-22.bib",
    "edition.ris": "/d/2026-11-22.ris",
    "edition.json": "/d/2026-11-22.json",
    "nothing-found.html": "/search?q=zeppelin",
    "preview.html": "/preview?topics=flow+matching",
    "links.html": "/links",
    "check-inbox.html": "/check-inbox",
    "trending.html": "/about/trending",
    "privacy.html": "/privacy",
    "api.html": "/api",
}
OWN: dict[str, tuple[str, Purpose, str]] = {
    "confirm.html": ("confirm", "confirm", "pending"),
    "reject.html": ("reject", "reject", "pending"),
    "manage.html": ("manage", "manage", "active"),
    "unsubscribe.html": ("u", "unsubscribe", "active"),
    "unsubscribed.html": ("u", "unsubscribe", "unsubscribed"),
}
TAIL = (
    specimens.an_entry(number="2611.07001", title="A Paper below the Line", score=12),
    specimens.an_entry(number="2611.07002", title="Another & <i>Its</i> Title", score=11),
)
DIFFERENT_EACH_TIME = [
    (r'(name="stamp" value=")[^"]*', r"\1STAMP"),
    (r"(/(?:confirm|reject|manage|u|move)/)[\w.~-]{20,}", r"\1TOKEN"),
    (r"(/static/[\w.-]+\?)[0-9a-f]{12}", r"\1VERSION"),
    (r'(?s)(<select id="timezone"[^>]*>).*?(</select>)', r"\1ZONES\2"),
]
"""A stamp is signed over its moment, and a token over a number that nobody can guess.

Versions follow the bytes of a style or script, and each machine knows its own time zones.
"""


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Iterator[Visitor]:
    """Yield somebody at a site with three editions, whose clock stands still."""
    settings = make_settings(
        base_url="https://papers.example.org",
        postal_address=specimens.SITE.postal_address,
        from_="Trending Papers <digest@papers.example.org>",
        timezone="Europe/Berlin",
    )
    somebody = Visitor(settings, now=MORNING)
    hard = specimens.an_edition("hard", date=date(2026, 11, 20))
    quiet = specimens.a_quiet_edition(date=date(2026, 11, 21))
    somebody.publish(specimens.an_edition(tail=TAIL), quiet, hard)
    yield somebody
    somebody.web.close()


def masked(page: str) -> str:
    """A page less what differs each time; its other bytes are compared."""
    for pattern, instead in DIFFERENT_EACH_TIME:
        page = re.sub(pattern, instead, page)
    return page


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_reads_as_it_did(name, visitor, golden):
    """Every byte that readers, feed readers and reference managers get is that of the golden file."""
    golden(f"pages/{name}", masked(visitor.web.get(PUBLIC[name]).text))


@pytest.mark.parametrize("name", OWN)
def test_a_reader_s_own_page_reads_as_it_did(name, visitor, golden):
    """What the links in a reader's mails lead to."""
    place, purpose, status = OWN[name]
    wanted = Preferences(
        hour=7, timezone="Europe/Berlin", topics=("flow matching", '"world models"'), muted=("survey",)
    )
    reader = visitor.reader("ada@example.net", status, wanted)
    golden(f"pages/{name}", masked(visitor.web.get(f"/{place}/{visitor.token(purpose, reader.id)}").text))
