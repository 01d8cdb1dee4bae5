"""Documents: whole entries are kept, broken ones are named, and nothing makes reading slow."""

import time
from contextlib import suppress

import pytest
from hostile import BOMBS, ITEM, rss

from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.formats import feeds
from newsletter.sources.markup.xml_scan import ENTRY_COST, MAX_COST
from newsletter.sources.markup.xml_split import dissect


def titles(document: bytes) -> list[str]:
    """Return the titles that are read from a document."""
    return [item.title for item in feeds.read(document).items]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (rss("<item><title>Fish & Chips &amp; more</title></item>"), ["Fish & Chips & more"]),
        (rss("<item><title>p < 0.05</title></item>"), ["p < 0.05"]),
        (rss("<item><title>caf&eacute;&nbsp;x &bogus;</title></item>"), ["café\xa0x &bogus;"]),
        (rss("<item><title>a&#0;b&#x1F;c</title></item>"), ["abc"]),
        (rss("<item><title>a\0b\x08c\ufffe</title></item>"), ["abc"]),
        (rss("<item><title>x</title><itunes:author>y</itunes:author></item>"), ["x"]),
        (b"<br />Warning: PHP\n" + rss("<item><title>x</title></item>"), ["x"]),
        (rss("<item><title>x & y</title><description><![CDATA[a & b <c>]]></description></item>"), ["x & y"]),
        (b'<!DOCTYPE rss [<!ENTITY who "Ada">]>' + rss("<item><title>&who;</title></item>"), ["Ada"]),
        (b"<!-- c --><!DOCTYPE rss>" + rss("<item><title>x</title></item>"), ["x"]),
        (b"<RSS><CHANNEL><ITEM><TITLE>x</TITLE></ITEM></CHANNEL></RSS>", ["x"]),
    ],
    ids=[
        "ampersand",
        "less",
        "html-entity",
        "bad-reference",
        "controls",
        "prefix",
        "junk-before",
        "cdata",
        "plain-entity",
        "doctype",
        "upper-case",
    ],
)
def test_what_is_beyond_doubt_is_mended(document: bytes, expected: list[str]) -> None:
    """The usual slips of feed writers cost no entry."""
    assert titles(document) == expected


@pytest.mark.parametrize(
    ("document", "kept", "named"),
    [
        (rss(ITEM.format(1) + ITEM.format(2))[:-40], ["Paper 1"], "it never ends"),
        (
            rss(ITEM.format(1) + "<item><title>x</b></item>" + ITEM.format(2)),
            ["Paper 1", "Paper 2"],
            "mismatched tag",
        ),
        (rss("<item><title>x<item>" + ITEM.format(2)), ["Paper 2"], "it never ends"),
        (b"<rss <channel>" + ITEM.format(1).encode() + b"</channel>", ["Paper 1"], "not well-formed"),
        (
            b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a</title></entry><entry><title>b</entry></feed>',
            ["a"],
            "mismatched tag",
        ),
    ],
    ids=["truncated", "one-broken", "unclosed", "broken-root", "atom"],
)
def test_whole_entries_of_a_broken_document_are_kept(document: bytes, kept: list[str], named: str) -> None:
    """What is whole is read, and what is not is named with its number."""
    found = feeds.read(document)
    assert [item.title for item in found.items] == kept
    assert not found.is_whole
    assert any(named in problem.why for problem in found.problems)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b"", FaultKind.EMPTY),
        (b"  \n", FaultKind.EMPTY),
        (b"Rate exceeded.", FaultKind.NOT_A_FEED),
        (b"<!DOCTYPE html><html><head><title>x</title></head><body><p>hi<br></body>", FaultKind.NOT_A_FEED),
        (b"<note>hello</note>", FaultKind.NOT_A_FEED),
        (b"<OAI-PMH><ListRecords/></OAI-PMH>", FaultKind.NOT_A_FEED),
        (b"<rss version='2.0'><channel><tit", FaultKind.MALFORMED),
        (rss("<item><title>a</title><description>" + "<div>" * 200 + "</div>" * 200), FaultKind.TOO_DEEP),
    ],
)
def test_what_is_no_feed_is_named(document: bytes, kind: FaultKind) -> None:
    """Each kind of disappointment has a name, and says what to do."""
    with pytest.raises(UnreadableError) as caught:
        dissect(document)
    assert caught.value.kind is kind
    assert str(caught.value).endswith((".", "URL."))


@pytest.mark.parametrize("name", BOMBS)
def test_no_document_takes_long_to_read(name: str) -> None:
    """Each ends within two seconds of CPU: in items, or in a named error. Several once took minutes."""
    started = time.thread_time()
    with suppress(UnreadableError):
        feeds.read(BOMBS[name])
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    "odd", [f"<{name} xmlns='http://www.opengis.net/gml'/>" for name in ("pos", "posList")]
)
def test_an_entry_at_which_the_parser_fails_costs_itself_alone(odd: str) -> None:
    """Some elements in odd places make feedparser raise; the entries around them are read all the same."""
    bad = f"<item><title>bad</title>{odd}</item>"
    document = rss(ITEM.format(1) + ITEM.format(2) + bad + ITEM.format(3))
    found = feeds.read(document)
    assert [item.title for item in found.items] == ["Paper 1", "Paper 2", "Paper 3"]
    assert [problem.what for problem in found.problems] == ["an entry"]
    assert "KeyError" in found.problems[0].why
    found = feeds.read(rss(ITEM.format(1), head=odd))
    assert [item.title for item in found.items] == ["Paper 1"]
    assert [problem.what for problem in found.problems] == ["what the feed says of itself"]


def test_a_long_feed_is_cut_by_count_and_says_so() -> None:
    """The limit is the same on every machine: the first entries are read, and the rest are counted."""
    found = feeds.read(rss("".join(ITEM.format(number) for number in range(10_000))))
    assert len(found.items) == pytest.approx(MAX_COST / (ENTRY_COST + 2), rel=0.02)
    assert (
        found.problems[-1].what
        == f"{10_000 - len(found.items)} entries from number {len(found.items) + 1} on"
    )


def test_a_feed_as_long_as_arxivs_longest_is_read_whole() -> None:
    """The archive lists 2,000 papers at most, each with up to a dozen elements."""
    entry = ITEM.format(7).replace("</item>", "<category>x</category>" * 9 + "</item>")
    found = feeds.read(rss(entry * 2_000))
    assert len(found.items) == 2_000
    assert found.problems == ()


def test_a_faulty_head_does_not_cost_the_entries() -> None:
    """What the feed says of itself is dropped where it is absurd; entries stay."""
    found = feeds.read(rss(ITEM.format(1), head="<title>" + "x" * 300_000 + "</title>"))
    assert [item.title for item in found.items] == ["Paper 1"]
    assert found.title == ""
    assert found.problems[0].what == "what the feed says of itself"


def test_nothing_outside_the_document_is_read(tmp_path: object) -> None:
    """External entities stay names: no file is opened, no address is asked."""
    document = b'<!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + rss(
        "<item><title>&e;</title></item>"
    )
    assert titles(document) == ["&e;"]
