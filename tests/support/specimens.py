"""Editions to set in type, read from `tests/golden/editions`. All papers are invented."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.models import (
    Coverage,
    Edition,
    Entry,
    Link,
    Look,
    Mention,
    Paper,
    Preferences,
    Recipient,
    Section,
    SourceState,
    Trend,
)
from newsletter.rendering.site import SiteFacts

EDITIONS = Path(__file__).parents[1] / "golden" / "editions"
DAY = date(2026, 11, 22)
CUT_OFF = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SITE = SiteFacts(
    name="Trending Papers",
    base_url="https://papers.example.org",
    from_="Trending Papers <digest@papers.example.org>",
    postal_address="Reading Room, 12 Quay Street, 20457 Hamburg, Germany",
    timezone="Europe/Berlin",
)
READER = Preferences(hour=7, timezone="Europe/Berlin")
RECIPIENT = Recipient.of(
    subscriber_id=41,
    address="ada@example.net",
    substitutions=tuple(
        (f"-{name}_url-", f"https://papers.example.org/{path}/WzQxXQ.dGhpcyBpcyBub3QgYSB0b2tlbg")
        for name, path in (
            ("unsubscribe", "u"),
            ("manage", "manage"),
            ("confirm", "confirm"),
            ("reject", "reject"),
            ("back", "move"),
        )
    ),
)
COVERAGE = (
    Coverage(source="arxiv-cs-lg", title="arXiv cs.LG", state=SourceState.FRESH, papers=243),
    Coverage(source="arxiv-cs-cl", title="arXiv cs.CL", state=SourceState.FRESH, papers=171),
    Coverage(source="arxiv-stat-ml", title="arXiv stat.ML", state=SourceState.FRESH, papers=38),
    Coverage(source="hf-daily", title="Hugging Face", state=SourceState.FRESH, papers=34),
    Coverage(source="a-lab", title="A Lab’s Blog", state=SourceState.QUIET),
    Coverage(
        source="b-lab",
        title="B Lab’s Blog",
        state=SourceState.STALE,
        since=CUT_OFF - timedelta(days=2),
        note="usually writes every 9 hours",
    ),
)


def an_entry(
    *,
    number: str = "2611.00001",
    title: str = "A Paper about Nothing in Particular",
    authors: tuple[str, ...] = (),
    unnamed_authors: int = 0,
    category: str = "cs.LG",
    summary: tuple[str, ...] = (),
    abstract: str | None = None,
    why: str = "",
    has_code: bool = False,
    has_links: bool = True,
    score: float = 80,
    votes: int | None = None,
    comments: int | None = None,
    stars: int | None = None,
) -> Entry:
    """Return an entry of an arXiv paper; its abstract begins with the summary, if not told otherwise."""
    addresses = {"abstract": f"https://arxiv.org/abs/{number}", "pdf": f"https://arxiv.org/pdf/{number}"}
    if has_code:
        addresses["code"] = f"https://github.com/example/{number.replace('.', '-')}"
    links = tuple(Link.model_validate({"rel": rel, "url": url}) for rel, url in addresses.items())
    mention = Mention(source="arxiv-cs-lg", url=addresses["abstract"], first_seen=CUT_OFF)
    page = Mention(
        source="hf-daily",
        url=f"https://huggingface.co/papers/{number}",
        first_seen=CUT_OFF,
        looks=(Look(at=CUT_OFF, votes=votes, comments=comments, stars=stars),),
    )
    return Entry(
        paper=Paper(
            id=f"arxiv:{number}",
            arxiv_id=number,
            title=title,
            abstract=" ".join(summary) if abstract is None else abstract,
            authors=(*authors, *(f"Member {n}" for n in range(unnamed_authors))),
            categories=(category, "cs.AI") if category else (),
            links=links if has_links else (),
            first_seen=CUT_OFF - timedelta(hours=9),
            mentions=(mention, *([page] if votes is not None else [])) if has_links else (),
        ),
        score=score,
        why=why,
        summary=summary,
    )


def an_edition(name: str = "day", **values: Any) -> Edition:
    """Return the edition in the file called `name`, with one stale source."""
    written = tomllib.loads((EDITIONS / f"{name}.toml").read_text("utf-8"))
    defaults: dict[str, Any] = {
        "date": DAY,
        "composed_at": CUT_OFF + timedelta(minutes=1),
        "cut_off": CUT_OFF,
        "sections": tuple(_section(one) for one in written.get("section", [])),
        "also": tuple(_entry(one) for one in written.get("also", [])),
        "coverage": COVERAGE,
        "candidates": written["candidates"],
    }
    return Edition(**(defaults | values))


def a_long_edition(papers: int = 25) -> Edition:
    """Return a day of many papers, each with two long sentences and every link, three to a topic."""
    entries = tuple(
        an_entry(
            number=f"2611.{number:05}",
            title=f"On Question {number} of Those That Large Models Leave Open, with Half an Answer",
            authors=tuple(f"Author {letter}. Surname{number}" for letter in "ABCDEFGHIJ"),
            summary=(
                "We study a question that has been open since it was first asked, "
                + "and an answer to it, " * 5,
                "On five benchmarks the method wins by 3.1 points, " + "and where it loses we show why, " * 4,
            ),
            why="163 upvotes on Hugging Face, more than 97 % of papers at this age.",
            has_code=True,
            score=90 - number / 2,
            votes=163,
            comments=12,
            stars=782,
        )
        for number in range(papers)
    )
    trend = Trend(movement="up", streak_days=4, series=tuple(range(10)), ratio=2.5)
    sections = tuple(
        Section(
            slug=f"topic-{start}",
            label=f"a topic of the number {start}",
            trend=trend,
            entries=entries[start : start + 3],
        )
        for start in range(0, min(papers, 24), 3)
    )
    return an_edition(sections=sections, also=entries[24:], candidates=1204)


def a_week() -> Edition:
    """Return the day's papers as those of the week that ends with it, a source missing in between."""
    day = an_edition()

    def dated(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        days = (DAY - timedelta(days=6 - place % 5) for place in range(len(entries)))
        return tuple(
            entry.model_copy(update={"edition_of": of}) for entry, of in zip(entries, days, strict=True)
        )

    sections = tuple(
        section.model_copy(
            update={
                "entries": dated(section.entries),
                "trend": section.trend.model_copy(update={"streak_days": 0, "days": 1 + place}),
            }
        )
        for place, section in enumerate(day.sections)
    )
    first, *others = day.coverage
    return day.model_copy(
        update={
            "since": DAY - timedelta(days=6),
            "sections": sections,
            "also": dated(day.also),
            "coverage": (first.model_copy(update={"note": "missing on 2 of 7 days"}), *others),
            "candidates": 3120,
            "notes": ("Votes and places are those known on 2026-11-22.",),
        }
    )


def a_quiet_edition(**values: Any) -> Edition:
    """Return a day without papers."""
    return an_edition(**({"sections": (), "also": (), "candidates": 0} | values))


def _section(written: dict[str, Any]) -> Section:
    papers = tuple(_entry(one) for one in written.pop("paper"))
    label = written.pop("label")
    slug = "-".join(label.split()[:3]).lower()
    return Section(slug=slug, label=label, trend=Trend.model_validate(written), entries=papers)


def _entry(written: dict[str, Any]) -> Entry:
    lists = {name: tuple(written[name]) for name in ("authors", "summary") if name in written}
    return an_entry(**(written | lists))
