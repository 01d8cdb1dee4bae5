"""The search as a reader meets it: a form, a page of papers, and an honest word when there is none."""

import html
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from time import process_time

import pytest
from processes import until
from searching import Library, a_work
from specimens import DAY, an_edition
from starlette.testclient import TestClient
from visitor import Visitor, seen

from newsletter.models import SubscriberStatus
from newsletter.search.searching import PAGE
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.web.serving import indexing

EDITION = an_edition()
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """Somebody at a site with one edition and a shelf of other papers, all of them indexed."""
    settings = make_settings(environment="production", base_url="http://papers.example.org", timezone="UTC")
    visitor = Visitor(settings, now=EDITION.composed_at + timedelta(hours=5))
    visitor.publish(EDITION)
    library = Library(store, settings)
    library.keep(
        a_work(1, "Tides & <b>currents</b>", "The moon, <i>of course</i>.", ["Ada Vale", "Bo Lind"]),
        *(
            a_work(n, f"Rivers, part {n}", "Water & more water.", ["Ada Vale"])
            for n in range(2, 2 + PAGE + 3)
        ),
    )
    library.refresh()
    return visitor


def test_the_form_is_one_click_away_and_needs_no_script(visitor: Visitor):
    """Every page leads to it, the archive has it, and it is a plain GET of our own."""
    for path in ("/", "/archive", "/d/2026-11-22", "/nowhere"):
        assert 'href="/search"' in visitor.web.get(path).text, path
    for path in ("/search", "/archive"):
        page = visitor.web.get(path).text
        assert '<form class="seek" role="search" method="get" action="/search"' in page
        assert "<script" not in page


def test_a_found_paper_shows_who_what_when_and_where_it_was_announced(visitor: Visitor):
    """The title leads to the paper, the date to its place in the edition, names to their pages."""
    entry = EDITION.entries[0]
    page = visitor.web.get("/search", params={"q": entry.paper.title}).text
    assert entry.paper.title in seen(page)
    anchor = f"/d/{DAY}#arxiv-{entry.paper.arxiv_id}"
    assert f'href="{anchor}"' in page
    assert f'id="arxiv-{entry.paper.arxiv_id}"' in visitor.web.get(anchor.partition("#")[0]).text
    for name in entry.paper.authors[:3]:
        assert name in seen(page)
    assert entry.paper.categories[0] in page


def test_what_was_looked_for_is_marked_and_strangers_markup_is_text(visitor: Visitor):
    """Marks are ours alone."""
    page = visitor.web.get("/search?q=tides+moon").text
    assert "<mark>Tides</mark> &amp; &lt;b&gt;currents&lt;/b&gt;" in page
    assert "<mark>moon</mark>, &lt;i&gt;of course&lt;/i&gt;." in page


def followed(page: str) -> str:
    """Return the topic that a page's “Mail me this” carries."""
    form = re.search(r'action="/preview".*?name="topics" value="([^"]*)".*?Mail me this', page, re.DOTALL)
    return html.unescape(form[1]) if form else ""


def test_a_search_can_be_mailed(visitor: Visitor):
    """It leads to what the newest edition has for it, and from there to double opt-in with the topic kept."""
    typed = "straight, paths author:okafor -survey"
    topic = followed(visitor.web.get("/search", params={"q": typed}).text)
    assert topic == "straight paths author:okafor -survey"
    page = visitor.web.get("/preview", params={"topics": topic}).text
    assert "Straight Paths Are Enough" in page
    assert f'<input type="hidden" name="topics" value="{topic}">' in page
    assert visitor.subscribe("ada@example.org", topics=topic).status_code == 303
    reader = visitor.subscribers.find("ada@example.org")
    assert (reader.status, reader.preferences.topics) == (SubscriberStatus.PENDING, (topic,))


def test_a_search_that_cannot_be_followed_says_why(visitor: Visitor):
    """Nothing that was typed is passed over in silence."""
    page = visitor.web.get("/search", params={"q": "tides auther:vale"}).text
    assert "“auther:” is not known here." in seen(page)
    assert not followed(page)


def test_a_topic_of_the_chart_can_be_mailed(visitor: Visitor):
    """Its page carries its name."""
    section = EDITION.sections[0]
    assert followed(visitor.web.get(f"/topics/{section.slug}").text) == section.label


@pytest.mark.parametrize("path", ["/search?q=", "/search?q=tides+", "/authors/"])
def test_what_is_typed_is_never_obeyed(visitor: Visitor, path: str):
    """In the field, the title and the links it stands escaped."""
    answer = visitor.web.get(path + HOSTILE.replace("#", "").replace("/", "%2F"))
    assert answer.status_code == (404 if "authors" in path else 200)
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("tydes", "No paper matches “tydes”; these match “tides”."),
        ("tides banana moon", "No paper matches everything; these match part of it."),
        ("qqqqqq", "No paper was found."),
        ("-tides", "That says only what to leave out."),
        ("...", "That holds no word to look for."),
        (" ".join(f"tides{n}" for n in range(200)), "only the first 12 words were looked for"),
        ("rivers", f"{PAGE + 3} papers, best first · page 1 of 2"),
        ("", "Titles, abstracts and authors."),
    ],
)
def test_the_page_says_what_it_did(visitor: Visitor, query: str, said: str):
    """Corrections, loose finds, cuts and nothing at all are told apart."""
    answer = visitor.web.get("/search", params={"q": query})
    assert answer.status_code == 200
    assert said in seen(answer.text)


@pytest.mark.parametrize(
    "raw",
    [
        "q=%00%01tides%0d%0a",
        "q=%ff%fe+tides",
        "q=tides&q=rivers",
        "q=tides&page=-1",
        "q=tides&page=%D9%A7",
        "q=tides&page=99999999999999999999",
        "q=tides&page=1&page=2",
        "q=%ED%A0%80tides",
        "q=tides&unknown=1",
        "q=" + "tides%20" * 3000,
        "q=tides%20" + "%22" * 500,
        "q=tides%20" + "-" * 500,
    ],
)
def test_any_query_string_gets_an_answer(visitor: Visitor, raw: str):
    """Control characters, broken encodings, repeated, huge and senseless fields find what they can."""
    answer = visitor.web.get(f"/search?{raw}")
    assert answer.status_code == 200
    assert "currents" in answer.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", answer.text)


def test_pages_lead_to_each_other(visitor: Visitor):
    """The links keep the query, and the last page has no next one."""
    first = visitor.web.get("/search", params={"q": 'rivers -"of lava"'})
    after = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = visitor.web.get(after)
    assert second.text.count("<article") == 3
    assert 'rel="next"' not in second.text
    assert visitor.web.get(re.search(r'rel="prev" href="([^"]+)"', second.text)[1].replace("&amp;", "&"))
    assert "none of them on this page" in visitor.web.get("/search?q=rivers&page=9").text


def test_an_author_has_a_page_of_what_is_kept(visitor: Visitor):
    """Names in results lead there; a name that nobody bears, or that is written otherwise, is 404."""
    found = visitor.web.get("/search?q=tides").text
    assert 'href="/authors/ada-vale"' in found
    page = visitor.web.get("/authors/ada-vale")
    assert f"{PAGE + 4} papers, newest first" in seen(page.text)
    assert "Bo Lind" in visitor.web.get("/authors/bo-lind").text
    for path in ("/authors/nobody-at-all", "/authors/Ada-Vale", "/authors/%00", "/authors/" + "a" * 5000):
        assert visitor.web.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/search?q=tides", "/search", "/authors/ada-vale"])
def test_results_are_kept_by_browsers_and_out_of_other_indexes(visitor: Visitor, path: str):
    """304 while nothing changed, a minute in caches, noindex in header and page."""
    first = visitor.web.get(path)
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["x-robots-tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in first.text
    assert visitor.web.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304


def test_without_an_index_the_page_says_so(settings: Settings, store: Store):
    """503 and when to come again, never "nothing found"; the empty form works."""
    visitor = Visitor(settings)
    assert visitor.web.get("/search").status_code == 200
    for path in ("/search?q=tides", "/authors/ada-vale"):
        answer = visitor.web.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "20")
        assert "Not ready to search yet" in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_search_answers_while_the_store_is_down(visitor: Visitor, make_settings, tmp_path):
    """It asks the index alone."""
    closed = make_settings(redis_url=f"unix://{tmp_path}/nothing.sock", data_dir=visitor.settings.data_dir)
    answer = Visitor(closed).web.get("/search?q=tides")
    assert answer.status_code == 200
    assert "currents" in answer.text


def test_a_site_keeps_its_index_up_to_date_by_itself(visitor: Visitor, store: Store, monkeypatch):
    """From the start until it closes; the thread ends with it."""
    monkeypatch.setattr(indexing, "REFRESH_EVERY", timedelta(milliseconds=20))
    with TestClient(visitor.app, base_url=visitor.settings.base_url) as web:
        Library(store, visitor.settings).keep(a_work(99, "Glaciers at noon"))
        until("the new paper", lambda: "Glaciers" in web.get("/search?q=glaciers").text, seconds=20)
    assert "search-index" not in [thread.name for thread in threading.enumerate()]


def test_looking_changes_nothing(visitor: Visitor):
    """GET and HEAD of searches leave the store as it was."""
    before = visitor.everything()
    for path in ("/search", "/search?q=tides", "/authors/ada-vale"):
        visitor.web.get(path)
        assert visitor.web.head(path).status_code == 200
    assert visitor.everything() == before


def test_abstracts_that_were_written_to_be_slow_are_not(visitor: Visitor, store: Store):
    """Papers whose abstracts are one word, over and over, take a moment; it was seventeen seconds."""
    library = Library(store, visitor.settings)
    library.keep(*(a_work(n, f"x {n}", "x " * 4_300, ["X x"]) for n in range(500, 522)))
    library.refresh()
    before = process_time()
    assert visitor.web.get("/search", params={"q": "x"}).text.count('class="paper"') == PAGE
    assert process_time() - before < 2
