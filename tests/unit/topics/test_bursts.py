"""What a day talks of more than usual."""

from datetime import date, timedelta

from builders import a_paper

from newsletter.topics import bursts
from newsletter.topics.memory.memory import Memory

DAY = date(2026, 6, 10)
CALM = ["video generation", "speech recognition", "protein folding", "image retrieval", "graph matching"]


def a_day(count, subjects=CALM, start=0):
    """Return papers that take up the subjects in turn, each by an author of its own."""
    return [
        a_paper(
            id=f"p{start + n:05}",
            title=f"{subjects[n % len(subjects)].title()}",
            abstract=f"We study {subjects[n % len(subjects)]}.",
            authors=(f"Author {start + n}",),
        )
        for n in range(count)
    ]


def a_memory(days=12):
    """Return a memory of calm days of fifty papers."""
    memory = Memory()
    for back in range(days, 0, -1):
        memory = memory.learn(a_day(50, start=1000 * back), DAY - timedelta(days=back))
    return memory


def test_a_phrase_far_above_its_usual_share_bursts_with_its_ratio():
    """Ten times as many papers on one subject are named, with how many times its usual share that is."""
    memory = a_memory().learn(a_day(4, ["quantum annealing"], start=90_000), DAY)
    today = a_day(40) + a_day(10, ["quantum annealing"], start=500)
    first, *_ = bursts(today, memory)
    assert first.phrase == "quantum annealing"
    assert len(first.papers) == 10
    assert first.ratio > 4


def test_a_flood_of_the_usual_bursts_nothing():
    """Shares are compared: a Tuesday with four times the papers is no news."""
    assert bursts(a_day(200), a_memory()) == ()


def test_one_groups_papers_are_no_burst():
    """Papers that share an author are one voice."""
    memory = a_memory().learn(a_day(4, ["quantum annealing"], start=90_000), DAY)
    voices = [
        paper.model_copy(update={"authors": ("The same person",)})
        for paper in a_day(10, ["quantum annealing"], start=500)
    ]
    assert "quantum annealing" not in {one.phrase for one in bursts(a_day(40) + voices, memory)}


def test_what_is_only_mentioned_is_not_talked_of():
    """A phrase in many abstracts and no title is no burst."""
    memory = a_memory().learn(a_day(4, ["quantum annealing"], start=90_000), DAY)
    mentions = [
        paper.model_copy(update={"abstract": f"{paper.abstract} As in quantum annealing."})
        for paper in a_day(40)
    ]
    assert "quantum annealing" not in {one.phrase for one in bursts(mentions, memory)}


def test_without_a_memory_nothing_is_usual_and_nothing_bursts():
    """What is not known is not claimed."""
    assert bursts(a_day(50), Memory()) == ()
    assert bursts([], a_memory()) == ()


def test_a_burst_that_builds_up_over_days_is_seen():
    """Three days of a little more each tell what one day alone would not."""
    subject = ["quantum annealing"]
    memory = a_memory().learn(a_day(4, subject, start=90_000), DAY)
    once = {one.phrase: one.surprise for one in bursts(a_day(46) + a_day(4, subject, start=500), memory)}
    for back in (2, 1):
        day = a_day(46, start=7000 + 100 * back) + a_day(4, subject, start=8000 + 100 * back)
        memory = memory.learn(day, DAY + timedelta(days=9 - back))
    built_up = {one.phrase: one.surprise for one in bursts(a_day(46) + a_day(4, subject, start=500), memory)}
    assert built_up["quantum annealing"] > once["quantum annealing"] > 0
