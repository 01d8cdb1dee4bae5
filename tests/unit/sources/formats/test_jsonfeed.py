"""JSON: JSON Feed is read like any other, and absurd JSON is named."""

import json
from datetime import UTC, datetime

import pytest

from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.formats import jsonfeed


def test_a_json_feed_gives_items() -> None:
    """Fields of version 1.0 and 1.1 are both read."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Lab",
        "home_page_url": "https://lab.example/",
        "items": [
            {
                "id": "1",
                "url": "https://lab.example/1",
                "title": "A title",
                "content_html": "<p>Words</p>",
                "date_published": "2026-06-10T06:00:00+02:00",
                "authors": [{"name": "Ada"}],
                "author": {"name": "Bob"},
                "tags": ["x", 3],
            }
        ],
    }
    feed = jsonfeed.read(jsonfeed.parsed(json.dumps(document).encode()))
    (item,) = feed.items
    assert (feed.title, item.title, item.authors, item.categories) == (
        "Lab",
        "A title",
        ("Ada", "Bob"),
        ("x",),
    )
    assert item.published == datetime(2026, 6, 10, 4, tzinfo=UTC)
    assert item.summary_is_html


def test_fields_of_the_wrong_type_are_unknown() -> None:
    """Nothing is trusted to be what the specification says; what is no object is named."""
    document = {"items": [{"id": 1, "url": ["x"], "title": {}, "authors": {"a": 1}, "tags": "x"}, None, []]}
    feed = jsonfeed.read(document)
    assert len(feed.items) == 1
    assert feed.items[0].title == ""
    assert [problem.what for problem in feed.problems] == ["entry 2", "entry 3"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[" * 100_000, FaultKind.MALFORMED),
        (b'[{"paper":' * 20_000, FaultKind.MALFORMED),
        (b"[" + b"{}," * 300_000 + b"{}]", FaultKind.TOO_COSTLY),
        (b"[" + b'"a",' * 500_000 + b'""]', FaultKind.TOO_COSTLY),
        (b'{"items": [', FaultKind.MALFORMED),
    ],
    ids=["deep", "deep-objects", "objects", "strings", "cut"],
)
def test_absurd_json_is_named(body: bytes, kind: FaultKind) -> None:
    """Depth and size are bounded before memory is."""
    with pytest.raises(UnreadableError) as caught:
        jsonfeed.parsed(body)
    assert caught.value.kind is kind


@pytest.mark.parametrize("value", ["2026-13-01", "soon", 5, None, "2026-06-10T00:00:00+99:99", "1" * 50])
def test_an_impossible_moment_is_unknown(value: object) -> None:
    """A date that cannot be read is none."""
    assert jsonfeed.moment(value) is None


@pytest.mark.parametrize(
    ("damaged", "titles"),
    [
        (rb'{"items": [{"title": "a \ud83d"}, {"title": "b"}]}', ["a \ufffd", "b"]),
        (rb'{"items": [{"title": "a \udc00\ud83d\ude00 \\ud83d"}]}', ["a \ufffd\U0001f600 \\ud83d"]),
        (b'{"items": [{"title": "a", "score": NaN}, {"title": "b", "x": -Infinity}]}', ["a", "b"]),
        (b'{"items": [{"title": "a\nb\tc"}]}', ["a\nb\tc"]),
        (b'\xef\xbb\xbf{"items": [{"title": "a", "x": NaN}]}', ["a"]),
        (b'{"title": "F", "items": [{"title": "a"}, {"title": "b" "c"}, {"title": "d"}]}', ["a", None, "d"]),
        (b'{"items": [{"title": "a"}, {"title": "cut', ["a", None]),
        (b'{"items": [{"title": "caf\xe9", "x": NaN}]}', ["caf\ufffd"]),
    ],
)
def test_damaged_json_loses_only_the_damaged_entry(damaged: bytes, titles: list[str | None]) -> None:
    """What can be mended is; what cannot is named, and the other entries are read."""
    found = jsonfeed.parsed(damaged)["items"]
    assert [entry and entry["title"] for entry in found] == titles
    assert len(jsonfeed.read({"items": found}).problems) == titles.count(None)
