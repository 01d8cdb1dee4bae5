"""Make what strangers wrote safe to show: one line, visible characters, no markup.

What leaves here is plain text (never HTML): whoever shows it escapes it.
"""

import html
import re
import unicodedata
from urllib.parse import urljoin

import nh3

from newsletter.sources import addresses
from newsletter.sources.faults import AddressRefusedError
from newsletter.sources.latex import to_unicode

MAX_TITLE = 500
MAX_ABSTRACT = 10_000
MAX_NAME = 120
MAX_AUTHORS = 5_000
MAX_HTML = 100_000
_MAX_TAGS = 1_000
"""A browser's tree of more open elements than this takes quadratic time to build."""
_TAG = re.compile(
    r"<(?:/[a-z][a-z0-9]*+\s*+"
    r"|(?:script|style|iframe|object|embed|svg|math|img|a|form|input|button|link|meta|base|html|body|head|video"
    r"|audio|source|template|textarea|select|frame|frameset|applet|layer|xml|plaintext|xmp|noscript|title)"
    r"(?=[\s/>])[^>]*+"
    r"|(?:b|i|u|s|p|br|hr|em|strong|sub|sup|tt|code|pre|span|div|small|big|font|ul|ol|li|table|tr|td|th"
    r"|blockquote|h[1-6]|center|q|cite|abbr|mark|del|ins|marquee|blink|details|dialog)"
    r"(?:\s++[a-z-]++\s*+=[^>]*+)?+\s*+/?)>",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"<(?:/?(?:p|div|li|tr|h[1-6]|blockquote|ul|ol|table)|br|hr)\b[^>]{0,500}>", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x061C, 0x180E, 0x00AD, 0xFEFF]
    + [
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
        *range(0x1D173, 0x1D17B),
        0x034F,
        0x115F,
        0x1160,
        0x3164,
    ]
)
_INVISIBLE |= dict.fromkeys([*range(0x7F, 0x85), *range(0x86, 0xA0), *range(9), *range(0xE, 0x1C)])
_LINE_BREAKS = dict.fromkeys([*range(9, 14), *range(0x1C, 0x20), 0x85, 0x2028, 0x2029], " ")


def one_line(text: str) -> str:
    """Return text on one line, without control, bidirectional and invisible characters.

    >>> one_line("Attention\\r\\nBcc: all \\u202eneed")
    'Attention Bcc: all need'
    """
    text = text.translate(_LINE_BREAKS).translate(_INVISIBLE)
    text = "".join(
        character
        for character in text
        if character.isascii() or unicodedata.category(character) not in _UNSEEN
    )
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def from_html(markup: str) -> str:
    """Return the text of HTML, on one line; scripts, styles and tags are gone, entities are characters."""
    cleaned = nh3.clean(_BREAK.sub(" ", _bounded(markup)), tags=set(), attributes={})
    return one_line(html.unescape(cleaned))


def from_plain(text: str) -> str:
    """Return text that says it is plain, on one line; markup that got into it is taken out all the same.

    A less-than sign that begins no tag stays.

    >>> from_plain("if p<q then <b>bold</b> <script>alert(1)</script>")
    'if p<q then bold'
    """
    text = text[:MAX_HTML]
    for _ in range(3):  # markup that was escaped twice shows only after the first cleaning
        if not _TAG.search(text):
            break
        text = from_html(_BARE.sub("&lt;", text))
    return one_line(text) if not _TAG.search(text) else one_line(_TAG.sub("", text))


_BARE = re.compile(r"<(?![/a-zA-Z])|<(?=[a-zA-Z][^<>]{0,200}(?:<|\Z))")


def title(text: str, *, is_html: bool = False) -> str:
    """Return a title: plain, on one line, LaTeX as Unicode where nothing is lost, at most 500 characters."""
    return _cut(to_unicode(from_plain(from_html(text) if is_html else text)), MAX_TITLE)


def abstract(text: str, *, is_html: bool = False) -> str:
    """Return an abstract, treated like a title; at most 10,000 characters."""
    return _cut(to_unicode(from_plain(from_html(text) if is_html else text)), MAX_ABSTRACT)


def names(authors: list[str]) -> tuple[str, ...]:
    """Return authors' names, cleaned, without empty and repeated ones."""
    cleaned = (_cut(to_unicode(from_plain(name)), MAX_NAME) for name in authors[:MAX_AUTHORS])
    return tuple(dict.fromkeys(name for name in cleaned if name))


def split_names(line: str) -> list[str]:
    """Cut a line of authors at commas that do not stand in brackets.

    >>> split_names("Ada Lovelace (Analytical, Ltd), Charles Babbage and Alan Turing")
    ['Ada Lovelace', 'Charles Babbage', 'Alan Turing']
    """
    without_brackets = re.sub(r"\([^()]{0,300}\)", "", line)
    return [name.strip() for name in re.split(r",(?:\s+and\s)?|;|\s+and\s", without_brackets) if name.strip()]


def web_link(url: str | None, base: str = "") -> str | None:
    """Return an http or https address that is safe to print, or None for everything else."""
    if not url:
        return None
    bare = "".join(one for one in url.strip() if one > " " and one != "\x7f")[
        : addresses.MAX_URL_CHARACTERS + 1
    ]
    try:
        joined = urljoin(base, bare) if base else bare
        parsed = addresses.parse(joined.replace(" ", "%20"))
    except (AddressRefusedError, ValueError):
        return None
    fragment = joined.partition("#")[2]
    whole = parsed.url + (f"#{fragment}" if fragment else "")
    return "".join(one if "!" <= one <= "~" else "".join(f"%{b:02X}" for b in one.encode()) for one in whole)


def _bounded(markup: str) -> str:
    """Cut HTML before it becomes costly."""
    markup = markup[:MAX_HTML]
    if markup.count("<") <= _MAX_TAGS:
        return markup
    parts = markup.split("<", _MAX_TAGS)
    return "<".join(parts[:_MAX_TAGS])


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
