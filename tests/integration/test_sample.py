"""The sample sources pass the code of any real day, over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from newsletter import sample
from newsletter.models import SourceState
from newsletter.papers.intake import IntakeReport, poll_into
from newsletter.papers.store import PaperStore
from newsletter.sample.facts import Facts, facts
from newsletter.settings import Settings
from newsletter.sources import catalog
from newsletter.sources.store import SourceStore
from newsletter.store import Store

TUESDAY = datetime(2026, 6, 9, 9, 30, tzinfo=UTC)
MakeSettings = Callable[..., Settings]


def walk(
    store: Store, make_settings: MakeSettings, now: datetime, changed: Facts | None = None
) -> tuple[Settings, IntakeReport]:
    """Poll the four weeks and then today, as the demo does; return the last report."""
    with sample.serve(now, changed) as site:
        settings = make_settings(sources=sample.sources(site.base_url), allow_private_sources=True)
        for moment in sample.history(now):
            site.now = moment
            poll_into(store, settings, moment)
        site.now = now
        return settings, poll_into(store, settings, now)


@pytest.mark.parametrize(
    "now", [TUESDAY, TUESDAY + timedelta(days=4, hours=-6)], ids=["a Tuesday", "a Saturday"]
)
def test_every_fact_arrives_as_a_paper(store: Store, make_settings: MakeSettings, now: datetime) -> None:
    """Each paper of the files is stored once, today's with abstract, and the stale source is told as such."""
    settings, report = walk(store, make_settings, now)
    known = facts()
    numbers = {
        paper.id
        for batches in (known.listing, known.page, known.robotics)
        for batch in batches.values()
        for paper in batch
    }
    papers = PaperStore(store).get(f"arxiv:{number}" for number in numbers)
    assert len(papers) == len(numbers)
    assert (report.new_papers, report.updated_papers) == (62, 1)
    assert [one.dropped for one in report.polled] == [()] * 4
    today = PaperStore(store).recent(now - timedelta(hours=12), now)
    assert all(paper.abstract and paper.authors for paper in today)
    states = {
        health.source.name: health.state
        for health in SourceStore(store).health(catalog.configured(settings, store), now)
    }
    assert states == {
        "arxiv-cs-cv": SourceState.FRESH,
        "arxiv-cs-ro": SourceState.STALE,
        "huggingface": SourceState.FRESH,
        "lab-notebook": SourceState.FRESH,
    }


def test_three_sources_of_one_paper_make_one_paper(store: Store, make_settings: MakeSettings) -> None:
    """Listing, page and post are three mentions of it, with its votes; the new version keeps its old date."""
    walk(store, make_settings, TUESDAY)
    papers = PaperStore(store).get(["arxiv:2604.21686", "arxiv:2604.12890"])
    mentions = papers["arxiv:2604.21686"].mentions
    assert [mention.source for mention in mentions] == ["arxiv-cs-cv", "huggingface", "lab-notebook"]
    assert mentions[1].looks[0].votes == 29
    replaced = papers["arxiv:2604.12890"]
    assert replaced.version == 2
    assert replaced.announced is not None
    assert replaced.announced < TUESDAY - timedelta(days=7)


def test_a_scrambled_sample_shows(store: Store, make_settings: MakeSettings) -> None:
    """What is changed in the facts is changed in what is stored: nothing is prepared but the input."""
    known = facts()
    number = max(known.page)
    first, *others = known.page[number]
    changed = (replace(first, title="A title that nobody wrote", votes=1234), *others)
    walk(store, make_settings, TUESDAY, replace(known, page=known.page | {number: changed}, listing={1: ()}))
    paper = PaperStore(store).get([f"arxiv:{first.id}"])[f"arxiv:{first.id}"]
    assert paper.title == "A title that nobody wrote"
    assert paper.mentions[0].looks[-1].votes == 1234


def test_the_server_says_honestly_that_nothing_changed() -> None:
    """The same moment is answered 304, another one anew; what is not there is 404."""
    with sample.serve(TUESDAY) as site:
        for source in sample.sources(site.base_url):
            with urlopen(source.url) as answer:
                known = Request(source.url, headers={"If-None-Match": answer.headers["ETag"]})
            assert status_of(known) == 304
            site.now = TUESDAY - timedelta(days=14)
            assert status_of(known) == 200
            site.now = TUESDAY
        assert status_of(Request(f"{site.base_url}/elsewhere")) == 404


def status_of(request: Request) -> int:
    """Return the status of an answer, whatever it is."""
    try:
        with urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
