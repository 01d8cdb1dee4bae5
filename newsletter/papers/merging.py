"""Many sightings of one work become one paper, whatever order they come in.

A sighting is read as a paper with one mention; papers of one work are then
combined. The store combines a stored paper with a new poll by the same
function, so a day polled in one go and a day polled in ten end alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from hashlib import blake2b
from itertools import groupby
from urllib.parse import urlsplit

from newsletter.models import Link, Look, Mention, Paper, Sighting
from newsletter.papers.identity import Fingerprint, same_work


def merge(sightings: Iterable[Sighting]) -> tuple[Paper, ...]:
    """Put the sightings of each work together as one paper; pure and independent of their order.

    Papers are in the order of their ids. A paper's id is its arXiv number, else its
    DOI, else a digest of its title. Title, abstract, authors and categories come from
    the best informed source (`combined`).
    """
    papers = sorted(map(paper_of, sightings), key=lambda paper: paper.model_dump_json())
    groups = same_work([fingerprint_of(paper) for paper in papers])
    return tuple(
        sorted((combined([papers[i] for i in group]) for group in groups), key=lambda paper: paper.id)
    )


def paper_of(sighting: Sighting) -> Paper:
    """Read one sighting as a paper that nobody else has mentioned."""
    numbers = (sighting.votes, sighting.comments, sighting.stars, sighting.rank)
    look = Look(at=sighting.observed_at, **dict(zip(_NUMBERS, numbers, strict=True)))
    mention = Mention(
        source=sighting.source,
        url=sighting.url,
        first_seen=sighting.observed_at,
        announced=sighting.announced,
        announce_type=sighting.announce_type,
        weight=sighting.weight,
        looks=(look,) if any(number is not None for number in numbers) else (),
    )
    return Paper(
        id=_given_id(sighting),
        title=sighting.title,
        abstract=sighting.abstract,
        authors=sighting.authors,
        arxiv_id=sighting.arxiv_id,
        version=sighting.version,
        doi=sighting.doi,
        categories=sighting.categories,
        links=sighting.links,
        first_seen=sighting.observed_at,
        announced=sighting.announced,
        mentions=(mention,),
        withdrawn=sighting.withdrawn,
    )


_NUMBERS = ("votes", "comments", "stars", "rank")


def _given_id(sighting: Sighting) -> str:
    if sighting.arxiv_id:
        return f"arxiv:{sighting.arxiv_id}"
    if sighting.doi:
        return f"doi:{sighting.doi}"
    named = f"{sighting.title}\n{sighting.url}".encode()
    return f"title:{blake2b(named, digest_size=8).hexdigest()}"


def absorbed(fresh: Sequence[Paper], stored: Sequence[Paper]) -> tuple[Paper, ...]:
    """Return what `fresh` papers become beside `stored` ones: a stored paper that knows more, or a new one.

    A stored paper keeps its id, and no two stored ones are joined. Stored
    papers that nothing was said of are not among the result; ordered by id.
    """
    by_name = {name: paper for paper in stored for name in identifiers(paper)}
    told: dict[str, list[Paper]] = defaultdict(list)
    undecided = []
    for paper in fresh:
        same = next((by_name[name] for name in identifiers(paper) if name in by_name), None)
        if same and not (paper.arxiv_id and same.arxiv_id and paper.arxiv_id != same.arxiv_id):
            told[same.id].append(paper)
        else:
            undecided.append(paper)
    newcomers = []
    prints = [fingerprint_of(paper, stored_as=paper.id) for paper in stored] if undecided else []
    for group in same_work(prints + [fingerprint_of(paper) for paper in undecided]):
        described = [undecided[i - len(stored)] for i in group if i >= len(stored)]
        if described and group[0] < len(stored):
            told[stored[group[0]].id] += described
        elif described:
            newcomers.append(combined(described))
    known = [combined(told[paper.id], stored=paper) for paper in stored if paper.id in told]
    return tuple(sorted([*known, *newcomers], key=lambda paper: paper.id))


def identifiers(paper: Paper) -> tuple[str, ...]:
    """Return every name that the paper may be asked for by: its id first, then arXiv number and DOI."""
    names = (paper.id, paper.arxiv_id and f"arxiv:{paper.arxiv_id}", paper.doi and f"doi:{paper.doi}")
    return tuple(dict.fromkeys(name for name in names if name))


def fingerprint_of(paper: Paper, *, stored_as: str | None = None) -> Fingerprint:
    """Take the fingerprint of a paper, for `same_work`."""
    return Fingerprint.of(
        paper.title,
        paper.abstract,
        paper.authors,
        arxiv_id=paper.arxiv_id,
        doi=paper.doi,
        stored_as=stored_as,
    )


def combined(papers: Sequence[Paper], *, stored: Paper | None = None) -> Paper:
    """Return the one paper that `papers`, all of one work, and `stored` describe.

    Words come from the best informed side: arXiv's own announcement before
    other pages with an identifier before the rest, then the higher version,
    then the one with an abstract, then the one seen first; what it leaves
    empty is taken from the next. Mentions of the same entry are joined and
    their looks put in order of time. The id is the stored one's, else the
    best identifier's; once withdrawn is withdrawn.
    """
    everyone = [*papers, *([stored] if stored else [])]
    best, *others = sorted(everyone, key=_authority, reverse=True)
    filled = reduce(_filled, others, best)
    return filled.model_copy(
        update={
            "id": stored.id if stored else min((paper.id for paper in papers), key=_id_rank),
            "version": best.version or filled.version,
            "links": _links(everyone),
            "first_seen": min(paper.first_seen for paper in everyone),
            "announced": min((paper.announced for paper in everyone if paper.announced), default=None),
            "mentions": _mentions(mention for paper in everyone for mention in paper.mentions),
            "withdrawn": any(paper.withdrawn for paper in everyone),
        }
    )


def _id_rank(name: str) -> tuple[bool, bool, str]:
    return (not name.startswith("arxiv:"), not name.startswith("doi:"), name)


def _authority(paper: Paper) -> tuple[object, ...]:
    """Return what decides whose words are shown; the last part only makes the order total."""
    standing = {mention: _standing(paper, mention) for mention in paper.mentions}
    best = max(standing.values())
    since = min(mention.first_seen for mention, rank in standing.items() if rank == best)
    return (best, paper.version or 0, bool(paper.abstract), -since.timestamp(), paper.model_dump_json())


def _standing(paper: Paper, mention: Mention) -> int:
    if mention.announce_type is not None or urlsplit(mention.url).hostname in {
        "arxiv.org",
        "export.arxiv.org",
    }:
        return 2
    return 1 if paper.arxiv_id or paper.doi else 0


def _filled(paper: Paper, other: Paper) -> Paper:
    """Return `paper` with what it lacks taken from `other`."""
    fields = ("title", "abstract", "authors", "arxiv_id", "doi", "categories", "version")
    lacking = {
        name: getattr(other, name) for name in fields if not getattr(paper, name) and getattr(other, name)
    }
    return paper.model_copy(update=lacking) if lacking else paper


def _links(papers: Iterable[Paper]) -> tuple[Link, ...]:
    """Return every link once, ordered by kind, then address."""
    return tuple(
        sorted({link for paper in papers for link in paper.links}, key=lambda link: (link.rel, link.url))
    )


def _mentions(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    by_entry: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for mention in mentions:
        by_entry[mention.source, mention.url].append(mention)
    return tuple(_joined(by_entry[entry]) for entry in sorted(by_entry))


def _joined(mentions: Sequence[Mention]) -> Mention:
    """Return one entry's mentions as one: its earliest announcement, and every change of its numbers."""
    first = min(mentions, key=lambda mention: (mention.first_seen, mention.model_dump_json()))
    announced = [mention for mention in mentions if mention.announced]
    earliest = min(announced, key=lambda mention: (mention.announced, mention.first_seen), default=first)
    return first.model_copy(
        update={
            "announced": earliest.announced,
            "announce_type": earliest.announce_type,
            "looks": changes(look for mention in mentions for look in mention.looks),
        }
    )


def changes(looks: Iterable[Look]) -> tuple[Look, ...]:
    """Return looks in order of time, less those that show the numbers of the one before.

    Where only the place in the list moved nothing changed: on busy pages it moves at each poll.
    """
    in_order = sorted(set(looks), key=lambda look: (look.at, look.model_dump_json()))
    runs = groupby(in_order, key=lambda look: (look.votes, look.comments, look.stars))
    return tuple(next(run) for _, run in runs)
