"""What is counted of a paper."""

from datetime import timedelta

from builders import NOON, a_paper

from newsletter.models import Look, Mention, Paper
from newsletter.rendering.signals import said, signals


def a_counted_paper(*looks: tuple[str, dict[str, int]]) -> Paper:
    """A paper that places showed with these numbers, each an hour after the one before."""
    return a_paper(
        mentions=tuple(
            Mention(
                source=url,
                url=url,
                first_seen=NOON,
                looks=(Look(at=NOON + timedelta(hours=hour), **numbers),),
            )
            for hour, (url, numbers) in enumerate(looks)
        )
    )


def test_places_add_up_and_feeds_of_one_place_do_not() -> None:
    """Two feeds of one page show the same upvotes; another place has its own; stars are of one repository."""
    page = "https://huggingface.co/papers/1"
    paper = a_counted_paper(
        (page, {"votes": 160, "comments": 12, "stars": 780}),
        (page + "?rss", {"votes": 163}),
        ("https://news.ycombinator.com/item?id=1", {"votes": 40, "comments": 1, "stars": 782}),
    )
    assert [one.shown for one in signals(paper)] == ["▲ 203", "💬 13", "★ 782"]
    assert said(paper) == "203 upvotes, 13 comments, 782 stars"


def test_the_latest_number_counts_and_nothing_is_said_of_nothing() -> None:
    """A look that shows no comments does not undo those seen before; zero and unknown are left out."""
    mention = a_counted_paper(("https://huggingface.co/papers/1", {"votes": 9, "comments": 1})).mentions[0]
    later = Look(at=NOON + timedelta(hours=5), votes=1204, stars=0)
    paper = a_paper(mentions=(mention.model_copy(update={"looks": (*mention.looks, later)}),))
    assert said(paper) == "1,204 upvotes, 1 comment"
    assert signals(a_paper()) == ()
    assert said(a_paper()) == ""
