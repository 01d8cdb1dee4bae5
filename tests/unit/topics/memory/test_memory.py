"""What earlier days taught."""

import random
from datetime import date, timedelta

import pytest
from builders import a_paper

from newsletter.topics.memory.archive import DamagedMemoryError
from newsletter.topics.memory.learn import main as learn
from newsletter.topics.memory.memory import CAPACITY, RECENT_DAYS, Memory

DAY = date(2026, 6, 10)


def papers(count, title="Speculative decoding of models", abstract="We study fast inference.", start=0):
    """Return papers of one kind."""
    return [
        a_paper(id=f"p{start + n:05}", title=f"{title} {start + n}", abstract=abstract) for n in range(count)
    ]


def test_what_was_shipped_is_small_and_holds_no_text():
    """Six thousand abstracts fit into a megabyte and a half; what fewer than three share is not there."""
    shipped = Memory.shipped()
    assert shipped.papers == 6000
    assert len(shipped.dumps()) < 1_500_000
    assert min(shipped.holders.values()) >= 3
    assert shipped.days == 0


def test_a_memory_is_read_back_as_it_was_written():
    """Writing, reading and writing again gives the same bytes, also after days were learnt."""
    memory = Memory().learn(papers(20), DAY).learn(papers(9, start=20), DAY + timedelta(days=1))
    assert Memory.loads(memory.dumps()).dumps() == memory.dumps()


def test_the_order_of_a_days_papers_does_not_matter():
    """Whatever order the store gives, the same is learnt."""
    day = papers(10) + papers(10, title="Video generation by diffusion", start=10)
    shuffled = random.Random(1).sample(day, len(day))
    assert Memory().learn(day, DAY).dumps() == Memory().learn(shuffled, DAY).dumps()


def test_a_day_is_learnt_once():
    """Learning a recent day again, or one older than all recent ones, changes nothing."""
    memory = Memory()
    for back in range(RECENT_DAYS, 0, -1):
        memory = memory.learn(papers(3), DAY - timedelta(days=back))
    assert memory.learn(papers(5), DAY - timedelta(days=1)) is memory
    assert memory.learn(papers(5), DAY - timedelta(days=99)) is memory
    assert memory.learn(papers(5), DAY) is not memory


def test_a_day_without_papers_teaches_nothing():
    """An empty day leaves the memory as it is."""
    memory = Memory()
    assert memory.learn([], DAY) is memory


def test_old_papers_fade_when_new_ones_come():
    """A full memory stays full: what it knew counts less, what it learns counts nearly whole."""
    memory = Memory(papers=CAPACITY, holders={"old phrase": 100.0, "met once": 1.0})
    learnt = memory.learn(papers(CAPACITY // 2), DAY)
    assert learnt.papers == CAPACITY
    assert learnt.holders["old phrase"] == pytest.approx(100 / 1.5, abs=0.01)
    assert "met once" not in learnt.holders


def test_a_word_after_which_phrases_stop_is_told_from_one_after_which_they_go_on():
    """Nouns end phrases and adjectives do not; no tagger is asked."""
    memory = Memory().learn(papers(9, abstract="A sparse network. We use the sparse network of it."), DAY)
    by_stem = {word.lower: word for word in _words("sparse network use")}
    assert memory.closing(by_stem["network"]) > 0.5 > memory.closing(by_stem["sparse"])


def test_verbs_are_known_by_their_neighbours():
    """What follows “we” and goes before “the” is a verb."""
    memory = Memory().learn(papers(9, abstract="We estimate the depth. Depth is hard."), DAY)
    by_stem = {word.lower: word for word in _words("estimate depth")}
    assert memory.verbness(by_stem["estimate"]) > 0.15 > memory.verbness(by_stem["depth"])


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", b"newsletter-memory 1 1\nx", b"newsletter-memory 2 1\nx", b"newsletter-memory x y\n"],
    ids=["empty", "no header", "older version", "wrong check sum", "garbled header"],
)
def test_a_damaged_memory_says_what_to_do(data):
    """Whatever the damage, the error is ours and ends with the way out."""
    with pytest.raises(DamagedMemoryError, match="newsletter memory rebuild"):
        Memory.loads(data)


def test_the_same_files_give_the_same_shipped_bytes(tmp_path):
    """The command that learns the shipped counts is repeatable, compressed input or not."""
    lines = [
        f'{{"id": "p{n}", "date": "2026-06-{10 + n % 3}", "title": "Video generation", "abstract": "{n}"}}'
        for n in range(12)
    ]
    lines.append(lines[0].replace("p0", "p99").replace("Video generation", "Quokka herding"))
    (tmp_path / "papers.jsonl").write_text("\n".join(lines))
    for out in ("one", "two"):
        assert learn([str(tmp_path / "papers.jsonl"), str(tmp_path / out)]) == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    shipped = Memory.loads((tmp_path / "one").read_bytes())
    assert shipped.titles["video gener"] == 12
    assert "quokka herd" not in shipped.holders


def test_the_learn_command_asks_for_its_files(capsys):
    """Without an output file it says how it is called, and fails."""
    assert learn(["only-one"]) == 2
    assert "FILE... OUT" in capsys.readouterr().err


def _words(text):
    from newsletter.topics.words.words import clauses

    return clauses(text)[0]
