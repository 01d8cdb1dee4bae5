"""Tell a quiet day from a broken one.

The worst fault of a newsletter is silent: yesterday's batch under today's
date looks like a quiet day. So each source's own rhythm is learnt (on which
weekdays something new comes, by what hour, how much), and what was seen is
held against it:

* *fresh*: what was due has come;
* *quiet*: nothing was due (a weekend), or the source itself says that there
  is nothing (an empty list under a new date: a holiday);
* *late*: one batch is overdue, or only a part of it has come;
* *stale*: the same batch under a new date, or nothing for longer than the
  rhythm allows;
* *failing*: the last poll got no answer that could be read.

Pure: what is known and the time go in, a verdict comes out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from newsletter.models import Source, SourceState
from newsletter.sources.memory import Memo

SLACK = timedelta(hours=2)
WINDOW = timedelta(weeks=8)
ENOUGH_WEEKS = 2
"""A weekday is judged by itself once it was watched as often."""
SHARE_OF_DAYS = 0.6
PART = 1 / 3
"""Less than this of the usual batch is a part of it."""
HOLIDAY_BATCHES = 3
"""As many batches may be replaced by an empty list before it counts as broken (Christmas takes two)."""
_IRREGULAR_MINIMUM = timedelta(days=14)
_IRREGULAR_UNKNOWN = timedelta(days=60)
_WORKDAYS = frozenset(range(5))
_PRIOR_HOUR = {
    # arXiv announces at 20:00 in New York, Sunday to Thursday; the feeds follow at midnight there
    # (info.arxiv.org/help/availability.html).
    "arxiv": time(5, 0),
    # Hugging Face's page begins to fill in Europe's morning.
    "huggingface": time(12, 0),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A source's state, since when, and why, in words for the coverage line."""

    state: SourceState
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a source usually brings something new (UTC)."""

    weekdays: frozenset[int]
    """0 is Monday; empty where there is no weekly rhythm."""
    hour: time
    """By when it usually has come."""

    def slots(self, after: date, until: datetime) -> Iterator[datetime]:
        """Yield the moments by which a batch was due, on days after `after`, up to `until`."""
        day = after + timedelta(days=1)
        while day <= until.date():
            moment = datetime.combine(day, self.hour, UTC)
            if day.weekday() in self.weekdays and moment <= until:
                yield moment
            day += timedelta(days=1)


def verdict(source: Source, memo: Memo | None, now: datetime) -> Verdict:
    """Return what is known of a source at `now`."""
    if not source.enabled:
        return Verdict(SourceState.DISABLED, reason="disabled by the operator")
    if memo is None or memo.url != source.url or memo.checked_at is None:
        return Verdict(SourceState.UNKNOWN, reason="not polled yet")
    if memo.failures:
        return Verdict(SourceState.FAILING, memo.failing_since, memo.fault)
    rhythm = learnt_rhythm(memo, now)
    return _regular(memo, rhythm, now) if rhythm.weekdays else _irregular(memo, now)


def learnt_rhythm(memo: Memo, now: datetime) -> Rhythm:
    """Return a source's rhythm: what was seen of it, and what is known of its kind until then."""
    start = max(memo.watched_since or now, now - WINDOW)
    seen = [one.at for one in memo.arrivals if one.at >= start]
    prior = _WORKDAYS if memo.kind in _PRIOR_HOUR else frozenset[int]()
    weekdays = set()
    for weekday in range(7):
        watched = _count_of(weekday, start.date(), now.date())
        hits = sum(one.weekday() == weekday for one in seen)
        is_due = hits >= SHARE_OF_DAYS * watched if watched >= ENOUGH_WEEKS else weekday in prior
        if is_due:
            weekdays.add(weekday)
    return Rhythm(frozenset(weekdays), _usual_hour(seen, memo.kind))


def _count_of(weekday: int, start: date, today: date) -> int:
    """Return how many whole days with this weekday lie between, neither end counted."""
    first = start + timedelta(days=1 + (weekday - start.weekday() - 1) % 7)
    return max(0, (today - first).days + 6) // 7 if first < today else 0


def _usual_hour(seen: list[datetime], kind: str) -> time:
    prior = _PRIOR_HOUR.get(kind, time(12, 0))
    if len(seen) < 5:
        return prior
    late = sorted(one.time() for one in seen)[int(len(seen) * 0.9)]
    return late.replace(second=0, microsecond=0)


def _regular(memo: Memo, rhythm: Rhythm, now: datetime) -> Verdict:
    last = memo.arrivals[-1].at if memo.arrivals else memo.watched_since or now
    due = list(rhythm.slots(last.date(), now))
    overdue = [slot for slot in due if slot + SLACK <= now]
    if memo.repeated_since and any(slot <= now for slot in due):
        since = max(memo.repeated_since, due[0])
        return Verdict(SourceState.STALE, since, f"serves the batch of {last:%a %-d %b} under a new date")
    if memo.empty_since and due and len(due) <= HOLIDAY_BATCHES:
        return Verdict(SourceState.QUIET, memo.empty_since, "says itself that there is nothing new")
    if len(overdue) > 1:
        return Verdict(SourceState.STALE, overdue[0] + SLACK, f"nothing new since {last:%a %-d %b}")
    if overdue:
        return Verdict(SourceState.LATE, overdue[0], f"nothing new since {last:%a %-d %b}")
    if not memo.arrivals:
        return Verdict(SourceState.QUIET, memo.watched_since, "nothing was due since it is watched")
    if part := _partial(memo, now):
        return Verdict(SourceState.LATE, last, part)
    is_current = now - last <= timedelta(days=1) + SLACK
    return Verdict(
        SourceState.FRESH if is_current else SourceState.QUIET, last, "" if is_current else "nothing due"
    )


def _partial(memo: Memo, now: datetime) -> str:
    """Say how little of a batch has come so far, or nothing where it is the usual size."""
    today = memo.arrivals[-1]
    earlier = [one.size for one in memo.arrivals[:-1] if one.at.weekday() == today.at.weekday()] or []
    usual = median(earlier) if len(earlier) >= 3 else median([one.size for one in memo.arrivals[:-1]] or [0])
    is_judged = len(memo.arrivals) > 3 and today.at.date() == now.date()
    return (
        f"only {today.size} of about {usual:.0f} entries so far"
        if is_judged and today.size < PART * usual
        else ""
    )


def _irregular(memo: Memo, now: datetime) -> Verdict:
    last = memo.arrivals[-1].at if memo.arrivals else memo.watched_since or now
    allowed = _longest_silence(memo)
    if now - last > allowed:
        return Verdict(
            SourceState.STALE, last + allowed, f"nothing new since {last:%-d %b}, which is unusual"
        )
    if memo.arrivals and now - last <= timedelta(days=1):
        return Verdict(SourceState.FRESH, last)
    return Verdict(SourceState.QUIET, last, "nothing new")


def _longest_silence(memo: Memo) -> timedelta:
    """Return how long a source without weekly rhythm may be silent, by the gaps that it had."""
    moments = [one.at for one in memo.arrivals]
    gaps = [after - before for before, after in zip(moments[:-1], moments[1:], strict=True)]
    return max(_IRREGULAR_MINIMUM, 2 * max(gaps)) if len(gaps) >= 3 else _IRREGULAR_UNKNOWN
