"""Make what strangers wrote safe to show: one line, visible characters, no markup.

What leaves here is plain text (never HTML): code that shows it escapes it.
"""

import html
import re
import unicodedata
from urllib.parse import urljoin

import nh3

from newsletter.sources.faults import AddressRefusedError
from newsletter.sources.fetching import addresses
from newsletter.sources.text.formulas import flattened
from newsletter.sources.text.latex import to_unicode

MAX_TITLE = 500
MAX_ABSTRACT = 10_000
MAX_NAME = 120
MAX_AUTHORS = 5_000
MAX_READ = 50_000
"""Characters that are looked at to make an abstract."""
_MAX_TAGS = 500
"""A browser's tree of more open elements than this takes quadratic time to build."""
_ACTIVE = (
    "script|style|iframe|object|embed|svg|math|img|image|input|button|link|meta|base|html|body|head|video|audio|form"
    "|source|template|textarea|select|option|frame|frameset|applet|layer|xml|plaintext|xmp|noscript|title|marquee"
)
_PLAIN = (
    "a|b|i|u|s|p|q|br|hr|em|strong|sub|sup|tt|code|pre|span|div|small|big|font|ul|ol|li|dl|dt|dd|table|tr|td|th|tbody"
    "|thead|blockquote|h[1-6]|center|cite|abbr|mark|del|ins|strike|blink|details|summary|dialog|section|article"
    "|figure|figcaption|picture|time|main|aside|header|footer|nav|label|wbr|nobr|tfoot|caption|colgroup|kbd|samp|var"
    "|bdi|bdo|ruby|rt|rp|dfn|address|track|map|area|hgroup|fieldset|legend|acronym|insert|italic|bold|sc|roman"
    "|sans-serif|monospace|xref|ext-link|named-content|styled-content|inline-formula|disp-formula|tex-math"
    "|alternatives|inline-graphic|list-item|sec|abstract|(?:jats|mml|m|ns[0-9]):[a-z-]{1,20}"
    "|m(?:row|i|n|o|sup|sub|subsup|frac|sqrt|root|over|under|underover|text|space|style|fenced|table|tr|td|stack"
    "|padded|phantom|error|prescripts|multiscripts)|semantics|annotation(?:-xml)?"
)
_MARKUP = re.compile(
    rf"</?(?:{_ACTIVE})(?=[\s/>])[^<>]*+(?:>|\Z)"  # whatever else is said in it
    rf"|</?(?:{_PLAIN})\s*+/?>"  # “a<b and c>d” is none
    r"|<[a-z][^\s<>/]{0,60}+[\s/][^<>=]*+=[^<>]*+(?:>|\Z)"  # any name, with an attribute
    r"|<!(?:--|doctype|\[cdata\[)|<\?",
    re.IGNORECASE,
)
_MARKUP_OR_LESS = re.compile(rf"({_MARKUP.pattern})|<", re.IGNORECASE)
_BREAK = re.compile(
    r"<(?:/?(?:p|div|li|tr|h[1-6]|blockquote|ul|ol|table)|br|hr)\b[^>]{0,500}>", re.IGNORECASE
)
_FOOTNOTE = re.compile(r"<sup\b[^<>]{0,200}>[^<>]{0,50}</sup>|\$\^\{?[^${}]{1,20}\}?\$", re.IGNORECASE)
_SUFFIX = re.compile(r",\s*((?:Jr|Sr)\b\.?|I{2,3}\b|IV\b|Ph\.?D\.?|M\.?D\.?)(?=\s*(?:,|;|$| and ))")
_TEAMS = re.compile(r"[^,;]+ and [^,;]+ (?:Collaborations|Teams|Consortia|Groups)$")
_PLAIN_NAME = re.compile(r"[A-Za-z.'-]{1,60}(?: [A-Za-z.'-]{1,20}){0,3}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_PILE = re.compile(rf"({_MARKS}{{3}}){_MARKS}+")
_LINE_BREAKS = dict.fromkeys([*range(9, 14), *range(0x1C, 0x20), 0x85, 0x2028, 0x2029], " ")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_UNSEEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufffe\uffff")
"""Fillers that count as letters or marks and show nothing."""


def one_line(text: str) -> str:
    r"""Return text on one line, without control, bidirectional and invisible characters.

    >>> one_line("Attention\r\nBcc: all \u202eneed")
    'Attention Bcc: all need'
    """
    text = text.translate(_LINE_BREAKS)
    unseen = {one for one in set(text) if unicodedata.category(one) in _UNSEEN or one in _UNSEEN_LETTERS}
    if unseen:
        text = text.translate(dict.fromkeys(map(ord, unseen)))
    if not text.isascii():
        text = _PILE.sub(r"\1", unicodedata.normalize("NFC", text))
    return _SPACE.sub(" ", text).strip()


def from_html(markup: str) -> str:
    """Return the text of HTML, on one line; scripts, styles and tags are gone, entities are characters.

    What is raised, lowered or a formula stays so, in characters.
    """
    flat = flattened(_bounded(markup))
    cleaned = nh3.clean(_BREAK.sub(" ", flat), tags=set(), attributes={})
    return one_line(html.unescape(cleaned))


def from_plain(text: str) -> str:
    """Return text that says it is plain, on one line; HTML that got into it is taken out all the same.

    What only looks like a tag stays, as models' `<think>` does; entities mean
    their characters, since feeds that escape once too often are common.

    >>> from_plain("if p<q then <b>bold</b> <think> <script>alert(1)</script>")
    'if p<q then bold <think>'
    """
    text = text[:MAX_READ]
    for _ in range(4):  # what was escaped twice shows only after the first cleaning
        before, text = text, _ENTITY.sub(lambda found: html.unescape(found.group()), text)
        if _MARKUP.search(text):
            text = from_html(_MARKUP_OR_LESS.sub(lambda found: found.group(1) or "&lt;", text))
        if text == before:
            break
    return one_line(_MARKUP.sub("", text))


def title(text: str, *, is_html: bool = False) -> str:
    """Return a title: plain, on one line, LaTeX as Unicode where nothing is lost, at most 500 characters."""
    return _cleaned(text[: 10 * MAX_TITLE], MAX_TITLE, is_html=is_html)


def abstract(text: str, *, is_html: bool = False) -> str:
    """Return an abstract, treated like a title; at most 10,000 characters."""
    return _cleaned(text, MAX_ABSTRACT, is_html=is_html)


def _cleaned(text: str, limit: int, *, is_html: bool) -> str:
    plain = from_plain(from_html(text) if is_html else text)
    return _cut(to_unicode(plain[: 2 * limit]), limit)


def names(authors: list[str]) -> tuple[str, ...]:
    """Return authors' names, cleaned, without empty and repeated ones."""
    cleaned = (
        name
        if _PLAIN_NAME.fullmatch(name)
        else _cleaned(_FOOTNOTE.sub("", name[: 10 * MAX_NAME]), MAX_NAME, is_html=False)
        for name in authors[:MAX_AUTHORS]
    )
    return tuple(dict.fromkeys(name for name in cleaned if name))


def split_names(line: str) -> list[str]:
    """Cut a line of authors at commas that do not stand in brackets.

    >>> split_names("Ada Lovelace (Analytical, Ltd), Charles Babbage and Alan Turing")
    ['Ada Lovelace', 'Charles Babbage', 'Alan Turing']
    >>> split_names("Jane Doe (Physics (ICTP), Trieste), Sammy Roe, Jr., Fermi-LAT and GBM Collaborations")
    ['Jane Doe', 'Sammy Roe Jr.', 'Fermi-LAT and GBM Collaborations']
    """
    bare = " ".join(line.split())
    for _ in range(4):  # brackets nest
        bare = re.sub(r"\([^()]{0,300}\)", "", bare)
    bare = _SUFFIX.sub(r" \1", bare)
    if _TEAMS.search(bare):
        head, _, teams = bare.rpartition(", ")
        return [*split_names(head), teams.strip()] if head else [teams.strip()]
    return [name.strip() for name in re.split(r",(?: and )?|;| and ", bare) if name.strip()]


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
    markup = markup[:MAX_READ]
    if markup.count("<") <= _MAX_TAGS:
        return markup
    parts = markup.split("<", _MAX_TAGS)
    return "<".join(parts[:_MAX_TAGS])


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
