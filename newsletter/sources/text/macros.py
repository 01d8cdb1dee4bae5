"""LaTeX's macros as data: which stand for a character, a word or nothing, and whose argument is shown."""

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

from pylatexenc.latex2text import get_default_latex_context_db
from pylatexenc.latexencode import get_builtin_uni2latex_dict

ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a", "d": "\u0323", "b": "\u0331", "hat": "\u0302", "widehat": "\u0302",
    "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304", "overline": "\u0304", "vec": "\u20d7",
    "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "breve": "\u0306", "acute": "\u0301",
    "grave": "\u0300", "mathring": "\u030a",
}  # fmt: skip
LETTERS = {
    "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ",
}  # fmt: skip
WORDS = {
    "ie": "i.e.", "eg": "e.g.", "etal": "et al.", "vs": "vs.", "cf": "cf.", "wrt": "w.r.t.",
    "iid": "i.i.d.", "Pr": "Pr", "argmax": "argmax", "argmin": "argmin", "poly": "poly",
    "polylog": "polylog", "mod": "mod", "bmod": "mod", "LaTeX": "LaTeX", "TeX": "TeX", "item": " • ",
    "quad": " ", "qquad": " ", "space": " ", "kilo": "k", "mega": "M", "giga": "G", "milli": "m",
    "micro": "µ", "nano": "n", "centi": "c", "meter": "m", "metre": "m", "second": "s", "gram": "g",
    "hertz": "Hz", "watt": "W", "volt": "V", "kelvin": "K", "percent": "%", "per": "/", "byte": "B",
    "bit": "bit", "joule": "J",
}  # fmt: skip
FUNCTIONS = frozenset({
    "Pr", "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "det", "dim", "exp",
    "gcd", "hom", "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "sin",
    "sinh", "sup", "tan", "tanh",
})  # fmt: skip
SILENT = frozenset({
    "Big", "Bigg", "Bigl", "Bigr", "Huge", "LARGE", "Large", "and", "bf", "bfseries", "big", "bigg",
    "biggl", "biggr", "bigl", "bigr", "bigskip", "boldmath", "centering", "displaystyle", "em",
    "footnotesize", "hfill", "huge", "it", "itshape", "large", "left", "limits", "linebreak",
    "maketitle", "medskip", "middle", "newline", "noindent", "nolimits", "normalfont", "normalsize",
    "null", "par", "protect", "relax", "right", "rm", "rmfamily", "sc", "scriptsize", "scriptstyle",
    "scshape", "sf", "sffamily", "sl", "small", "smallskip", "textstyle", "tiny", "tt", "ttfamily",
    "xspace",
})  # fmt: skip
"""Macros that only say how something looks."""
UNSEEN = frozenset({
    "autocite", "begin", "bibliography", "bibliographystyle", "cite", "citealp", "citealt",
    "citeauthor", "citep", "citet", "citeyear", "color", "end", "fontsize", "footnote", "footnotemark",
    "footnotetext", "hskip", "hspace", "includegraphics", "index", "input", "label", "marginpar",
    "nocite", "parencite", "phantom", "textcite", "thanks", "todo", "usepackage", "vskip", "vspace",
})  # fmt: skip
"""Macros whose argument does not belong to the sentence."""
LAST_COUNTS = frozenset({
    "colorbox", "href", "hyperlink", "hyperref", "raisebox", "scalebox", "texorpdfstring", "textcolor",
})  # fmt: skip
"""Macros of whose arguments the last is shown."""
ELSEWHERE = frozenset({
    "Cref", "autoref", "cref", "eqref", "nameref", "pageref", "ref",
})  # fmt: skip
"""Macros that print a number which only the whole document knows."""
_USUAL = {
    "\\to": "→", "\\rightarrow": "→", "\\sim": "∼", "\\times": "×", "\\epsilon": "ϵ",
    "\\varepsilon": "ε", "\\phi": "ϕ", "\\varphi": "φ", "\\leq": "≤", "\\le": "≤", "\\geq": "≥",
    "\\ge": "≥", "\\infty": "∞", "\\ell": "ℓ", "\\cdot": "·", "\\pm": "±", "\\approx": "≈",
    "\\ldots": "…", "\\dots": "…", "\\cdots": "⋯", "\\neq": "≠", "\\ne": "≠", "\\circ": "∘",
    "\\in": "∈", "\\nabla": "∇", "\\partial": "∂", "\\deg": "°", "\\degree": "°", "\\textdegree": "°",
    "\\prime": "′", "\\langle": "⟨", "\\rangle": "⟩", "\\slash": "/", "\\textasciitilde": "∼",
    "\\textbackslash": " ", "\\textgreater": ">", "\\textless": "<", "\\textbar": "|",
    "\\textunderscore": "_", "\\textregistered": "®", "\\circledR": "®", "\\S": "§", "\\lVert": "‖",
    "\\rVert": "‖", "\\lvert": "|", "\\rvert": "|", "\\mid": "|", "\\vert": "|",
    "\\textpertenthousand": "‱", "\\star": "⋆", "\\dagger": "†",
}  # fmt: skip
"""Macros that several characters are written with, or that pylatexenc has under another name."""


@lru_cache(maxsize=1)
def symbols() -> dict[str, str]:
    """Return macros and their characters, read backwards from what Unicode is written as in LaTeX."""
    found: dict[str, str] = {}
    for code, written in sorted(get_builtin_uni2latex_dict().items()):
        macro = re.fullmatch(r"\\ensuremath\{(\\[A-Za-z]+(?:\{[A-Za-z]\})?)\}|(\\[A-Za-z]+)", written)
        if macro and code > 127 and unicodedata.category(chr(code)) != "Mn":
            found.setdefault(macro.group(1) or macro.group(2), chr(code))
    return found | _script_letters() | _USUAL


@lru_cache(maxsize=1_000)
def symbol(name: str) -> str:
    """Return the character that a macro stands for, or nothing where it stands for none."""
    if found := symbols().get(f"\\{name}"):
        return found
    spec = get_default_latex_context_db().get_macro_spec(name)
    shown = spec.simplify_repl if spec else None
    return shown if isinstance(shown, str) and "%" not in shown and "<" not in shown else ""


def _script_letters() -> dict[str, str]:
    names = ("SCRIPT CAPITAL {}", "MATHEMATICAL SCRIPT CAPITAL {}")
    letters = {}
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for name in reversed(names):
            with suppress(KeyError):
                letters[f"\\mathcal{{{letter}}}"] = unicodedata.lookup(name.format(letter))
    return letters
