"""Feeds: whatever the dialect, the same items."""

from datetime import UTC, datetime

import pytest

from newsletter.sources.formats import feeds

RSS = b"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:slash="http://purl.org/rss/1.0/modules/slash/">
<channel><title>Lab</title><link>https://lab.example/</link>
<lastBuildDate>Wed, 10 Jun 2026 08:00:00 GMT</lastBuildDate>
<item><title>A title</title><link>https://lab.example/a</link><guid isPermaLink="false">a1</guid>
<description>Words &lt;b&gt;here&lt;/b&gt;</description><dc:creator>Ada Lovelace</dc:creator>
<category>cs.LG</category><pubDate>Wed, 10 Jun 2026 00:00:00 -0400</pubDate><comments>https://lab.example/a#c</comments>
<slash:comments>7</slash:comments></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Lab</title><link href="https://lab.example/"/>
<updated>2026-06-10T08:00:00Z</updated><entry><title>A title</title><link href="https://lab.example/a"/><id>a1</id>
<summary type="html">Words &lt;b&gt;here&lt;/b&gt;</summary><author><name>Ada Lovelace</name></author>
<category term="cs.LG"/><published>2026-06-10T04:00:00Z</published></entry></feed>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://lab.example/"><title>Lab</title>
<link>https://lab.example/</link><dc:date>2026-06-10T08:00:00Z</dc:date></channel>
<item rdf:about="a1"><title>A title</title><link>https://lab.example/a</link>
<description>Words &lt;b&gt;here&lt;/b&gt;</description><dc:creator>Ada Lovelace</dc:creator>
<dc:subject>cs.LG</dc:subject><dc:date>2026-06-10T04:00:00Z</dc:date></item></rdf:RDF>"""


@pytest.mark.parametrize("document", [RSS, ATOM, RDF], ids=["rss", "atom", "rdf"])
def test_three_dialects_give_the_same_item(document: bytes) -> None:
    """Title, link, text, people, categories and dates stand in the same fields, dates in UTC."""
    feed = feeds.read(document, "https://lab.example/feed")
    (item,) = feed.items
    assert (feed.title, feed.url) == ("Lab", "https://lab.example/")
    assert feed.built == datetime(2026, 6, 10, 8, tzinfo=UTC)
    assert (item.title, item.url, item.authors) == ("A title", "https://lab.example/a", ("Ada Lovelace",))
    assert item.summary == "Words <b>here</b>"
    assert item.summary_is_html
    assert item.categories == ("cs.LG",)
    assert item.published == datetime(2026, 6, 10, 4, tzinfo=UTC)
    assert feed.is_whole


def test_comments_and_discussion_are_read() -> None:
    """Where a feed counts comments and links to them, an item has both."""
    (item,) = feeds.read(RSS).items
    assert (item.comments, item.discussion) == (7, "https://lab.example/a#c")


def test_relative_links_are_resolved_against_the_feed() -> None:
    """A link without host belongs to the address that the feed came from."""
    document = RSS.replace(b"<link>https://lab.example/a</link>", b"<link>/a</link>")
    (item,) = feeds.read(document, "https://lab.example/feed").items
    assert item.url == "https://lab.example/a"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Wed, 45 Jun 2026", "0001-01-01", "9999-12-31T23:59:59Z", "1" * 400]
)
def test_an_impossible_date_is_no_date(date: str) -> None:
    """A date that no feed is from is unknown, and costs nothing else."""
    document = RSS.replace(b"Wed, 10 Jun 2026 00:00:00 -0400", date.encode())
    (item,) = feeds.read(document).items
    assert item.published is None
