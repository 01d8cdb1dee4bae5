"""Charset: the encoding is found by evidence, then by what is said."""

import codecs

import pytest

from newsletter.sources.markup.charset import to_utf8

RUSSIAN = "<rss><title>Первая новость</title></rss>"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (RUSSIAN.encode(), ""),
        (RUSSIAN.encode(), "text/xml; charset=iso-8859-1"),
        (codecs.BOM_UTF8 + RUSSIAN.encode(), ""),
        (codecs.BOM_UTF16_LE + RUSSIAN.encode("utf-16-le"), ""),
        (RUSSIAN.encode("utf-16-be"), ""),
        (RUSSIAN.encode("utf-32-le"), ""),
        (RUSSIAN.encode("koi8-r"), "application/xml; charset=KOI8-R"),
        (b'<?xml version="1.0" encoding="windows-1251"?>' + RUSSIAN.encode("cp1251"), ""),
        (
            b'<?xml version="1.0" encoding="iso-8859-1"?>' + RUSSIAN.encode("koi8-r"),
            "text/xml; charset='koi8-r'",
        ),
    ],
    ids=[
        "plain",
        "header-lies",
        "bom",
        "utf16-bom",
        "utf16-bare",
        "utf32",
        "header",
        "declared",
        "header-first",
    ],
)
def test_the_same_text_comes_out_of_every_encoding(body: bytes, header: str) -> None:
    """Byte order marks, zero bytes and valid UTF-8 outrank labels; the header outranks the declaration."""
    assert to_utf8(body, header).decode() == RUSSIAN


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "unicode_escape", "zlib", "rot13", "utf-7", "x" * 39, "undefined"]
)
def test_a_label_never_chooses_a_codec_that_is_none(name: str) -> None:
    """Only encodings that feeds are written in are decoded with; the bytes are read as windows-1252 else."""
    body = f'<?xml version="1.0" encoding="{name}"?><rss>caf'.encode() + b"\xe9</rss>"
    assert to_utf8(body).decode() == "<rss>café</rss>"


def test_a_character_cut_in_two_is_dropped() -> None:
    """A document cut in the middle of a character is still UTF-8."""
    assert to_utf8("<rss>né".encode()[:-1]) == b"<rss>n"
