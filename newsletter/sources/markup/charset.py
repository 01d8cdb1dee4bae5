"""Find out in which encoding a document is written, and bring it to UTF-8.

Order of belief: a byte order mark; zero bytes that betray UTF-16 or UTF-32;
valid UTF-8 with characters beyond ASCII (which hardly anything else is by
accident); the HTTP header (RFC 7303 puts it before the document's own word);
the XML declaration; windows-1252, in which every byte means something.
"""

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHAPES = (
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0<\0", "utf-16-be"),
    (b"<\0", "utf-16-le"),
)
_KNOWN = frozenset(
    {"ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
    | {"big5", "big5hkscs", "euc_jp", "euc_kr", "cp949", "gb2312", "gbk", "gb18030", "shift_jis", "cp932"}
    | {"iso2022_jp", "iso2022_kr", "hz", "johab", "koi8-r", "koi8-u", "tis-620", "iso8859-1", "mac-roman"}
    | {f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)}
    | {f"cp{page}" for page in (437, 850, 852, 855, 857, 860, 862, 866, 874, *range(1250, 1259))}
)
"""What is decoded with. Python knows more, some of it never meant for text and some quadratic (punycode)."""
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}
"""What writers mean who name the smaller one (WHATWG Encoding, 4.2)."""
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})")
_DECLARATION = re.compile(rb"\s{0,200}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9_.:-]{1,40})")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,1000}\?>")


def to_utf8(body: bytes, content_type: str = "") -> bytes:
    """Return the document in UTF-8, without byte order mark and XML declaration.

    Never raises: what cannot be decoded becomes U+FFFD.
    """
    text = _decoded(body, content_type)
    return _DECLARED.sub(b"", text, count=1)


def _decoded(body: bytes, content_type: str) -> bytes:
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _recode(body[len(mark) :], name)
    for shape, name in _SHAPES:
        if body.lstrip(b" \t\r\n").startswith(shape) and body[:200].count(0) >= 2:
            return _recode(body, name)
    names = _named(body, content_type)
    is_escaped = any(name in {"iso2022_jp", "iso2022_kr", "hz"} for name in names)
    whole = None if is_escaped else _whole_utf8(body)
    if whole is not None:
        return whole
    for name in names:
        try:
            return body.decode(_MEANT.get(name, name)).encode("utf-8", "replace")
        except UnicodeError:
            continue
    return _salvaged(body, names)


def _named(body: bytes, content_type: str) -> list[str]:
    header = _HEADER.search(content_type[:1000])
    declaration = _DECLARATION.match(body[:1000])
    said = [header.group(1)] if header else []
    said += [declaration.group(1).decode("ascii")] if declaration else []
    return [name for name in map(_codec, said) if name]


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return None
    return found if found in _KNOWN else None


def _whole_utf8(body: bytes) -> bytes | None:
    """Return the body without a character that was cut off at its end, or None where it is not UTF-8."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.start >= len(body) - 3 and error.reason == "unexpected end of data"
        return body[: error.start] if is_cut else None
    return body


def _salvaged(body: bytes, names: list[str]) -> bytes:
    """Decode what no name fits: mostly UTF-8 stays UTF-8, the rest is what was named, or windows-1252."""
    text = body.decode("utf-8", "replace")
    lead_bytes = sum(body.count(bytes([lead])) for lead in range(0xC2, 0xF5))
    if text.count("\ufffd") * 4 <= lead_bytes:
        return text.encode()
    name = next((_MEANT.get(name, name) for name in names if not name.startswith("utf")), "cp1252")
    return _recode(body, name)


def _recode(body: bytes, name: str) -> bytes:
    return body.decode(name, "replace").encode("utf-8", "replace")
