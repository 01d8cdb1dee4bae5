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
from itertools import pairwise
from statistics import median

from newsletter.models import Source, SourceState
from newsletter.sources.poll_state import PollState

SLACK = timedelta(hours=2)
WINDOW = timedelta(weeks=8)
ENOUGH_WEEKS = 3
"""A weekday of a source of unknown kind is judged once it was watched as often."""
PRIOR_WEEKS = 2
"""How many weeks of watching the knowledge of a source's kind is worth."""
SHARE_OF_DAYS = 0.5
ENOUGH_BATCHES = 4
PART = 1 / 3
"""Less than this of the usual batch is a part of it."""
HOLIDAY_BATCHES = 3
"""As many batches may be replaced by an empty list before it counts as broken (Christmas takes two)."""
_IRREGULAR_MINIMUM = timedelta(days=14)
_IRREGULAR_UNKNOWN = timedelta(days=60)
_WORKDAYS = frozenset(range(5))
_NOON = time(12, 0)
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
    """0 is Monday; empty without a weekly rhythm."""
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


def verdict(source: Source, memo: PollState | None, now: datetime) -> Verdict:
    """Return what is known of a source at `now`."""
    if not source.enabled:
        return Verdict(SourceState.DISABLED, reason="disabled by the operator")
    if memo is None or memo.url != source.url or memo.checked_at is None:
        return Verdict(SourceState.UNKNOWN, reason="not polled yet")
    if memo.failures:
        return Verdict(SourceState.FAILING, memo.failing_since, memo.fault)
    rhythm = learnt_rhythm(memo)
    return _regular(memo, rhythm, now) if rhythm.weekdays else _irregular(memo, now)


def learnt_rhythm(memo: PollState) -> Rhythm:
    """Return a source's rhythm: what was seen of it, and what is known of its kind until then.

    Only the time up to the last arrival teaches, so that a source that died
    does not unteach its own rhythm and pass for a quiet one.
    """
    until = memo.arrivals[-1].at if memo.arrivals else memo.watched_since
    if until is None or memo.watched_since is None:
        return Rhythm(frozenset(), _PRIOR_HOUR.get(memo.kind, _NOON))
    start = max(memo.watched_since, until - WINDOW).date()
    seen = [one.at for one in memo.arrivals if one.at.date() > start]
    weekdays = frozenset(day for day in range(7) if _is_expected(day, seen, start, until.date(), memo.kind))
    return Rhythm(weekdays, _usual_hour(seen, memo.kind))


def _is_expected(weekday: int, seen: list[datetime], start: date, until: date, kind: str) -> bool:
    watched = sum(
        (start + timedelta(days=day)).weekday() == weekday for day in range(1, (until - start).days + 1)
    )
    hits = sum(one.weekday() == weekday for one in seen)
    if kind in _PRIOR_HOUR:
        return hits + PRIOR_WEEKS * (weekday in _WORKDAYS) >= SHARE_OF_DAYS * (watched + PRIOR_WEEKS)
    return watched >= ENOUGH_WEEKS and hits >= SHARE_OF_DAYS * watched


def _usual_hour(seen: list[datetime], kind: str) -> time:
    if len(seen) < 5:
        return _PRIOR_HOUR.get(kind, _NOON)
    late = sorted(one.time() for one in seen)[int(len(seen) * 0.9)]
    return late.replace(second=0, microsecond=0)


def _regular(memo: PollState, rhythm: Rhythm, now: datetime) -> Verdict:
    last = _last(memo, now)
    due = list(rhythm.slots(last.date(), now))
    judged = (
        _repeated(memo, last, due) or _empty(memo, due) or _overdue(last, due, now) or _partial(memo, now)
    )
    if judged:
        return judged
    if now - last <= timedelta(days=1) + SLACK and memo.papers:
        return Verdict(SourceState.FRESH, last)
    return Verdict(SourceState.QUIET, last, "nothing was due")


def _repeated(memo: PollState, last: datetime, due: list[datetime]) -> Verdict | None:
    if not memo.repeated_since or not due:
        return None
    since = max(memo.repeated_since, due[0])
    return Verdict(SourceState.STALE, since, f"serves the batch of {_day(last)} under a new date")


def _empty(memo: PollState, due: list[datetime]) -> Verdict | None:
    is_said = memo.empty_since and memo.built and due and memo.built.date() >= due[-1].date()
    if not is_said or len(due) > HOLIDAY_BATCHES:
        return None
    return Verdict(SourceState.QUIET, memo.empty_since, "says itself that there is nothing new")


def _overdue(last: datetime, due: list[datetime], now: datetime) -> Verdict | None:
    overdue = [slot for slot in due if slot + SLACK <= now]
    if not overdue:
        return None
    state = SourceState.STALE if len(overdue) > 1 else SourceState.LATE
    return Verdict(state, overdue[0], f"nothing new since {_day(last)}")


def _partial(memo: PollState, now: datetime) -> Verdict | None:
    """Say how little of today's batch has come so far, or nothing where it is the usual size."""
    if len(memo.arrivals) < ENOUGH_BATCHES or memo.arrivals[-1].at.date() != now.date():
        return None
    *earlier, today = memo.arrivals
    same_day = [one.size for one in earlier if one.at.weekday() == today.at.weekday()]
    usual = median(same_day if len(same_day) >= 3 else [one.size for one in earlier])
    if today.size >= PART * usual:
        return None
    return Verdict(SourceState.LATE, today.at, f"only {today.size} of about {usual:.0f} entries so far")


def _irregular(memo: PollState, now: datetime) -> Verdict:
    last = _last(memo, now)
    allowed = _longest_silence(memo)
    if now - last > allowed:
        return Verdict(SourceState.STALE, last + allowed, f"nothing new since {_day(last)}, which is unusual")
    if now - last <= timedelta(days=1) and memo.papers:
        return Verdict(SourceState.FRESH, last)
    return Verdict(SourceState.QUIET, last, "nothing new")


def _longest_silence(memo: PollState) -> timedelta:
    """Return how long a source without weekly rhythm may be silent, by the gaps that it had."""
    gaps = [after.at - before.at for before, after in pairwise(memo.arrivals)]
    return max(_IRREGULAR_MINIMUM, 2 * max(gaps)) if len(gaps) >= 3 else _IRREGULAR_UNKNOWN


def _last(memo: PollState, now: datetime) -> datetime:
    """Return when something new came last; what was there at the first look came then."""
    return memo.arrivals[-1].at if memo.arrivals else memo.watched_since or now


def _day(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"
