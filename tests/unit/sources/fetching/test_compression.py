"""Compression: undone in a stream, counted while it comes out."""

import gzip
import zlib

import pytest

from newsletter.sources.faults import FaultKind, UnreadableError
from newsletter.sources.fetching.compression import Inflater, unzipped

TEXT = b"<rss>" + b"papers " * 1_000 + b"</rss>"


def _raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "is_deflate"),
    [
        (gzip.compress(TEXT), False),
        (gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), False),
        (gzip.compress(TEXT) + b"\0\0trailing", False),
        (zlib.compress(TEXT), True),
        (_raw(TEXT), True),
    ],
    ids=["gzip", "two-members", "padded", "deflate", "raw-deflate"],
)
@pytest.mark.parametrize("size", [7, 100_000])
def test_chunks_of_any_size_give_the_same_bytes(packed: bytes, is_deflate: bool, size: int) -> None:
    """However the network cuts it."""
    inflate = Inflater(100_000, is_deflate=is_deflate)
    assert b"".join(inflate.feed(packed[at : at + size]) for at in range(0, len(packed), size)) == TEXT


def test_what_unfolds_beyond_the_cap_is_refused_early() -> None:
    """A bomb is refused after the cap, not after it went off."""
    bomb = gzip.compress(bytes(5_000_000))
    with pytest.raises(UnreadableError) as caught:
        Inflater(100_000).feed(bomb)
    assert caught.value.kind is FaultKind.TOO_LARGE


def test_damaged_compression_is_named() -> None:
    """What is not compressed although it says so is an error of its own."""
    with pytest.raises(UnreadableError) as caught:
        unzipped(b"\x1f\x8bnot gzip at all", 1_000)
    assert caught.value.kind is FaultKind.ENCODING


def test_a_zipped_file_served_as_it_lies_is_unfolded() -> None:
    """`feed.xml.gz` without Content-Encoding is a feed all the same."""
    assert unzipped(gzip.compress(TEXT), 100_000) == TEXT
    assert unzipped(TEXT, 100_000) == TEXT


def test_the_cap_is_the_last_size_that_is_read() -> None:
    """As many bytes as the cap says come out; one more does not."""
    assert unzipped(gzip.compress(TEXT), len(TEXT)) == TEXT
    with pytest.raises(UnreadableError, match=f"{len(TEXT) - 1:,}"):
        unzipped(gzip.compress(TEXT), len(TEXT) - 1)
