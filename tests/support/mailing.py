"""What delivery starts from: frozen editions, readers who have confirmed, and a mailer that obeys."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from builders import NOON, a_paper

from newsletter.delivery.mailers.port import Outcome
from newsletter.editions.assembly.arrangement import Inputs
from newsletter.editions.store import EditionStore
from newsletter.models import Edition, Entry, Message, Paper, Preferences, Recipient, Section
from newsletter.store import Store
from newsletter.subscribers import addresses
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import chosen, indexed

DAY = NOON.date()
CUT_OFF = datetime(2026, 6, 10, 6, 0, tzinfo=UTC)


def an_entry(paper: Paper) -> Entry:
    """Return a paper as an edition shows it."""
    return Entry(paper=paper, score=70.0, why="Liked by many.", summary=("A sentence of its abstract.",))


def an_edition(day: date = DAY, *, papers: Sequence[Paper] = (), is_quiet: bool = False) -> Edition:
    """Return an edition of one section, composed at its cut-off at 6:00 UTC."""
    cut_off = datetime.combine(day, CUT_OFF.timetz())
    shown = papers or tuple(
        a_paper(
            arxiv_id=f"{day:%y%m}.{day.day:02}{number:03}",
            title=f"Paper {number} of {day:%d %B}, on {'diffusion' if number % 2 else 'attention'}",
            authors=("Ada Lovelace", "Alan Turing"),
            abstract="A sentence of its abstract.",
            categories=("cs.LG",),
        )
        for number in range(6)
    )
    section = Section(slug="diffusion", label="diffusion", entries=tuple(map(an_entry, shown)))
    return Edition(
        date=day, composed_at=cut_off, cut_off=cut_off, sections=() if is_quiet else (section,), candidates=60
    )


def publish(store: Store, *editions: Edition) -> None:
    """Freeze editions as composing does, oldest first."""
    kept = EditionStore(store)
    for edition in sorted(editions, key=lambda one: one.date):
        inputs = Inputs(day=edition.date, composed_at=edition.composed_at, cut_off=edition.cut_off)
        assert kept.freeze(edition, inputs, after=next(iter(kept.dates()), None))


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def subscribe(
    store: Store,
    names: Iterable[str],
    preferences: Preferences | Callable[[int], Preferences] | None = None,
    *,
    at: datetime = LONG_AGO,
) -> list[int]:
    """Make readers who confirmed `at` an instant, return their ids; `preferences` may depend on the place."""
    rows = []
    for place, name in enumerate(names):
        address = name if "@" in name else f"{name}@example.org"
        wish = preferences(place) if callable(preferences) else preferences
        rows.append(
            {
                **indexed(addresses.Address(address, address.casefold())),
                **chosen(wish or Preferences(hour=7)),
                "address": address,
                "from": "import",
                "now": int(at.timestamp()),
                "asked": int(at.timestamp()),
                "confirmed": True,
            }
        )
    found = Scripts(store).run_each("import", rows)
    assert all(outcome == "active" for outcome, _, _ in found)
    return [int(one) for _, one, _ in found]


class ObedientMailer:
    """A mailer that keeps what it is handed and answers what the test says."""

    name = "obedient"
    longest = timedelta(seconds=40)

    def __init__(
        self, answer: Callable[[Sequence[Recipient], str], Outcome] | None = None, *, portion: int = 1000
    ) -> None:
        self.portion = portion
        self.sent: list[tuple[str, list[int]]] = []
        """Request id and subscriber ids of each call, in order."""
        self.messages: dict[int, Message] = {}
        self._answer = answer or accept

    def send(self, message: Message, recipients: Sequence[Recipient], *, request_id: str) -> Outcome:
        """Keep it, and answer."""
        self.sent.append((request_id, [one.subscriber_id for one in recipients]))
        self.messages |= {one.subscriber_id: message for one in recipients}
        return self._answer(recipients, request_id)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def named(self) -> list[int]:
        """Everybody who was named in a request, repeats included."""
        return [one for _, ids in self.sent for one in ids]


def accept(recipients: Sequence[Recipient], request_id: str) -> Outcome:
    """Accept everybody."""
    del request_id
    return Outcome(frozenset(one.subscriber_id for one in recipients))
