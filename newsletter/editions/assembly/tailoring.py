"""One edition, as one reader gets it.

**Announced once.** The rule rests on two marks in the edition itself, not on
a list per reader:

* A paper in a section or under "Also today" is *announced*: no later edition
  holds it, whatever a reader made of it.
* A new paper that found no seat stands in the day's *tail*, once, on the first
  day it is weighed. Readers who follow a phrase that it holds get it that day.
  If it trends later it may still be announced to everybody; that entry
  carries `offered_on`, and readers who follow phrases do not get it again.
* A reader who stops following has had papers from tails that others have not.
  `Preferences.followed_until` says so, and for a week what earlier tails held is
  left out. A reader who begins to follow misses, for the same days, what
  earlier tails held: missing one is the smaller fault than getting one twice.

* Readers who ask for more papers than an edition seats get the best of its tail too,
  up to the place they ask for. Of what is announced later, `offered_place` says if
  it was among them. Readers who ask for fewer again are marked as following.

An edition of several days holds what its days held. A reader who has had some
of those days, by mail or by welcome, passes them as `had`: what they announced
or held in their tails is left out, and what a later day announced again too.

Callers who know exactly what a reader has had pass it as `announced_before`.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import islice

from newsletter.editions.assembly.finding import finder, told
from newsletter.editions.assembly.selection import seat
from newsletter.editions.scoring.order import best_first
from newsletter.models import MOST_SEATED, Edition, Entry, Preferences, Section, Trend
from newsletter.topics.matching import Places, places

STILL_REMEMBERED = timedelta(days=7)
"""How long a paper stays a candidate, and so how long a tail can still be met again."""


def for_reader(
    edition: Edition,
    preferences: Preferences,
    *,
    announced_before: Collection[str] = (),
    had: Collection[date] = (),
    earlier: Sequence[Edition] = (),
) -> Edition:
    """Return the edition that a reader gets; it may be quiet, and is not to be mailed then.

    Without followed phrases: the announced papers, cut to the reader's limit
    by the same rules that seated them. With followed phrases: every paper of
    the day that holds one of them, announced or from the tail, under the
    phrase as the reader wrote it; where there are more than the limit, the
    best. Muted words remove papers from either.

    `announced_before` are ids that this reader is known to have had, and `had`
    are those days of several whose edition the reader was addressed for;
    `earlier` are the editions just before, newest first: how many of them were
    empty for this reader is said in the notes. Pure.
    """
    also: tuple[Entry, ...] = ()
    if preferences.topics:
        held = _held(edition, preferences, announced_before, had)
        sections = _followed(edition, sum(1 << place for place, _ in held), preferences)
    else:
        wanted = _wanted(edition, preferences, announced_before, had)
        sections, also = _cut(edition, list(map(told, wanted)), preferences.limit)
    cut = {"sections": sections, "also": also, "tail": (), "is_followed": bool(preferences.topics)}
    tailored = edition.model_copy(update=cut)
    note = "" if tailored.is_quiet else _silence(earlier, preferences)
    return tailored.model_copy(update={"notes": (*edition.notes, note)}) if note else tailored


def is_quiet_for(edition: Edition, preferences: Preferences, *, had: Collection[date] = ()) -> bool:
    """Tell whether a reader's edition would be quiet, at a fraction of the cost of making it."""
    look = _held if preferences.topics else _wanted
    return next(iter(look(edition, preferences, (), had)), None) is None


def _held(
    edition: Edition, preferences: Preferences, announced_before: Collection[str], had: Collection[date]
) -> Iterator[tuple[int, Entry]]:
    """Yield the entries, from the tail too, that a reader who follows phrases may get, best first."""
    found = finder(edition)
    held = found.followed(preferences.topics) & ~found.muted(preferences.muted)
    for place, entry in found.at(held):
        if entry.paper.id not in announced_before and _is_offered(entry, edition, preferences, had):
            yield place, entry


def _wanted(
    edition: Edition, preferences: Preferences, announced_before: Collection[str], had: Collection[date]
) -> Iterator[Entry]:
    """Yield the entries that any other reader may get; who has had some days gets more of the others."""
    found = finder(edition)
    muted = {entry.paper.id for _, entry in found.at(found.muted(preferences.muted))}
    beyond = [entry for entry in edition.tail if entry.edition_of] if had else []
    if preferences.limit > MOST_SEATED and not had:
        beyond = list(edition.tail[: max(0, preferences.limit - len(edition.listed))])
    for entry in (*edition.listed, *beyond):
        name = entry.paper.id
        is_refused = name in muted or name in announced_before
        if not is_refused and _is_offered(entry, edition, preferences, had):
            yield entry


def _is_offered(entry: Entry, edition: Edition, preferences: Preferences, had: Collection[date]) -> bool:
    """Tell whether this reader may get a paper and has not had it by the rule above."""
    day, tail_day = entry.edition_of or edition.date, entry.offered_on
    if day in had:
        return False
    if tail_day is None or (edition.since and edition.since <= tail_day and tail_day not in had):
        return True
    if preferences.topics:
        return False
    if preferences.limit > MOST_SEATED and (entry.offered_place or 0) < preferences.limit:
        return False
    until = preferences.followed_until
    return until is None or day - until > STILL_REMEMBERED or tail_day > until


def _cut(
    edition: Edition, wanted: Sequence[Entry], limit: int
) -> tuple[tuple[Section, ...], tuple[Entry, ...]]:
    """Seat a reader's papers by the edition's rules, those of several days by score, under their headings."""
    topics = [[entry.paper.id for entry in section.entries] for section in edition.sections]
    chosen = best_first(wanted)[:limit] if edition.since else seat(wanted, topics, limit)
    seated = {entry.paper.id for entry in chosen}

    def kept(entries: Iterable[Entry]) -> tuple[Entry, ...]:
        return tuple(entry for entry in entries if entry.paper.id in seated)

    sections = [section.model_copy(update={"entries": kept(section.entries)}) for section in edition.sections]
    shown = {entry.paper.id for entry in edition.listed}
    also = (*edition.also, *best_first([entry for entry in wanted if entry.paper.id not in shown]))
    return tuple(section for section in sections if section.entries), kept(also)


def _followed(edition: Edition, held: Places, preferences: Preferences) -> tuple[Section, ...]:
    """Put the best papers under the first phrase that each holds, in the reader's order."""
    found = finder(edition)
    left = sum(1 << place for place in islice(places(held), preferences.limit))
    sections = []
    for phrase in dict.fromkeys(preferences.topics):
        under = found.followed((phrase,)) & left
        left &= ~under
        if under:
            sections.append(
                _section(edition, phrase, [found.told_for(phrase, place) for place in places(under)])
            )
    return tuple(sections)


def _section(edition: Edition, phrase: str, entries: Iterable[Entry]) -> Section:
    """Head a phrase's papers with the topic of that name where the day has one, else with the phrase."""
    told = tuple(entries)
    for section in edition.sections:
        if section.label.casefold() == phrase.casefold():
            return section.model_copy(update={"entries": told})
    return Section(
        slug=_slug(phrase), label=phrase, trend=Trend(movement="followed", streak_days=0), entries=told
    )


def _slug(phrase: str) -> str:
    return re.sub(r"[\W_]+", "-", phrase.casefold()).strip("-") or "followed"


def _silence(earlier: Sequence[Edition], preferences: Preferences) -> str:
    """Say since when nothing was mailed, because a mail that does not come looks like a fault."""
    empty = 0
    for edition in earlier:
        if not is_quiet_for(edition, preferences):
            break
        empty += 1
    if not empty:
        return ""
    days = "edition before this one was" if empty == 1 else f"{empty} editions before this one were"
    return f"The {days} not mailed to you: nothing in {'it' if empty == 1 else 'them'} was for you."
