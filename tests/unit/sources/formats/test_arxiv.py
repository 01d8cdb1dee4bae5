"""arXiv: listings as RSS and Atom, and the query API, on real captures."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import NOON

from newsletter.models import Link, Sighting, Source
from newsletter.sources.formats.reading import read


def sightings(path: Path) -> tuple[Sighting, ...]:
    """Read a captured document as a poll would."""
    source = Source(name="arxiv", url="https://rss.arxiv.org/rss/cs.AI")
    return read(source, path.read_bytes(), "", source.url, NOON, cap_bytes=10_000_000).sightings


def test_an_rss_listing_announces(shared: Path) -> None:
    """Number, version, type, moment, people and categories of the first entry, as arXiv wrote them."""
    first = sightings(shared / "data/feeds/arxiv/rss_cs.AI_2026-04-27_trimmed.xml")[0]
    assert (first.arxiv_id, first.version, first.announce_type) == ("2604.21935", 1, "new")
    assert first.announced == datetime(2026, 4, 27, 4, tzinfo=UTC)
    assert first.authors == ("Michael Cooper", "Samuel Cooper")
    assert first.categories == ("cs.AI", "cs.LG")
    assert first.abstract.startswith("Although language models demonstrate")
    assert first.url == "https://arxiv.org/abs/2604.21935"
    assert Link(rel="pdf", url="https://arxiv.org/pdf/2604.21935") in first.links
    assert first.rank == 1


def test_an_atom_listing_announces_like_rss(shared: Path) -> None:
    """The other dialect says the same: a cross-listing of a given day."""
    first = sightings(shared / "data/feeds/arxiv/atom_cs.AI_2025-08-20_trimmed.xml")[0]
    assert (first.arxiv_id, first.announce_type) == ("2508.13426", "cross")
    assert first.announced == datetime(2025, 8, 20, 4, tzinfo=UTC)
    assert first.authors[0] == "Chunhua Liu"
    assert first.abstract.startswith("As large language models")


def test_every_announce_type_is_told_apart(shared: Path) -> None:
    """A real Tuesday has new papers, cross-listings, and replacements of both."""
    found = sightings(shared / "data/feeds/arxiv_replay/2026-04-21.xml.gz")
    kinds = {sighting.announce_type for sighting in found}
    assert len(found) == 501
    assert kinds >= {"new", "cross"}
    assert None not in kinds


@pytest.mark.parametrize(
    ("name", "number", "doi", "primary"),
    [
        ("cs.CL_2026-09-24_newformat", "2609.28471", "10.1007/978-3-032-39150-6_7", "cs.CL"),
        ("id_list_1601.00001_2020-09-04_oldformat", "1601.00001", "10.1063/1.4944470", "cond-mat.mes-hall"),
    ],
    ids=["new", "old"],
)  # fmt: skip
def test_the_api_gives_papers_without_announcement(
    shared: Path, name: str, number: str, doi: str, primary: str
) -> None:
    """Its date is the submission's, which announces nothing; the DOI and the primary category are kept."""
    first = sightings(shared / f"data/feeds/arxiv/api_query_{name}.xml")[0]
    assert (first.arxiv_id, first.version, first.doi) == (number, 1, doi)
    assert first.categories[0] == primary
    assert (first.announced, first.announce_type) == (None, None)


def test_latex_in_an_abstract_is_unicode(shared: Path) -> None:
    """An accent that LaTeX wrote is a letter."""
    first = sightings(shared / "data/feeds/arxiv/api_query_id_list_1601.00001_2020-09-04_oldformat.xml")[0]
    assert first.abstract.startswith("We extend the Landauer-Büttiker probe formalism")
    assert "\n" not in first.title


LISTED = """<rss version="2.0" xmlns:arxiv="http://arxiv.org/schemas/atom">
<channel><title>cs.AI updates on arXiv.org</title>
<item><title>{title}</title><link>https://arxiv.org/abs/{number}</link><guid>oai:arXiv.org:{number}v2</guid>
<description>arXiv:{number}v2 Announce Type: {kind}
Abstract: {abstract}</description></item></channel></rss>"""


@pytest.mark.parametrize("kind", ["new", "cross", "replace", "replace-cross"])
def test_the_announce_type_is_read_from_the_text_where_its_element_is_missing(kind: str) -> None:
    """Feed readers in between drop the namespace; the description still says it."""
    body = LISTED.format(title="T", number="2601.00001", kind=kind, abstract="A")
    source = Source(name="x", url="https://feeds.example/")
    (found,) = read(source, body.encode(), "", source.url, NOON, cap_bytes=1_000_000).sightings
    assert (found.announce_type, found.version, found.abstract) == (kind, 2, "A")


def test_a_withdrawn_paper_says_so() -> None:
    """Authors who withdraw write it where the abstract was."""
    body = LISTED.format(
        title="T",
        number="2601.00001",
        kind="replace",
        abstract="This paper has been withdrawn by the authors",
    )
    source = Source(name="x", url="https://feeds.example/")
    (found,) = read(source, body.encode(), "", source.url, NOON, cap_bytes=1_000_000).sightings
    assert found.withdrawn


def test_an_abstract_that_names_its_code_links_to_it() -> None:
    """The first repository that an abstract names, without the sentence's full stop."""
    body = LISTED.format(
        title="T", number="2601.00001", kind="new", abstract="See https://github.com/some/repo."
    )
    source = Source(name="x", url="https://feeds.example/")
    (found,) = read(source, body.encode(), "", source.url, NOON, cap_bytes=1_000_000).sightings
    assert Link(rel="code", url="https://github.com/some/repo") in found.links
