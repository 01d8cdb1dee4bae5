"""What a search brings back: frozen values, free of the engine."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from newsletter.models import Paper


class Piece(NamedTuple):
    """Part of a text, as it was written: code that shows it escapes it."""

    text: str
    is_match: bool = False


class Author(NamedTuple):
    """Somebody who wrote a paper."""

    name: str
    slug: str
    """Of their page; empty where the name has no letters."""
    is_match: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found."""

    paper: Paper
    """As the index has it: one mention, and no votes."""
    edition: date | None
    """Which edition announced it, if one did."""
    title: tuple[Piece, ...]
    snippet: tuple[Piece, ...]
    """Part of the abstract, with what was looked for in it if possible."""
    authors: tuple[Author, ...]
    """The first ones, and those who were looked for."""
    others: int
    """How many authors are not among `authors`."""
    score: float


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what was found, the best first."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1
    """How many may be asked for; beyond the last, nothing is as good as what came before."""
    corrections: tuple[tuple[str, str], ...] = ()
    """Words that no paper holds, and those that were looked for instead."""
    suggestion: str | None = None
    """A query that finds far more, where a word looks mistyped."""
    is_loose: bool = False
    """Whether no paper holds every word, so that these hold only most of them."""
