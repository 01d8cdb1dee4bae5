"""What templates of mails are given: values that stay text, whatever somebody typed into them.

Escaping keeps markup out of HTML. This keeps out what escaping cannot: line
ends and controls, what looks like one of our placeholders, and what a mail
program would turn into a link by itself.
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from newsletter.models import Value
from newsletter.rendering.templating import untrusted

NO_WIDTH: Final = "\N{ZERO WIDTH NON-JOINER}"
"""Stands within what would be an address or a placeholder; readers do not see it."""
_ADDRESSES = frozenset({"url", "base_url", "from_", "reply_to", "bounce_address", "slug"})
_DOI = re.compile(r"10\.[0-9]{4,9}/[^\s/@:<>]+(?:/[^\s/@:<>]+)*", re.ASCII)
_PLACEHOLDER = "_url"
"""Part of each placeholder; broken without its hyphens too, because a template may set one beside it."""
_SCHEME = re.compile(r":(?=//)|(?<=mailto):|@(?=[\w-])", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?<![\w.@/-])(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.[A-Z]{2}(?![\w.@/-])"
    r"|((?<=[^\W_])\.(?=[^\W\d_]{2})|(?<=[A-Za-z0-9])[。．｡](?=[A-Za-z]{2}))"
)
"""A dot within what may be a domain, `fast.ai`; the names of arXiv's categories, `cs.AI`, are none."""


@lru_cache(maxsize=1 << 12)  # mails of one day hold the same papers
def text(typed: str) -> str:
    r"""Return a text as one printable line in which no mail program finds an address to link to.

    Its words stay as they are: what is put in has no width.

    >>> text("see https://evil.example/x").replace(NO_WIDTH, "|"), text("math.NA in v2.0")
    ('see https|://evil|.example/x', 'math.NA in v2.0')
    >>> text("a\n-manage_url-").replace(NO_WIDTH, "|"), text("me@x.org").replace(NO_WIDTH, "|")
    ('a -manage_url|-', 'me|@x|.org')
    """
    return _DOMAIN.sub(lambda dot: NO_WIDTH + dot[0] if dot[1] else dot[0], command(typed))


def command(typed: str) -> str:
    """Return a text in one line without placeholders and schemes; a file's or program's dots stay plain."""
    found = untrusted.line(typed, len(typed) + 1).replace(_PLACEHOLDER, _PLACEHOLDER + NO_WIDTH)
    return _SCHEME.sub(lambda sign: NO_WIDTH + sign[0], found)


def address(typed: str) -> str:
    """Return an address that leads to the same place and holds no placeholder.

    >>> address("https://evil.example/?t=-manage_url-")
    'https://evil.example/?t=-manage_%75rl-'
    """
    return untrusted.line(typed, len(typed) + 1).replace(_PLACEHOLDER, "_%75rl")


def facts(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template may name, with every text in it inert, however deep it stands."""
    return {name: value(one) for name, one in known.items()}


def value(given: Any, field: str = "") -> Any:
    """Return a value with every text in it inert, each as its field's name asks."""
    match given:
        case Enum():
            return given
        case str():
            is_doi = field == "doi" and _DOI.fullmatch(given)
            return address(given) if field in _ADDRESSES else command(given) if is_doi else text(given)
        case tuple() | list():
            return type(given)(value(one, field) for one in given)
        case Value():
            now = {name: value(one, name) for name, one in given if one}
            changed = {name: one for name, one in now.items() if one != getattr(given, name)}
            return given.model_copy(update=changed) if changed else given
        case _:
            return given
