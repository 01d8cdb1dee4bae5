"""An extractive TL;DR: the one sentence of the abstract that tells what is new, word for word.

Of the sentences that can be quoted alone the likeliest to state the
contribution or a result is taken (`contribution`). Nothing is ever rewritten,
and no sentence is cut: one that is too long is not taken, and where none
qualifies nothing is shown.
"""

import re
from collections.abc import Iterator
from itertools import islice

from newsletter.editions.assembly.contribution import likelihoods

LONGEST = 220
"""Characters of a sentence that is quoted; about three lines of a phone."""
LEAST_LIKELY = 0.05
"""Probability of stating the contribution below which a sentence is not shown; the average one has .15."""
_READ = 12_000
"""Characters of an abstract that are looked at."""
_SENTENCES = 40

_FORMULA = re.compile(r"\$\$.{1,999}?\$\$|\$[^$]+\$|\\\(.{1,999}?\\\)|\\\[.{1,999}?\\\]", re.DOTALL)
_END = re.compile(r"""(?:[.!?]+["'”’)\]]*(?=\s|$))|(?:[。！？]+[”’」』）]*)""")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"'-])(?:e\.\s?g|i\.\s?e|et\s+al|etc|vs|cf|viz|ca|resp|approx|w\.r\.t|a\.k\.a|i\.i\.d|u\.s|"
    r"figs?|eqs?|secs?|tabs?|refs?|no|nos|vol|pp|ch|dr|prof|mr|mrs|ms|st|inc|ltd|jr|[a-z]|(?:[a-z]\.)+[a-z])\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 40
"""Characters before a full stop that are looked at: an abstract of full stops must not cost its square."""
_CLOSES_ANYWAY = re.compile(r"(?:et al|etc|U\.S|a\.k\.a|i\.i\.d)\.$")
_STARTS = re.compile(r"\s*[\"'“‘(\[$\\]*(?:[A-Z0-9À-ÞΑ-ЯЀ-Я]|[^\W_a-zA-Z])")
_LEANS_BACK = re.compile(
    r"[\s\"'“‘(]*(?:however|but|yet|and|or|so|also|thus|hence|therefore|then|moreover|further(?:more)?|besides|"
    r"in (?:addition|contrast|particular|turn|this way|doing so)|additionally|specifically|concretely|"
    r"consequently|accordingly|as (?:a result|such)|for (?:example|instance|this|these|that)|instead|"
    r"nevertheless|nonetheless|conversely|similarly|likewise|meanwhile|first(?:ly)?|second(?:ly)?|third(?:ly)?|"
    r"finally|lastly|next|on the other hand|by (?:contrast|comparison|doing so|doing this)|this|that is|"
    r"these|those|such|it|its|they|their|he|she|both|the (?:former|latter|same|resulting|above)|"
    r"(?:to|with|using|under|from|based on|motivated by|inspired by|building on|given|despite|due to|"
    r"because of) "
    r"(?:this|these|that|those|such|the above|both)|to this end|"
    r"to (?:bridge|address|tackle|fill|mitigate|overcome|solve|close|remedy|achieve|do|verify|enable) "
    r"(?:this|these|that|those|it|so|such))\b",
    re.IGNORECASE,
)
_ADDRESS = r"https?:|www\.|\S@\S|\b[\w-]+\.(?:com|org|io|net|edu|ai|dev)\b|\bavailable (?:at|here|on)\b"
_MACRO = r"\\|\$|[{}]|~\d|@xmath|&\w+;|</?[a-z]"
_EMPTY_SLOT = r"\(\s*[,;.]?\s*\)|\[[\s\d,…–-]*\]|\s[,;.](?:\s|$)|\b(?:TODO|TBD|XX+)\b|__+|\?\?|(?:\.\.\.|…)$"
_SPOILT = re.compile(f"{_ADDRESS}|{_MACRO}|{_EMPTY_SLOT}", re.IGNORECASE)
_IS_WHOLE = re.compile(r"[.!?。！？]+[\"'”’)\]」』）]*$")
_BRACKETS = (("(", ")"), ("[", "]"), ("“", "”"), ("（", "）"), ("「", "」"), ("『", "』"))


def summarise(abstract: str, title: str = "") -> tuple[str, ...]:
    """Return the sentence that best says what a paper contributes or finds, verbatim; none where none does.

    It can be read alone: it never begins by leaning on the sentence before,
    and holds no address, no macro and no slot that a lost formula left empty.

    >>> summarise("It is late. We propose Tiny, i.e. a model of flow. This shows that Tiny flows.")
    ('We propose Tiny, i.e. a model of flow.',)
    """
    found = list(islice(sentences(abstract[:_READ]), _SENTENCES))
    if len(abstract) > _READ:
        found = found[:-1]  # the last one read may not be whole
    likely = likelihoods(title[:_READ], found)
    fitting = [index for index, sentence in enumerate(found) if _stands_alone(sentence)]
    best = max(fitting, key=lambda index: (round(likely[index], 6), -index), default=None)
    return (found[best],) if best is not None and likely[best] >= LEAST_LIKELY else ()


def _stands_alone(sentence: str) -> bool:
    """Tell whether a sentence can be quoted without the others."""
    return (
        len(sentence) <= LONGEST
        and _IS_WHOLE.search(sentence) is not None
        and not _LEANS_BACK.match(sentence)
        and not _SPOILT.search(sentence)
        and all(sentence.count(opening) == sentence.count(closing) for opening, closing in _BRACKETS)
    )


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, each a part of it word for word.

    >>> list(sentences("See Fig. 2 of Li et al. for $a. B$. It holds, e.g. here. Ja!"))
    ['See Fig. 2 of Li et al. for $a. B$.', 'It holds, e.g. here.', 'Ja!']
    """
    formulas = [match.span() for match in _FORMULA.finditer(text)]
    start = passed = 0
    for match in _END.finditer(text):
        while passed < len(formulas) and formulas[passed][1] <= match.start():
            passed += 1
        if passed < len(formulas) and formulas[passed][0] <= match.start():
            continue
        before = text[max(start, match.end() - _LONGEST_ABBREVIATION) : match.end()]
        if not _is_end(before, text[match.end() : match.end() + 20]):
            continue
        if sentence := text[start : match.end()].strip():
            yield sentence
        start = match.end()
    if rest := text[start:].strip():
        yield rest


def _is_end(before: str, after: str) -> bool:
    if before[-1] in "。！？”」』）" or not after.strip():
        return True
    if not _STARTS.match(after):
        return False
    return not _ABBREVIATION.search(before) or (
        bool(_CLOSES_ANYWAY.search(before)) and after.strip()[:1].isupper()
    )
