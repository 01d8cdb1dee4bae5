"""What an address is, when two are one person, and what was probably meant.

An address is sent to as it was typed (local parts may tell case apart, RFC
5321 section 2.4) and compared by its key, which folds upper into lower case
and no more: `ſmith` and `smith`, `groß` and `gross` may be two people. A
`+tag` is part of the address: it is never dropped.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from newsletter.errors import InvalidInputError

LONGEST_ADDRESS = 254
"""In octets (RFC 5321 section 4.5.3.1.3, less the angle brackets)."""
_KNOWN_DOMAINS = (
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "yahoo.com",
    "icloud.com",
    "protonmail.com",
    "proton.me",
    "fastmail.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "aol.com",
    "yandex.ru",
    "mail.ru",
    "qq.com",
    "163.com",
    "126.com",
    "naver.com",
)
_ALSO_REAL = frozenset(
    {"mail.com", "email.com", "ymail.com", "gmx.com", "gmx.at", "gmx.ch", "live.cn", "mail.de", "aol.de"}
)
"""One letter from a well-known domain, and people's addresses nevertheless."""
_SHORTEST_GUESS = 6
"""Below this length two real domains are often one letter apart (gmx.de, qmx.de)."""


@dataclass(frozen=True)
class Address:
    """An address that mail can be sent to."""

    typed: str
    """What to send to: the local part as typed, the domain in its Unicode form."""
    key: str
    """What to compare by: local part in lower case, domain in IDNA and lower case."""


def parse(text: str) -> Address:
    """Return the address in `text`, surrounding blanks aside.

    Nothing is looked up. Raises `InvalidInputError` whose message says what is
    wrong in words that fit below a form field.

    >>> parse(" Ada.Lovelace+papers@Example.ORG ").key
    'ada.lovelace+papers@example.org'
    """
    text = text.strip()
    if len(text.encode("utf-8", "replace")) > LONGEST_ADDRESS:
        raise InvalidInputError(
            f"An address has at most {LONGEST_ADDRESS} characters. Please check what you typed."
        )
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except (EmailNotValidError, UnicodeError) as error:
        reason = str(error).rstrip(".") if isinstance(error, EmailNotValidError) else "It is not text"
        raise InvalidInputError(f"{reason}. Please type it like name@example.org.") from error
    domain = found.ascii_domain.lower()
    return Address(typed=found.normalized, key=f"{found.local_part.lower()}@{domain}")


def key_of(typed: str) -> str:
    """Return the key of an address that was parsed before: quickly, for a thousand at once.

    >>> key_of("Ada@Example.org"), key_of("ada@bücher.example")
    ('ada@example.org', 'ada@xn--bcher-kva.example')
    """
    return typed.lower() if typed.isascii() else _parsed_key(typed)


@lru_cache(maxsize=4096)
def _parsed_key(typed: str) -> str:
    return parse(typed).key


def suggestion(address: Address) -> str | None:
    """Return the address that was probably meant, where the domain is one slip from a well-known one.

    One slip is a letter too many, missing, wrong, or two swapped. People who
    really use such a domain can insist: this is a question, not a refusal.

    >>> suggestion(parse("ada@gmial.com"))
    'ada@gmail.com'
    >>> suggestion(parse("ada@example.org")) is None
    True
    """
    local, _, domain = address.typed.rpartition("@")
    if domain in _ALSO_REAL or domain in _KNOWN_DOMAINS or len(domain) < _SHORTEST_GUESS:
        return None
    meant = next((known for known in _KNOWN_DOMAINS if _is_one_slip(domain, known)), None)
    return f"{local}@{meant}" if meant else None


def digest(key: str) -> tuple[int, int]:
    """Return where an address's key is indexed: a bucket of 14 bits, and 64 bits within it.

    Together 78 bits of SHA-256: the chance that among a million people any two
    share one is 2 in 10^12. The second number is signed, because Redis packs a
    signed 64-bit integer into ten bytes.
    """
    return place(hashlib.sha256(key.encode()).digest())


def place(hashed: bytes) -> tuple[int, int]:
    """Return where an address is indexed whose key has this SHA-256; its first ten bytes will do."""
    return int.from_bytes(hashed[:2], "big") >> 2, int.from_bytes(hashed[2:10], "big", signed=True)


def masked(address: str) -> str:
    """Return an address that a log or a screen may show.

    >>> masked("ada.lovelace@example.org")
    'a…@example.org'
    """
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _is_one_slip(typed: str, known: str) -> bool:
    if typed == known or abs(len(typed) - len(known)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, known, strict=False)) if a != b), len(known))
    mine, theirs = typed[start:], known[start:]
    return (
        mine[1:] == theirs  # a letter too many
        or mine == theirs[1:]  # a letter missing
        or mine[1:] == theirs[1:]  # a wrong letter
        or (mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:])  # two letters swapped
    )
