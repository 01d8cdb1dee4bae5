r"""Turn LaTeX into Unicode where nothing is lost, and leave it as written where something would be.

`$\alpha$-divergence of Schr\"odinger's cat` has one Unicode spelling;
`$\frac{a}{b}$` has none, so it stays. Each formula is decided alone: it is
converted whole, or not at all.
"""

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

from pylatexenc.latexencode import get_builtin_uni2latex_dict

_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    '"': "\u0308",
    "=": "\u0304",
    ".": "\u0307",
    "u": "\u0306",
    "v": "\u030c",
    "H": "\u030b",
    "c": "\u0327",
    "k": "\u0328",
    "r": "\u030a",
    "d": "\u0323",
    "b": "\u0331",
}
_LETTERS = {
    "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ",
}  # fmt: skip
_WORDS = frozenset(
    {
        "log",
        "ln",
        "exp",
        "sin",
        "cos",
        "tan",
        "max",
        "min",
        "sup",
        "inf",
        "lim",
        "det",
        "dim",
        "ker",
        "gcd",
        "arg",
    }
    | {"Pr", "argmax", "argmin", "mod", "poly", "polylog"}
)
_STYLES = (
    *("textnormal", "textrm", "textit", "textbf", "textsf", "texttt", "textsc", "textup", "textmd", "text"),
    *("mathrm", "mathit", "mathsf", "mathtt", "operatorname", "mbox", "emph", "underline"),
    *("rm", "it", "bf", "tt", "em"),
)
_DROPPED = frozenset({"\\left", "\\right", "\\displaystyle", "\\textstyle", "\\big", "\\Big", "\\limits"})
_UP = str.maketrans(
    "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW*'∘",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ*′°",
)
_DOWN = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_FORMULA = re.compile(r"\$\$?([^$]{1,200})\$\$?|\\\(([^$]{1,200}?)\\\)")
_LOOKS_MEANT = re.compile(r"[\\^_{}]")
_WORDY = re.compile(r"\s[A-Za-z]{2,}|[A-Za-z]{2,}\s")
_ACCENT = re.compile(
    r"\\(?:([`'^\"~=.])\s*+|([uvHckrdb])(?:\s++|(?=\{)))(?:\{(\\?[A-Za-z])\}|(\\[ij](?![A-Za-z])|[A-Za-z]))"
)
_LETTER = re.compile(r"\\(ss|ae|AE|oe|OE|aa|AA|[oOlLij])(?![A-Za-z])(?:\s++|\{\})?")
_STYLE = re.compile(
    r"\\(?:" + "|".join(sorted(_STYLES, key=len, reverse=True)) + r")\s*\{([^{}\\$]{1,500})\}"
)
_OLD_STYLE = re.compile(r"\{\\(?:rm|it|bf|tt|em|sc|sf)\s([^{}\\$]{1,500})\}")
_ESCAPED = re.compile(r"\\([%&#_{}])")
_SYMBOL = re.compile(r"\\(?:(?:mathbb|mathcal|mathfrak)\s*\{[A-Za-z]\}|[A-Za-z]+|[,;:! ])")
_BOLD = re.compile(r"\\(?:mathbf|boldsymbol|bm)\s*\{([0-9]+|[A-Za-z]{2,40})\}")
_TEXT_SCRIPT = re.compile(r"\\text(super|sub)script\{([^{}\\$]{1,12})\}")
_SCRIPT = re.compile(r"([\^_])\s?(?:\{\s?([^{}\\]{1,12}?)\s?\}|([A-Za-z0-9*'∘]))")
_GROUP = re.compile(r"\{([^{}\\]*)\}")


def to_unicode(text: str) -> str:
    r"""Return text with LaTeX converted where that loses nothing.

    >>> to_unicode(r"Schr\"odinger's $\ell_2$ cat, $O(n \log n)$ and 5\% of $\frac{a}{b}$")
    "Schrödinger's ℓ₂ cat, O(n log n) and 5% of $\\frac{a}{b}$"
    """
    if "\\" not in text and "$" not in text:
        return text
    pieces: list[str] = []
    at = 0
    for formula in _FORMULA.finditer(text):
        inner = formula.group(1) or formula.group(2)
        following = text[formula.end() : formula.end() + 1]
        is_money = formula.group(1) and not _LOOKS_MEANT.search(inner) and _is_money(inner, following)
        plain = None if is_money else _formula(inner)
        pieces += [_prose(text[at : formula.start()]), formula.group() if plain is None else plain]
        at = formula.end()
    return "".join(pieces) + _prose(text[at:])


def _is_money(inner: str, following: str) -> bool:
    """Whether what stands between two dollar signs is an amount and words rather than a formula."""
    return inner != inner.strip() or following.isdigit() or _WORDY.search(inner) is not None


def _prose(text: str) -> str:
    if "\\" not in text:
        return text
    text = _ACCENT.sub(_accented, text)
    text = _LETTER.sub(lambda found: _LETTERS[found.group(1)], text)
    for _ in range(3):  # styles nest
        text = _OLD_STYLE.sub(r"\1", _STYLE.sub(r"\1", text))
    text = re.sub(r"\{([^\x00-\x7f])\}", r"\1", text)  # {\"o} → {ö} → ö
    text = _SYMBOL.sub(lambda found: _symbols().get(found.group(), found.group()), text)
    text = _TEXT_SCRIPT.sub(
        lambda found: _moved(found.group(2), found.group(1) == "super") or found.group(), text
    )
    return _ESCAPED.sub(r"\1", text)


def _accented(found: re.Match[str]) -> str:
    letter = (found.group(3) or found.group(4)).removeprefix("\\")  # an accent takes the place of i's dot
    joined = unicodedata.normalize("NFC", letter + _ACCENTS[found.group(1) or found.group(2)])
    return joined if len(joined) == 1 else found.group()


def _formula(inner: str) -> str | None:
    """Return a formula in Unicode, or None where something would be lost."""
    plain = _STYLE.sub(r"\1", _BOLD.sub(r"\1", _ACCENT.sub(_accented, inner)))
    plain = _SYMBOL.sub(_symbol, plain)
    for _ in range(2):  # a script may stand on a group
        plain = _SCRIPT.sub(_scripted, plain)
    plain = _ESCAPED.sub(r"\1", _GROUP.sub(r"\1", plain).replace("~", " "))
    if any(mark in plain for mark in "\\{}^_"):
        return None
    return " ".join(plain.split()) if plain.strip() else None


def _symbol(found: re.Match[str]) -> str:
    macro = found.group()
    if macro[1] in ",;:! ":
        return " " if macro[1] in ";: " else ""
    if macro[1:] in _WORDS:
        return macro[1:]
    if macro in _DROPPED:
        return ""
    return _symbols().get(macro, macro)


def _scripted(found: re.Match[str]) -> str:
    inner = found.group(2) or found.group(3)
    return _moved(inner, found.group(1) == "^") or found.group()


def _moved(inner: str, is_up: bool) -> str:
    """Return a raised or lowered text, or nothing where Unicode lacks one of its characters."""
    table = _UP if is_up else _DOWN
    if is_up and inner == "®":
        return inner
    return inner.translate(table) if all(ord(character) in table for character in inner) else ""


@lru_cache(maxsize=1)
def _symbols() -> dict[str, str]:
    """Return macros and their characters, read backwards from what Unicode is written as in LaTeX."""
    found: dict[str, str] = {}
    for code, written in sorted(get_builtin_uni2latex_dict().items()):
        macro = re.fullmatch(r"\\ensuremath\{(\\[A-Za-z]+(?:\{[A-Za-z]\})?)\}|(\\[A-Za-z]+)", written)
        if macro and code > 127 and unicodedata.category(chr(code)) != "Mn":
            found.setdefault(macro.group(1) or macro.group(2), chr(code))
    return found | _script_letters() | _USUAL


def _script_letters() -> dict[str, str]:
    names = ("SCRIPT CAPITAL {}", "MATHEMATICAL SCRIPT CAPITAL {}")
    letters = {}
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for name in reversed(names):
            with suppress(KeyError):
                letters[f"\\mathcal{{{letter}}}"] = unicodedata.lookup(name.format(letter))
    return letters


_USUAL = {
    "\\to": "→", "\\rightarrow": "→", "\\sim": "∼", "\\times": "×", "\\epsilon": "ϵ", "\\varepsilon": "ε",
    "\\phi": "ϕ", "\\varphi": "φ", "\\leq": "≤", "\\le": "≤", "\\geq": "≥", "\\ge": "≥", "\\infty": "∞",
    "\\ell": "ℓ", "\\cdot": "·", "\\pm": "±", "\\approx": "≈", "\\ldots": "…", "\\dots": "…", "\\cdots": "⋯",
    "\\neq": "≠", "\\ne": "≠", "\\circ": "∘", "\\in": "∈", "\\nabla": "∇", "\\partial": "∂", "\\deg": "°",
    "\\degree": "°", "\\textdegree": "°", "\\prime": "′", "\\langle": "⟨", "\\rangle": "⟩", "\\slash": "/",
}  # fmt: skip
"""Macros that several characters are written with, or that pylatexenc has under another name."""
