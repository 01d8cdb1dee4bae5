"""Tags that are put around an entry when those of its document are broken."""

import pytest

from newsletter.sources.markup.repair import envelope


@pytest.mark.parametrize(
    ("document", "opening", "closing"),
    [
        pytest.param(
            b'<rss version="2.0"><channel><title>x</title><item>',
            b'<rss version="2.0"><channel>',
            b"</channel></rss>",
            id="root and channel",
        ),
        pytest.param(
            b"<rdf:RDF xmlns='u'><channel/><item>",
            b"<rdf:RDF xmlns='u'>",
            b"</rdf:RDF>",
            id="a channel that holds nothing",
        ),
        pytest.param(b"<feed xmlns='a'><entry>", b"<feed xmlns='a'>", b"</feed>", id="Atom has no channel"),
        pytest.param(
            b"<rss><item></item><channel>", b"<rss>", b"</rss>", id="a channel behind the first entry"
        ),
    ],
)
def test_an_entry_stands_in_the_tags_that_its_document_gave(
    document: bytes, opening: bytes, closing: bytes
) -> None:
    """The root with what it declares, and the channel where the entries stand in one."""
    assert envelope(document) == (opening, closing)


@pytest.mark.parametrize(
    ("document", "begins", "closing"),
    [
        (b"<item><title>x</title></item>", b'<rss version="2.0"', b"</channel></rss>"),
        (b"<entry><title>x</title></entry>", b"<feed xmlns=", b"</feed>"),
    ],
    ids=["items", "entries"],
)
def test_an_entry_without_a_root_gets_one(document: bytes, begins: bytes, closing: bytes) -> None:
    """An item stands in a channel, an entry in a feed."""
    opening, ending = envelope(document)
    assert opening.startswith(begins)
    assert opening.endswith(b"<channel>") is closing.startswith(b"</channel>")
    assert ending == closing
