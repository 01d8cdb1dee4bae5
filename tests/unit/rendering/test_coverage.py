"""The coverage line tells a quiet day from a broken one."""

from datetime import timedelta

import pytest
import specimens

from newsletter.models import Coverage, Preferences, SourceState
from newsletter.rendering.coverage import Silence, sentences, silence


def a_source(name: str, state: SourceState = SourceState.FRESH, papers: int = 0, **values) -> Coverage:
    """Return what one source gave."""
    return Coverage(source=name, title="", state=state, papers=papers, **values)


def covered(*coverage: Coverage) -> str:
    """Return the whole line for some sources."""
    return " ".join(sentences(specimens.a_quiet_edition(coverage=coverage)))


def test_each_state_is_told_by_its_name():
    """A source is named once, under what it did; one that is switched off is not named."""
    line = covered(
        a_source("a", papers=1234),
        a_source("b", SourceState.QUIET),
        a_source("c", SourceState.LATE, since=specimens.CUT_OFF),
        a_source("d", SourceState.STALE, since=specimens.CUT_OFF - timedelta(days=40)),
        a_source("e", SourceState.FAILING, note="answers 503."),
        a_source("f", SourceState.UNKNOWN),
        a_source("g", SourceState.DISABLED),
    )
    assert line == (
        "6 sources polled: a 1,234. Nothing new in b. Late: c since 05:00 UTC. Stale: d since 13 Oct. "
        "Failing: e (answers 503). Not polled yet: f."
    )


def test_hundreds_of_sources_are_counted_rather_than_named():
    """A mail names ten in each list and counts the others."""
    line = covered(*(a_source(f"s{number}", papers=1) for number in range(500)))
    assert line.endswith("s9 1 and 490 more.")


def test_no_sources_at_all_is_said():
    """A service without sources does not pretend to have polled."""
    assert covered() == "No source is configured."


OK, DOWN = a_source("a", SourceState.QUIET), a_source("b", SourceState.FAILING)
CHOOSY = Preferences(topics=("proteins",))


@pytest.mark.parametrize(
    ("coverage", "candidates", "preferences", "expected"),
    [
        ((OK, DOWN), 0, Preferences(), Silence.NOTHING_NEW),
        ((DOWN,), 0, Preferences(), Silence.BROKEN),
        ((DOWN,), 9, CHOOSY, Silence.BROKEN),
        ((OK,), 9, CHOOSY, Silence.FILTERED),
        ((OK,), 9, Preferences(muted=("survey",)), Silence.FILTERED),
        ((OK,), 9, Preferences(), Silence.ANNOUNCED),
        ((OK,), 0, CHOOSY, Silence.NOTHING_NEW),
        ((), 0, Preferences(), Silence.NOTHING_NEW),
    ],
)
def test_silence_has_one_reason(coverage, candidates, preferences, expected):
    """Broken comes first, then an empty day, then the reader's own filters."""
    edition = specimens.a_quiet_edition(coverage=coverage, candidates=candidates)
    assert silence(edition, preferences) is expected
