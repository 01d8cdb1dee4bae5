"""What the store holds, however full it is, and who is due."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime

import links
import pytest
from signups import Signups

from newsletter.models import Preferences, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import addresses, notices, on_request
from newsletter.subscribers.consent import moving, signup, suppression
from newsletter.subscribers.kept import records
from newsletter.subscribers.kept import store as subscribers_store
from newsletter.subscribers.kept.scripts import Scripts
from newsletter.subscribers.kept.store import BLOCK, SubscriberStore, chosen, indexed
from newsletter.subscribers.schedule import Slot

LONG = tuple(f"a rather long phrase about subject {n}" for n in range(20))
NOW = int(datetime(2026, 6, 10, 12, 0, tzinfo=UTC).timestamp())


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list."""
    return Signups(store, settings)


def fill(store: Store, count: int) -> None:
    """Put active readers on the list, all at 7:00 UTC."""
    rows = []
    for number in range(count):
        address = addresses.parse(f"reader{number}@example.org")
        rows.append(
            {
                **indexed(address),
                **chosen(Preferences()),
                "address": address.typed,
                "from": records.source("import", ""),
                "now": NOW,
                "asked": NOW,
                "confirmed": True,
            }
        )
    Scripts(store).run_each("import", rows)


def leave(store: Store, ids: Iterable[int]) -> None:
    """Unsubscribe readers."""
    rows = [{"id": one, "status": "u", "reason": "", "now": NOW} for one in ids]
    Scripts(store).run_each("leave", rows)


def test_a_choice_moves_the_reader_to_another_slot(list_: Signups) -> None:
    """The record and the slot change together; the old hour forgets them."""
    reader = list_.join(hour=6, timezone="Europe/Berlin")
    assert list_.subscribers.save_preferences(reader, Preferences(hour=8, timezone="Asia/Tokyo", limit=3))
    assert list_.subscribers.slots() == {Slot("Asia/Tokyo", 8): 1}
    assert list_.subscribers.ids_due(Slot("Europe/Berlin", 6)) == ()
    assert list_.subscribers.ids_due(Slot("Asia/Tokyo", 8)) == (reader,)
    assert not list_.subscribers.save_preferences(999, Preferences())


def test_who_is_not_active_stands_in_no_slot_whatever_they_choose(list_: Signups) -> None:
    """A pending or departed reader may choose; nobody is mailed for it."""
    list_.ask("pending@example.org")
    list_.join("gone@example.org")
    list_.leave("gone@example.org")
    for one in (1, 2):
        list_.subscribers.save_preferences(one, Preferences(hour=9))
    assert list_.subscribers.slots() == {}
    assert [reader.preferences.hour for reader in list_.subscribers.get_many([1, 2])] == [9, 9]


def test_a_full_slot_becomes_a_bitmap_and_still_names_everybody(store: Store) -> None:
    """Beyond 512 members a set would cost twenty times as much; nobody is lost on the way."""
    fill(store, 700)
    subscribers = SubscriberStore(store)
    assert store.type("subscribers:slot:UTC 7:0") == "string"
    assert subscribers.ids_due(Slot("UTC", 7)) == tuple(range(1, 701))
    gone = random.Random(3).sample(range(1, 701), 300)
    leave(store, gone)
    assert subscribers.ids_due(Slot("UTC", 7)) == tuple(sorted(set(range(1, 701)) - set(gone)))
    assert subscribers.slots() == {Slot("UTC", 7): 400}
    leave(store, range(1, 701))
    assert not store.exists("subscribers:slot:UTC 7:0")
    assert subscribers.slots() == {}


def test_ids_on_both_sides_of_a_block_are_due_together(store: Store) -> None:
    """A slot's pieces are put together in the order of the ids."""
    store.set("subscribers:last", BLOCK - 3)
    fill(store, 6)
    due = SubscriberStore(store).ids_due(Slot("UTC", 7))
    assert due == tuple(range(BLOCK - 2, BLOCK + 4))
    assert len(store.keys("subscribers:slot:*")) == 2


def test_slots_agree_with_records_after_hundreds_of_random_steps(list_: Signups) -> None:
    """Whatever readers do in whatever order: slots, counts, index and records tell the same story."""
    chance = random.Random(7)
    settings, store, subscribers = list_.settings, list_.store, list_.subscribers
    for step in range(400):
        list_.later(minutes=chance.randrange(90))
        address = f"reader{chance.randrange(12)}@example.org"
        found = subscribers.find_id(address)
        match chance.randrange(8) if found else 0:
            case 0:
                list_.ask(address, origin=f"10.0.{step % 250}.1", hour=chance.randrange(3))
            case 1 | 2:
                list_.press(list_.token("confirm", address))
            case 3:
                list_.leave(address)
            case 4:
                signup.resubscribe(store, settings, list_.token("unsubscribe", address), list_.now)
            case 5:
                subscribers.save_preferences(
                    found,
                    Preferences(hour=chance.randrange(3), topics=LONG[: chance.randrange(21)]),
                )
            case 6:
                reason = chance.choice([suppression.Reason.BOUNCED, suppression.Reason.UNSUBSCRIBED])
                suppression.suppress(store, address, reason, now=list_.now)
            case 7:
                signup.erase(store, found, list_.now)
    readers = list(subscribers.iterate())
    assert len({reader.status for reader in readers}) >= 3, "the walk reached several states"
    told = dict.fromkeys(SubscriberStatus, 0)
    for reader in readers:
        told[reader.status] += 1
        assert subscribers.find_id(reader.address) == reader.id
        slot = Slot(reader.preferences.timezone, reader.preferences.hour)
        assert (reader.id in subscribers.ids_due(slot)) == reader.is_active
    assert subscribers.by_status() == told
    assert sum(subscribers.slots().values()) == told[SubscriberStatus.ACTIVE]
    assert set(subscribers.unconfirmed(list_.now.timestamp() + 1)) == {
        reader.id for reader in readers if reader.status is SubscriberStatus.PENDING
    }
    assert subscribers.mailable([reader.id for reader in readers]) == {
        reader.id: reader.address for reader in readers if reader.is_active
    }
    assert max(reader.id for reader in readers) > 12, "ids of the erased were not given again"


def test_every_name_on_the_server_is_declared(list_: Signups) -> None:
    """Whoever looks at a server finds each of our names in the table."""
    phrases = tuple(f"a long phrase about topic {n}" for n in range(20))
    list_.join("ada@example.org", topics=phrases)
    list_.subscribers.save_preferences(1, Preferences(hour=9, topics=phrases), list_.now)
    list_.ask("ada@example.org")
    list_.ask("bob@example.org")
    signup.reject(list_.store, list_.settings, list_.token("reject", "bob@example.org"), list_.now)
    list_.ask("carol@example.org")
    moving.request(list_.store, list_.queue, list_.settings, 1, "new@example.org", now=list_.now)
    link = links.move(list_.store, list_.settings, 1)
    moving.confirm(list_.store, list_.queue, list_.settings, link, now=list_.now)
    moving.request(list_.store, list_.queue, list_.settings, 1, "newer@example.org", now=list_.now)
    on_request.send_latest(list_.store, list_.queue, 1, list_.now)
    list_.join("eve@example.org", origin="192.0.2.1")
    list_.leave("eve@example.org")
    list_.ask("eve@example.org", origin="192.0.2.1")
    claim = list_.letters.claim(list_.letters.pending(list_.now)[-1], list_.now)
    assert claim is not None
    list_.letters.doubt(claim, "timeout", list_.now)
    suppression.suppress(list_.store, "dan@example.org", suppression.Reason.BOUNCED, now=list_.now)
    keys = subscribers_store.KEYS + notices.KEYS
    names = [name for name in list_.store.scan_iter() if not name.startswith("mq:")]
    assert [name for name in names if not any(key.matches(name) for key in keys)] == []
    unused = [key.pattern for key in keys if not any(key.matches(name) for name in names)]
    assert unused == []


def test_many_are_read_in_the_order_asked_for(store: Store) -> None:
    """Who does not exist is left out, who is asked for twice comes twice."""
    fill(store, 300)
    subscribers = SubscriberStore(store)
    signup.erase(store, 7, datetime.now(UTC))
    ids = [299, 7, 1, 150, 999, 1]
    assert [reader.id for reader in subscribers.get_many(ids)] == [299, 1, 150, 1]
    assert subscribers.get_many([]) == ()
    assert subscribers.mailable([]) == {}
    assert subscribers.mailable([2, 7, 999]) == {2: "reader1@example.org"}


def test_long_wishes_do_not_unpack_their_neighbours(list_: Signups) -> None:
    """What is too long to be packed stands elsewhere, and is read all the same."""
    short = list_.join("short@example.org", origin="192.0.2.1")
    long = list_.join("long@example.org", topics=LONG)
    assert list_.store.object("encoding", "subscribers:at:0") == "listpack"
    assert [reader.preferences.topics for reader in list_.subscribers.get_many([long, short])] == [LONG, ()]
    list_.subscribers.save_preferences(long, Preferences(topics=("RL",)))
    assert list_.store.keys("subscribers:wishes:*") == []
    found = list_.subscribers.get(long)
    assert found is not None
    assert found.preferences.topics == ("RL",)


def test_addresses_and_wishes_with_odd_letters_come_back_as_they_were(list_: Signups) -> None:
    """Slashes, quotes, backslashes and every alphabet pass through Lua unchanged."""
    address, topics = "o'hara/+x{y}|z@exämple.org", ('a "b" \\/ c', "机器学习", "🤖 / x")
    reader = list_.join(address, topics=topics, timezone="America/Argentina/Buenos_Aires")
    found = list_.subscribers.get(reader)
    assert found is not None
    assert (found.address, found.preferences.topics) == (address, topics)
    assert list_.subscribers.mailable([reader]) == {reader: address}
    assert "\\/" not in list_.store.hget("subscribers:at:0", str(reader)).replace("\\\\/", "")


def test_a_script_that_the_server_forgot_is_sent_again(list_: Signups) -> None:
    """A restarted server knows no scripts."""
    reader = list_.join()
    list_.store.script_flush()
    assert list_.subscribers.mailable([reader]) == {reader: "ada@example.org"}
    list_.store.script_flush()
    assert list_.leave() is signup.Left.LEFT
