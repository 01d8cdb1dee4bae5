"""Looking at a source before it is added, over real HTTP."""

import pytest
from builders import NOON
from website import Website

from newsletter.settings import Settings
from newsletter.sources.faults import AddressRefusedError, FaultKind, UnreachableError, UnreadableError
from newsletter.sources.inspection import discover, inspect

FEED = b"""<rss version="2.0"><channel><title>x</title>
<item><title>A paper</title><link>https://arxiv.org/abs/2606.00001</link></item>
<item><title>Office news</title><link>https://blog.example/news</link></item></channel></rss>"""
PAGE = """<!DOCTYPE html><html><head><base href="/blog/">
<link rel="alternate" type="application/rss+xml" title="Comments" href="comments.xml">
<link rel="alternate" type="text/html" hreflang="de" href="de.html">
<link rel="ALTERNATE nofollow" type="application/atom+xml; charset=utf-8" title="Posts" href="{}">
<link rel="stylesheet" href="x.css"></head><body>Hello<br></body></html>"""


def test_an_inspection_shows_what_is_read_and_what_is_dropped(site: Website, private: Settings) -> None:
    """Kind, size, sightings, and each entry that was left out with its reason."""
    found = inspect(site.put("/feed", FEED), private, NOON)
    assert (found.kind, found.entries, found.size_bytes, found.is_conditional) == ("feed", 2, len(FEED), True)
    assert [sighting.arxiv_id for sighting in found.sightings] == ["2606.00001"]
    assert [problem.what for problem in found.dropped] == ["entry 2"]


def test_an_inspection_fails_like_a_poll(site: Website, private: Settings, settings: Settings) -> None:
    """Forbidden, absent and unreadable addresses raise what a poll would record."""
    with pytest.raises(AddressRefusedError, match="loopback"):
        inspect(site.url, settings, NOON)
    with pytest.raises(UnreachableError, match="404"):
        inspect(site.url, private, NOON)
    with pytest.raises(UnreadableError, match="a web page"):
        inspect(site.put("/page", b"<html><body>Hi</body></html>"), private, NOON)


def test_a_feed_is_its_own_feed(site: Website, private: Settings) -> None:
    """An address that already is one is returned as it ends after redirects."""
    site.put("/feed", FEED)
    url = site.put("/old", status=301, headers={"Location": "/feed"})
    assert discover(url, private, NOON) == f"{site.url}/feed"


@pytest.mark.parametrize("href", ["posts.xml", "/blog/posts.xml", "{}/blog/posts.xml"])
def test_the_feed_behind_a_page_is_found(site: Website, private: Settings, href: str) -> None:
    """By `rel=alternate`, against the page's base, the feed of comments last."""
    site.put("/blog/comments.xml", FEED)
    site.put("/blog/posts.xml", FEED)
    page = site.put("/", PAGE.format(href.format(site.url)).encode())
    assert discover(page, private, NOON) == f"{site.url}/blog/posts.xml"


def test_a_feed_that_cannot_be_read_is_passed_over(site: Website, private: Settings) -> None:
    """The first readable one counts, and a page may not send us where we may not go."""
    site.put("/blog/comments.xml", FEED)
    page = site.put("/", PAGE.format("http://169.254.169.254/feed").encode())
    assert discover(page, private, NOON) == f"{site.url}/blog/comments.xml"


def test_a_page_without_feed_says_so(site: Website, private: Settings) -> None:
    """And asks for the feed's own address."""
    page = site.put("/", b"<html><head><title>x</title></head><body>Hello<br></body></html>")
    with pytest.raises(UnreadableError, match="Give the feed's own address") as caught:
        discover(page, private, NOON)
    assert caught.value.kind is FaultKind.NOT_A_FEED
