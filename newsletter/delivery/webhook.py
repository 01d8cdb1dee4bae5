"""Post an alert to an address of the operator's: the way that is left when no mail leaves."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Final

PATIENCE_SECONDS: Final = 10.0


def post(url: str, headline: str, known: Sequence[str], todo: str) -> str:
    """Post an alert as JSON and return why it was not taken, or nothing.

    `text` holds everything in lines, which chat services show as a message;
    `headline`, `known` and `todo` are for programs. The address is a secret, so
    it stands in no answer.
    """
    text = "\n".join((headline, *known, todo))
    body = json.dumps({"text": text, "headline": headline, "known": list(known), "todo": todo}).encode()
    request = urllib.request.Request(  # noqa: S310 - the setting takes http and https alone
        url, data=body, headers={"Content-Type": "application/json", "User-Agent": "Trending Papers"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310 - as above
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"NEWSLETTER_ALERT_URL answers {error.code}. Look whether it is the one that you were given."
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"NEWSLETTER_ALERT_URL does not answer ({type(reason).__name__}). Look whether it is reached."
