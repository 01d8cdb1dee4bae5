"""HTML as mail clients need it: styles in the elements, ASCII alone, every text's direction told."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from css_inline import CSSInliner
from markupsafe import Markup

_BLANK = re.compile(r"\n\s*\n|\n[ \t]+")
_KEPT_STYLE = re.compile(r'<style data-css-inline="keep">(.*?)</style>', re.DOTALL)
_RULE = re.compile(r"^([^\n{}@]+)\{[^\n{}]*\}\n", re.MULTILINE)
_TAG = re.compile(r"<[a-z][a-z0-9]* [^<>]*>")
_CLASSES = re.compile(r' class="([^"]*)"')
_CLASS_NAME = re.compile(r"\.([a-z]+)")


def for_mail(html: str) -> str:
    """Move the styles into the elements and write everything beyond ASCII as numeric entities.

    What cannot stand in an element, the rules for dark screens and phones,
    stays in one style block, less the rules for what this mail does not hold;
    classes that no rule names are dropped. Nothing is fetched. Pure ASCII
    because providers choose a charset by the content, and a wrong choice
    makes Gmail clip mails.
    """
    inlined = _BLANK.sub("\n", _inliner().inline(html))
    return _without_unused(inlined).encode("ascii", "xmlcharrefreplace").decode("ascii")


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False, minify_css=True)


def _without_unused(html: str) -> str:
    found = _KEPT_STYLE.search(html)
    if found is None:
        return html
    head, body = html[: found.start()], html[found.end() :]
    used = {name for tag in _TAG.findall(body) for names in _CLASSES.findall(tag) for name in names.split()}

    def if_used(rule: re.Match[str]) -> str:
        selectors = [one for one in rule[1].split(",") if used.issuperset(_CLASS_NAME.findall(one))]
        return ",".join(selectors).strip() + rule[0][len(rule[1]) :] if selectors else ""

    style = _RULE.sub(if_used, found[1])
    named = frozenset(_CLASS_NAME.findall(style))

    def if_named(classes: re.Match[str]) -> str:
        kept = [name for name in classes[1].split() if name in named]
        return f' class="{" ".join(kept)}"' if kept else ""

    body = _TAG.sub(lambda tag: _CLASSES.sub(if_named, tag[0]), body)
    return f"{head}<style>{style}</style>{body}"


def direction(text: str) -> str:
    """Return `rtl` or `ltr` by the first letter that has a direction (Unicode annex 9, rule P2).

    >>> direction("שלום world"), direction("12 مرحبا"), direction("plain")
    ('rtl', 'rtl', 'ltr')
    """
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind in {"L", "R", "AL"}:
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


@lru_cache(maxsize=1 << 12)  # asked of each title and sentence, mail after mail
def language(text: str) -> str | None:
    """Return the language that a text's script gives away, or None where several share the script.

    >>> language("流れのマッチング"), language("강화 학습"), language("流匹配"), language("flow")
    ('ja', 'ko', 'zh', None)
    """
    scripts = [unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter > "\u0590"]
    if any(script in {"HIRAGANA", "KATAKANA"} for script in scripts):
        return "ja"
    for script, code in (("HANGUL", "ko"), ("CJK", "zh"), ("HEBREW", "he")):
        if scripts.count(script) * 2 > len([letter for letter in text if letter.isalpha()]):
            return code
    return None


def tongue(text: str) -> Markup:
    """Return the `dir` and `lang` attributes that a stranger's text needs within an English mail.

    >>> str(tongue("Flow matching")), str(tongue("שלום עולם"))
    ('', ' dir="rtl" lang="he"')
    """
    found = Markup(' dir="rtl"') if direction(text) == "rtl" else Markup("")
    code = language(text)
    return found + (Markup(' lang="{}"').format(code) if code else "")


FILTERS: dict[str, Callable[..., Any]] = {"tongue": tongue}
"""What templates of HTML can say."""
