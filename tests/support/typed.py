"""What strangers type to be obeyed, planted in every text of a value; and what a rendered text leads to."""

import dataclasses
import re
import typing
from collections import Counter
from typing import Any

from newsletter.models import Value

HARMLESS = "plain words of no consequence"
HOSTILE = {
    "link": 'x <a href="https://evil.example/x">Verify</a>',
    "pixel": "x <img src=//evil.example/p.gif>",
    "script": 'x"><script>alert(1)</script>',
    "attribute": "x\" onmouseover='alert(1)' style=\"color:red",
    "end of what stands around": "x --> ]]> </style></title></p></td></table><h1>x",
    "template": "x {{ site.base_url }} {% include 'x' %} {# x",
    "entities": "x &lt;b&gt; &#45;manage_url&#45; &#60;i&#62;",
    "the placeholders": "x -unsubscribe_url- -manage_url- -confirm_url- -reject_url- -unsubscribe_mail_url-",
    "a placeholder that nothing fills": "x-foo_url-",
    "half a placeholder": "-manage_url",
    "address": "x https://evil.example/x HTTP://EVIL.EXAMPLE ftp://evil.example",
    "host": "x www.evil.example evil.example fast.ai evil.co.uk/x evil。example",
    "mailbox": "x mailto:a@evil.example a@evil.example",
    "mailbox at a hyphen": "x@-manage_url: x@-_url-:",
    "lines": "x\r\nBcc: victim@evil.example\r\n\r\nhttps://evil.example\n.\n",
    "controls": "x\x00\x07\x1b[31m\x7f\x85\u2028\u2029\u202e\u2066\ud800x",
    "a provider's marks": "x [unsubscribe] <% x %> %asm_group_unsubscribe_raw_url% <<1>> %s %%",
}
_LEADS_SOMEWHERE = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|www\.\S+|mailto:\S+|[\w.+-]+@[\w-]+|(?:[\w-]+[.。])+[^\W\d_]{2,}", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"-[a-z_]+_url-")
_KEPT = {
    *("url", "base_url", "from_", "reply_to", "bounce_address", "slug", "id", "timezone", "source"),
    *("token", "stamp", "path", "address", "content", "kind", "at", "home", "place", "before", "after"),
    *(
        "again",
        "shown",
        "older",
        "newer",
        "manage",
        "root",
        "api",
        "sure",
        "regions",
        "mailer",
        "months",
        "weeks",
    ),
}
"""Addresses, keys and our own words: what they may be is checked where they come in."""


def planted(given: Any, text: str, field: str = "") -> Any:
    """Return a value with `text` in place of every text that somebody could have typed."""
    if field in _KEPT:
        return given
    if isinstance(given, Value):
        texts = {
            name: planted(getattr(given, name), text, name)
            for name, one in type(given).model_fields.items()
            if typing.get_origin(one.annotation) is not typing.Literal
        }
        return given.model_copy(update=texts)
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        names = [one.name for one in dataclasses.fields(given)]
        return dataclasses.replace(
            given, **{name: planted(getattr(given, name), text, name) for name in names}
        )
    if isinstance(given, dict):
        return {name: planted(one, text, name) for name, one in given.items()}
    if isinstance(given, tuple | list):
        names = getattr(given, "_fields", [field] * len(given))
        return _like(given, [planted(one, text, name) for name, one in zip(names, given, strict=True)])
    return text if type(given) is str and given else given


def _like(given: Any, members: list[Any]) -> Any:
    return type(given)(*members) if hasattr(given, "_fields") else type(given)(members)


def led_to(text: str) -> Counter[str]:
    """Return what a mail program could make a link of, and the placeholders, each as often as it stands."""
    return Counter(_LEADS_SOMEWHERE.findall(text)) + Counter(_PLACEHOLDER.findall(text))
