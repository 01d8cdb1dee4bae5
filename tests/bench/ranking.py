"""Days on which little is known: the first page of votes ever seen, votes hidden, biology without votes.

python tests/bench/ranking.py ../shared/data

Pages are answers of Hugging Face's daily papers (`huggingface_api`), each ranked as an edition with no
history and held against the votes of the same page: nDCG over all of it with gain log2(1 + votes), Kendall's
tau-b; the newest number first beside it. Biology is `feeds/biorxiv`: distinct scores, and each publisher's
share of the seats beside its share of the candidates.
"""

import argparse
import gzip
import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from newsletter.editions.assembly.selection import seat
from newsletter.editions.backtest import kendall
from newsletter.editions.scoring.history import History
from newsletter.editions.scoring.trending import rank
from newsletter.editions.scoring.unvoted import home_of
from newsletter.models import Paper, Source
from newsletter.papers import merge
from newsletter.sources.faults import UnreadableError
from newsletter.sources.formats import reading

SEATS = 25
LATER = datetime(2026, 11, 30, 12, tzinfo=UTC)


def read(path: Path, url: str, now: datetime) -> list[Paper]:
    """Return the papers of one stored answer; none where it is not of its kind."""
    source = Source(name=path.name.partition(".")[0].replace("_", "-").lower(), title=path.name, url=url)
    try:
        found = reading.read(source, gzip.decompress(path.read_bytes()), "", url, now, cap_bytes=10**8)
    except UnreadableError:
        return []
    return list(merge(found.sightings))


def votes_of(paper: Paper) -> int:
    """Return the votes that a page shows of a paper."""
    return max((look.votes or 0 for one in paper.mentions for look in one.looks), default=0)


def without_votes(paper: Paper) -> Paper:
    """Return a paper as if nobody had counted."""
    mentions = tuple(one.model_copy(update={"looks": ()}) for one in paper.mentions)
    return paper.model_copy(update={"mentions": mentions})


def ndcg(order: Sequence[int]) -> float:
    """Return how much of the votes stands at the head of an order of votes."""

    def discounted(votes: Sequence[int]) -> float:
        return math.fsum(math.log2(1 + one) / math.log2(place + 2) for place, one in enumerate(votes))

    return discounted(order) / discounted(sorted(order, reverse=True))


def pages(folder: Path) -> dict[str, float]:
    """Judge the first edition ever, with and without votes, page by page."""
    figures: dict[str, list[float]] = {}
    for path in sorted(folder.glob("*.json.gz")):
        now = datetime.fromisoformat(path.name[:10]).replace(hour=12, tzinfo=UTC)
        papers = read(path, "https://huggingface.co/api/daily_papers", now)
        votes = {paper.id: votes_of(paper) for paper in papers}
        if len(papers) < 5 or not any(votes.values()):
            continue
        first = [votes[one.paper.id] for one in rank(papers, History(), now)]
        hidden = [votes[one.paper.id] for one in rank(map(without_votes, papers), History(), now)]
        for name, figure in (
            ("first edition: nDCG", ndcg(first)),
            ("first edition: tau", kendall(first) or 0.0),
            ("votes hidden: nDCG", ndcg(hidden)),
            ("newest number first: nDCG", ndcg([votes[name] for name in sorted(votes, reverse=True)])),
        ):
            figures.setdefault(name, []).append(figure)
    return {name: round(fmean(values), 3) for name, values in figures.items()}


def biology(folder: Path) -> dict[str, object]:
    """Rank and seat what nobody votes for."""
    paths = sorted(folder.glob("*.gz"))
    papers = [paper for path in paths for paper in read(path, f"https://www.biorxiv.org/{path.name}", LATER)]
    scored = rank({paper.id: paper for paper in papers}.values(), History(), LATER)
    seated = Counter(home_of(one.paper) for one in seat(scored, [], SEATS))
    shares = Counter(home_of(one.paper) for one in scored)
    return {
        "papers": len(scored),
        "distinct scores": len({one.score for one in scored}),
        "shares of seats and of candidates": {
            home: (round(seated[home] / SEATS, 2), round(count / len(scored), 2))
            for home, count in shares.most_common()
        },
    }


def main() -> None:
    """Print all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    print(json.dumps(pages(data / "huggingface_api") | biology(data / "feeds" / "biorxiv"), indent=1))


if __name__ == "__main__":
    main()
