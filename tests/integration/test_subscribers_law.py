"""One law, whatever anybody does in whatever order, on a real server.

An address is active only if, since its owner last left here, they acted
through a link that was mailed to that very address since; or they never left
here and the operator vouched for them. The one-day undo on the
unsubscription's own page counts as the owner's act.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from mailing import ObedientMailer, accept
from signups import Signups

from newsletter import store as store_module
from newsletter.delivery import restoration
from newsletter.delivery.sending import notices
from newsletter.models import Preferences, Recipient, Subscriber, SubscriberStatus
from newsletter.settings import Settings
from newsletter.subscribers import addresses
from newsletter.subscribers.consent import keyring, moving, signup, suppression, tokens
from newsletter.subscribers.importing.plan import import_csv

ADDRESSES = ("ada@example.org", "Ada@example.org", "ada@example.org", "eve@example.net")
"""Few, one of them in two spellings: what goes wrong, goes wrong where somebody comes a second time."""
SPANS = (1, 1, 1, 7200, 90_000, 8 * 86_400, 16 * 86_400, 31 * 86_400)
typed = st.sampled_from(ADDRESSES)


@dataclass(frozen=True)
class Link:
    """What stands in somebody's inbox."""

    purpose: str
    token: str
    address: str
    mailed: int
    """The step in which it was mailed."""


@dataclass
class Truth:
    """What the law counts: steps in which somebody said yes or no, by their very address or mailbox."""

    yes: dict[str, int] = field(default_factory=dict)
    no: dict[str, int] = field(default_factory=dict)
    vouched: set[str] = field(default_factory=set)

    def allows(self, address: str) -> bool:
        """Whether this address may be active."""
        left = self.no.get(addresses.key_of(address), 0)
        return self.yes.get(address, 0) > left or (left == 0 and address in self.vouched)


def has(*purposes: str) -> Callable[["Law"], bool]:
    """Return whether a link of these purposes was mailed: a rule that only gives up would end the walk."""
    return lambda law: any(link.purpose in purposes for link in law.inbox)


class Law(RuleBasedStateMachine):
    """People, strangers, an operator and a clock around one list."""

    make: Callable[..., Settings]
    confirmed = 0

    @initialize()
    def start(self) -> None:
        """Begin with an empty list."""
        self.settings = self.make(
            confirmations_per_address_day=10_000,
            signup_mails_per_hour=10_000,
            signups_per_network_hour=10_000,
        )
        self.store = store_module.connect(self.settings)
        self.store.flushall()
        self.list = Signups(self.store, self.settings)
        self.truth, self.inbox, self.step, self.secret = Truth(), list[Link](), 0, 0
        self.left: dict[str, object] = {}
        self.backup: tuple[dict[bytes, bytes], Truth, dict[str, object]] | None = None

    def drain(self) -> None:
        """Send what waits, and keep the links."""
        self.step += 1

        def look(recipients: Sequence[Recipient], request_id: str):
            (one,) = recipients
            for _, url in one.substitutions:
                place, token = url.rsplit("/", 2)[-2:]
                purpose = {"u": "unsubscribe"}.get(place, place)
                self.inbox.append(Link(purpose, token, one.address, self.step))
            return accept(recipients, request_id)

        for letter in self.list.letters.pending(self.list.now):
            notices.send_letter(
                self.store, self.settings, letter, lambda: self.list.now, mailer=ObedientMailer(look)
            )

    def says_no(self, address: str) -> None:
        """Note that a mailbox wants nothing."""
        key = addresses.key_of(address)
        self.truth.no[key], self.left[key] = self.step, self.list.now

    def everybody(self) -> list[Subscriber]:
        """Whoever is known; asked by address, for ids leap by millions when a copy was put back."""
        found = [self.list.subscribers.find(address) for address in dict.fromkeys(ADDRESSES)]
        return list({one.id: one for one in found if one}.values())

    def pick(self, data: st.DataObject, *purposes: str) -> Link:
        """Choose a link that was mailed: often one of the last, for old ones are mostly over."""
        found = [link for link in reversed(self.inbox) if link.purpose in purposes]
        return data.draw(st.sampled_from(found[:8]) | st.sampled_from(found))

    @rule(address=typed)
    def form(self, address: str) -> None:
        """Anybody types an address into the form."""
        self.list.ask(address)
        self.drain()

    @rule(address=typed, data=st.data())
    def come(self, address: str, data: st.DataObject) -> None:
        """The owner types an address and presses the link that comes, or an older one."""
        self.form(address)
        if has("confirm")(self):
            self.say_yes(data)

    @precondition(lambda self: bool(self.inbox))
    @rule(data=st.data(), address=typed, do=st.sampled_from(["erase", "leave"]), is_vouched=st.booleans())
    def come_again(self, data: st.DataObject, address: str, do: str, is_vouched: bool) -> None:
        """Somebody who joined leaves or is erased; then an import, or forms and any of their links."""
        found = self.list.subscribers.find(address)
        if found is None:
            self.form(address)
            if self.inbox[-1].purpose == "confirm":
                self.press_yes(self.inbox[-1])
            found = self.list.subscribers.find(address)
        if found is not None and found.status is SubscriberStatus.ACTIVE:
            self.go(found, do)
        if is_vouched:
            self.operate("vouch", address)
            return
        self.form(address)
        self.form(data.draw(typed))
        key = addresses.key_of(address)
        asked = [
            link for link in self.inbox if link.purpose == "confirm" and addresses.key_of(link.address) == key
        ]
        if asked:
            self.press_yes(data.draw(st.sampled_from(asked[-4:])))

    def go(self, found: Subscriber, do: str) -> None:
        """Leave or be erased, by a button on the page of the preferences."""
        self.step += 1
        if do == "erase":
            signup.erase(self.store, found.id, self.list.now)
        else:
            signup.unsubscribe(self.store, self.settings, found.id, self.list.now)
        self.says_no(found.address)
        self.drain()

    @rule(do=st.sampled_from(["vouch", "vouch", "invite", "lift"]), address=typed)
    def operate(self, do: str, address: str) -> None:
        """The operator imports whose consent is proved, asks an address, or lifts what stands in the way."""
        if do == "vouch":
            import_csv(self.store, [address], confirmed=True, defaults=Preferences(), now=self.list.now)
            self.truth.vouched.add(address)
        elif do == "invite":
            signup.request(
                self.store, self.list.queue, self.settings, address,
                preferences=Preferences(), origin="", now=self.list.now, how="command",
            )  # fmt: skip
        else:
            suppression.lift(self.store, address, now=self.list.now)
        self.drain()

    @precondition(has("confirm", "move"))
    @rule(data=st.data())
    def say_yes(self, data: st.DataObject) -> None:
        """The owner presses a link that asked."""
        self.press_yes(self.pick(data, "confirm", "move"))

    def press_yes(self, link: Link) -> None:
        """Press a link that asked, and note whose word it was."""
        key = addresses.key_of(link.address)
        self.step += 1
        before = {one.id: one.address for one in self.everybody() if one.status is SubscriberStatus.ACTIVE}
        if link.purpose == "confirm":
            signup.confirm(
                self.store, self.list.queue, self.settings, link.token, origin="", now=self.list.now
            )
        else:
            moving.confirm(self.store, self.list.queue, self.settings, link.token, now=self.list.now)
        if link.mailed > self.truth.no.get(key, 0):
            self.truth.yes[link.address] = self.step
        for one in self.everybody():  # whoever is reached elsewhere now has left the address
            was = before.get(one.id)
            if was and was != one.address and addresses.key_of(was) != addresses.key_of(one.address):
                self.says_no(was)
        self.drain()

    @precondition(has("unsubscribe", "reject"))
    @rule(data=st.data())
    def say_no(self, data: st.DataObject) -> None:
        """The owner presses a link that stops mail."""
        self.press_no(self.pick(data, "unsubscribe", "reject"))

    def press_no(self, link: Link) -> None:
        """Press a link that stops mail, and note it."""
        self.step += 1
        act = signup.unsubscribe if link.purpose == "unsubscribe" else signup.reject
        assert act(self.store, self.settings, link.token, self.list.now) is not signup.Left.DAMAGED
        self.says_no(link.address)
        found = self.list.subscribers.find(link.address)
        assert found is None or found.status is not SubscriberStatus.ACTIVE
        self.drain()

    @precondition(has("unsubscribe"))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """The owner presses undo on the page of an unsubscribe link."""
        link = self.pick(data, "unsubscribe")
        self.step += 1
        outcome = signup.resubscribe(self.store, self.settings, link.token, self.list.now)
        if outcome is signup.Returned.RETURNED:
            key = addresses.key_of(link.address)
            found = self.list.subscribers.find(link.address)
            assert found is not None
            since = self.left.get(key, self.list.now)
            assert self.list.now - since <= timedelta(days=1)  # type: ignore[operator]
            self.truth.yes[found.address] = self.step
        self.drain()

    @precondition(has("manage"))
    @rule(data=st.data(), do=st.sampled_from(["erase", "erase", "leave", "move", "stop"]), address=typed)
    def manage(self, data: st.DataObject, do: str, address: str) -> None:
        """Whoever holds a link to the preferences does something there."""
        link = self.pick(data, "manage")
        keys = keyring.known(self.store, self.settings)
        reading = tokens.read("manage", link.token, keys, now=self.list.now)
        found = self.list.subscribers.get(reading.subscriber_id or 0)
        if found is None or not reading.is_for(found.address):
            return
        self.step += 1
        if do == "move":
            moving.request(self.store, self.list.queue, self.settings, found.id, address, now=self.list.now)
        elif do == "stop":
            moving.stop(self.store, found.id)
        else:
            self.go(found, do)
        self.drain()

    @rule(seconds=st.sampled_from(SPANS))
    def wait(self, seconds: int) -> None:
        """Time passes; what the server would forget by its own clock goes too."""
        self.list.later(seconds=seconds)
        for name in self.store.scan_iter(match="signup:*"):
            if seconds >= 31 * 86_400 or not name.startswith("signup:rejected"):
                self.store.delete(name)
        signup.forget_unconfirmed(self.store, self.list.now)

    @precondition(lambda self: bool(self.inbox))  # a store that mailed a link has the key of its no-links
    @rule(do=st.sampled_from(["back up", "restore", "restore unnoticed", "rotate"]))
    def keep_house(self, do: str) -> None:
        """What operators do to a store and its secrets."""
        if do == "rotate":
            self.rotate()
        elif do == "back up" or self.backup is None:
            self.back_up()
        else:
            self.restore(is_noticed=do == "restore")

    def back_up(self) -> None:
        """The operator copies the store."""
        raw = store_module.connect(self.settings, decode=False)
        kept = {name: raw.dump(name) for name in raw.scan_iter()}
        self.backup = (kept, deepcopy(self.truth), dict(self.left))

    def restore(self, is_noticed: bool) -> None:
        """An older copy is put back, an hour later."""
        assert self.backup is not None
        kept, truth, left = self.backup
        self.store.flushall()
        for name, value in kept.items():
            self.store.restore(name, 0, value)
        self.truth, self.left = deepcopy(truth), dict(left)
        self.list.later(hours=1)
        if is_noticed:
            restoration.declare(self.store, self.settings, self.list.now)

    def rotate(self) -> None:
        """The operator takes another secret and drops the old one."""
        self.secret += 1
        kept = self.settings.model_dump(include={"confirmations_per_address_day", "signup_mails_per_hour"})
        self.settings = self.make(
            **kept, signups_per_network_hour=10_000, secret_key=f"secret-number-{self.secret}"
        )
        self.list.settings = self.settings

    @invariant()
    def nobody_is_active_without_their_own_yes(self) -> None:
        """The law."""
        if not hasattr(self, "list"):
            return
        for one in self.everybody():
            if one.status is SubscriberStatus.ACTIVE:
                type(self).confirmed += 1
                assert self.truth.allows(one.address), (one.address, self.truth)


@pytest.fixture
def law(make_settings: Callable[..., Settings], store: store_module.Store) -> Iterator[type[Law]]:
    """Yield the machine, bound to the run's own server."""
    machine = type("BoundLaw", (Law,), {"make": staticmethod(make_settings), "confirmed": 0})
    yield machine
    assert machine.confirmed, "somebody was active at some time"


def walk(law: type[Law], examples: int, steps: int) -> None:
    """Walk so many times, so many steps each."""
    run_state_machine_as_test(
        law,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nobody_is_active_without_their_own_yes(law: type[Law]) -> None:
    """Four thousand steps in random order."""
    walk(law, 80, 50)


@pytest.mark.soak
def test_nobody_is_active_without_their_own_yes_in_twenty_thousand_steps(law: type[Law]) -> None:
    """The same, at length."""
    walk(law, 400, 50)
