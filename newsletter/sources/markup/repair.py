"""Mend XML where the intent is beyond doubt, and elsewhere find what is whole.

Works on UTF-8 bytes. Every pattern here is linear in the document: quantifiers
are possessive, and what never ends is taken to the end at once.
"""

import re
from collections.abc import Iterator
from html.entities import html5
from itertools import islice

_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r") + b"\x7f"
_NON_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")
_PROLOG_PIECE = re.compile(
    rb"\s++|<!--(?:.*?-->|.*)|<\?(?:.*?\?>|.*)|"
    rb"(?P<doctype><!DOCTYPE(?:[^\[>\"']++|\"[^\"]*+\"|'[^']*+')*+"
    rb"(?:\[(?:[^\]\"'<]++|\"[^\"]*+\"|'[^']*+'|<!--(?:.*?-->|.*)|<)*+\][^>]*+)?+>)",
    re.DOTALL | re.IGNORECASE,
)
_ENTITY = re.compile(rb"<!ENTITY\s+([A-Za-z_][\w.-]{0,60})\s+(?:\"([^\"&%<]{0,64})\"|'([^'&%<]{0,64})')\s*>")
_MAX_PROLOG = 1_000
_MAX_ENTITIES = 100
_MAX_EXPANSIONS = 1_000
_MAX_MENDED = 100_000
_DOUBTFUL = re.compile(
    rb"<!\[CDATA\[(?:.*?\]\]>|.*)|<!--(?:.*?-->|.*)"
    rb"|&#(?P<number>x[0-9a-fA-F]{1,8}|[0-9]{1,10});"
    rb"|&(?P<name>[A-Za-z][A-Za-z0-9]{0,40});"
    rb"|(?P<ampersand>&)|(?P<less><(?![A-Za-z_/!?]))",
    re.DOTALL,
)
_XML_NAMES = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_TAG = re.compile(rb"<[^<>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+')[^<>\"']*+)*+>")
_TAG_NAME = re.compile(rb"<([^\s/>]+)")
_ROOT = re.compile(rb"<(?:[\w-]{1,40}:)?(?:rss|feed|rdf|channel)(?=[\s>])", re.IGNORECASE)
_ENTRY = re.compile(rb"<((?:[\w-]{1,40}:)?(?:item|entry))(?=[\s>])", re.IGNORECASE)
_CHANNEL = re.compile(rb"<channel(?=[\s>])", re.IGNORECASE)
_PREFIX = re.compile(rb"[<\s]([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_DECLARED = re.compile(rb"xmlns:([A-Za-z_][\w.-]{0,40})\s*=")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_NAMESPACES = {
    b"arxiv": b"http://arxiv.org/schemas/atom",
    b"atom": b"http://www.w3.org/2005/Atom",
    b"content": b"http://purl.org/rss/1.0/modules/content/",
    b"dc": b"http://purl.org/dc/elements/1.1/",
    b"media": b"http://search.yahoo.com/mrss/",
    b"prism": b"http://prismstandard.org/namespaces/basic/2.0/",
    b"rdf": b"http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    b"slash": b"http://purl.org/rss/1.0/modules/slash/",
}
MAX_CHUNKS = 3_000


def without_controls(data: bytes) -> bytes:
    """Return the document without characters that XML 1.0 does not know (2.2)."""
    return _NON_CHARACTERS.sub(b"", data.translate(None, _CONTROLS))


def without_doctype(data: bytes) -> bytes:
    """Return the document without its document type; entities that are plain words are put in.

    Others (nested, external, long) stay undefined, which a reader sees as
    `&name;`: a bomb never goes off, and nothing is fetched.
    """
    at = 0
    for _ in range(_MAX_PROLOG):
        piece = _PROLOG_PIECE.match(data, at)
        if piece is None or piece.end() == len(data):
            break
        at = piece.end()
        if doctype := piece["doctype"]:
            return data[: piece.start()] + _with_words(data[at:], doctype)
    return data


def _with_words(data: bytes, doctype: bytes) -> bytes:
    declared = islice(_ENTITY.finditer(doctype), _MAX_ENTITIES)
    words = {found[1]: found[2] or found[3] or b"" for found in declared}
    if not words:
        return data
    reference = re.compile(b"&(" + b"|".join(map(re.escape, words)) + b");")
    return reference.sub(lambda found: words[found.group(1)], data, count=_MAX_EXPANSIONS)


def mended(data: bytes) -> bytes:
    """Return the document with what is beyond doubt put right.

    Ampersands and less-than signs that begin nothing are text; HTML's
    entities mean their characters; references to characters that do not exist
    are dropped; prefixes that nobody declared are declared; what stands before
    the root is left out.
    """
    root = _ROOT.search(data)
    data = data[root.start() :] if root else data
    return _with_prefixes(_DOUBTFUL.sub(_mend, data, count=_MAX_MENDED))


def _mend(found: re.Match[bytes]) -> bytes:
    if number := found["number"]:
        code = int(number[1:], 16) if number[:1] in b"xX" else int(number)
        is_character = code in (9, 10, 13) or 32 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD
        return found.group() if is_character or 0x10000 <= code <= 0x10FFFF else b""
    if name := found["name"]:
        if name in _XML_NAMES:
            return found.group()
        meant = html5.get(name.decode() + ";")
        if meant:
            return "".join(f"&#{ord(character)};" for character in meant).encode()
        return b"&amp;" + found.group()[1:]
    if found["ampersand"]:
        return b"&amp;"
    return b"&lt;" if found["less"] else found.group()


def _with_prefixes(data: bytes) -> bytes:
    end = end_of_tag(data, 0)
    used = set(_PREFIX.findall(data)) - set(_DECLARED.findall(data[:end])) - {b"xml", b"xmlns"}
    if not end or not used or data[end - 2 : end] == b"/>":
        return data
    return data[: end - 1] + _declarations(used) + data[end - 1 :]


def _declarations(prefixes: set[bytes]) -> bytes:
    return b"".join(
        b' xmlns:%b="%b"' % (prefix, _NAMESPACES.get(prefix, b"urn:undeclared:" + prefix))
        for prefix in sorted(prefixes)[:100]
    )


def end_of_tag(data: bytes, at: int) -> int:
    """Return where the tag that begins at `at` ends, or 0 where it never does."""
    tag = _TAG.match(data, at)
    return tag.end() if tag else 0


def name_of_tag(tag: bytes) -> bytes:
    """Return a tag's name as written.

    >>> name_of_tag(b'<rdf:RDF xmlns="x">')
    b'rdf:RDF'
    """
    found = _TAG_NAME.match(tag)
    return found.group(1) if found else b"x"


def envelope(data: bytes) -> tuple[bytes, bytes]:
    """Return tags to put around an entry of a document whose own are broken."""
    root = _ROOT.search(data)
    end = end_of_tag(data, root.start()) if root else 0
    if root and end and data[end - 2 : end] != b"/>":
        tags = [data[root.start() : end]]
        channel = _CHANNEL.search(data, end, end + 2_000)
        first = _ENTRY.search(data, end)
        if channel and (not first or channel.start() < first.start()):
            tags.append(b"<channel>")
    else:
        declared = _declarations(set(_PREFIX.findall(data[:1_000_000])) | set(_NAMESPACES))
        is_atom = b"<entry" in data
        tags = (
            [b'<feed xmlns="http://www.w3.org/2005/Atom"' + declared + b">"]
            if is_atom
            else [b'<rss version="2.0"' + declared + b">", b"<channel>"]
        )
    return b"".join(tags), b"".join(b"</" + name_of_tag(tag) + b">" for tag in reversed(tags))


def chunks(data: bytes, start: int) -> Iterator[bytes | None]:
    """Yield what looks like an entry, from `start` on, at most `MAX_CHUNKS`; None for one without end."""
    found = list(islice(_ENTRY.finditer(data, start), MAX_CHUNKS))
    for place, entry in enumerate(found):
        limit = found[place + 1].start() if place + 1 < len(found) else len(data)
        closing = b"</" + entry.group(1) + b">"
        end = data.find(closing, entry.end(), limit)
        yield data[entry.start() : end + len(closing)] if end >= 0 else None


def is_web_page(data: bytes) -> bool:
    """Whether a document looks like HTML."""
    return _WEB_PAGE.search(data[:10_000]) is not None and _ROOT.search(data[:10_000]) is None
