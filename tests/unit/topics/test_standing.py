"""A day's papers on standing subjects."""

from builders import a_paper
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.models import Topic
from newsletter.topics import DayIndex, Memory, beside, find_subjects, holds
from newsletter.topics.standing import SUPPORT, subjects

TEXTS = {
    "Video generation": "Frames are synthesised by a diffusion transformer with attention and motion.",
    "Automatic speech recognition": "Acoustic features are transcribed; the word error rate falls.",
    "Reward models": "Preferences between answers are learnt from raters for alignment.",
}
ASPECTS = ["at scale", "revisited", "with few labels", "under noise"]


def a_day():
    """Return four papers on each of three subjects, and four on none."""
    papers = [
        a_paper(id=f"{label}-{n}", title=f"{label} {aspect}", abstract=f"We study it. {text}")
        for label, text in TEXTS.items()
        for n, aspect in enumerate(ASPECTS)
    ]
    strangers = ["On knots", "Eels in rivers", "A census of barns", "Why bells ring"]
    return papers + [a_paper(id=f"stranger-{n}", title=title) for n, title in enumerate(strangers)]


def test_papers_that_say_a_subject_stand_under_its_name():
    """Each subject takes its own papers, and strangers stand nowhere."""
    found = {
        topic.label: {paper.id for paper in topic.papers}
        for topic in find_subjects(a_day(), Memory.shipped())
    }
    assert set(found) == {"video generation", "automatic speech recognition", "reward models"}
    for label, ids in found.items():
        assert len(ids) == 4
        assert all(name.lower().startswith(label) for name in ids)


def test_a_paper_that_is_like_those_that_say_a_subject_stands_among_them():
    """Its own words need not be the subject's; those that say it come first."""
    silent = a_paper(
        id="zz", title="Generating video at scale", abstract=f"We study it. {TEXTS['Video generation']}"
    )
    topics = find_subjects([*a_day(), silent], Memory.shipped())
    topic = next(one for one in topics if one.label == "video generation")
    assert topic.papers[-1] == silent
    assert sum(holds(paper, "video generation") for paper in topic.papers) >= SUPPORT * len(topic.papers)


def test_papers_that_are_alike_and_say_no_subject_are_left_to_others():
    """Likeness alone gives no heading."""
    bells = [a_paper(id=f"bell-{n}", title=f"Bells of bronze {aspect}") for n, aspect in enumerate(ASPECTS)]
    assert find_subjects(bells, Memory.shipped()) == ()
    assert find_subjects([], Memory.shipped()) == ()


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_papers_does_not_matter(chance):
    """The same papers in any order give the same subjects, to the last figure."""
    day = [*a_day(), *(paper.model_copy(update={"id": f"again-{paper.id}"}) for paper in a_day()[:5])]
    assert find_subjects(chance.sample(day, len(day)), Memory.shipped()) == find_subjects(
        day, Memory.shipped()
    )


def test_a_paper_stands_in_one_topic_and_labels_differ():
    """Subjects and what emerges beside them share no paper and no label."""
    day = a_day()
    standing = find_subjects(day, Memory.shipped())
    taken, free = standing[0].papers, tuple(paper for paper in day if paper.id.startswith("stranger"))
    others = (
        Topic(label="mostly taken", papers=(*taken[:2], *free[:2])),
        Topic(label=standing[0].label.upper(), papers=free),
        Topic(label="its own", papers=(*free, taken[0])),
    )
    shown = beside(standing, others)
    assert [topic.label for topic in shown] == [*(topic.label for topic in standing), "its own"]
    assert shown[-1].papers == free


def test_every_phrase_of_a_subject_can_be_said():
    """A phrase that its own words do not hold finds nothing, and a common word alone finds everything."""
    anything = DayIndex([a_paper(title="The test of a paper")])
    for subject in subjects():
        assert subject.field
        for phrase in subject.phrases:
            assert holds(a_paper(title=f"Of {phrase} today"), phrase), phrase
            assert not anything.holders(phrase), phrase


def test_no_two_subjects_have_one_label():
    """A label names one subject."""
    labels = [subject.label.lower() for subject in subjects()]
    assert len(set(labels)) == len(labels)
