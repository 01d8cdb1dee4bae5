"""An extractive TL;DR: one or two sentences of the abstract, word for word.

Sentences are weighed by position (abstracts open with a setting and close
with results), by cue phrases (Edmundson 1969), and by centrality: how much of
the abstract's vocabulary a sentence shares (Radev et al. 2004, MEAD). Nothing
is ever rewritten, and no sentence is cut: one that is too long is not taken.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, islice

LONGEST = 420
"""Characters that both sentences may have together; about five lines of a phone."""
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
_WORD = re.compile(r"[^\W_]+")
_CUE = re.compile(
    r"\b(?:we (?:propose|present|introduce|develop|show|find|demonstrate|prove|study|release|describe|argue)|"
    r"this (?:paper|work|article|study|report|survey)|here,? we|in this (?:paper|work|study)|"
    r"our (?:method|approach|results|key|model|framework|experiments|findings|analysis)|"
    r"results (?:show|suggest|indicate)|is (?:proposed|presented|introduced))\b",
    re.IGNORECASE,
)
_LEANS_BACK = re.compile(
    r"(?:However|But|Moreover|Furthermore|Additionally|Also|Thus|Hence|Therefore|Yet|These|Those|This|It|They|"
    r"Such|Second|Secondly|Third|Finally|Then|In addition|In contrast|Instead|For example|Specifically|"
    r"To this end|To address this|Code|The code|Our code|Project page)\b"
)
_IS_ADDRESS = re.compile(r"https?://|github\.com|available at", re.IGNORECASE)


def summarise(abstract: str) -> tuple[str, ...]:
    """Return the one or two sentences that tell most of an abstract, verbatim and in their order.

    Empty where no sentence is short enough, or where there is no abstract. A
    sentence ends neither inside a formula nor after an abbreviation.

    >>> summarise("It is late. We propose Tiny, i.e. a model of flow. Results show that Tiny flows.")
    ('We propose Tiny, i.e. a model of flow.', 'Results show that Tiny flows.')
    """
    found = list(islice(sentences(abstract[:_READ]), _SENTENCES))
    if len(abstract) > _READ:
        found = found[:-1]  # the last one read may not be whole
    weights = _weights(found)
    fitting = [
        index for index, sentence in enumerate(found) if weights[index] > 0 and len(sentence) <= LONGEST
    ]
    pairs = [pair for pair in combinations(fitting, 2) if sum(len(found[index]) for index in pair) <= LONGEST]
    choices: list[tuple[int, ...]] = [*((index,) for index in fitting), *pairs]
    best = max(choices, key=lambda chosen: _worth(chosen, found, weights), default=())
    return tuple(found[index] for index in best)


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


def _weights(found: Sequence[str]) -> list[float]:
    """Weigh each sentence by its share in the abstract's words, by cue, and by what spoils a quotation."""
    bags = [_bag(sentence) for sentence in found]
    whole = Counter[str]()
    for bag in bags:
        whole.update(bag)
    weights = []
    for sentence, bag in zip(found, bags, strict=True):
        weight = _likeness(bag, whole)
        if _CUE.search(sentence):
            weight *= 1.5
        if _IS_ADDRESS.search(sentence) or not sentence.endswith(
            (".", "!", "?", "。", "！", "？", '"', "”", ")")
        ):
            weight *= 0.3
        weights.append(weight)
    return weights


def _worth(chosen: tuple[int, ...], found: Sequence[str], weights: Sequence[float]) -> tuple[float, int]:
    """Return what a choice tells; a quotation must not begin by leaning on a sentence that is left out."""
    worth = sum(weights[index] for index in chosen)
    for place, index in enumerate(chosen):
        is_carried = index == 0 or (place > 0 and chosen[place - 1] == index - 1)
        if _LEANS_BACK.match(found[index]) and not is_carried:
            worth -= weights[index] / 2
    if len(chosen) == 2:
        worth -= min(weights[index] for index in chosen) * _likeness(
            *(_bag(found[index]) for index in chosen)
        )
    return round(worth, 6), -chosen[0]


def _bag(sentence: str) -> Counter[str]:
    return Counter(word for word in _WORD.findall(sentence.lower()) if len(word) > 3)


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return the cosine of two bags of words."""
    dot = sum(count * other[word] for word, count in one.items())
    size = math.sqrt(sum(count**2 for count in one.values()) * sum(count**2 for count in other.values()))
    return dot / size if size else 0.0
