"""Which stored papers an edition may announce. Pure."""

import re
from datetime import date, datetime, timedelta

from newsletter.models import Mention, Paper

WINDOW = timedelta(days=7)
"""How long a paper may still be announced: five publishing days and a weekend, by when votes have settled."""
_MONTHS_OF_NEWS = 2
"""How old an arXiv number may be that an entry without a date names."""
_AGAIN = frozenset({"replace", "replace-cross"})


def is_candidate(paper: Paper, since: datetime, now: datetime, *, was_offered: bool) -> bool:
    """Tell whether an edition composed at `now` weighs a paper that none has announced.

    It does, for a week after somebody first told of it as news, where no tail
    has held the paper yet, or where since `since`, when the last edition was
    composed, some place has begun to show it or has shown other votes of it: a
    paper that found no seat gets another chance when readers notice it, and
    only then. No news is a new version, nor an entry that was old when its
    source was first read, as all of an archive are. Withdrawn papers are never
    weighed, nor those that a post names by number alone: nobody could tell
    what they are.
    """
    told = [mention for mention in paper.mentions if _is_news(paper, mention)]
    is_named = paper.title not in {f"arXiv:{paper.arxiv_id}", f"doi:{paper.doi}"}
    if paper.withdrawn or not is_named or not told:
        return False
    if not timedelta() <= now - min(mention.first_seen for mention in told) <= WINDOW:
        return False
    return not was_offered or any(_is_noticed(mention, since, now) for mention in told)


def was_forgotten(paper: Paper, offered: date | None) -> bool:
    """Whether a paper of a tail expired, and was taken for a new one when a source still listed it."""
    return offered is not None and paper.first_seen.date() > offered + timedelta(days=2)


def _is_news(paper: Paper, mention: Mention) -> bool:
    """Whether an entry was new when it was first seen.

    One without a date is as old as the arXiv number that it names, unless it shows votes.
    """
    if mention.announce_type in _AGAIN:
        return False
    if mention.announced:
        return mention.first_seen - mention.announced <= WINDOW
    numbered = re.match(r"([0-9]{2})([0-9]{2})\.", paper.arxiv_id or "")
    if mention.announce_type or not numbered or any(look.votes is not None for look in mention.looks):
        return True
    months = 12 * (2000 + int(numbered[1])) + int(numbered[2])
    return 12 * mention.first_seen.year + mention.first_seen.month - months <= _MONTHS_OF_NEWS


def _is_noticed(mention: Mention, since: datetime, now: datetime) -> bool:
    looks = (look.at for look in mention.looks if look.votes is not None)
    return any(since < moment <= now for moment in (mention.first_seen, *looks))
