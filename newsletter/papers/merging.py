"""Many sightings of one work become one paper, whatever order they come in.

A sighting is read as a paper with one mention; papers of one work are then
combined. The store combines a stored paper with a new poll by the same
function, so a day polled in one go and a day polled in ten end alike where
identifiers do not contradict each other. Where they do, what was stored first
keeps its id: nothing that was announced changes its name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from hashlib import blake2b
from itertools import groupby
from urllib.parse import urlsplit

from newsletter.models import Link, Look, Mention, Paper, Sighting
from newsletter.papers.identity import Fingerprint, same_work
from newsletter.sources.text.identifiers import in_address
from newsletter.sources.text.registrants import key

MAX_LOOKS, MAX_MENTIONS, MAX_LINKS = 200, 100, 50
"""Bounds of one paper: a feed that names it ten thousand times must not fill the store."""


def merge(sightings: Iterable[Sighting]) -> tuple[Paper, ...]:
    """Put the sightings of each work together as one paper; pure and independent of their order.

    Papers are in the order of their ids, which are unique. A paper's id is its arXiv number, else its
    DOI, else a digest of what was said. Title, abstract, authors and categories come from
    the best informed source (`combined`).
    """
    papers = sorted(_repeated(map(paper_of, sightings)), key=_written)
    groups = same_work([fingerprint_of(paper) for paper in papers])
    merged: dict[str, list[Paper]] = defaultdict(list)
    for group in groups:
        paper = combined([papers[position] for position in group])
        merged[paper.id].append(paper)
    return tuple(sorted(map(combined, merged.values()), key=lambda paper: paper.id))


def _repeated(papers: Iterable[Paper]) -> Iterator[Paper]:
    """Join what one entry says word for word again, so that no two works can get one id."""
    by_id: dict[str, list[Paper]] = defaultdict(list)
    for paper in papers:
        if paper.id.startswith("title:"):
            by_id[paper.id].append(paper)
        else:
            yield paper
    yield from map(combined, by_id.values())


def _written(value: Paper | Mention | Look) -> str:
    return value.model_dump_json()


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
    said = "\n".join((sighting.title, sighting.url, sighting.abstract, *sighting.authors))
    return f"title:{blake2b(said.encode(), digest_size=8).hexdigest()}"


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
    names = (
        paper.id,
        paper.arxiv_id and f"arxiv:{paper.arxiv_id}",
        paper.doi and f"doi:{paper.doi}",
        paper.doi and f"doi:{key(paper.doi)}",
    )
    return tuple(dict.fromkeys(name for name in names if name))


def names(paper: Paper) -> tuple[str, ...]:
    """Return everything by which a paper is known again, after all else about it is forgotten.

    One without arXiv number and DOI is known by its title and entries:
    its abstract changes, and so does the id that is made of it.
    """
    if paper.arxiv_id or paper.doi:
        return identifiers(paper)
    entries = (f"{mention.source}\n{mention.url}\n{paper.title}" for mention in paper.mentions)
    return (paper.id, *(f"entry:{blake2b(one.encode(), digest_size=8).hexdigest()}" for one in entries))


def fingerprint_of(paper: Paper, *, stored_as: str | None = None) -> Fingerprint:
    """Take the fingerprint of a paper, for `same_work`."""
    return Fingerprint.of(
        paper.title,
        paper.abstract,
        paper.authors,
        arxiv_id=paper.arxiv_id,
        doi=key(paper.doi),
        entries=frozenset(
            (mention.source, mention.url)
            for mention in paper.mentions
            if not (paper.arxiv_id or paper.doi) and mention.weight == 1
        ),
        stored_as=stored_as,
    )


def combined(papers: Sequence[Paper], *, stored: Paper | None = None) -> Paper:
    """Return the one paper that `papers`, all of one work, and `stored` describe.

    Words come from the best informed side: arXiv before other pages of the
    paper before posts that speak of it, then the higher version, then the one
    with an abstract, then the one seen first; what it leaves empty is taken
    from the next, but for the version, which is that of the words. Mentions
    of the same entry are joined and their looks put in order of time. The id
    is the stored one's, else the best identifier's; once withdrawn is
    withdrawn.
    """
    everyone = [*papers, *([stored] if stored else [])]
    best, *others = sorted(everyone, key=_authority, reverse=True)
    filled = reduce(_filled, others, best)
    return filled.model_copy(
        update={
            "id": stored.id if stored else min((paper.id for paper in papers), key=_id_rank),
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
    """Return what decides whose words are shown; the last part only breaks ties."""
    standing = [(_standing(paper, mention), -mention.first_seen.timestamp()) for mention in paper.mentions]
    best, since = max(standing)
    words = (paper.title, paper.abstract, paper.authors, paper.categories)
    return (best, paper.version or 0, bool(paper.abstract), since, words)


def _standing(paper: Paper, mention: Mention) -> int:
    """Return how much a source knows: 2 arXiv, 1 another page of the paper, 0 a post that speaks of it."""
    if mention.announce_type is not None:
        return 2
    page = in_address(mention.url)
    if page is None or (page.arxiv_id, key(page.doi)) not in {
        (paper.arxiv_id, None),
        (None, key(paper.doi)),
    }:
        return 0
    return 2 if urlsplit(mention.url).hostname in {"arxiv.org", "export.arxiv.org"} else 1


def _filled(paper: Paper, other: Paper) -> Paper:
    """Return `paper` with what it lacks taken from `other`."""
    fields = ("title", "abstract", "authors", "arxiv_id", "doi", "categories")
    lacking = {
        name: getattr(other, name) for name in fields if not getattr(paper, name) and getattr(other, name)
    }
    return paper.model_copy(update=lacking) if lacking else paper


def _links(papers: Iterable[Paper]) -> tuple[Link, ...]:
    """Return every link once, ordered by kind, then address."""
    every = {link for paper in papers for link in paper.links}
    return tuple(sorted(every, key=lambda link: (link.rel, link.url)))[:MAX_LINKS]


def _mentions(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Join the mentions of each entry; of more than `MAX_MENTIONS` those seen first are kept."""
    by_entry: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for mention in mentions:
        by_entry[mention.source, mention.url].append(mention)
    oldest = sorted(
        map(_joined, by_entry.values()), key=lambda mention: (mention.first_seen, mention.source, mention.url)
    )
    return tuple(sorted(oldest[:MAX_MENTIONS], key=lambda mention: (mention.source, mention.url)))


def _joined(mentions: Sequence[Mention]) -> Mention:
    """Return one entry's mentions as one: its earliest announcement, and every change of its numbers."""
    first = min(mentions, key=lambda mention: (mention.first_seen, _written(mention)))
    announced = [mention for mention in mentions if mention.announced]
    earliest = min(announced, key=lambda told: (told.announced, told.announce_type or ""), default=first)
    return first.model_copy(
        update={
            "announced": earliest.announced,
            "announce_type": earliest.announce_type,
            "looks": changes(look for mention in mentions for look in mention.looks),
        }
    )


def changes(looks: Iterable[Look]) -> tuple[Look, ...]:
    """Return looks in order of time, less those that show the numbers of the one before.

    Where only the place in the list moved nothing changed: on busy pages it
    moves at each poll. Of more than `MAX_LOOKS` the first and the last are kept.
    """
    in_order = sorted(set(looks), key=lambda look: (look.at, _written(look)))
    runs = groupby(in_order, key=lambda look: (look.votes, look.comments, look.stars))
    changed = [next(run) for _, run in runs]
    return tuple(changed if len(changed) <= MAX_LOOKS else [changed[0], *changed[1 - MAX_LOOKS :]])
