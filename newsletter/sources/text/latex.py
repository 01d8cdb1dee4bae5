r"""Turn LaTeX into the Unicode that says the same.

`$\alpha$-divergence of Schr\"odinger's cat` has one Unicode spelling, and
`$\frac{a}{b}$` is read aloud as a/b. A macro that only its authors know keeps
its argument; one that stands for a name they did not tell (`\ours`) becomes
`[…]`, which says that something is missing. pylatexenc's own converter was
tried on samples: it empties unknown macros, keeps `^` before superscripts, and
fails at a bare `\href`. Its tables of symbols are used.
"""

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

from newsletter.sources.text import macros
from newsletter.sources.text.scripts import lowered, raised

MISSING = "[…]"
"""Stands where the authors wrote something that cannot be shown."""
_DEEPEST = 40
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_]|[^\\{}^_]+|\\", re.DOTALL)
_OPTIONS = re.compile(r"(?:\[[^\]]{0,200}\]){1,3}")
_FORMULA = re.compile(
    r"(?<!\\)\$\$?([^$]{1,500}?)(?<!\\)\$\$?|\\\((.{1,500}?)\\\)|\\\[(.{1,500}?)\\\]", re.DOTALL
)
_LOOKS_MEANT = re.compile(r"[\\^_{}]")
_WORDY = re.compile(r"\s[A-Za-z]{2,}|[A-Za-z]{2,}\s")
_IS_LATEX = re.compile(r"[\\$~{}`]|--|\d\^")
_KEPT = dict(zip("{}\\~^_`-$", map(chr, range(0xE000, 0xE009)), strict=True))
"""What a formula came to is not read a second time: its signs stand aside until the end."""
_ASIDE = str.maketrans(_KEPT)
_BACK = str.maketrans({kept: sign for sign, kept in _KEPT.items()})
_SET = re.compile(r"[,:;=|<>\[\"]|\.\.|…")


def to_unicode(text: str) -> str:
    r"""Return text without LaTeX, saying what it said; text without LaTeX comes back as it is.

    >>> to_unicode(r"Schr\"odinger's $\ell_2$ cat, $O(n \log n)$ and 5\% of $\frac{a}{b}$")
    "Schrödinger's ℓ₂ cat, O(n log n) and 5% of a/b"
    >>> to_unicode(r"We introduce \bench{}, \hl{a benchmark} of Terminal-Bench~2.0 -- $10^{-6}$ M")
    'We introduce […], a benchmark of Terminal-Bench 2.0 – 10⁻⁶ M'
    """
    if not _IS_LATEX.search(text):
        return text
    text = text.translate(dict.fromkeys(_BACK))
    is_latex = "\\" in text
    text = _FORMULA.sub(_formula, text)
    shown = _typed(_Reader(text, is_math=False, is_latex=is_latex).whole()).translate(_BACK)
    return " ".join(shown.split())


def _formula(found: re.Match[str]) -> str:
    dollars, *others = found.groups()
    inner = dollars or others[0] or others[1]
    following = found.string[found.end() : found.end() + 1]
    if dollars and not _LOOKS_MEANT.search(inner) and _is_money(inner, following):
        return found.group()
    plain = " ".join(_Reader(inner.replace("~", " "), is_math=True).whole().split())
    return (plain or MISSING).translate(_ASIDE)


def _is_money(inner: str, following: str) -> bool:
    """Whether what stands between two dollar signs is an amount and words rather than a formula."""
    return inner != inner.strip() or following.isdigit() or _WORDY.search(inner) is not None


def _typed(text: str) -> str:
    """Return prose with the dashes, quotation marks and fixed spaces that LaTeX types with other signs."""
    text = re.sub(r"(?<![/~\s(\[=<>≤≥≈±+–—-])~+|~(?=\s)(?<!\s~)", " ", text)
    text = re.sub(r"(?<![/:])~(?![/\w]*/)", "∼", text)
    text = re.sub(r"(?<!-)---(?!-)", "—", text)
    text = re.sub(r"(?<![-\s`\"'])--(?!-)|(?<=\s)--(?=\s)|(?<=[”’])--", "–", text)
    if "``" in text:
        text = text.replace("``", "“").replace("''", "”")
    text = re.sub(r"(?<![\w`])`([^`'’]{1,100})['’](?!\w)", r"‘\1’", text)
    return re.sub(r"(?<=\d)\^(-?\d{1,3})(?![\w.])", lambda found: raised(found[1]), text)


class _Reader:
    """LaTeX on its way to text: tokens, and how far they were read."""

    def __init__(self, source: str, *, is_math: bool, is_latex: bool = True) -> None:
        self.tokens = _TOKEN.findall(source)
        self.at, self.depth = 0, 0
        self.is_math, self.is_latex = is_math, is_latex

    def whole(self) -> str:
        """Return everything; braces without their other half are left out."""
        pieces: list[str] = []
        while self.at < len(self.tokens):
            pieces.append(self._until_brace())
        return "".join(pieces)

    def _until_brace(self) -> str:
        """Return what stands before the next closing brace, and pass it."""
        self.depth += 1
        pieces: list[str] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == "}":  # noqa: S105  # of LaTeX
                break
            if token == "{":  # noqa: S105  # of LaTeX
                pieces.append(self._group())
            elif token in {"^", "_"}:
                pieces.append(self._script(token))
            elif token[:1] == "\\":
                self._macro(token[1:], pieces)
            else:
                pieces.append(self._plain(token))
        self.depth -= 1
        return "".join(pieces)

    def _plain(self, token: str) -> str:
        return token.replace("'", "′") if self.is_math else token

    def _group(self) -> str:
        """Return what stands in braces; those of a set are the authors' own."""
        if self.depth > _DEEPEST:
            return ""
        start = self.at
        inner = self._until_brace()
        is_closed = self.tokens[self.at - 1] == "}"
        has_macro = any(token[:1] == "\\" for token in self.tokens[start : self.at])
        is_set = not self.is_math and is_closed and not has_macro and _SET.search(inner)
        is_template = not self.is_latex and is_closed and inner.islower()
        return f"{_KEPT['{']}{inner}{_KEPT['}']}" if is_set or is_template else inner

    def _script(self, sign: str) -> str:
        following = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if not self.is_math and (following != "{" or not self.is_latex):
            return sign
        return (raised if sign == "^" else lowered)(self._argument())

    def _argument(self) -> str:
        """Return the next group, macro or character."""
        while self.at < len(self.tokens) and not self.tokens[self.at].strip():
            self.at += 1
        if self.at == len(self.tokens) or self.tokens[self.at] == "}" or self.depth > _DEEPEST:
            return ""
        token = self.tokens[self.at]
        if token == "{":  # noqa: S105  # of LaTeX
            self.at += 1
            return self._until_brace()
        if token[0] == "\\" and len(token) > 1:
            self.at += 1
            self.depth += 1
            pieces: list[str] = []
            self._macro(token[1:], pieces)
            self.depth -= 1
            return "".join(pieces)
        token = token.lstrip()
        self.tokens[self.at] = token[1:]
        if not token[1:]:
            self.at += 1
        return self._plain(token[0])

    def _option(self) -> str:
        """Pass an argument in brackets, and return it."""
        text = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if not text.startswith("[") or "]" not in text:
            return ""
        option, _, self.tokens[self.at] = text[1:].partition("]")
        if not self.tokens[self.at]:
            self.at += 1
        return option

    def _has_group(self, *, after_options: bool = False) -> bool:
        following = self.tokens[self.at : self.at + 2]
        if after_options and len(following) == 2 and _OPTIONS.fullmatch(following[0]):
            return bool(following[1] == "{")
        return bool(following[:1] == ["{"])

    def _groups(self) -> list[str]:
        found = []
        while self._has_group():
            found.append(self._argument())
        return found

    def _macro(self, name: str, pieces: list[str]) -> None:  # a table of kinds
        name = name.rstrip("*") or name
        if name in macros.ACCENTS and (accented := self._accented(name)):
            return pieces.append(accented)
        if not name.isalpha():
            return pieces.append(self._sign(name))
        if name in macros.UNSEEN:
            while self._option():
                pass
            self._groups()
            if pieces and name not in {"begin", "end", "color"}:
                pieces[-1] = pieces[-1].rstrip(" ~")
            return None
        if name in macros.SILENT:
            return self._pass_space()
        if name in macros.ELSEWHERE:
            self._groups()
            return pieces.append(MISSING)
        return pieces.append(self._named(name))

    def _named(self, name: str) -> str:  # noqa: PLR0911  # a table of kinds
        if name in macros.LAST_COUNTS:
            while self._option():
                pass
            return (self._groups() or [MISSING])[-1]
        if name in {"textsuperscript", "textsubscript"}:
            return (raised if "super" in name else lowered)(self._argument())
        if name in {"frac", "dfrac", "tfrac", "nicefrac", "sfrac", "cfrac"}:
            return f"{_operand(self._argument())}/{_operand(self._argument())}"
        if name == "sqrt":
            return raised(self._option()) + f"√{_operand(self._argument())}"
        if name in {"binom", "tbinom", "dbinom"}:
            return f"C({self._argument()}, {self._argument()})"
        if name == "unicode":
            return _character(self._argument())
        if name in macros.LETTERS:
            self._pass_space()
            self._pass_empty_group()
            return macros.LETTERS[name]
        if name in macros.WORDS or name in macros.FUNCTIONS:
            self._pass_empty_group()
            return macros.WORDS.get(name, name)
        return self._styled_or_unknown(name)

    def _styled_or_unknown(self, name: str) -> str:
        if name.startswith("math") and len(name) > 4:
            letter = self._argument()
            return macros.symbols().get(f"\\{name}{{{letter}}}", letter)
        symbol = macros.symbol(name)
        if symbol and not (self._has_group() and _takes_argument(name)):
            self._pass_empty_group()
            return symbol
        if self._has_group(after_options=True) or _takes_argument(name):
            while not self._has_group() and self._option():
                pass
            groups = self._groups() or [self._argument()]
            if name in {"SI", "qty"}:
                return " ".join(groups)
            return max(groups, key=len) or MISSING
        return MISSING

    def _accented(self, name: str) -> str:
        """Return the next letter with an accent, or nothing where no letter follows."""
        before = self.at, list(self.tokens[self.at : self.at + 1])
        letter = self._argument().replace("ı", "i").replace("ȷ", "j")
        joined = unicodedata.normalize("NFC", letter + macros.ACCENTS[name])
        is_letter = len(letter) == 1 and letter.isalpha()
        if is_letter and (len(joined) == 1 or len(name) > 1):
            return joined
        if len(name) > 1:  # an accent over a whole expression is read without it
            return letter
        self.at = before[0]
        self.tokens[self.at : self.at + 1] = before[1]
        return ""

    def _sign(self, sign: str) -> str:
        if sign in "%&#_$@":
            return _KEPT.get(sign, sign)
        if sign in "{}":
            return _KEPT[sign]
        if sign == "~":
            return "∼"
        if sign in "'\"=.+*":
            return sign
        return "‖" if sign == "|" else " " if sign in "\\ ,;:" else ""

    def _pass_space(self) -> None:
        if self.at < len(self.tokens) and self.tokens[self.at][:1].isspace():
            self.tokens[self.at] = self.tokens[self.at].lstrip()

    def _pass_empty_group(self) -> None:
        if self.tokens[self.at : self.at + 2] == ["{", "}"]:
            self.at += 2


def _operand(text: str) -> str:
    """Return a part of a fraction or root, in brackets where it has parts itself."""
    is_one = len(text) <= 1 or re.fullmatch(r"[^\W_]+[₀-₉ₐ-ₜᵢ-ᵪⱼ⁰-ⁿ²³¹]*|\[…\]", text)
    return text if is_one else f"({text})"


def _character(code: str) -> str:
    with suppress(ValueError, OverflowError):
        found = chr(int(code.removeprefix("x").removeprefix("U+"), 16 if code[:1] in "xU" else 10))
        return found if found.isprintable() else " "
    return MISSING


@lru_cache(maxsize=1_000)
def _takes_argument(name: str) -> bool:
    """Whether a macro is known to dress what follows it."""
    return name in {
        "bm",
        "boldsymbol",
        "operatorname",
        "emph",
        "underline",
        "mbox",
        "text",
        "num",
        "si",
        "SI",
    } or (name.startswith("text") and not macros.symbol(name))
