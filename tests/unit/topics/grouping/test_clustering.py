"""Topics of a day."""

import random
from datetime import date

import pytest
from builders import a_paper
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.models import Topic
from newsletter.topics import as_mailed, find_topics
from newsletter.topics.grouping import clustering
from newsletter.topics.memory.memory import Memory

SUBJECTS = {
    "speculative decoding": "A draft model proposes tokens, a target model verifies them; inference is fast.",
    "video generation": "Frames are synthesised by a diffusion transformer with attention and motion.",
    "speech recognition": "Acoustic features of utterances are transcribed; the word error rate falls.",
    "protein folding": "Amino acid chains take their structure; residues and ligands bind at sites.",
}
ASPECTS = ["at scale", "revisited", "with few labels", "under noise", "in the wild", "for small devices"]


def a_day(subjects=SUBJECTS, aspects=ASPECTS):
    """Return papers of several subjects, one an aspect."""
    return [
        a_paper(
            id=f"{subject}-{n}", title=f"{subject.title()} {aspect}", abstract=f"We study {subject}. {text}"
        )
        for subject, text in subjects.items()
        for n, aspect in enumerate(aspects)
    ]


def test_papers_of_one_subject_are_one_topic_named_after_it():
    """Four clear subjects give four topics, each of papers of its own, under its own name."""
    found = {topic.label: topic.papers for topic in find_topics(a_day(), Memory.shipped())}
    assert set(found) == set(SUBJECTS)
    for subject, papers in found.items():
        assert len(papers) >= 5
        assert all(paper.id.startswith(subject) for paper in papers)


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_papers_does_not_matter(chance):
    """The same papers in any order give the same topics, to the last figure, also where papers are alike."""
    day = [*a_day(), *(paper.model_copy(update={"id": f"again-{paper.id}"}) for paper in a_day()[:9])]
    shuffled = chance.sample(day, len(day))
    assert find_topics(shuffled, Memory.shipped()) == find_topics(day, Memory.shipped())


def test_a_paper_is_in_one_topic_at_most_and_labels_differ():
    """On a real-looking mixture nothing is said twice."""
    mixed = a_day() + [
        a_paper(
            id=f"mixed-{n}", title=f"Speech recognition and video generation, {n}", abstract="Both at once."
        )
        for n in range(4)
    ]
    topics = find_topics(mixed, Memory.shipped())
    ids = [paper.id for topic in topics for paper in topic.papers]
    assert len(ids) == len(set(ids))
    assert len({topic.label for topic in topics}) == len(topics)
    assert all(len(topic.papers) >= clustering.LEAST_PAPERS for topic in topics)


def test_a_day_without_a_memory_still_has_topics():
    """A memory that knows nothing costs accuracy, not the day."""
    labels = {topic.label for topic in find_topics(a_day(), Memory())}
    assert labels & set(SUBJECTS)


def test_a_large_day_is_halved_and_keeps_its_topics(monkeypatch):
    """More papers than fit one tree are split where they differ."""
    monkeypatch.setattr(clustering, "MOST_AT_ONCE", 15)
    trees = []
    whole = clustering._branches
    monkeypatch.setattr(
        clustering, "_branches", lambda papers, *rest: trees.append(len(papers)) or whole(papers, *rest)
    )
    labels = {topic.label for topic in find_topics(a_day(), Memory.shipped())}
    assert labels == set(SUBJECTS)
    assert sum(trees) == 24
    assert max(trees) <= 15


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_papers_are_no_topic(count):
    """A day of none, one or two papers has no topics."""
    assert find_topics(a_day()[:count], Memory.shipped()) == ()


@pytest.mark.parametrize("count", [3, 5_000])
def test_identical_papers_are_at_most_one_topic(count):
    """Thousands of copies of one title neither fail nor make thousands of topics."""
    copies = [a_paper(id=f"p{n:05}", title="Speculative decoding of models") for n in range(count)]
    assert len(find_topics(copies, Memory.shipped())) <= 1


@pytest.mark.parametrize(
    "titles",
    [
        [""] * 6,
        ["$x^2$", "…", "!!!", "a", "the of and", "\u202e"],
        [f"基于神经网络的图像识别方法{n}" for n in range(8)],
        [f"تعلم الآلة للترجمة {n}" for n in range(8)],
    ],
    ids=["empty titles", "no words", "Chinese", "Arabic"],
)
def test_unusual_days_end_sensibly(titles):
    """No abstract, no words or no English: whatever topics come, they are made of the day's papers."""
    day = [a_paper(id=f"p{n}", title=title) for n, title in enumerate(titles)]
    for topic in find_topics(day, Memory.shipped()):
        assert topic.label
        assert set(topic.papers) <= set(day)


@pytest.mark.parametrize(
    ("subjects", "label"),
    [
        ({"神经网络": "图像", "语音识别": "声音", "机器翻译": "文本"}, "神经网"),
        ({"ترجمة آلية": "نص", "تعرف الكلام": "صوت", "شبكة عصبية": "صورة"}, "ترجمة آلية"),
    ],
    ids=["Chinese", "Arabic"],
)
def test_other_scripts_have_topics_too(subjects, label):
    """Words of any script group papers; a name needs titles that hold it, since the memory knows none."""
    day = [
        a_paper(id=f"{subject}-{n}", title=f"{subject} {n}", abstract=f"{text} {subject}")
        for subject, text in subjects.items()
        for n in range(6)
    ]
    assert any(label in topic.label for topic in find_topics(day, Memory.shipped()))


def test_a_megabyte_of_abstract_does_not_hold_up_the_day():
    """A paper with an absurd abstract is grouped with the others."""
    day = [
        *a_day(),
        a_paper(id="long", title="Video generation for hours", abstract="Video generation. " * 60_000),
    ]
    topics = {
        topic.label: {paper.id for paper in topic.papers} for topic in find_topics(day, Memory.shipped())
    }
    assert "long" in topics["video generation"]


def test_nobody_is_mailed_under_a_label_without_holding_it():
    """Grouped by likeness, mailed by the letter: strangers to the label go, then topics too small."""
    stranger = a_paper(id="x", title="Something else")
    day = [*a_day(), stranger]
    topic = find_topics(day, Memory.shipped())[0]
    generous = topic.model_copy(update={"papers": (stranger, *topic.papers)})
    small = topic.model_copy(update={"papers": (stranger, *topic.papers[:2])})
    assert as_mailed([generous, small], day) == (topic,)


def test_a_label_that_most_of_the_day_holds_heads_nothing():
    """What nearly every paper is about tells none of them apart."""
    day = a_day({"speculative decoding": "", "video generation": ""})
    topic = Topic(label="speculative decoding", papers=tuple(day[:6]))
    assert as_mailed([topic], day) == (topic,)
    assert as_mailed([topic], day[:-1]) == ()


def test_taking_away_a_tenth_of_a_real_day_changes_little(shared):
    """On a real day most pairs that stood together still do; the figure itself is the harness's."""
    import gzip
    import json

    with gzip.open(shared / "data/quality/gold_editor_2025-06-23.jsonl.gz", "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    day = [a_paper(id=one["id"], title=one["title"], abstract=one["abstract"]) for one in records]
    kept = [paper for paper in day if random.Random(paper.id).random() < 0.9]
    whole, part = (_pairs(find_topics(papers, Memory.shipped()), kept) for papers in (day, kept))
    assert len(whole & part) > 0.5 * min(len(whole), len(part))


def _pairs(topics, kept):
    ids = {paper.id for paper in kept}
    groups = [sorted(ids & {paper.id for paper in topic.papers}) for topic in topics]
    return {(a, b) for group in groups for a in group for b in group if a < b}


def test_a_name_is_earned_in_titles():
    """Two titles are too few for a name that nobody used before; once used, it is known."""
    titles = ["Quokka herding, again", "Quokka herding at night", "How quokkas live"]
    day = [
        a_paper(id=f"p{n}", title=title, abstract="A study of quokka herding.")
        for n, title in enumerate(titles)
    ]
    others = a_day()
    assert "quokka herding" not in {topic.label for topic in find_topics(day + others, Memory.shipped())}
    memory = Memory.shipped().learn(day, date(2026, 6, 9))
    assert "quokka herding" in {topic.label for topic in find_topics(day + others, memory)}
