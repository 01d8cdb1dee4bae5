"""Formulas in markup, before tags are taken out: raised and lowered text, MathML, LaTeX in JATS, pictures.

HTML's and JATS's elements are treated alike, with and without a namespace.
What cannot be shown, such as a formula that is only a picture, leaves a mark.
"""

import html
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

from newsletter.sources.text.latex import MISSING, to_unicode
from newsletter.sources.text.scripts import lowered, raised

_NAME = r"(?:[a-z][\w-]{0,20}:)?"
_SCRIPT = re.compile(
    rf"<{_NAME}(?P<kind>sup|sub|superscript|subscript)\b[^<>]{{0,300}}>(?P<inner>(?:(?!</?{_NAME}su[pb])[^\0]){{0,120}}?)</{_NAME}(?P=kind)\s*>",
    re.IGNORECASE,
)
_MATH = re.compile(
    rf"<{_NAME}math\b(?P<about>[^<>]{{0,2000}})(?:/>|>(?P<inner>.{{0,9000}}?)</{_NAME}math\s*>)",
    re.IGNORECASE | re.DOTALL,
)
_TEX = re.compile(
    rf"<{_NAME}tex-math\b[^<>]{{0,300}}>(?P<jats>.{{0,3000}}?)</{_NAME}tex-math\s*>"
    r"|<script\b[^<>]{0,100}\bmath/tex[^<>]{0,100}>(?P<page>.{0,3000}?)</script\s*>",
    re.IGNORECASE | re.DOTALL,
)
_PICTURED = re.compile(
    rf"<{_NAME}(?P<kind>inline-formula|disp-formula)\b[^<>]{{0,300}}>\s*(?:<{_NAME}(?:inline-)?graphic\b[^<>]{{0,1000}}>\s*(?:</{_NAME}(?:inline-)?graphic\s*>)?\s*)?</{_NAME}(?P=kind)\s*>"
    rf"|<{_NAME}inline-graphic\b[^<>]{{0,1000}}>|<{_NAME}(?:inline-)?graphic\b[^<>]{{0,1000}}>(?=\s*</{_NAME}(?:inline|disp)-formula)",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"(?<=[\w,(=] )<img\b(?P<about>[^<>]{0,2000})>(?=\s?[a-z,.;:)=])", re.IGNORECASE)
_ALT = re.compile(r"\balt(?:text)?\s*=\s*(?:\"([^\"]{1,300})\"|'([^']{1,300})')", re.IGNORECASE)
_ALTERNATIVES = re.compile(
    rf"<{_NAME}alternatives\b[^<>]{{0,300}}>(?P<inner>.{{0,12000}}?)</{_NAME}alternatives\s*>",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<(/?)(?:[\w-]+:)?([\w-]+)[^<>]*?(/?)>")
_ACCENTS = {"^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0304", "‾": "\u0304",
            "→": "\u20d7", "˙": "\u0307", "¨": "\u0308", "ˇ": "\u030c"}  # fmt: skip


def flattened(markup: str) -> str:
    """Return markup in which formulas are characters; everything else is as it was.

    >>> flattened("10<sup>6</sup> cells on SrTiO<jats:sub>3</jats:sub>")
    '10⁶ cells on SrTiO₃'
    >>> flattened("<math><msup><mi>x</mi><mn>2</mn></msup><mo>&gt;</mo><mi>y</mi></math> grows")
    'x²&gt;y grows'
    """
    if "<" not in markup:
        return markup
    markup = _ALTERNATIVES.sub(_one_of, markup)
    markup = _MATH.sub(_math, _TEX.sub(_tex, markup))
    markup = _IMAGE.sub(_image, _PICTURED.sub(MISSING, markup))
    for _ in range(3):  # scripts nest
        markup, count = _SCRIPT.subn(_script, markup)
        if not count:
            break
    return markup


def _script(found: re.Match[str]) -> str:
    move = raised if found["kind"].lower().startswith("sup") else lowered
    inner = html.unescape(html.unescape(re.sub(r"<[^<>]*>", "", found["inner"])))
    return html.escape(move(inner), quote=False)


def _one_of(found: re.Match[str]) -> str:
    """Return one of several ways in which a formula is given: MathML, else LaTeX, else its picture."""
    for pattern in (_MATH, _TEX):
        if kept := pattern.search(found["inner"]):
            return kept.group()
    return MISSING


def _tex(found: re.Match[str]) -> str:
    source = html.unescape(found["jats"] or found["page"] or "")
    body = re.search(r"\\begin\{document\}(.*?)\\end\{document\}", source, re.DOTALL)
    source = (body[1] if body else source).strip().strip("$").strip()
    source = re.sub(r"^\\[(\[]|\\[)\]]$", "", source)
    return html.escape(to_unicode(f"\\({source}\\)") if source else MISSING, quote=False)


def _image(found: re.Match[str]) -> str:
    alt = _ALT.search(found["about"])
    return html.escape(html.unescape(alt[1] or alt[2]), quote=False) if alt else MISSING


def _math(found: re.Match[str]) -> str:
    shown = _read(found["inner"] or "")
    if not shown and (alt := _ALT.search(found["about"])):
        shown = to_unicode(f"\\({html.unescape(alt[1] or alt[2])}\\)")
    return html.escape(shown or MISSING, quote=False)


def _read(inner: str) -> str:
    bare = _TAG.sub(r"<\1\2\3>", inner)
    bare = re.sub(
        r"&([A-Za-z][A-Za-z0-9]{1,31});",
        lambda one: html.escape(html.unescape(one.group()), quote=False),
        bare,
    )
    try:
        return " ".join(_row(ET.fromstring(f"<math>{bare}</math>")).split())  # noqa: S314  # no DTD can stand in it
    except (ET.ParseError, RecursionError, ValueError):
        return ""


def _row(parent: ET.Element) -> str:
    pieces = [parent.text or ""]
    for child in parent:
        shown, before = _shown(child), pieces[-1]
        is_word = len(shown) > 1 and shown.isalpha() and child.tag in {"mi", "mo", "mtext"}
        if before[-1:].isalnum() and is_word:
            pieces.append(" ")
        pieces.append(shown)
        if is_word and child.tag != "mtext":
            pieces.append("\u2005")
        pieces.append(child.tail or "")
    return re.sub(r"\u2005(?=[\w√])", " ", "".join(pieces)).replace("\u2005", "")


def _shown(element: ET.Element) -> str:
    read = _KINDS.get(element.tag)
    if read:
        return read([_shown(child) for child in element])
    if element.tag in {"annotation", "annotation-xml", "mphantom"}:
        return ""
    if element.tag == "msqrt":
        return f"√{_operand(_row(element).strip())}"
    if element.tag == "mspace":
        return " "
    if element.tag == "semantics" and len(element) and element[0].tag.startswith("annotation"):
        return to_unicode(f"\\({element[0].text or ''}\\)")
    shown = _row(element)
    return re.sub(r"[\u2061-\u2064]", "", shown) if element.tag == "mo" else shown


def _part(parts: list[str], index: int) -> str:
    return parts[index].strip() if index < len(parts) else ""


def _over(parts: list[str]) -> str:
    base, above = _part(parts, 0), _part(parts, 1)
    if above in _ACCENTS:
        return base + _ACCENTS[above] if len(base) == 1 else base
    return base + raised(above)


def _operand(text: str) -> str:
    return text if re.fullmatch(r"\w*", text) else f"({text})"


_KINDS: dict[str, Callable[[list[str]], str]] = {
    "msup": lambda parts: _part(parts, 0) + raised(_part(parts, 1)),
    "msub": lambda parts: _part(parts, 0) + lowered(_part(parts, 1)),
    "msubsup": lambda parts: _part(parts, 0) + lowered(_part(parts, 1)) + raised(_part(parts, 2)),
    "mfrac": lambda parts: f"{_operand(_part(parts, 0))}/{_operand(_part(parts, 1))}",
    "mroot": lambda parts: f"{raised(_part(parts, 1))}√{_operand(_part(parts, 0))}",
    "mover": _over,
    "munder": lambda parts: _part(parts, 0) + lowered(_part(parts, 1)),
    "munderover": lambda parts: _part(parts, 0) + lowered(_part(parts, 1)) + raised(_part(parts, 2)),
    "mfenced": lambda parts: f"({', '.join(parts)})",
    "mtr": ", ".join,
    "mtable": "; ".join,
}
"""How the parts of an element are put on one line (MathML 3, chapter 3)."""
