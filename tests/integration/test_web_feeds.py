"""Feeds: one for the editions and one for each topic, in two forms that say the same."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin

import feedparser
import pytest
from specimens import DAY, a_quiet_edition, an_edition
from visitor import Visitor

from newsletter.settings import Settings
from newsletter.sources.formats import jsonfeed
from newsletter.store import Store

BASE = "http://papers.example.org"
JAPANESE = "/topics/" + quote("流れのマッチング-and-a") + "/feed"
FEEDS = ["/feed", "/topics/flow-matching/feed", JAPANESE]


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """Somebody at a site with four editions; one is hard to set, one quiet."""
    settings = make_settings(environment="production", base_url=BASE, timezone="UTC")
    visitor = Visitor(settings, now=an_edition().composed_at + timedelta(days=9))
    day = timedelta(days=1)
    visitor.publish(
        an_edition(),
        an_edition("hard", date=DAY - day),
        a_quiet_edition(date=DAY - 40 * day),
        later(an_edition(), days=2),
    )
    return visitor


def later(edition: Any, *, days: int) -> Any:
    """The same edition some days on."""
    span = timedelta(days=days)
    return edition.model_copy(update={"date": edition.date + span, "composed_at": edition.composed_at + span})


def read(visitor: Visitor, path: str) -> Any:
    """A feed as a reader program understands it; it may not need forgiveness."""
    found = feedparser.parse(visitor.web.get(f"{path}.xml").content)
    assert not found.bozo, found.get("bozo_exception")
    return found


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_reads_without_forgiveness_and_leads_to_pages_that_are_there(visitor: Visitor, path: str):
    """Ids are addresses, each once; the newest entry first; self and page are linked; every page answers."""
    found = read(visitor, path)
    links = {link.rel: link.href for link in found.feed.links}
    assert links["self"] == f"{BASE}{path}.xml"
    assert found.feed.id == links["alternate"]
    assert visitor.web.get(links["alternate"]).status_code == 200
    ids = [entry.id for entry in found.entries]
    assert ids
    assert len(ids) == len(set(ids))
    moments = [entry.updated for entry in found.entries]
    assert moments == sorted(moments, reverse=True)
    assert found.feed.updated == moments[0]
    for entry in found.entries:
        assert entry.id == entry.link
        page, _, anchor = entry.link.partition("#")
        answer = visitor.web.get(page)
        assert answer.status_code == 200
        assert f'id="{anchor}"' in answer.text or not anchor


@pytest.mark.parametrize("path", FEEDS)
def test_both_forms_say_the_same(visitor: Visitor, path: str):
    """Ids, titles, moments and content of Atom stand in JSON Feed 1.1 too."""
    atom = read(visitor, path)
    answer = visitor.web.get(f"{path}.json")
    assert answer.headers["content-type"] == "application/feed+json"
    told = answer.json()
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert (told["title"], told["description"]) == (atom.feed.title, atom.feed.subtitle)
    assert told["feed_url"] == f"{BASE}{path}.json"
    assert told["home_page_url"] == atom.feed.id
    assert [one["id"] for one in told["items"]] == [entry.id for entry in atom.entries]
    assert [one["title"] for one in told["items"]] == [entry.title for entry in atom.entries]
    for item, entry in zip(told["items"], atom.entries, strict=True):
        assert datetime.fromisoformat(item["date_published"]) == datetime.fromisoformat(entry.published)
        assert item["url"] == item["id"]
    assert jsonfeed.is_json_feed(told)


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_reader_that_has_a_feed_is_told_so(visitor: Visitor, path: str, form: str):
    """304, until an edition changes it; then what was there before stands as it was, below the new entry."""
    first = visitor.web.get(f"{path}.{form}")
    known = {"if-none-match": first.headers["etag"]}
    assert visitor.web.get(f"{path}.{form}", headers=known).status_code == 304
    assert visitor.web.head(f"{path}.{form}", headers=known).status_code == 304
    before = read(visitor, path)
    source = an_edition("hard") if path == JAPANESE else an_edition()
    visitor.publish(later(source, days=5))
    visitor.later(seconds=2)  # an answer is given again for a second
    assert visitor.web.get(f"{path}.{form}", headers=known).status_code == 200
    after = read(visitor, path)
    assert len(after.entries) == len(before.entries) + 1
    for old, same in zip(before.entries, after.entries[1:], strict=True):
        assert (old.id, old.title, old.updated, old.content) == (
            same.id,
            same.title,
            same.updated,
            same.content,
        )
    assert after.feed.updated > before.feed.updated
    assert after.feed.id == before.feed.id


def test_a_topics_feed_holds_its_days_and_nothing_else(visitor: Visitor):
    """Each day of the topic with its place and its papers, reasons included."""
    found = read(visitor, "/topics/flow-matching/feed")
    assert found.feed.title == "flow matching – Trending Papers"
    assert [entry.title for entry in found.entries] == [
        "24 Nov: flow matching, 1st place",
        "22 Nov: flow matching, 1st place",
    ]
    content = found.entries[0].content[0].value
    assert "Straight Paths Are Enough" in content
    assert "163 upvotes, 12 comments, 782 stars" in content
    assert "more than 97 % of papers at this age" in content
    assert "Protein Loops" not in content


@pytest.mark.parametrize("path", ["/topics/never-was/feed.xml", "/topics/never-was/feed.json"])
def test_a_topic_that_never_was_has_no_feed(visitor: Visitor, path: str):
    """404, with a way on."""
    assert visitor.web.get(path).status_code == 404


@pytest.mark.parametrize("page", ["/", "/topics/flow-matching"])
def test_a_page_tells_programs_where_its_feeds_are(visitor: Visitor, page: str):
    """`rel=alternate` for both forms, and each of them is there; a topic's page names its own too."""
    found = re.findall(
        r'<link rel="alternate" type="([^"]+)" title="[^"]+" href="([^"]+)">', visitor.web.get(page).text
    )
    assert len(found) == (4 if "topics" in page else 2)
    for kind, address in found:
        assert visitor.web.get(urljoin(page, address)).headers["content-type"].startswith(kind)


def test_hard_texts_come_through_a_feed_as_they_were(visitor: Visitor):
    """Formulas, markup in titles, other scripts and 3,000 authors: shown, never obeyed, never cut off."""
    entry = next(one for one in read(visitor, "/feed").entries if one.id.endswith("2026-11-21"))
    content = entry.content[0].value
    assert "$O(n\\log n)$ Bounds for $\\ell_1$ &amp; &lt;b&gt;Sparse&lt;/b&gt;" in content
    assert "למידה עמוקה של שפות עתיקות" in content
    assert "大規模言語モデル" in content
    assert "as four hundred letters do" in content
    item = next(one for one in visitor.web.get("/feed.json").json()["items"] if one["id"] == entry.id)
    assert '<p dir="auto"><b><a href="https://arxiv.org/abs/2611.00002">למידה' in item["content_html"]


def test_the_list_of_topics_names_each_once_those_seen_last_first(visitor: Visitor):
    """Under the day on which it last stood on the chart, with how often it did, and each link answers."""
    page = visitor.web.get("/topics").text
    links = re.findall(r'<li><a href="(/topics/[^"]+)">', page)
    assert len(links) == len(set(links)) == 5
    assert links[0] == "/topics/flow-matching"
    assert page.index("24 November 2026") < page.index("21 November 2026")
    assert "on 2 days since 22 Nov 2026, peaked at No. 1" in page
    for link in links:
        assert visitor.web.get(link).status_code == 200
