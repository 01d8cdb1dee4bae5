"""Mentions: journals, preprint servers, blogs, and where people talk."""

from pathlib import Path

import pytest
from builders import NOON

from newsletter.models import Link, Sighting, Source
from newsletter.sources.formats.reading import Reading, read


def a_reading(body: bytes, **values: object) -> Reading:
    """Read a feed as a poll would."""
    source = Source(name="blog", url="https://blog.example/feed", **values)  # type: ignore[arg-type]
    return read(source, body, "", source.url, NOON, cap_bytes=10_000_000)


def an_entry(
    description: str = "", *, link: str = "https://blog.example/post", title: str = "A post"
) -> bytes:
    """Return a feed with one entry."""
    return (
        "<rss version='2.0'><channel><title>Blog</title><item>"
        f"<title>{title}</title><link>{link}</link><description><![CDATA[{description}]]></description>"
        "</item></channel></rss>"
    ).encode()


def only(body: bytes) -> Sighting:
    """Return the one sighting of a feed."""
    (found,) = a_reading(body).sightings
    return found


def test_an_entry_that_names_n_papers_gives_each_a_share() -> None:
    """Three papers in one post weigh a third each, and none takes the post's words for its own."""
    names = "arXiv:2601.00001, https://arxiv.org/abs/2601.00002v2 and doi:10.1000/x.3, again arXiv:2601.00001"
    found = a_reading(an_entry(names)).sightings
    assert [(one.arxiv_id, one.doi) for one in found] == [
        ("2601.00001", None),
        ("2601.00002", None),
        (None, "10.1000/x.3"),
    ]
    assert [one.weight for one in found] == [pytest.approx(1 / 3)] * 3
    assert {one.abstract for one in found} == {""}
    assert found[0].title == "arXiv:2601.00001"
    assert Link(rel="post", url="https://blog.example/post") in found[0].links


def test_words_that_link_to_a_paper_are_its_title_only_if_they_look_like_one() -> None:
    """A list of papers names them; a passing reference does not."""
    named = (
        "<a href='https://arxiv.org/abs/2601.00001'>Learning to Count: A Study of Numbers</a> and "
        "<a href='https://arxiv.org/abs/2601.00002'>what we did in earlier work</a> and "
        "<a href='https://arxiv.org/abs/2601.00003'>Lovelace, Babbage et al., 1843</a>"
    )
    titles = [one.title for one in a_reading(an_entry(named)).sightings]
    assert titles == ["Learning to Count: A Study of Numbers", "arXiv:2601.00002", "arXiv:2601.00003"]


def test_an_entry_that_is_a_paper_is_that_paper_alone() -> None:
    """Where its own address is a paper's, what its abstract cites does not share its weight."""
    found = only(
        an_entry("We extend arXiv:2501.00009.", link="https://arxiv.org/abs/2601.00001", title="T [pdf]")
    )
    assert (found.arxiv_id, found.weight, found.title) == ("2601.00001", 1.0, "T")
    assert found.abstract == "We extend arXiv:2501.00009."


def test_an_entry_that_names_none_is_dropped_with_the_remedy() -> None:
    """A blog's news is no paper, and the reason tells how to take it as one."""
    reading = a_reading(an_entry("We moved to a new office."))
    assert reading.sightings == ()
    assert "names no paper" in reading.dropped[0].why
    assert 'keeps = "all"' in reading.dropped[0].why


def test_a_journal_may_have_every_entry_taken_as_a_work() -> None:
    """With `keeps = "all"` an entry without number is a work by its title."""
    (found,) = a_reading(an_entry("About it."), keeps="all").sightings
    assert (found.title, found.abstract, found.arxiv_id, found.doi) == ("A post", "About it.", None, None)
    assert found.links == (Link(rel="abstract", url="https://blog.example/post"),)


@pytest.mark.parametrize(
    ("description", "votes", "comments"),
    [
        ("<p>Points: 123</p><p># Comments: 45</p>", 123, 45),
        ("submitted by ada, 7 points, 3 comments", 7, 3),
        ("words", None, None),
    ],
    ids=["hacker-news", "reddit-like", "none"],
)
def test_points_and_comments_are_read_where_a_feed_gives_them(
    description: str, votes: int | None, comments: int | None
) -> None:
    """Hacker News feeds carry both in their text."""
    found = only(an_entry(description, link="https://arxiv.org/abs/2601.00001"))
    assert (found.votes, found.comments) == (votes, comments)


def test_biorxiv_gives_dois_and_people_in_reading_order(shared: Path) -> None:
    """RDF with `LAPALU, N., SIMON, A.`: family names first become names as they are read."""
    body = (shared / "data/feeds/biorxiv/biorxiv_rss1_genomics_2023-12.xml.gz").read_bytes()
    found = only(body)
    assert found.doi == "10.1101/2023.12.16.571984"
    assert found.authors[:2] == ("N. LAPALU", "A. SIMON")
    assert found.title.startswith("Complete genome of the Medicago anthracnose fungus")
    assert found.abstract.startswith("Colletotrichum destructivum (Cd)")


@pytest.mark.parametrize(
    ("name", "count", "doi"),
    [
        ("biorxiv/biorxiv_rss1_full.rdf.gz", 30, "10.1101/743294"),
        ("biorxiv/biorxiv_search_sample.xml.gz", 75, "10.1101/2024.05.30.596691"),
        ("biorxiv/nature_search_sample.xml.gz", 20, "10.1038/s41586-024-07459-0"),
    ],
)
def test_every_entry_of_a_preprint_server_is_a_paper(shared: Path, name: str, count: int, doi: str) -> None:
    """Whatever made the feed, each entry's DOI is found."""
    found = a_reading((shared / "data/feeds" / name).read_bytes()).sightings
    assert len(found) == count
    assert all(one.doi for one in found)
    assert found[0].doi == doi


def test_a_real_blog_names_its_papers(shared: Path) -> None:
    """BAIR's posts cite: the one paper that a post is about has the whole weight, citations share."""
    found = a_reading((shared / "data/feeds/blogs/bair_blog_2026.xml.gz").read_bytes()).sightings
    by_number = {one.arxiv_id: one for one in found}
    assert by_number["2602.00475"].weight < 1
    assert sum(one.weight for one in found) == pytest.approx(3)


@pytest.mark.parametrize("name", ["hackernews_rss_2025-12-14_trimmed", "reddit_atom_r_pics_2025-12-30"])
def test_talk_of_other_things_is_dropped_entry_by_entry(shared: Path, name: str) -> None:
    """Nothing on these pages is a paper, and each entry says so."""
    reading = a_reading((shared / f"data/feeds/blogs/{name}.xml.gz").read_bytes())
    assert reading.sightings == ()
    assert len(reading.dropped) == reading.entries > 0


STATED = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://purl.org/rss/1.0/modules/prism/">
<channel rdf:about="https://p.example"><title>P</title><link>https://p.example</link></channel>
<item rdf:about="{link}"><title>A map of the gut</title><link>{link}</link>
<description>We map it.</description>{stated}</item></rdf:RDF>"""


@pytest.mark.parametrize(
    ("link", "stated", "named"),
    [
        (
            "http://biorxiv.org/cgi/content/short/2025.05.29.700001v2?rss=1",
            "<dc:identifier>doi:10.64898/2025.05.29.700001</dc:identifier>",
            (None, "10.64898/2025.05.29.700001", 2),
        ),
        (
            "https://journal.example/doi/10.5555/issue.3/full",
            "<prism:doi>10.5555/article.7</prism:doi>",
            (None, "10.5555/article.7", None),
        ),
        (
            "https://arxiv.org/abs/2611.00001v2",
            "<prism:doi>10.5555/article.7</prism:doi>",
            ("2611.00001", "10.5555/article.7", 2),
        ),
        (
            "https://journal.example/10.5555/article.7",
            "<dc:identifier>10.5555/one</dc:identifier><prism:doi>10.5555/two</prism:doi>",
            (None, "10.5555/article.7", None),
        ),
    ],
    ids=["a server that moved", "a tail", "both kinds", "two that differ say nothing"],
)
def test_what_a_feed_states_goes_before_what_its_address_looks_like(
    link: str, stated: str, named: tuple[str | None, str | None, int | None]
) -> None:
    """An identifier of its own field is the publisher's word; an address only resembles one."""
    body = STATED.format(link=link, stated=stated).encode()
    source = Source(name="x", url="https://p.example/feed")
    (found,) = read(source, body, "", source.url, NOON, cap_bytes=1_000_000).sightings
    assert (found.arxiv_id, found.doi, found.version) == named


def test_a_work_without_doi_leads_to_no_doi() -> None:
    """Neither a post about an arXiv number nor the number's own entry."""
    for body in (
        an_entry("See https://arxiv.org/abs/2606.00001"),
        an_entry(link="https://arxiv.org/abs/2606.00001"),
    ):
        assert not [link.url for link in only(body).links if "doi.org" in link.url]


def test_an_entry_that_is_the_work_links_its_page_once() -> None:
    """Its own address is the abstract's already; a post about a work is linked as a post."""
    own = only(an_entry(link="https://arxiv.org/abs/2606.00001v2"))
    assert [link.url for link in own.links if "/abs/" in link.url] == ["https://arxiv.org/abs/2606.00001"]
    post = only(an_entry("See https://arxiv.org/abs/2606.00001"))
    assert Link(rel="post", url="https://blog.example/post") in post.links
