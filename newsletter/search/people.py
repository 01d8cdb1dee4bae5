"""Authors' names as addresses: `/authors/yann-lecun`."""

import re
import unicodedata

_LONGEST = 80
_PART = re.compile(r"[^\W_]+")


def slug(name: str) -> str:
    """Return a name's address, the same whatever its case, accents and marks; "" where it has no letters.

    Two people of one name share it, and nothing here can tell them apart.

    >>> slug("José da Silva"), slug("LeCun, Yann"), slug("G. E. Hinton"), slug("李飞飞"), slug("…")
    ('jose-da-silva', 'yann-lecun', 'g-e-hinton', '李飞飞', '')
    """
    last, comma, first = name.partition(",")
    ordered = f"{first} {last}" if comma and "," not in first else name
    plain = ordered if ordered.isascii() else _without_marks(ordered)
    return unicodedata.normalize("NFC", "-".join(_PART.findall(plain.lower())))[:_LONGEST].strip("-")


def _without_marks(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
