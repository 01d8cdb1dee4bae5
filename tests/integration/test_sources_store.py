"""Memories and the catalog on a real server."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import NOON

from newsletter.errors import InvalidInputError, NotFoundError
from newsletter.models import Source, SourceState
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.faults import AddressRefusedError, Fault, FaultKind
from newsletter.sources.poll_state import PollState, after_fault
from newsletter.sources.polling import Outcome, Polled
from newsletter.sources.store import SourceStore
from newsletter.store import Store

ONE = Source(name="one", url="https://one.example/feed")
TWO = Source(name="two", url="https://two.example/feed")


def remember(store: Store, *memos: tuple[Source, PollState]) -> None:
    """Write memos as a poll does."""
    with store.pipeline() as pipe:
        SourceStore(store).record(pipe, [Polled(source, Outcome.UNCHANGED, memo) for source, memo in memos])
        pipe.execute()


def test_memos_are_written_only_with_the_callers_transaction(store: Store) -> None:
    """What is in the pipeline is nowhere until it commits."""
    with store.pipeline() as pipe:
        SourceStore(store).record(pipe, [Polled(ONE, Outcome.NEW, PollState(url=ONE.url, etag='"a"'))])
        assert SourceStore(store).memos(["one"]) == {}
        pipe.execute()
    assert SourceStore(store).memos(["one", "two"]) == {"one": PollState(url=ONE.url, etag='"a"')}


def test_a_source_is_due_when_its_time_has_come(store: Store) -> None:
    """Never polled, moved, or past its hour; a disabled one never."""
    remember(
        store,
        (ONE, PollState(url=ONE.url, due_at=NOON)),
        (TWO, PollState(url="https://old.example/", due_at=NOON + timedelta(days=9))),
    )
    kept = SourceStore(store)
    never = Source(name="never", url="https://never.example/")
    off = never.model_copy(update={"name": "off", "enabled": False})
    assert kept.due([ONE, TWO, never, off], NOON - timedelta(seconds=1)) == ("two", "never")
    assert kept.due([ONE], NOON) == ("one",)


def test_health_tells_each_source_apart(store: Store) -> None:
    """State, since when, why, the last good answer and its papers, in the given order."""
    good = PollState(url=ONE.url, checked_at=NOON, ok_at=NOON, watched_since=NOON, papers=7, kind="feed")
    remember(
        store, (ONE, good), (TWO, after_fault(PollState(), TWO, Fault(FaultKind.TIMEOUT, "too slow"), NOON))
    )
    one, two, three = SourceStore(store).health(
        [ONE, TWO, Source(name="new", url="https://x.example/")], NOON
    )
    assert (one.state, one.last_ok, one.papers) == (SourceState.FRESH, NOON, 7)
    assert (two.state, two.since, two.reason) == (SourceState.FAILING, NOON, "too slow")
    assert three.state is SourceState.UNKNOWN


def test_what_a_command_adds_joins_the_configured_list(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    """The file comes first and wins; what was added follows by name; disabled ones stay visible."""
    settings = make_settings(sources=[ONE])
    catalog.add(store, TWO)
    catalog.add(store, Source(name="one", url="https://usurper.example/"))
    catalog.disable(store, "two")
    assert catalog.configured(settings, store) == (ONE, TWO.model_copy(update={"enabled": False}))
    catalog.enable(store, "two")
    assert catalog.configured(settings, store) == (ONE, TWO)


def test_without_a_list_the_built_in_one_is_polled(store: Store, settings: Settings) -> None:
    """ArXiv's five listings, the daily papers, and blogs; names are unique and addresses can be asked."""
    names = [source.name for source in catalog.configured(settings, store)]
    assert names[:6] == [
        "arxiv-cs-ai",
        "arxiv-cs-cl",
        "arxiv-cs-cv",
        "arxiv-cs-lg",
        "arxiv-stat-ml",
        "huggingface",
    ]
    assert len(set(names)) == len(names)


def test_a_removed_source_is_forgotten(store: Store, settings: Settings) -> None:
    """Its memory goes with it; one that was not added cannot be removed, and the error says what can."""
    catalog.add(store, TWO)
    remember(store, (TWO, PollState(url=TWO.url)))
    catalog.remove(store, "two")
    assert SourceStore(store).memos(["two"]) == {}
    with pytest.raises(NotFoundError, match="sources disable arxiv-cs-ai"):
        catalog.remove(store, "arxiv-cs-ai")


@pytest.mark.parametrize("name", ["", "two words", "a/b", "ä"])
def test_a_name_that_cannot_be_typed_is_refused(store: Store, name: str) -> None:
    """Names stand in commands, logs and metrics."""
    with pytest.raises(InvalidInputError, match="letters, digits and dashes"):
        catalog.add(store, Source(name=name, url="https://x.example/"))


def test_an_address_that_is_never_asked_is_not_added(store: Store) -> None:
    """What polling would refuse is refused at once."""
    with pytest.raises(AddressRefusedError):
        catalog.add(store, Source(name="x", url="file:///etc/passwd"))
