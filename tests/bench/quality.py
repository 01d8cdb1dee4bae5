"""Adapters of the quality harnesses: they convert and call, nothing else.

python ../shared/eval/eval_dedupe.py ../shared/data/quality --adapter tests/bench/quality.py:group
python ../shared/eval/eval_cluster.py ../shared/data/quality --adapter tests/bench/quality.py:cluster
python ../shared/eval/eval_cluster.py ../shared/data/quality --adapter tests/bench/quality.py:mailed
python ../shared/eval/eval_keyphrases.py ../shared/data/quality --adapter tests/bench/quality.py:keyphrases
python ../shared/eval/eval_bursts.py ../shared/data/quality --adapter tests/bench/quality.py:bursts
python ../shared/eval/eval_follow.py ../shared/data/quality --adapter tests/bench/quality.py:follow
python ../shared/eval/eval_trending.py ../shared/data/quality --adapter tests/bench/quality.py:rank
python ../shared/eval/eval_summary.py ../shared/data/quality --adapter tests/bench/quality.py:summaries
python ../shared/eval/eval_mail.py ../shared/data/quality --adapter tests/bench/quality.py:mail \
    --rank tests/bench/quality.py:rank --from 2025-05-05 --to 2025-06-23
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from newsletter import editions, topics
from newsletter.editions.assembly.arrangement import DayTopic, Inputs, arrange
from newsletter.editions.assembly.selection import best_topics
from newsletter.editions.assembly.summary import summarise
from newsletter.editions.scoring import history as editions_history
from newsletter.models import Look, Mention, Paper, Preferences, Sighting, Topic
from newsletter.papers import merge
from newsletter.settings import Settings
from newsletter.sources.text import identifiers

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def group(records: list[dict[str, Any]]) -> dict[str, int]:
    """Say which records are of the same work: equal number, same work."""
    papers = merge(_sighting(record) for record in records)
    return {mention.source: number for number, paper in enumerate(papers) for mention in paper.mentions}


def _sighting(record: dict[str, Any]) -> Sighting:
    ref = record["ref"]
    work = identifiers.in_address(ref) or identifiers.in_identifier(ref) or identifiers.arxiv_number(ref)
    return Sighting(
        source=record["key"],
        observed_at=NOON,
        url=ref,
        title=record["title"],
        abstract=record["abstract"],
        authors=tuple(record["authors"]),
        arxiv_id=work.arxiv_id if work else None,
        version=work.version if work else None,
        doi=work.doi if work else None,
    )


def cluster(papers: list[dict[str, Any]], history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Group a day's papers, with what was shipped and the days before as memory."""
    return _groups(topics.find_topics(map(_paper, papers), _memory(history)))


def mailed(papers: list[dict[str, Any]], history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Group a day's papers as readers see them: standing subjects, then what else the day has."""
    day, memory = [_paper(paper) for paper in papers], _memory(history)
    return _groups(_shown(day, memory))


def _shown(day: list[Paper], memory: topics.Memory) -> tuple[Topic, ...]:
    emergent = topics.as_mailed(topics.find_topics(day, memory), day)
    return topics.beside(topics.find_subjects(day, memory), emergent)


def _groups(found: Iterable[Topic]) -> list[dict[str, Any]]:
    return [
        {"label": one.label, "keywords": list(one.keywords), "ids": [paper.id for paper in one.papers]}
        for one in found
    ]


def keyphrases(papers: list[dict[str, Any]], history: list[dict[str, Any]], limit: int) -> list[list[str]]:
    """Name each paper's phrases."""
    memory = _memory(history)
    return [list(topics.keyphrases(_paper(paper), memory, limit=limit)) for paper in papers]


def bursts(papers: list[dict[str, Any]], history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """List what the day talks of more than usual."""
    found = topics.bursts(map(_paper, papers), _memory(history))
    return [{"label": one.phrase, "ids": [paper.id for paper in one.papers]} for one in found]


def summaries(papers: list[dict[str, Any]]) -> list[str]:
    """Quote each paper's sentence as the mail does; empty where none is shown."""
    return [" … ".join(summarise(paper["abstract"], paper["title"])) for paper in papers]


_asked: list[tuple[list[dict[str, Any]], topics.Following]] = []
"""The last papers, and what answers for them: the harness asks many queries of one list."""


def follow(query: str, papers: list[dict[str, Any]], history: list[dict[str, Any]]) -> list[str]:
    """List what a reader who follows a query is sent of some papers, the nearest first.

    The service asks with the memory that was shipped, so the history is not learnt here either.
    """
    if not _asked or _asked[0][0] is not papers:
        _asked[:] = [(papers, topics.Following([_paper(paper) for paper in papers]))]
    return [papers[place]["id"] for place in _asked[0][1].answer(query).best]


def rank(day: dict[str, Any]) -> dict[str, float]:
    """Score a day's papers; the harness gives no announcement types, and votes at one place."""
    now = _minute(day["send_at"])
    scored = editions.rank([_voted(record, now) for record in day["papers"]], _past(day, now), now)
    return {one.paper.id.removeprefix("arxiv:"): one.score for one in scored}


def mail(day: dict[str, Any]) -> list[str]:
    """List what a reader who changed nothing is mailed that day, in reading order."""
    now = _minute(day["send_at"])
    papers = [_voted(record, now) for record in day["papers"]]
    found = _shown(papers, _memory(day["history"]))
    past = _past(day, now)
    shown = best_topics(found, editions.rank(papers, past, now), Settings.model_fields["topics"].default)
    inputs = Inputs(
        day=now.date(),
        composed_at=now,
        cut_off=now,
        candidates=tuple(papers),
        topics=tuple(
            DayTopic(slug=one.label, label=one.label, ids=tuple(paper.id for paper in one.papers))
            for one in shown
        ),
        history=past,
        papers=Settings.model_fields["papers"].default,
    )
    sent = editions.for_reader(arrange(inputs), Preferences())
    return [entry.paper.id.removeprefix("arxiv:") for entry in sent.entries]


def _past(day: dict[str, Any], now: datetime) -> editions.History:
    known = {record["id"]: record for record in day["history"]}
    known |= {record["id"]: known.get(record["id"], {}) | record for record in day["past"]}
    return editions_history.learn(
        editions_history.example_of(_voted(record, now)) for record in known.values()
    )


def _voted(record: dict[str, Any], now: datetime) -> Paper:
    listed = record.get("date") or record.get("hf_date") or now.date().isoformat()
    first_seen = datetime.combine(date.fromisoformat(listed), time(), UTC)
    looks = tuple(Look(at=_minute(minute), votes=count) for minute, count in record.get("votes") or ())
    page = (
        [
            Mention(
                source="huggingface",
                url=f"https://huggingface.co/papers/{record['id']}",
                first_seen=looks[0].at,
                announced=datetime.combine(looks[0].at.date(), time(), UTC),
                looks=looks,
            )
        ]
        if looks
        else []
    )
    return Paper(
        id=f"arxiv:{record['id']}",
        arxiv_id=record["id"],
        title=record["title"],
        abstract=record["abstract"],
        authors=tuple(record["authors"] or ()),
        categories=tuple(record.get("categories") or ()),
        first_seen=first_seen,
        announced=first_seen,
        mentions=page,
    )


def _minute(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


_learnt: dict[tuple[str, ...], topics.Memory] = {}
"""The last memory, by the papers that it has learnt: the harness asks for one several times."""


def _memory(history: list[dict[str, Any]]) -> topics.Memory:
    key = tuple(record["id"] + record["date"] for record in history)
    if key not in _learnt:
        by_day: dict[date, list[Paper]] = defaultdict(list)
        for record in history:
            by_day[date.fromisoformat(record["date"])].append(_paper(record))
        memory = topics.Memory.shipped()
        for day in sorted(by_day):
            memory = memory.learn(by_day[day], day)
        _learnt.clear()
        _learnt[key] = memory
    return _learnt[key]


def _paper(record: dict[str, Any]) -> Paper:
    return Paper(
        id=record["id"],
        title=record["title"],
        abstract=record["abstract"],
        authors=tuple(record.get("authors") or ()),
        first_seen=NOON,
    )
