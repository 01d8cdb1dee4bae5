"""The sample's facts in the shapes in which arXiv, Hugging Face and a blog publish theirs."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from newsletter.sample.calendar import batch_numbers
from newsletter.sample.facts import Facts, Post, SamplePaper

_RSS = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
<channel>
<title>{category} updates on arXiv.org</title>
<link>http://rss.arxiv.org/rss/{category}</link>
<description>{category} updates on the arXiv.org e-print archive.</description>
<language>en-us</language>
<lastBuildDate>{built}</lastBuildDate>
<pubDate>{built}</pubDate>
<skipDays><day>Sunday</day><day>Saturday</day></skipDays>
{items}</channel>
</rss>
"""
_ITEM = """<item>
<title>{title}</title>
<link>https://arxiv.org/abs/{id}</link>
<description>arXiv:{id}v{version} Announce Type: {announce_type}
Abstract: {abstract}</description>
<guid isPermaLink="false">oai:arXiv.org:{id}v{version}</guid>
{categories}<pubDate>{published}</pubDate>
<arxiv:announce_type>{announce_type}</arxiv:announce_type>
<dc:creator>{authors}</dc:creator>
</item>
"""
_ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>urn:newsletter:sample:blog</id>
<title>A laboratory's notebook (sample)</title>
<updated>{updated}</updated>
{entries}</feed>
"""
_ENTRY = """<entry>
<id>urn:newsletter:sample:{slug}</id>
<title>{title}</title>
<updated>{published}</updated>
<published>{published}</published>
<author><name>Sample</name></author>
<link href="{base_url}/blog/{slug}"/>
<content type="html">{content}</content>
</entry>
"""


def arxiv_rss(
    category: str, batches: dict[int, tuple[SamplePaper, ...]], first_now: datetime, now: datetime
) -> str:
    """Return a daily listing as it stands at `now`; `first_now` says which day is the sample's today.

    On days without a batch it is empty, as arXiv's is at weekends. A listing
    that has stopped goes on serving its last batch under each day's date.
    """
    number = batch_numbers(first_now).get(now.astimezone(UTC).date())
    shown = min(number, max(batches)) if number else None
    built = _midnight(now.astimezone(UTC).date())
    published = {value: day for day, value in batch_numbers(first_now).items()}
    items = ""
    if shown:
        moment = format_datetime(_midnight(published[shown]))
        items = "".join(_item(paper, moment) for paper in batches[shown])
    return _RSS.format(category=escape(category), built=format_datetime(built), items=items)


def _item(paper: SamplePaper, published: str) -> str:
    return _ITEM.format(
        id=paper.id,
        version=paper.version,
        title=escape(paper.title),
        abstract=escape(paper.abstract),
        announce_type=paper.announce_type,
        categories="".join(f"<category>{escape(name)}</category>\n" for name in paper.categories),
        published=published,
        authors=escape(", ".join(paper.authors)),
    )


def daily_papers(facts: Facts, first_now: datetime, now: datetime) -> str:
    """Return the daily page's API answer at `now`: the last day's papers, most votes first."""
    numbers = batch_numbers(first_now)
    day = max((day for day in numbers if day <= now.astimezone(UTC).date()), default=min(numbers))
    listed = f"{_midnight(day):%Y-%m-%dT%H:%M:%S.000Z}"
    return json.dumps([_page_item(paper, listed) for paper in facts.page[numbers[day]]])


def _page_item(paper: SamplePaper, listed: str) -> dict[str, object]:
    return {
        "paper": {
            "id": paper.id,
            "title": paper.title,
            "summary": paper.abstract,
            "authors": [{"name": name, "hidden": False} for name in paper.authors],
            "submittedOnDailyAt": listed,
            "upvotes": paper.votes,
        },
        "title": paper.title,
        "publishedAt": listed,
    }


def blog_atom(posts: Iterable[Post], base_url: str, first_now: datetime, now: datetime) -> str:
    """Return the blog's feed at `now`, newest post first."""
    dated = sorted(((first_now - timedelta(hours=post.hours_ago), post) for post in posts), key=_newest_first)
    written = [(moment, post) for moment, post in dated if moment <= now]
    return _ATOM.format(
        updated=_iso(written[0][0] if written else first_now - timedelta(days=365)),
        entries="".join(_entry(post, base_url, moment) for moment, post in written),
    )


def _newest_first(dated: tuple[datetime, Post]) -> float:
    return -dated[0].timestamp()


def _entry(post: Post, base_url: str, published: datetime) -> str:
    links = " and ".join(f'<a href="https://arxiv.org/abs/{one}">arXiv:{one}</a>' for one in post.papers)
    return _ENTRY.format(
        slug=post.slug,
        title=escape(post.title),
        published=_iso(published),
        base_url=base_url,
        content=escape(f"<p>{escape(post.text)}</p><p>On {links}.</p>"),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
