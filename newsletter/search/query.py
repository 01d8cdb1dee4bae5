"""What a reader typed, taken apart: words, "phrases", names after author: and the like, and -not."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, cast

LONGEST = 300
"""Characters that are looked at; a title has a third of that."""
MOST_CLAUSES = 12
"""Each costs time, and nobody remembers more of a paper."""

_CLAUSE = re.compile(
    r'(?P<minus>-)?(?:(?P<field>author|title|category|source):\s*)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_QUOTES = str.maketrans("“”„‟«»＂", '"""""""')


Field = Literal["any", "author", "title", "category", "source"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One word or phrase and where it must, or must not, stand."""

    text: str
    field: Field = "any"
    is_phrase: bool = False
    is_excluded: bool = False

    def __str__(self) -> str:
        """Write it as a reader would."""
        quoted = f'"{self.text}"' if self.is_phrase else self.text
        named = "" if self.field == "any" else f"{self.field}:"
        return f"{'-' * self.is_excluded}{named}{quoted}"


@dataclass(frozen=True, slots=True)
class Query:
    """A question; `str` gives it back in its shortest form."""

    clauses: tuple[Clause, ...] = ()
    is_cut: bool = False
    """Whether more was typed than is looked at."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for (what must not be there alone asks for nothing)."""
        return all(clause.is_excluded for clause in self.clauses)

    def __str__(self) -> str:
        """Write it as a reader would."""
        return " ".join(map(str, self.clauses))


def parse(text: str) -> Query:
    r"""Read a query; whatever was typed is one.

    >>> [str(clause) for clause in parse('Author:hinton “flow matching” -survey gpt-4 "open').clauses]
    ['author:hinton', '"flow matching"', '-survey', 'gpt-4', '"open"']
    >>> parse("- \x00 ()").is_empty
    True
    """
    line = " ".join(_printable(unicodedata.normalize("NFKC", text[: LONGEST + 1])).split())
    found = [_clause(match) for match in _CLAUSE.finditer(line[:LONGEST].translate(_QUOTES))]
    clauses = tuple(dict.fromkeys(one for one in found if any(letter.isalnum() for letter in one.text)))
    return Query(clauses[:MOST_CLAUSES], is_cut=len(text) > LONGEST or len(clauses) > MOST_CLAUSES)


def _clause(match: re.Match[str]) -> Clause:
    phrase = match["phrase"]
    return Clause(
        text=(match["word"] if phrase is None else phrase).strip(),
        field=cast("Field", (match["field"] or "any").lower()),
        is_phrase=phrase is not None,
        is_excluded=match["minus"] is not None,
    )


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
