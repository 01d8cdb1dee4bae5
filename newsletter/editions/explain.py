"""Say in one sentence, with numbers, why a paper is in the edition."""

from newsletter.models import Entry, Scored

TERMS_SAID = 2


def explain(scored: Scored | Entry) -> str:
    """Return the two largest terms that speak for a paper as one sentence.

    Terms that count against it are left out; where none speaks for it, the
    sentence says so instead of finding a reason.
    """
    said = [reason.detail for reason in scored.reasons if reason.points > 0 and reason.detail][:TERMS_SAID]
    if not said:
        return "New; no readers' votes yet."
    sentence = "; ".join(said)
    return f"{sentence[0].upper()}{sentence[1:]}."
