"""Raised and lowered text in plain Unicode: `10⁶`, `SrTiO₃`, and `2^q` where Unicode has no letter."""

import re

_UP = str.maketrans(
    "0123456789+-−–=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδθιφχ*'′∘°,.®™†‡",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿᶥᵠᵡ*′′°°,·®™†‡",
)
_DOWN = str.maketrans("0123456789+-−–=()aehijklmnoprstuvxβγρφχ,", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ,")
_READY = frozenset("′″‴°®™℠©*†‡")
"""Signs that stand high by themselves."""
_ONE_THING = re.compile(r"[^\W_]+(?:[/'-][^\W_]+)*|\S")


def raised(text: str) -> str:
    """Return a text as it is written above the line.

    >>> raised("-6"), raised("2+"), raised("q"), raised("x/y z")
    ('⁻⁶', '²⁺', '^q', '^(x/y z)')
    """
    return _moved(text, _UP, "^")


def lowered(text: str) -> str:
    """Return a text as it is written below the line.

    >>> lowered("3"), lowered("max"), lowered("C")
    ('₃', 'ₘₐₓ', '_C')
    """
    return _moved(text, _DOWN, "_")


def _moved(text: str, table: dict[int, int], sign: str) -> str:
    text = " ".join(text.split())
    if not text or set(text) <= _READY:
        return text
    if all(ord(one) in table for one in text):
        return text.translate(table)
    return f"{sign}{text}" if _ONE_THING.fullmatch(text) else f"{sign}({text})"
