"""How likely a sentence states what its paper contributes or finds.

A logistic regression on words, opening words, place in the abstract and
overlap with the title (Kupiec, Pedersen and Chen 1995 chose sentences so).
Its weights stand in `contribution.tsv`, one feature per line, and are learnt by
`tests/bench/summary_training.py` from abstracts with summaries that authors
and reviewers wrote.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from newsletter.topics.words.stems import stem
from newsletter.topics.words.vocabulary import STOP_WORDS

_WORD = re.compile(r"[^\W_]+")
_SPEAKS = re.compile(r"\b(?:we|our|this (?:paper|work))\b", re.IGNORECASE)
_LONGEST_NAME = 3
"""Words before a title's colon that may be what a paper calls its method or data."""
_OPENING = 3
"""Words at the start that are also looked at together."""


def likelihoods(title: str, sentences: Sequence[str]) -> list[float]:
    """Return for each sentence of an abstract the probability that it states the contribution or a result."""
    weights = _weights()
    return [
        1 / (1 + math.exp(-math.fsum(weights.get(name, 0.0) * value for name, value in found.items())))
        for found in features(title, sentences)
    ]


@cache
def _weights() -> Mapping[str, float]:
    lines = files(__package__).joinpath("contribution.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {name: float(weight) for name, weight in rows}


def features(title: str, sentences: Sequence[str]) -> Iterator[dict[str, float]]:
    """Yield what is looked at in each sentence; all values lie about between 0 and 1."""
    about = set(_stems(title))
    bags = [Counter(_stems(sentence)) for sentence in sentences]
    whole: Counter[str] = Counter()
    for bag in bags:
        whole.update(bag)
    name = _coined(title)
    has_spoken = has_named = False
    for index, (sentence, bag) in enumerate(zip(sentences, bags, strict=True)):
        is_named = bool(name) and name in sentence.casefold()
        speaks = is_named or _SPEAKS.search(sentence) is not None
        yield {
            "always": 1.0,
            **_wording(sentence),
            **_place(index, len(sentences)),
            "title held": sum(one in bag for one in about) / max(1, len(about)),
            "of title": sum(bag[one] for one in about) / max(1, bag.total()),
            "named": float(is_named),
            "first to name": float(is_named and not has_named),
            "central": _likeness(bag, whole),
            "first to speak of us": float(speaks and not has_spoken),
            "after that": float(has_spoken),
        }
        has_spoken |= speaks
        has_named |= is_named


def _coined(title: str) -> str:
    """Return the name that a title gives before its colon, in lower case, or nothing.

    >>> _coined("WorldMark: A Benchmark"), _coined("A Survey of Agents: What We Know So Far"), _coined("Flow")
    ('worldmark', '', '')
    """
    name, colon, _ = title.partition(":")
    return name.strip().casefold() if colon and len(name.split()) <= _LONGEST_NAME else ""


def _wording(sentence: str) -> dict[str, float]:
    words = _WORD.findall(sentence.lower())
    found = {f"has {word}": 1.0 for word in words}
    found |= {f"opens {' '.join(words[:count])}": 1.0 for count in range(1, _OPENING + 1)}
    return found | {
        "log of words": math.log(len(words) + 1) / 4,
        "over 180 characters": max(0, len(sentence) - 180) / 100,
        "under 80 characters": max(0, 80 - len(sentence)) / 80,
    }


def _place(index: int, count: int) -> dict[str, float]:
    return {
        f"from start {min(index, 4)}": 1.0,
        f"from end {min(count - 1 - index, 3)}": 1.0,
        "depth": index / max(1, count - 1),
    }


def _stems(text: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return the cosine of two bags of words."""
    dot = sum(count * other[word] for word, count in one.items())
    size = math.sqrt(sum(count**2 for count in one.values()) * sum(count**2 for count in other.values()))
    return dot / size if size else 0.0
