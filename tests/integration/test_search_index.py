"""The index follows the store, whatever happens to either of them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import NOON
from processes import clean_environ, run
from searching import Library, a_work
from specimens import an_edition
from visitor import Visitor

from newsletter.papers import changes
from newsletter.papers.store import PAPER
from newsletter.search import documents
from newsletter.search.index_store import IndexFaultError, IndexStore
from newsletter.search.refresh import CHECK_EVERY, Refreshed, rebuild, refresh
from newsletter.settings import Settings
from newsletter.store import Store

FLOW = a_work(1, "Flow matching for proteins", "We transport noise.", ["Ada Vale"])
TREES = a_work(2, "Decision trees grow back", "They were never gone.", ["Bo Lind"])


@pytest.fixture
def library(store: Store, settings: Settings) -> Library:
    """Return a library of two papers."""
    library = Library(store, settings)
    library.keep(FLOW, TREES)
    library.refresh()
    return library


def test_there_is_no_index_before_the_first_refresh(store: Store, settings: Settings):
    """Nobody is told that nothing was found while nothing was looked at."""
    library = Library(store, settings)
    assert library.index_store.index() is None
    assert library.refresh() == Refreshed(is_rebuilt=True)
    assert library.search("flow").total == 0


def test_a_new_paper_is_found_after_the_next_refresh(library: Library):
    """Only what is new is written, and where nothing is new nothing is."""
    library.keep(a_work(3, "Trees that flow"))
    assert library.refresh() == Refreshed(written=1)
    assert set(library.found("trees")) == {"arxiv:2606.00002", "arxiv:2606.00003"}
    assert library.refresh() == Refreshed()


def test_a_reworded_paper_is_found_by_its_new_words_alone(library: Library):
    """The newest version's title and abstract replace what was known."""
    later = NOON + timedelta(hours=2)
    library.keep(
        a_work(
            1, "Bridge matching for proteins", "Now with bridges.", ["Ada Vale"], version=2, observed_at=later
        )
    )
    library.refresh()
    assert library.found("bridge") == ["arxiv:2606.00001"]
    assert library.found('"flow matching"') == []
    assert library.search("proteins").total == 1


def test_what_expired_from_the_store_vanishes_from_the_index(library: Library):
    """Expiry says no word, so the index is compared with the store once an hour."""
    library.store.delete(PAPER(id="arxiv:2606.00001"))
    library.now += CHECK_EVERY
    assert library.refresh() == Refreshed(removed=1)
    assert library.found("flow") == []
    assert library.found("trees") == ["arxiv:2606.00002"]
    library.now += CHECK_EVERY
    assert library.refresh() == Refreshed()


def test_what_an_edition_announced_stays_for_as_long_as_the_edition(library: Library, settings: Settings):
    """Its paper may have expired; the archive still shows it, and the search says where."""
    edition = an_edition()
    Visitor(settings).publish(edition)
    assert library.refresh().written == len(edition.entries)
    one = edition.entries[0].paper
    for _ in range(2):
        hit = library.search(f'"{one.title}"').hits[0]
        assert (hit.paper.id, hit.edition) == (one.id, edition.date)
        library.now += CHECK_EVERY
        assert library.refresh() == Refreshed()


def test_a_known_paper_learns_which_edition_announced_it(library: Library, settings: Settings):
    """The store's word on the paper goes on counting, with the edition's date beside it."""
    entry = an_edition().entries[0]
    paper = entry.paper.model_copy(update={"id": "arxiv:2606.00001", "title": "As it was frozen"})
    edition = an_edition(sections=(), also=(entry.model_copy(update={"paper": paper}),))
    Visitor(settings).publish(edition)
    assert library.refresh() == Refreshed(written=1)
    hit = library.search("flow").hits[0]
    assert (hit.paper.title, hit.edition) == (FLOW.title, edition.date)
    later = NOON + timedelta(hours=2)
    library.keep(a_work(1, "Flow matching, once more", version=2, observed_at=later))
    assert library.refresh() == Refreshed(written=1)
    hit = library.search("once more").hits[0]
    assert (hit.paper.id, hit.edition) == ("arxiv:2606.00001", edition.date)


def test_whoever_was_away_too_long_looks_at_everything_again(library: Library, monkeypatch):
    """The store remembers so many changes and no more."""
    monkeypatch.setattr(changes, "REMEMBERED", 2)
    for number in range(3, 7):
        library.keep(a_work(number, f"Work {number} on tides"))
    assert library.refresh() == Refreshed(written=6, is_rebuilt=True)
    assert library.search("tides").total == 4


def test_a_store_that_went_back_in_time_is_indexed_anew(library: Library):
    """An emptied or restored store has another past than the index."""
    library.store.flushall()
    assert library.refresh() == Refreshed(is_rebuilt=True)
    assert library.found("flow") == []


def test_a_store_that_began_anew_is_followed_too(library: Library):
    """It gives no revision a second time: what came since is found at once, what is gone within the hour."""
    library.store.flushall()
    library.keep(a_work(3, "Decision forests"))
    assert library.refresh() == Refreshed(written=1)
    library.now += CHECK_EVERY
    assert library.refresh() == Refreshed(removed=2)
    assert library.found("decision") == ["arxiv:2606.00003"]


def _delete(library: Library) -> None:
    shutil.rmtree(library.index_store.directory)


def _forget_the_note(library: Library) -> None:
    (library.index_store.directory / "state.json").unlink()


def _garble_the_note(library: Library) -> None:
    (library.index_store.directory / "state.json").write_bytes(b'{"layout": ')


def _age(library: Library) -> None:
    note = library.index_store.directory / "state.json"
    note.write_text(note.read_text("utf-8").replace(documents.LAYOUT, "0"))


def _lose_a_file(library: Library) -> None:
    next(library.index_store.directory.glob("*/*.idx")).unlink()


def _cut_a_file(library: Library) -> None:
    os.truncate(next(library.index_store.directory.glob("*/*.store")), 10)


def _flip_a_bit(library: Library) -> None:
    path = next(library.index_store.directory.glob("*/*.idx"))
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 0x10
    path.write_bytes(body)


@pytest.mark.parametrize(
    "harm", [_delete, _forget_the_note, _garble_the_note, _age, _lose_a_file, _cut_a_file, _flip_a_bit]
)
def test_a_harmed_index_is_made_anew(library: Library, settings: Settings, harm: Callable[[Library], None]):
    """Deleted, cut, garbled or of an older version: a process that starts finds it and mends it."""
    harm(library)
    library.index_store = IndexStore(settings.data_dir)
    assert library.refresh() == Refreshed(written=2, is_rebuilt=True)
    assert library.found("flow") == ["arxiv:2606.00001"]
    assert len(list(library.index_store.directory.glob("*/meta.json"))) == 1


def test_readers_keep_what_they_opened_while_it_is_made_anew(library: Library, settings: Settings):
    """The old index answers until the new one is whole, also in another process's hands."""
    reader = Library(library.store, settings)
    assert reader.found("flow")
    seen: list[list[str]] = []
    library.keep(a_work(3, "Flow again"))
    rebuild(library.store, library.index_store, NOON, pace=lambda *_: seen.append(reader.found("flow")))
    assert seen
    assert all(one == ["arxiv:2606.00001"] for one in seen)
    assert len(reader.found("flow")) == 2


def test_only_one_process_writes_a_directory(library: Library, settings: Settings):
    """A second one is turned away at once, and never waits."""
    turned_away = []
    other = IndexStore(settings.data_dir)
    library.keep(a_work(3, "Flow again"))
    refresh(
        library.store,
        library.index_store,
        NOON,
        pace=lambda *_: turned_away.append(refresh(library.store, other, NOON)),
    )
    assert turned_away == [None]


def _environ(settings: Settings) -> dict[str, str]:
    return clean_environ(
        REDIS_URL=settings.redis_url.get_secret_value(), NEWSLETTER_DATA_DIR=str(settings.data_dir)
    )


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter import settings, store
from newsletter.search.index_store import IndexStore
from newsletter.search import refresh
chosen = settings.load(dict(os.environ), directory=Path.cwd())
step = sys.argv[1]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if step == "after the commit":
    IndexStore.keep = die
made = refresh.rebuild if step == "rebuilding" else refresh.refresh
pace = (lambda *_: None) if step == "after the commit" else die
made(store.connect(chosen), IndexStore(chosen.data_dir), datetime(2026, 6, 10, 13, tzinfo=UTC), pace)
"""


@pytest.mark.parametrize("step", ["rebuilding", "following", "after the commit"])
def test_a_writer_that_is_killed_leaves_the_old_index_and_no_lock(
    library: Library, settings: Settings, tmp_path, step: str
):
    """Kill -9 in the middle of a rebuild, of a refresh, or between the engine's commit and ours."""
    library.keep(a_work(3, "Flow again"))
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, step], cwd=tmp_path, env=_environ(settings), check=False
    )
    assert ended.returncode == -9
    library.index_store = IndexStore(settings.data_dir)
    assert "arxiv:2606.00001" in library.found("flow")
    assert library.refresh() == Refreshed(written=1)
    assert set(library.found("flow")) == {"arxiv:2606.00001", "arxiv:2606.00003"}
    assert len(list(library.index_store.directory.glob("*/meta.json"))) == 1


FULL = """
import os, resource
from datetime import UTC, datetime
from pathlib import Path
from newsletter import settings, store
from newsletter.search.index_store import IndexStore, IndexFaultError
from newsletter.search.refresh import refresh
chosen = settings.load(dict(os.environ), directory=Path.cwd())
redis = store.connect(chosen)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    refresh(redis, IndexStore(chosen.data_dir), datetime(2026, 6, 10, 13, tzinfo=UTC))
except IndexFaultError as error:
    print(error)
"""


@pytest.mark.parametrize("harm", [None, _delete], ids=["following", "rebuilding"])
def test_a_full_disk_costs_nothing_but_the_news(
    library: Library, settings: Settings, tmp_path, harm: Callable[[Library], None] | None
):
    """No file can grow: what there was goes on answering, nothing unfinished stays, and later all is well."""
    reader = Library(library.store, settings)
    assert reader.found("flow") == ["arxiv:2606.00001"]
    if harm is not None:
        harm(library)
    library.keep(a_work(3, "Flow again"))
    told = subprocess.run(
        [sys.executable, "-c", FULL],
        cwd=tmp_path,
        env=_environ(settings),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Look whether the disk is full" in told
    assert len(list(library.index_store.directory.glob("*/"))) == (0 if harm else 1)
    assert reader.index_store.index() is None if harm else reader.found("flow") == ["arxiv:2606.00001"]
    library.index_store = IndexStore(settings.data_dir)
    library.refresh()
    assert set(library.found("flow")) == {"arxiv:2606.00001", "arxiv:2606.00003"}


def test_a_directory_that_cannot_be_written_is_a_fault_that_says_what_to_do(
    store: Store, settings: Settings, tmp_path
):
    """The path is told, and that nothing is lost."""
    settings.data_dir.parent.mkdir(exist_ok=True)
    settings.data_dir.write_text("a file in the folder's place")
    with pytest.raises(IndexFaultError, match="newsletter search rebuild"):
        refresh(store, IndexStore(settings.data_dir), NOON)


def test_the_command_makes_the_index_anew(library: Library, settings: Settings, tmp_path):
    """It says how many papers there are; while another process writes, it says so and fails."""
    environ = _environ(settings)
    before = library.index_store.state()
    done = run(tmp_path, "search", "rebuild", **environ)
    assert (done.returncode, done.stdout) == (
        0,
        f"2 papers are indexed in {library.index_store.directory}.\n",
    )
    assert library.index_store.state().folder != before.folder
    with library.index_store.writing():
        refused = run(tmp_path, "search", "rebuild", **environ)
    assert refused.returncode == 1
    assert "Another process is writing" in refused.stderr
