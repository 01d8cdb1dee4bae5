"""Weeks of a reader's life for the law of who is due: clocks, late editions, outages, changed minds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from newsletter.delivery.freezing.due import Published, Standing
from newsletter.models import Preferences
from newsletter.subscribers import preferences as choices
from newsletter.subscribers import schedule
from newsletter.subscribers.schedule import Rhythm, Slot

ZONES = sorted(name for name in available_timezones() if choices.is_zone(name))
STARTS = (date(2026, 3, 5), date(2026, 3, 25), date(2026, 4, 2), date(2026, 10, 1), date(2026, 10, 29))
"""Just before clocks change somewhere, both ways and in both hemispheres."""
ANY_START = st.sampled_from(STARTS) | st.dates(date(2026, 1, 1), date(2027, 12, 31))
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_WAIT = {"daily": timedelta(hours=27), "weekdays": timedelta(days=4), "weekly": timedelta(days=9)}
"""How long before their hour an edition may be cut off at most."""

Answer = Callable[[Standing, list[Published], set[date], datetime, datetime], tuple[date, ...]]
"""Who is due, as `due` says it; told when the last tick was, too."""


@dataclass(frozen=True)
class Composed:
    """An edition and when it came, which may be hours after its cut-off."""

    edition: Published
    at: datetime


@dataclass(frozen=True)
class History:
    """Some weeks of one reader and one service."""

    joined_at: datetime
    preferences: Preferences
    choices: tuple[tuple[datetime, Preferences], ...]
    editions: tuple[Composed, ...]
    ticks: tuple[datetime, ...]


@dataclass
class Life:
    """What became of a history."""

    history: History
    got: list[tuple[datetime, date]] = field(default_factory=list)
    standings: list[tuple[datetime, Standing]] = field(default_factory=list)


def chosen(before: Standing, wanted: Preferences, at: datetime) -> Standing:
    """Return a reader after a choice, as the store notes it."""
    old = before.preferences
    is_paused = old.paused_until != wanted.paused_until
    is_mailed = (old.hour, old.timezone, old.frequency) != (wanted.hour, wanted.timezone, wanted.frequency)
    return Standing(wanted, at if is_paused else before.joined_at, at if is_mailed else before.changed_at)


def live(history: History, answer: Answer) -> Life:
    """Let the time pass from tick to tick; choices take effect when they are made."""
    life, had = Life(history), set[date]()
    standing = Standing(history.preferences, history.joined_at)
    life.standings.append((history.joined_at, standing))
    waiting, before = list(history.choices), NEVER
    for tick in history.ticks:
        while waiting and waiting[0][0] <= tick:
            at, wanted = waiting.pop(0)
            standing = chosen(standing, wanted, at)
            life.standings.append((at, standing))
        known = [one.edition for one in history.editions if one.at <= tick]
        if tick >= history.joined_at:
            for day in answer(standing, known, had, tick, before):
                life.got.append((tick, day))
                had.add(day)
        before = tick
    return life


def faults(life: Life) -> list[str]:
    """Return what a reader could complain about; told from what they saw, not from how it was decided."""
    history, days = life.history, [day for _, day in life.got]
    cut_offs = {one.edition.day: one.edition.cut_off for one in history.editions}
    found = [f"{day} came twice" for day in set(days) if days.count(day) > 1]
    frequencies = {standing.preferences.frequency for _, standing in life.standings}
    longest = max(LONGEST_WAIT[frequency] for frequency in frequencies)
    found += [
        f"{day} is from before they joined" for day in days if cut_offs[day] < history.joined_at - longest
    ]
    if len(life.standings) == 1:
        found += [f"{day}'s hour came before they joined" for day in days if _hour_came(history, day)]
    _, last = life.standings[-1]
    owed_since = max(last.joined_at, _first_moment(last.preferences))
    found += [f"{day} never came" for day in cut_offs if cut_offs[day] > owed_since and day not in days]
    return found + _broken_promises(life)


def _hour_came(history: History, day: date) -> bool:
    """Whether the hour of an edition was over when its reader joined."""
    cut_off = next(one.edition.cut_off for one in history.editions if one.edition.day == day)
    slot = Slot(history.preferences.timezone, history.preferences.hour)
    came = schedule.begins([slot], cut_off - timedelta(microseconds=1), history.joined_at)
    rhythm = Rhythm.of(history.preferences)
    return any(rhythm.has(one.day) and (rhythm.frequency != "weekly" or one.day > day) for one in came)


def _first_moment(preferences: Preferences) -> datetime:
    """Return when a pause was over at the latest."""
    if preferences.paused_until is None:
        return NEVER
    return datetime.combine(preferences.paused_until, datetime.min.time(), ZoneInfo(preferences.timezone))


def _broken_promises(life: Life) -> list[str]:
    """Return where a mail came before the hour that the page had shown, or in a pause."""
    found = []
    ends = [at for at, _ in life.standings[1:]] + [datetime.max.replace(tzinfo=UTC)]
    for (since, standing), end in zip(life.standings, ends, strict=True):
        promised = schedule.next_edition_at(standing.preferences, since)
        is_told = since in (standing.joined_at, standing.changed_at)
        found += [
            f"{day} came at {tick}, before {promised}"
            for tick, day in life.got
            if is_told and since <= tick < min(promised, end)
        ]
    return found


@st.composite
def histories(draw: st.DrawFn, starts: st.SearchStrategy[date] = ANY_START) -> History:
    """Draw three weeks: zones near a change of clocks, late and missing editions, outages, changed minds."""
    random = Random(draw(st.integers(0, 2**32)))
    start = draw(starts)
    zones = random.sample(ZONES, 3)
    noon = datetime(start.year, start.month, start.day, 12, tzinfo=UTC)

    def moment(days: float) -> datetime:
        return (noon + timedelta(days=random.random() * days)).replace(microsecond=0)

    def wish() -> Preferences:
        rhythm = random.choice(["daily", "daily", "weekdays", "weekly"])
        return Preferences(hour=random.randrange(24), timezone=random.choice(zones), frequency=rhythm)

    first = wish()
    made, current = [], first
    for at in sorted({moment(16) for _ in range(draw(st.integers(0, 4)))}):
        if random.random() < 0.25:
            until = at.astimezone(ZoneInfo(current.timezone)).date() + timedelta(days=random.randrange(1, 6))
            current = current.model_copy(update={"paused_until": None if current.paused_until else until})
        else:
            current = wish().model_copy(update={"paused_until": current.paused_until})
        made.append((at, current))
    joined = moment(12)
    zone = ZoneInfo(draw(st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland"])))
    return History(
        joined_at=joined,
        preferences=first,
        choices=tuple(one for one in made if one[0] > joined),
        editions=tuple(_composed(random, start, zone)),
        ticks=tuple(_ticks(random, noon)),
    )


def _composed(random: Random, start: date, zone: ZoneInfo) -> list[Composed]:
    """Return editions of nineteen days, the first of them from before anything begins."""
    hours = random.choice([[6], [6], [18, 6], [0, 23], [random.randrange(24), random.randrange(24)]])
    found = []
    for number in range(-2, 17):
        if random.random() < 0.1:
            continue
        day = start + timedelta(days=number)
        hour = hours[0 if number < 7 else -1]
        cut_off = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
        late = timedelta(minutes=random.choice([0, 0, 1, 10, random.randrange(720)]))
        found.append(Composed(Published(day, cut_off), cut_off + late))
    return found


def _ticks(random: Random, start: datetime) -> list[datetime]:
    """Return when the service looked: mostly often, sometimes after hours, and on for three weeks after."""
    at, found = start - timedelta(days=3), []
    while at < start + timedelta(days=18):
        at += timedelta(minutes=random.choice([1, 7, 30, 120, 360, random.randrange(1, 2400)]))
        found.append(at)
    return [*found, *(start + timedelta(days=19 + number) for number in range(12))]
