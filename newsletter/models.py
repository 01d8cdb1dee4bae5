"""The values that cross rooms, in the order in which a day makes them.

All are frozen pydantic models: equal by content, hashable, and written as
JSON by `model_dump_json` and read back by `model_validate_json` without loss.
Instants are aware and in UTC; a bare number carries its unit in its name.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware datetime, converted to UTC whatever zone it came in."""


class Value(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ── sources: the world → sightings ────────────────────────────────────────────────────────────────────


class Source(Value):
    """One address that is polled, as the operator configured it."""

    name: str
    """Short, unique, lower case: `arxiv-cs-lg`. What logs, commands and sightings call it."""
    url: str
    title: str = ""
    """What readers see in the coverage line; the name where empty."""
    adapter: Literal["auto", "arxiv", "huggingface", "feed"] = "auto"
    """How answers are read; `auto` decides by what the answer is."""
    keeps: Literal["named", "all"] = "named"
    """`named`: entries that name a paper (arXiv number or DOI). `all`: every entry, as in a journal."""
    every: timedelta = timedelta(minutes=30)
    enabled: bool = True


class SourceState(StrEnum):
    """What is known of a source now, told apart so that a broken day never looks like a quiet one."""

    FRESH = "fresh"
    QUIET = "quiet"
    LATE = "late"
    STALE = "stale"
    FAILING = "failing"
    DISABLED = "disabled"
    UNKNOWN = "unknown"


class Link(Value):
    """Where more of a paper is to be found; always http or https."""

    rel: Literal["abstract", "pdf", "code", "project", "discussion", "post"]
    url: str


class Sighting(Value):
    """What one source said of one work at one time."""

    source: str
    observed_at: Instant
    url: str
    """The entry's own address at the source; with `source` it names the entry."""
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    arxiv_id: str | None = None
    """Without version: `2606.13681` or `math/0309136`."""
    version: int | None = None
    doi: str | None = None
    """Lower case, without resolver: `10.1101/2023.12.01.569537`."""
    categories: tuple[str, ...] = ()
    announced: Instant | None = None
    """When the source says that it listed the work (not when the work was written)."""
    announce_type: Literal["new", "cross", "replace", "replace-cross"] | None = None
    links: tuple[Link, ...] = ()
    rank: int | None = None
    """Position in the source's own list, 1 first."""
    votes: int | None = None
    comments: int | None = None
    stars: int | None = None
    weight: float = 1.0
    """1/n where the entry named n works."""
    withdrawn: bool = False


# ── papers: sightings → papers ────────────────────────────────────────────────────────────────────────


class Look(Value):
    """The numbers that one source showed of a paper at one poll."""

    at: Instant
    votes: int | None = None
    comments: int | None = None
    stars: int | None = None
    rank: int | None = None


class Mention(Value):
    """One source's word on a paper, over time."""

    source: str
    url: str
    first_seen: Instant
    announced: Instant | None = None
    announce_type: Literal["new", "cross", "replace", "replace-cross"] | None = None
    weight: float = 1.0
    looks: tuple[Look, ...] = ()
    """Oldest first; a poll that showed the same numbers as the one before adds none."""


class Paper(Value):
    """One work, whatever source, version or title noise its sightings came with."""

    id: str
    """`arxiv:2606.13681`, `doi:10.1101/…` or `title:…`; given at first sight and kept for good."""
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    arxiv_id: str | None = None
    version: int | None = None
    doi: str | None = None
    categories: tuple[str, ...] = ()
    """Primary category first."""
    links: tuple[Link, ...] = ()
    first_seen: Instant
    announced: Instant | None = None
    """The earliest announcement that any source gave."""
    mentions: tuple[Mention, ...] = ()
    """One an entry, ordered by source, then url."""
    withdrawn: bool = False


# ── topics: papers → topics ───────────────────────────────────────────────────────────────────────────


class Topic(Value):
    """A group of the day's papers that one phrase names."""

    label: str
    keywords: tuple[str, ...] = ()
    papers: tuple[Paper, ...]
    """Best first."""
    cohesion: float = 0.0
    """How alike the members are beyond the day's usual, about 0 to 1."""


# ── editions: topics and signals → edition ────────────────────────────────────────────────────────────


class Reason(Value):
    """One term of a score, with the numbers behind it."""

    term: str
    """`votes`, `prior`, `breadth`, `authors`, …: what the published definition calls it."""
    points: float
    detail: str = ""
    """Part of a sentence with numbers: `97th percentile of votes for a 9-hour-old paper`."""


class Scored(Value):
    """A paper with its score and the terms that made it."""

    paper: Paper
    score: float = Field(ge=0, le=100)
    reasons: tuple[Reason, ...] = ()
    """Largest first."""


class Entry(Value):
    """A paper as an edition shows it."""

    paper: Paper
    score: float
    reasons: tuple[Reason, ...] = ()
    why: str = ""
    """The two largest reasons as one sentence with numbers."""
    summary: tuple[str, ...] = ()
    """A sentence of the abstract, verbatim; none where none tells what is new."""
    offered_on: date | None = None
    """The earlier day whose tail held it: who follows its words had it then, the others have it now."""
    offered_place: int | None = None
    """Its place by score on that day, 0 the best: who asked for more papers than that has had it too."""
    edition_of: date | None = None
    """In an edition of several days: the day whose own edition held it."""


class Trend(Value):
    """What a topic is doing."""

    movement: Literal["new", "up", "down", "steady", "followed"] = "new"
    """`followed`: a heading that the reader asked for; whether it trends is not known."""
    streak_days: int = 1
    """Publishing days in a row, this one included."""
    series: tuple[float, ...] = ()
    """Its share of the day's papers on the last ten publishing days, oldest first, this one last."""
    ratio: float | None = None
    """This day's share over its usual share; None while the usual share is not known."""
    days: int | None = None
    """In an edition of several days: on how many it stood on the chart. No streak is told then."""


class Section(Value):
    """A topic as an edition shows it."""

    slug: str
    """Stable over days while the topic keeps its identity: `/topics/{slug}`."""
    label: str
    keywords: tuple[str, ...] = ()
    trend: Trend = Trend()
    entries: tuple[Entry, ...] = ()


MOST_SEATED = 25
"""Readers who ask for more papers than this get the best of a day's tail besides what is announced."""
LEADING = 5
"""How many papers stand before the topics, by score alone."""
MOST_TOPICS = 5
"""How many topics are headed; the papers of the others stand under “Also today”."""


class Front(NamedTuple):
    """An edition in the order in which it is read: in mails, on pages and in feeds alike."""

    top: tuple[Entry, ...]
    """The best papers by score, whatever their topic."""
    sections: tuple[Section, ...]
    """Topics with their other papers, best topic first."""
    also: tuple[Entry, ...]
    """The rest by score, a line each."""
    topics: Mapping[str, Section]
    """The whole section of each leading paper that has one, by the paper's id."""

    def leading(self, section: Section) -> int:
        """Return how many papers of a section stand at the top."""
        return sum(other.slug == section.slug for other in self.topics.values())


class Coverage(Value):
    """What one source gave to an edition, or why it gave nothing."""

    source: str
    title: str
    state: SourceState
    papers: int = 0
    since: Instant | None = None
    """Since when it has been late, stale or failing."""
    note: str = ""


class Edition(Value):
    """What the readers of a day, or of several, get: frozen, with the numbers behind every choice."""

    since: date | None = None
    """The first day of several; None in the edition of one."""
    date: date
    """The day, or the last of them."""
    composed_at: Instant
    cut_off: Instant
    sections: tuple[Section, ...] = ()
    """Topics, best first."""
    also: tuple[Entry, ...] = ()
    """“Also today”: what fits no topic, best first."""
    coverage: tuple[Coverage, ...] = ()
    tail: tuple[Entry, ...] = ()
    """The day's other new papers, best first, for readers who follow a phrase; nobody else sees them.
    Kept apart from the rest and not for ever: an edition of the archive has none."""
    candidates: int = 0
    """How many papers were weighed."""
    notes: tuple[str, ...] = ()
    """What the edition says of itself: a short memory, a late source."""
    is_followed: bool = False
    """Whether the headings are phrases that one reader follows; then each of them is shown, in that order."""

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to announce."""
        return not self.sections and not self.also

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every announced entry in reading order; the tail is not among them."""
        front = self.front
        return (*front.top, *(entry for section in front.sections for entry in section.entries), *front.also)

    @property
    def listed(self) -> tuple[Entry, ...]:
        """The same entries as they were frozen, in no order for readers."""
        return (*(entry for section in self.sections for entry in section.entries), *self.also)

    @property
    def front(self) -> Front:
        """The reading order, made from the scores alone, so that editions of all ages have one.

        A heading needs two papers, the leading ones included; what is left of other topics joins `also`.
        """
        ranked = sorted(self.listed, key=_by_score)
        top = {entry.paper.id for entry in ranked[:LEADING]}
        topics = {
            entry.paper.id: section
            for section in self.sections
            for entry in section.entries
            if entry.paper.id in top
        }
        headed = [
            section.model_copy(update={"entries": tuple(rest)})
            for section in self.sections
            if self.is_followed or len(section.entries) > 1
            if (rest := [entry for entry in section.entries if entry.paper.id not in top])
        ]
        if not self.is_followed:
            del headed[MOST_TOPICS:]
        placed = top | {entry.paper.id for section in headed for entry in section.entries}
        also = tuple(entry for entry in ranked if entry.paper.id not in placed)
        return Front(tuple(ranked[:LEADING]), tuple(headed), also, topics)


def _by_score(entry: Entry) -> tuple[float, str]:
    return -entry.score, entry.paper.id


# ── subscribers: who gets it, and when ────────────────────────────────────────────────────────────────


class SubscriberStatus(StrEnum):
    """Where a subscriber stands; only `active` ones are mailed digests."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Preferences(Value):
    """What a reader chose."""

    hour: int = Field(default=7, ge=0, le=23)
    """Local hour of the digest."""
    timezone: str = "UTC"
    """IANA name."""
    frequency: Literal["daily", "weekdays", "weekly"] = "daily"
    topics: tuple[str, ...] = ()
    """Phrases followed; none means everything."""
    followed_until: date | None = None
    """The day on which the reader went back from following phrases to everything.
    For a week, what earlier tails held is left out, because this reader may have had it from there."""
    muted: tuple[str, ...] = ()
    """Words that remove a paper."""
    limit: int = Field(default=15, ge=1, le=50)
    """Papers per mail."""
    format: Literal["html", "text"] = "html"
    paused_until: date | None = None


class Consent(Value):
    """When and how a reader agreed."""

    requested_at: Instant | None = None
    requested_from: str = ""
    """Network prefix (/24 or /64), never a whole address."""
    confirmed_at: Instant | None = None
    confirmed_from: str = ""
    how: Literal["form", "import", "api", "command"] = "form"


class Subscriber(Value):
    """One reader."""

    id: int
    """Dense, never reused."""
    address: str
    """As typed, for sending."""
    status: SubscriberStatus
    preferences: Preferences = Preferences()
    consent: Consent = Consent()


# ── rendering and delivery: message → inbox ───────────────────────────────────────────────────────────


class Message(Value):
    """A rendered mail, with placeholders where recipients differ.

    A placeholder is written `-name-` (as `-unsubscribe_url-`) and stands in
    ASCII-only parts, so that every mailer can splice a recipient's value in.
    """

    subject: str
    html: str | None
    """ASCII only (entities elsewhere); None for readers who asked for text."""
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    """Beyond From, To, Subject, Date, Message-ID (the mailer writes those); values may hold placeholders."""


class Recipient(NamedTuple):
    """One inbox and what is spliced in for it; a plain tuple, because a batch makes a thousand at once."""

    subscriber_id: int
    address: str
    placeholders: tuple[str, ...] = ()
    """What is replaced for it; one tuple for a whole batch, as a rule."""
    values: tuple[str, ...] = ()
    """By what, in the same order; ASCII."""

    @classmethod
    def of(
        cls, subscriber_id: int, address: str, substitutions: Iterable[tuple[str, str]] = ()
    ) -> "Recipient":
        """Return a recipient from pairs of placeholder and value."""
        pairs = tuple(substitutions)
        return cls(
            subscriber_id, address, tuple(name for name, _ in pairs), tuple(value for _, value in pairs)
        )

    @property
    def substitutions(self) -> tuple[tuple[str, str], ...]:
        """Pairs of placeholder and value."""
        return tuple(zip(self.placeholders, self.values, strict=True))
