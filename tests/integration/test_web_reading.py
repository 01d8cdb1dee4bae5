"""What everybody may read: one frozen edition as page, feed and reference, and nothing that follows."""

import html
import json
import re
import struct
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from specimens import DAY, a_long_edition, a_quiet_edition, an_edition
from visitor import Visitor, seen

from newsletter.editions.scoring.trending import DEFINITION
from newsletter.models import SourceState
from newsletter.settings import Settings
from newsletter.store import Store

ATOM = "{http://www.w3.org/2005/Atom}"
EDITION = an_edition()
PUBLIC = [
    "/",
    "/check-inbox",
    "/archive",
    "/archive/2026-11",
    "/d/2026-11-22",
    "/d/2026-11-22.bib",
    "/d/2026-11-22.ris",
    "/d/2026-11-22.json",
    "/topics",
    "/topics/flow-matching",
    "/topics/flow-matching/feed.xml",
    "/topics/flow-matching/feed.json",
    "/feed.xml",
    "/feed.json",
    "/api",
    "/api/v1/openapi.json",
    "/about/trending",
    "/privacy",
    "/robots.txt",
    "/favicon.ico",
    "/static/site.css",
    "/static/site.js",
    "/static/mark.svg",
    "/static/card.png",
    "/static/card.svg",
]
CARDS = ["/", "/archive/2026-11", "/d/2026-11-22", "/d/2026-10-13", "/topics/flow-matching"]
CARDS += ["/topics", "/about/trending", "/privacy", "/api"]
"""Pages that others link to."""


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """Somebody at a site with three editions, whose pages are kept once made."""
    settings = make_settings(environment="production", base_url="http://papers.example.org", timezone="UTC")
    visitor = Visitor(settings, now=EDITION.composed_at + timedelta(hours=5))
    day = timedelta(days=1)
    visitor.publish(EDITION, an_edition("hard", date=DAY - day), a_quiet_edition(date=DAY - 40 * day))
    return visitor


def test_the_landing_page_shows_the_newest_edition_and_the_hour_of_the_first(visitor: Visitor):
    """Promise, form, today's real edition and when the first one would come, before any address is given."""
    page = seen(visitor.web.get("/").text)
    assert "First edition: tomorrow around 07:00 (UTC)." in page
    assert "We will send one message to confirm it. No tracking. Unsubscribe in one click." in page
    assert "Sunday, 22 November 2026" in page
    for entry in EDITION.entries:
        assert entry.paper.title in page


def test_before_the_first_edition_the_site_says_when_it_comes(settings: Settings, store: Store):
    """An empty site makes no false promise and every page of it works."""
    visitor = Visitor(settings)
    assert "The first edition is still to come" in visitor.web.get("/").text
    for path in (
        "/archive",
        "/topics",
        "/feed.xml",
        "/feed.json",
        "/about/trending",
        "/privacy",
        "/check-inbox",
    ):
        assert visitor.web.get(path).status_code == 200


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_that_did_not_change_is_304_and_head_is_get_without_a_body(visitor: Visitor, path: str):
    """Tags hold from one request to the next, the landing page's too, although its form carries a stamp."""
    first = visitor.web.get(path)
    assert first.status_code == 200
    head = visitor.web.head(path)
    assert (head.status_code, head.headers["etag"]) == (200, first.headers["etag"])
    visitor.later(seconds=30)
    again = visitor.web.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_edition_changes_what_shows_it(visitor: Visitor):
    """Kept pages depend on which editions there are."""
    tags = {
        path: visitor.web.get(path).headers["etag"]
        for path in ("/", "/archive", "/d/2026-11-22", "/feed.xml", "/feed.json")
    }
    visitor.publish(an_edition(date=DAY + timedelta(days=1)))
    visitor.later(seconds=1)
    for path, tag in tags.items():
        assert visitor.web.get(path, headers={"if-none-match": tag}).status_code == 200, path


def test_looking_at_anything_changes_nothing(visitor: Visitor):
    """GET and HEAD of every public page leave the store byte for byte as it was."""
    before = visitor.everything()
    for path in [*PUBLIC, "/healthz", "/readyz", "/first-edition?hour=5&timezone=Asia/Tokyo", "/nowhere"]:
        visitor.web.get(path)
        visitor.web.head(path)
    assert visitor.everything() == before


@pytest.mark.parametrize("path", [*PUBLIC, "/nowhere", "/d/2020-01-01", "/u/x"])
def test_nothing_is_followed_and_nothing_comes_from_elsewhere(visitor: Visitor, path: str):
    """No cookie, a policy that allows our own files alone, and nothing that loads from another host."""
    answer = visitor.web.get(path, headers={"host": "evil.example"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "evil.example" not in answer.text
    if "html" in answer.headers["content-type"]:
        loads = re.findall(r'<(?:link|script|img|form) [^>]*(?:href|src|action)="([^"]+)', answer.text)
        assert loads
        assert all(one.startswith(("/", "http://papers.example.org/")) for one in loads)
        assert " style=" not in answer.text
        assert "<style" not in answer.text


def meta(page: str) -> dict[str, list[str]]:
    """What a page says of itself in its head, unescaped, by name."""
    found: dict[str, list[str]] = {}
    for name, content in re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page):
        found.setdefault(name, []).append(html.unescape(content))
    return found


@pytest.mark.parametrize("path", CARDS)
def test_a_link_to_a_page_can_be_shown_elsewhere(visitor: Visitor, path: str):
    """OpenGraph, each property once: the page's own address, its words, and our one picture."""
    page = visitor.web.get(path).text
    told = meta(page)
    assert all(len(said) == 1 for said in told.values())
    assert told["og:url"] == [f"http://papers.example.org{path}"]
    assert f'<link rel="canonical" href="http://papers.example.org{path}">' in page
    assert told["og:title"][0]
    assert told["og:title"][0] in html.unescape(re.search("<title>(.*?)</title>", page)[1])
    assert told["og:description"] == told["description"]
    assert len(told["description"][0]) > 20
    assert told["og:type"] == ["article" if path.startswith("/d/") else "website"]
    assert told["twitter:card"] == ["summary_large_image"]
    picture = visitor.web.get(told["og:image"][0])
    assert picture.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(picture.content) < 60_000
    assert struct.unpack(">II", picture.content[16:24]) == (1200, 630)
    assert (told["og:image:width"], told["og:image:height"]) == (["1200"], ["630"])


@pytest.mark.parametrize("purpose", ["confirm", "reject", "manage", "u"])
def test_a_page_whose_address_holds_a_token_shows_nothing_elsewhere(visitor: Visitor, purpose: str):
    """No canonical address, no picture, no feed: a link to it must not be spread."""
    reader = visitor.reader("ada@example.org")
    token = visitor.token({"u": "unsubscribe"}.get(purpose, purpose), reader.id)
    page = visitor.web.get(f"/{purpose}/{token}")
    assert page.status_code == 200
    assert meta(page.text).keys() == {"viewport", "color-scheme", "robots"}
    assert 'rel="canonical"' not in page.text
    assert 'rel="alternate"' not in page.text


def test_below_a_path_the_picture_is_found_too(make_settings: Callable[..., Settings], store: Store):
    """BASE_URL may end in a path, which stands once in an absolute address."""
    visitor = Visitor(make_settings(base_url="http://papers.example.org/news"))
    (picture,) = meta(visitor.web.get("http://papers.example.org/").text)["og:image"]
    assert picture.startswith("http://papers.example.org/news/static/card.png?")


def test_an_edition_has_stable_anchors_and_neighbours(visitor: Visitor):
    """Each paper and topic can be linked to; the page leads to the day before and after."""
    page = visitor.web.get("/d/2026-11-21").text
    assert 'rel="prev" href="/d/2026-10-13"' in page
    assert 'rel="next" href="/d/2026-11-22"' in page
    page = visitor.web.get("/d/2026-11-22").text
    assert 'id="arxiv-2611.10482"' in page
    assert 'id="topic-flow-matching"' in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "path",
    [
        *("/d/2026-11-20", "/d/20261122", "/d/2026-W47-7", "/d/today", "/d/2026-11-22.exe", "/d/2026-02-30"),
        *("/d/", "/archive/", "/archive/2026-12", "/archive/x", "/topics/never-was", "/%00"),
        *("/static/site.py", "/static/..%2f_layout.html", "/static/.css"),
    ],
)
def test_what_is_not_there_is_404_with_a_way_on(visitor: Visitor, path: str):
    """A page of ours, not a server's, and nothing outside the folder of files."""
    answer = visitor.web.get(path)
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_a_topic_shows_when_it_trended_and_with_which_papers(visitor: Visitor):
    """Its days on the chart, newest first, each with its place, and a drawing that the words repeat."""
    visitor.publish(an_edition(date=DAY + timedelta(days=2)))
    page = visitor.web.get("/topics/flow-matching").text
    assert page.index("/d/2026-11-24#topic-flow-matching") < page.index("/d/2026-11-22#topic-flow-matching")
    assert "On the chart on 2 days since Sunday, 22 November 2026; peaked at No. 1." in seen(page)
    assert "Optimal Couplings on a Budget" in page
    assert (
        seen(page).count(
            "1st place, 11.0\N{NO-BREAK SPACE}% of the day’s papers, 4.1× more common than usual"
        )
        == 2
    )
    assert page.count('<rect class="on"') == page.count('<rect class="last"') == 1
    assert 'href="/topics/flow-matching"' in visitor.web.get("/d/2026-11-22").text


def test_a_topic_of_many_days_says_where_the_earlier_ones_are(visitor: Visitor):
    """Thirty days are listed; the others are one link away, and the drawing does not claim otherwise."""
    visitor.publish(*(an_edition(date=DAY + timedelta(days=number)) for number in range(1, 33)))
    page = visitor.web.get("/topics/flow-matching").text
    assert page.count('<p class="what">') == 30
    assert "the list below says the same of the last 30 days on the chart." in page
    assert '<a href="/api/v1/topics/flow-matching">3 earlier days</a>' in page
    assert len(visitor.web.get("/api/v1/topics/flow-matching").json()["appearances"]) == 33


def test_choices_can_be_tried_before_any_address_is_given(visitor: Visitor):
    """The preview is the newest edition as it would be mailed; its form carries the choices."""
    before = visitor.everything()
    chosen = "topics=flow+matching&muted=budget&limit=3&hour=6&timezone=Asia%2FTokyo"
    page = visitor.web.get(f"/preview?{chosen}").text
    assert "Straight Paths Are Enough" in page
    assert "Optimal Couplings on a Budget" not in page
    assert "Protein Loops" not in page
    for name, value in (("topics", "flow matching"), ("hour", "6"), ("timezone", "Asia/Tokyo")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert "around 06:00 (Asia/Tokyo)" in page
    assert visitor.everything() == before
    carried = {"topics": "flow matching", "muted": "budget", "limit": "3"}
    assert visitor.subscribe("ada@example.org", **carried).status_code == 303
    kept = visitor.subscribers.find("ada@example.org").preferences
    assert (kept.topics, kept.muted, kept.limit) == (("flow matching",), ("budget",), 3)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "topics=" + "x" * 121, "muted=%00", "hour=99", "topics=a&topics=b"],
)
def test_a_preview_of_nonsense_says_what_is_wrong(visitor: Visitor, query: str):
    """422, in words, with the form to correct it."""
    answer = visitor.web.get(f"/preview?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_network_that_asks_for_many_previews_waits_and_others_do_not(
    make_settings: Callable[..., Settings],
):
    """429 with the seconds to wait, and nothing is stored of who asked; the next minute begins anew."""
    visitor = Visitor(make_settings(previews_per_network_minute=3))
    before = visitor.everything()
    neighbour = visitor.from_network("203.0.113.200")
    asked = [web.get("/preview?topics=agents") for web in (visitor.web, neighbour, visitor.web)]
    assert [answer.status_code for answer in asked] == [200] * 3
    refused = neighbour.get("/preview")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert "try again in a minute" in refused.text
    assert visitor.from_network("198.51.100.7").get("/preview").status_code == 200
    assert visitor.everything() == before
    visitor.later(seconds=60)
    assert visitor.web.get("/preview").status_code == 200


def test_a_quiet_day_says_so_and_shows_what_was_polled(visitor: Visitor):
    """Quiet and broken never look alike."""
    page = seen(visitor.web.get("/d/2026-10-13").text)
    assert "A quiet day." in page
    assert "What was polled" in page
    assert "stale since" in page


def test_a_day_on_which_no_source_could_be_read_is_called_broken(visitor: Visitor):
    """On its page, on the front page, in the archive and in the feeds; never a quiet day."""
    failing = tuple(one.model_copy(update={"state": SourceState.FAILING}) for one in EDITION.coverage)
    day = DAY + timedelta(days=1)
    visitor.now += timedelta(days=1)
    visitor.publish(a_quiet_edition(date=day, coverage=failing))
    for place in (f"/d/{day}", "/"):
        page = seen(visitor.web.get(place).text)
        assert "No source could be read on this day." in page
        assert "quiet" not in page.lower()
    assert "no source could be read" in visitor.web.get("/archive").text
    assert f"{day.day} Nov: no source could be read" in visitor.web.get("/feed.xml").text


def test_strangers_texts_are_set_and_never_obeyed(visitor: Visitor):
    """Markup in a title is text, and scripts of other directions keep to themselves."""
    page = visitor.web.get("/d/2026-11-21").text
    assert "<b>Sparse</b>" not in page
    assert "&lt;b&gt;Sparse&lt;/b&gt;" in page
    assert '<h3 dir="auto">' in page


@pytest.mark.parametrize("path", ["/d/2026-11-21", "/d/2026-11-21.json", "/feed.xml", "/feed.json"])
def test_no_invisible_sign_of_a_stranger_turns_a_page(visitor: Visitor, path: str):
    """A title's control and direction characters are gone wherever the edition is shown."""
    assert re.search(
        "[\u202a-\u202e\u2066-\u2069]", "".join(e.paper.title for e in an_edition("hard").entries)
    )
    said = visitor.web.get(path).content.decode()
    said = said.encode().decode("unicode_escape") if path.endswith("json") else said
    assert not re.search("[\u202a-\u202e\u2066-\u2069\0-\x08\x0e-\x1f]", said)


def test_the_atom_feed_is_well_formed_and_complete(visitor: Visitor):
    """Ids are the editions' addresses, the newest first, and the content is the edition."""
    feed = ET.fromstring(visitor.web.get("/feed.xml").content)
    entries = feed.findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}id") for one in entries] == [
        f"http://papers.example.org/d/{day}" for day in ("2026-11-22", "2026-11-21", "2026-10-13")
    ]
    assert feed.findtext(f"{ATOM}updated") == max(one.findtext(f"{ATOM}updated") for one in entries)
    content = entries[0].findtext(f"{ATOM}content")
    assert EDITION.entries[0].paper.title in content
    assert content.lstrip().startswith("<h2>")
    assert entries[0].findtext(f"{ATOM}title") == (
        "22 Nov: What Do Dead Features Know? Reviving the Silent Half of a Sparse Autoencoder · flow matching"
    )


def test_the_json_feed_says_the_same(visitor: Visitor):
    """JSON Feed 1.1 with the members that readers need."""
    answer = visitor.web.get("/feed.json")
    feed = answer.json()
    assert answer.headers["content-type"] == "application/feed+json"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["items"][0]["id"] == "http://papers.example.org/d/2026-11-22"
    assert all(
        {"id", "url", "title", "content_html", "date_published"} <= item.keys() for item in feed["items"]
    )


def test_an_edition_can_be_cited(visitor: Visitor):
    """BibTeX, RIS and JSON name every paper once; TeX's own signs are escaped."""
    bib = visitor.web.get("/d/2026-11-21.bib").text
    assert bib.count("@misc{") == len(an_edition("hard").entries)
    assert r"100\% of \{cases\}" in bib
    ris = visitor.web.get("/d/2026-11-22.ris")
    assert ris.text.count("TY  - UNPB\r\n") == ris.text.count("ER  - \r\n") == len(EDITION.entries)
    assert ris.headers["content-disposition"] == 'attachment; filename="2026-11-22.ris"'
    told = json.loads(visitor.web.get("/d/2026-11-22.json").content)
    assert [one["label"] for one in told["topics"]] == [one.label for one in EDITION.sections]
    assert (
        told["topics"][0]["papers"][0]["why"]
        == "163 upvotes on Hugging Face, more than 97 % of papers at this age"
    )


def test_a_full_day_stays_under_a_hundred_kilobytes(visitor: Visitor):
    """25 papers and a long tail, on the landing page and on the edition's own."""
    tail = tuple(entry.model_copy(update={"score": 1.0}) for entry in a_long_edition(75).entries)
    visitor.publish(a_long_edition().model_copy(update={"date": DAY + timedelta(days=1), "tail": tail}))
    for path in ("/", "/d/2026-11-23"):
        assert len(visitor.web.get(path).content) <= 100_000


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("hour=5&timezone=Asia/Tokyo", "tomorrow around 05:00 (Asia/Tokyo)"),
        ("hour=5", "tomorrow around 07:00 (UTC)"),
        ("hour=99&timezone=Asia/Tokyo", "tomorrow around 07:00 (UTC)"),
        ("hour=5&timezone=../etc", "tomorrow around 07:00 (UTC)"),
        ("hour=%D9%A7&timezone=%00", "tomorrow around 07:00 (UTC)"),
    ],
)
def test_the_hour_of_the_first_edition_follows_the_choice(visitor: Visitor, query: str, said: str):
    """The landing page's script asks; nonsense gets the answer for what the form offers."""
    assert visitor.web.get(f"/first-edition?{query}").text == said


def test_the_whole_published_definition_is_on_the_page(visitor: Visitor):
    """What is published is what the scoring says of itself, term by term."""
    page = seen(visitor.web.get("/about/trending").text)
    published = [part for line in DEFINITION.replace("'", "’").splitlines() for part in line.split(": ", 1)]
    assert len(published) > 5
    for part in published:
        assert part[1:] in page  # the first letter may have become a capital


@pytest.mark.parametrize("way", ["put", "delete", "patch", "post"])
def test_a_method_that_a_page_does_not_take_is_405(visitor: Visitor, way: str):
    """Nothing is done, and the page says how to go on."""
    answer = getattr(visitor.web, way)("/archive")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_of_the_framework_is_served(visitor: Visitor, path: str):
    """They would load scripts from elsewhere."""
    assert visitor.web.get(path).status_code == 404


def test_an_operators_page_and_picture_replace_ours_alone(
    make_settings: Callable[..., Settings], store: Store, tmp_path: Path
):
    """One page in their words, in our frame, and their picture; the other pages as they were."""
    web = tmp_path / "theirs" / "web"
    (web / "static").mkdir(parents=True)
    (web / "privacy.html").write_text(
        '{% extends "_layout.html" %}{% block main %}<h1>Datenschutz bei {{ site.name }}</h1>{% endblock %}'
    )
    (web / "static" / "card.png").write_bytes(b"\x89PNG theirs")
    theirs = Visitor(make_settings(templates_dir=tmp_path / "theirs"))
    ours = Visitor(make_settings())
    assert "Datenschutz bei Trending Papers" in theirs.web.get("/privacy").text
    assert theirs.web.get("/static/card.png").content == b"\x89PNG theirs"
    assert 'href="/api"' in theirs.web.get("/privacy").text
    assert seen(theirs.web.get("/about/trending").text) == seen(ours.web.get("/about/trending").text)
