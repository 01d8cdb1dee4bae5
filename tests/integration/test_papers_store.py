"""Papers in a real server: found again, written together, safe between pollers."""

import threading
from datetime import timedelta

import pytest
from builders import NOON, a_sighting
from redis.client import Pipeline

from newsletter.papers.store import ALIKE, BY_TIME, KEPT, PAPER, PaperStore
from newsletter.store import Store

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TITLE = "Looking for the Same Paper in Two Places at Once"
AUTHORS = ("Ada Lovelace", "Alan Turing")
HF = {"source": "hf-daily", "url": "https://huggingface.co/papers/2606.00001"}


def test_a_second_poll_adds_votes_to_the_same_paper(store: Store) -> None:
    """The paper keeps its id and gains a look; a poll without news changes nothing."""
    papers = PaperStore(store)
    assert [paper.id for paper in papers.absorb([a_sighting(**HF, votes=1)]).new] == ["arxiv:2606.00001"]
    later = papers.absorb([a_sighting(**HF, votes=7, observed_at=NOON + HOUR)])
    assert (later.new, [paper.id for paper in later.updated]) == ((), ["arxiv:2606.00001"])
    again = papers.absorb([a_sighting(**HF, votes=7, observed_at=NOON + 2 * HOUR)])
    assert (again.new, again.updated) == ((), ())
    (paper,) = papers.get(["arxiv:2606.00001"]).values()
    assert [look.votes for look in paper.mentions[0].looks] == [1, 7]


def test_the_id_given_at_first_sight_is_kept_for_good(store: Store) -> None:
    """A paper first seen without number is later found under its number, its DOI and its first id."""
    papers = PaperStore(store)
    (first,) = papers.absorb([a_sighting(source="lab", arxiv_id=None, title=TITLE, authors=AUTHORS)]).new
    (second,) = papers.absorb([a_sighting(title=TITLE, authors=AUTHORS, observed_at=NOON + DAY)]).updated
    (third,) = papers.absorb([a_sighting(title="Renamed", doi="10.1/x", observed_at=NOON + 2 * DAY)]).updated
    assert first.id == second.id == third.id
    asked = papers.get(["arxiv:2606.00001", "doi:10.1/x", first.id, "arxiv:2606.99999"])
    assert asked == {"arxiv:2606.00001": third, "doi:10.1/x": third, first.id: third}
    assert papers.count() == 1


@pytest.mark.parametrize("days", [0, 30])
def test_a_sighting_without_number_finds_its_paper_by_likeness(store: Store, days: int) -> None:
    """A blog that names title and authors alone is heard a month later, whatever week it is."""
    papers = PaperStore(store)
    papers.absorb([a_sighting(title=TITLE, authors=AUTHORS)])
    blog = a_sighting(
        source="lab", arxiv_id=None, title=TITLE.upper(), authors=AUTHORS, observed_at=NOON + days * DAY
    )
    (paper,) = papers.absorb([blog]).updated
    assert paper.id == "arxiv:2606.00001"
    assert [mention.source for mention in paper.mentions] == ["arxiv-cs-lg", "lab"]


def test_two_stored_papers_are_never_joined(store: Store) -> None:
    """A newcomer that resembles two known works joins one; neither loses its id."""
    papers = PaperStore(store)
    twins = [
        a_sighting(title=TITLE, arxiv_id=number, authors=AUTHORS) for number in ("2606.00001", "2606.00002")
    ]
    papers.absorb(twins)
    papers.absorb([a_sighting(source="lab", arxiv_id=None, title=TITLE, authors=AUTHORS)])
    kept = papers.get(["arxiv:2606.00001", "arxiv:2606.00002"])
    assert papers.count() == len(kept) == 2
    assert sorted(len(paper.mentions) for paper in kept.values()) == [1, 2]


def test_a_poller_that_lost_the_race_starts_over(store: Store) -> None:
    """What another poller wrote between reading and writing is seen, and both words stand."""
    papers = PaperStore(store)
    attempts = []

    def interfere(_: Pipeline) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            PaperStore(store).absorb([a_sighting(**HF, votes=5)])

    change = papers.absorb([a_sighting()], also=interfere)
    assert len(attempts) == 2
    assert [paper.id for paper in change.updated] == ["arxiv:2606.00001"]
    (paper,) = papers.get(["arxiv:2606.00001"]).values()
    assert [mention.source for mention in paper.mentions] == ["arxiv-cs-lg", "hf-daily"]


def test_racing_pollers_lose_nothing_and_make_one_paper_of_each_work(store: Store) -> None:
    """Four pollers that see the same ten works at once leave ten papers with four mentions each."""
    start = threading.Barrier(4)

    def poll(number: int) -> None:
        start.wait()
        for work in range(10):
            PaperStore(store).absorb([a_sighting(source=f"source-{number}", arxiv_id=f"2606.0000{work}")])

    pollers = [threading.Thread(target=poll, args=(number,)) for number in range(4)]
    for poller in pollers:
        poller.start()
    for poller in pollers:
        poller.join()
    papers = PaperStore(store).recent(NOON, NOON + HOUR)
    assert [len(paper.mentions) for paper in papers] == [4] * 10


def test_what_else_is_written_stands_or_falls_with_the_papers(store: Store) -> None:
    """A failure in the hook stores neither; success stores both."""
    papers = PaperStore(store)

    def fail(pipe: Pipeline) -> None:
        pipe.set("memo", "written")
        raise OSError("killed here")

    with pytest.raises(OSError, match="killed here"):
        papers.absorb([a_sighting()], also=fail)
    assert (papers.count(), store.get("memo")) == (0, None)
    papers.absorb([a_sighting()], also=lambda pipe: pipe.set("memo", "written"))
    assert (papers.count(), store.get("memo")) == (1, "written")
    papers.absorb([], also=lambda pipe: pipe.set("memo", "again"))
    assert store.get("memo") == "again"


def test_recent_papers_are_those_announced_in_the_window(store: Store) -> None:
    """It holds its start, not its end; undated or dated into the future, a paper counts from first sight."""
    papers = PaperStore(store)
    papers.absorb(
        [
            a_sighting(arxiv_id="2606.00001", title="Dated", announced=NOON - DAY),
            a_sighting(arxiv_id="2606.00002", title="Dated tomorrow", announced=NOON + DAY),
            a_sighting(arxiv_id="2606.00003", title="Undated"),
        ]
    )
    assert [paper.title for paper in papers.recent(NOON - DAY, NOON)] == ["Dated"]
    assert [paper.title for paper in papers.recent(NOON, NOON + HOUR)] == ["Dated tomorrow", "Undated"]


def test_a_paper_that_got_its_title_later_is_found_by_it(store: Store) -> None:
    """First named by a post with a number, then by arXiv, it is heard of by title and authors."""
    papers = PaperStore(store)
    papers.absorb([a_sighting(source="lab", url="https://lab.example/1", title="We wrote something")])
    papers.absorb([a_sighting(title=TITLE, authors=AUTHORS, announce_type="new", observed_at=NOON + HOUR)])
    news = a_sighting(source="news", arxiv_id=None, title=TITLE, authors=AUTHORS, observed_at=NOON + 2 * HOUR)
    (paper,) = papers.absorb([news]).updated
    assert (paper.id, paper.title, len(paper.mentions)) == ("arxiv:2606.00001", TITLE, 3)


def test_everything_goes_away_after_ninety_days(store: Store) -> None:
    """Papers and traits expire by themselves; the index drops what is older at the next poll."""
    papers = PaperStore(store)
    papers.absorb([a_sighting(arxiv_id="2606.00001", title=TITLE)])
    assert 0 < store.ttl(PAPER(id="arxiv:2606.00001")) <= KEPT.total_seconds()
    assert all(store.ttl(name) > 0 for name in store.keys(ALIKE(week="*")))
    papers.absorb([a_sighting(arxiv_id="2609.00001", title="Later", observed_at=NOON + KEPT + DAY)])
    assert store.zrange(BY_TIME(), 0, -1) == ["arxiv:2609.00001"]
