"""Who is at fault where mails are refused: judged per edition, and counted only against who is."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from mailing import DAY, ObedientMailer, accept, an_edition, publish, subscribe
from sendgrid_server import Behaviour, SendGridServer
from smtp_listener import Manners, SmtpListener

from newsletter.delivery import alerts, mailers
from newsletter.delivery.freezing import cohorts
from newsletter.delivery.ledger import control, sweep
from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ledger import Ledger
from newsletter.delivery.mailers.port import Outcome
from newsletter.delivery.reputation import SOFT_LIMIT
from newsletter.delivery.sending.batch_sender import GIVE_UP_AFTER
from newsletter.delivery.sending.batches import send_batch
from newsletter.models import Preferences, Recipient, Source, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.kept.store import SubscriberStore

SEVEN = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
GONE = "550 5.1.1 <dead@example.org>: Recipient address rejected: User unknown"
DENIED = "554 5.7.1 <{address}>: Relay access denied"


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """A newsletter whose operator hears of what is wrong."""
    return make_settings(operator="ops@example.org", sources=[Source(name="a", url="https://a.example/feed")])


def one_a_batch(place: int) -> Preferences:
    """Return wishes that nobody else has: readers who agree share batches."""
    return Preferences(hour=7, limit=place + 1)


class Server:
    """A mail server that answers each recipient by address."""

    def __init__(self, replies: Callable[[str], str | None]) -> None:
        self.replies = replies

    def mailer(self) -> ObedientMailer:
        """Return a mailer that hands mails in there."""
        return ObedientMailer(self._answer)

    def _answer(self, recipients: Sequence[Recipient], request_id: str) -> Outcome:
        said = {one.subscriber_id: self.replies(one.address) for one in recipients}
        return Outcome(
            frozenset(one for one, reply in said.items() if reply is None),
            {one: reply for one, reply in said.items() if reply and reply[0] == "5"},
            {one: reply for one, reply in said.items() if reply and reply[0] == "4"},
        )


def everybody(reply: str) -> Callable[[str], str | None]:
    """Say the same to all."""
    return lambda address: reply.format(address=address)


def only(addresses: dict[str, str]) -> Callable[[str], str | None]:
    """Refuse some, and accept the others."""
    return addresses.get


def deliver(store: Store, settings: Settings, mailer: ObedientMailer, now: datetime = SEVEN) -> None:
    """Send every open batch once, as the tick asks for them."""
    for ref in sweep.open_batches(store):
        send_batch(store, settings, ref.day, ref.batch, lambda: now, mailer=mailer)


def statuses(store: Store, ids: Sequence[int]) -> list[SubscriberStatus]:
    """Return where readers stand."""
    return [reader.status for reader in SubscriberStore(store).get_many(ids)]


def editions(store: Store, settings: Settings, count: int) -> Iterator[tuple[date, datetime]]:
    """Publish and freeze so many editions, a day each."""
    for later in range(count):
        day, now = DAY + timedelta(days=later), SEVEN + timedelta(days=later)
        publish(store, an_edition(day))
        assert cohorts.freeze_due(store, settings, now)
        yield day, now


@pytest.mark.parametrize("readers", [1, 2, 4, 20])
@pytest.mark.parametrize(
    "reply",
    [
        DENIED,
        "550 5.7.1 Sender rejected",
        "553 5.1.8 Sender address rejected: Domain not found",
        "530 5.7.0 Authentication required",
        "550 SPF fail",
        "554 5.7.1 Client host blocked using zen.spamhaus.org",
        "550 go away",
        "550 5.1.1 <{address}>: User unknown",
    ],
)
def test_a_server_that_accepts_nobody_bounces_nobody_and_is_told_every_day(
    store: Store, settings: Settings, readers: int, reply: str
) -> None:
    """One reader a batch, for more editions than would end a mailing: held, told, and all of them wait."""
    ids = subscribe(store, (f"r{n}" for n in range(readers)), one_a_batch)
    for day, now in editions(store, settings, SOFT_LIMIT + 1):
        deliver(store, settings, Server(everybody(reply)).mailer(), now)
        found = Ledger(store).progress(day)
        assert found.held is not None
        assert reply.format(address="address").rpartition(">")[2] in found.held
        assert "example.org" not in found.held
        assert (found.refused, found.waiting) == (0, readers)
        (alert,) = (one for one in alerts.standing(store, settings, now) if one.subject == f"held-{day}")
        assert found.held in alert.known
        assert control.refused(store, day) == {}
    assert statuses(store, ids) == [SubscriberStatus.ACTIVE] * readers
    assert list(store.scan_iter("delivery:soft:*")) == []


def test_what_was_refused_goes_out_once_the_sender_is_in_order(store: Store, settings: Settings) -> None:
    """The operator resumes, and everybody gets it once."""
    ids = subscribe(store, (f"r{n}" for n in range(7)), one_a_batch)
    publish(store, an_edition())
    cohorts.freeze_due(store, settings, SEVEN)
    deliver(store, settings, Server(everybody(DENIED)).mailer())
    assert control.resume(store, DAY)
    mailer = ObedientMailer(accept)
    deliver(store, settings, mailer)
    assert sorted(mailer.named) == ids
    found = Ledger(store).progress(DAY)
    assert (found.accepted, found.refused, found.held) == (7, 0, None)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_dead_address_is_ended_wherever_it_stands_and_stops_nobody(
    store: Store, settings: Settings, place: int
) -> None:
    """Refused before anybody was accepted, it counts as soon as somebody is."""
    names = [f"r{n}" for n in range(3)]
    names[place] = "dead"
    ids = subscribe(store, names, one_a_batch)
    publish(store, an_edition())
    cohorts.freeze_due(store, settings, SEVEN)
    deliver(store, settings, Server(only({"dead@example.org": GONE})).mailer())
    found = Ledger(store).progress(DAY)
    assert (found.accepted, found.refused, found.held) == (2, 1, None)
    expected = [SubscriberStatus.ACTIVE] * 3
    expected[place] = SubscriberStatus.BOUNCED
    assert statuses(store, ids) == expected
    assert store.exists(keys.PROVISIONAL(day=DAY)) == 0


def test_a_dead_address_alone_in_its_hour_holds_up_nobody_of_the_next(
    store: Store, settings: Settings
) -> None:
    """Nobody else was there to show that we are accepted; the next hour's readers do."""
    ids = subscribe(store, ["dead", "r1", "r2"], lambda place: Preferences(hour=(6, 8, 8)[place]))
    publish(store, an_edition())
    cohorts.freeze_due(store, settings, SEVEN)
    server = Server(only({"dead@example.org": GONE}))
    deliver(store, settings, server.mailer())
    assert Ledger(store).progress(DAY).held is not None
    cohorts.freeze_due(store, settings, SEVEN + timedelta(hours=1))
    deliver(store, settings, server.mailer())
    found = Ledger(store).progress(DAY)
    assert (found.accepted, found.refused, found.waiting, found.held) == (2, 1, 0, None)
    assert statuses(store, ids) == [SubscriberStatus.BOUNCED, *[SubscriberStatus.ACTIVE] * 2]


def test_further_readers_do_not_lift_what_a_person_held(store: Store, settings: Settings) -> None:
    """Neither a hold by hand nor one that stood before the doubt."""
    subscribe(store, ["r0", "r1"], lambda place: Preferences(hour=(6, 8)[place]))
    publish(store, an_edition())
    cohorts.freeze_due(store, settings, SEVEN)

    def hold_and_refuse(recipients: Sequence[Recipient], request_id: str) -> Outcome:
        control.hold(store, DAY, "a typo", by_hand=True)
        return Outcome(refused={one.subscriber_id: DENIED for one in recipients})

    deliver(store, settings, ObedientMailer(hold_and_refuse))
    cohorts.freeze_due(store, settings, SEVEN + timedelta(hours=1))
    assert Ledger(store).progress(DAY).held is not None


def test_a_sender_who_is_refused_in_the_middle_stops_the_rest(store: Store, settings: Settings) -> None:
    """The log-in was revoked after a third: nobody is given up, and nobody after the fifth is asked."""
    ids = subscribe(store, (f"r{n:02}" for n in range(30)), one_a_batch)
    publish(store, an_edition())
    cohorts.freeze_due(store, settings, SEVEN)
    late = {f"r{n:02}@example.org": DENIED for n in range(10, 30)}
    mailer = Server(only(late)).mailer()
    deliver(store, settings, mailer)
    found = Ledger(store).progress(DAY)
    assert (found.accepted, found.refused, found.waiting) == (10, 0, 20)
    assert found.held is not None
    assert "any more" in found.held
    assert len(mailer.named) == 15
    assert statuses(store, ids) == [SubscriberStatus.ACTIVE] * 30


def test_a_policy_that_refuses_some_counts_against_none_of_them(store: Store, settings: Settings) -> None:
    """Their server does not like ours; that is no fault of their address, however often."""
    ids = subscribe(store, ["r0", "r1", "r2"])
    replies = {"r1@example.org": "550 5.7.1 blocked by policy", "r2@example.org": "552 5.2.2 mailbox full"}
    for _, now in editions(store, settings, SOFT_LIMIT):
        deliver(store, settings, Server(only(replies)).mailer(), now)
    active, bounced = SubscriberStatus.ACTIVE, SubscriberStatus.BOUNCED
    assert statuses(store, ids) == [active, active, bounced]


def test_who_is_put_off_for_two_days_by_our_fault_is_not_given_up(store: Store, settings: Settings) -> None:
    """A server that defers everybody by policy refuses the sender, in its own time."""
    ids = subscribe(store, (f"r{n}" for n in range(3)), one_a_batch)
    for _, now in editions(store, settings, SOFT_LIMIT):
        server = Server(everybody("451 4.7.1 try later"))
        deliver(store, settings, server.mailer(), now + GIVE_UP_AFTER)
    assert Ledger(store).progress(DAY).held is not None
    assert statuses(store, ids) == [SubscriberStatus.ACTIVE] * 3


def test_a_provisional_refusal_is_not_about_an_address_that_came_later(
    store: Store, settings: Settings
) -> None:
    """Who moved between the refusal and the first acceptance is left alone."""
    (moved, _) = subscribe(store, ["dead", "r1"], one_a_batch)
    publish(store, an_edition())
    first, second = cohorts.freeze_due(store, settings, SEVEN)
    server = Server(only({"dead@example.org": GONE}))
    send_batch(store, settings, first.day, first.batch, lambda: SEVEN, mailer=server.mailer())
    record = str(store.hget("subscribers:at:0", str(moved)))
    store.hset("subscribers:at:0", str(moved), record.replace("dead@", "alive@"))
    send_batch(store, settings, second.day, second.batch, lambda: SEVEN, mailer=server.mailer())
    assert statuses(store, [moved]) == [SubscriberStatus.ACTIVE]


@pytest.mark.parametrize(
    ("reply", "is_held"), [("550 5.1.1 no such user", False), ("554 5.7.1 denied", True)]
)
def test_a_mail_server_is_judged_by_the_whole_edition(
    store: Store, make_settings: Callable[..., Settings], reply: str, *, is_held: bool
) -> None:
    """Six dead addresses are just that once others were accepted; a refused sender stops the rest."""
    names = [f"r{n}" for n in range(12)]
    ids = subscribe(store, names, lambda place: Preferences(hour=7, limit=1 + place // 6))
    refused = {f"r{n}@example.org": reply for n in range(6, 12)}
    publish(store, an_edition())
    with SmtpListener(Manners(refused=refused)) as listener:
        settings = make_settings(mailer="smtp", smtp_url=listener.url)
        for ref in cohorts.freeze_due(store, settings, SEVEN):
            send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN)
        mailers.make(settings).close()
    found = Ledger(store).progress(DAY)
    assert (found.held is not None, found.accepted) == (is_held, 6)
    late = SubscriberStatus.ACTIVE if is_held else SubscriberStatus.BOUNCED
    assert statuses(store, ids) == [SubscriberStatus.ACTIVE] * 6 + [late] * 6


@pytest.mark.parametrize("field", [None, "personalizations.0.headers", "personalizations.0.to", "categories"])
@pytest.mark.parametrize("readers", [1, 20])
def test_a_request_that_sendgrid_refuses_for_everybody_halts(
    store: Store, make_settings: Callable[..., Settings], field: str | None, readers: int
) -> None:
    """One reader a batch: whoever is asked for, the answer is the same, so it is about us."""
    with SendGridServer(Behaviour(refuses_field=(field,))) as server:
        settings = make_settings(mailer="sendgrid", sendgrid_host=server.url, sendgrid_api_key="SG.test")
        ids = subscribe(store, (f"r{n}" for n in range(readers)), one_a_batch)
        publish(store, an_edition())
        for ref in cohorts.freeze_due(store, settings, SEVEN):
            send_batch(store, settings, ref.day, ref.batch, lambda: SEVEN)
        mailers.make(settings).close()
        assert len(server.requests) <= 5
    found = Ledger(store).progress(DAY)
    assert found.held is not None
    assert (found.refused, found.waiting) == (0, readers)
    assert statuses(store, ids) == [SubscriberStatus.ACTIVE] * readers
