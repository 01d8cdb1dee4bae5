"""Which stored papers an edition may announce. Pure."""

from datetime import datetime, timedelta

from newsletter.models import Mention, Paper

WINDOW = timedelta(days=7)
"""How long a paper may still be announced: five publishing days and a weekend, by when votes have settled."""
_AGAIN = frozenset({"replace", "replace-cross"})


def is_candidate(paper: Paper, since: datetime, now: datetime, *, was_offered: bool) -> bool:
    """Tell whether an edition composed at `now` weighs a paper that none has announced.

    It does, for a week, where no tail has held the paper yet, or where since
    `since`, when the last edition was composed, some place has begun to show
    it or has shown other votes of it: a paper that found no seat gets another
    chance when readers notice it, and only then. Withdrawn papers are never
    weighed, nor those known from announcements of new versions alone, nor
    those that a post names by number alone: nobody could tell what they are.
    """
    told = [mention for mention in paper.mentions if mention.announce_type not in _AGAIN]
    is_named = paper.title not in {f"arXiv:{paper.arxiv_id}", f"doi:{paper.doi}"}
    if paper.withdrawn or not is_named or not told or not timedelta() <= now - paper.first_seen <= WINDOW:
        return False
    return not was_offered or any(_is_noticed(mention, since, now) for mention in told)


def _is_noticed(mention: Mention, since: datetime, now: datetime) -> bool:
    looks = (look.at for look in mention.looks if look.votes is not None)
    return any(since < moment <= now for moment in (mention.first_seen, *looks))
