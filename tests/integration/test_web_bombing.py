"""List bombing: a crowd of networks uses the form to flood one mailbox, or many."""

from collections import Counter
from collections.abc import Callable

from visitor import Visitor

from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.letters import Letterbox

PER_NETWORK, PER_ADDRESS, IN_ALL = 4, 3, 90


def flood(visitor: Visitor, posts: int, networks: int, addresses: int) -> Counter:
    """Press the button for each post, from the networks in turn; count what the answers were, to the byte."""
    answers: Counter = Counter()
    stamp = visitor.stamp()
    browsers = [visitor.from_network(f"10.{n >> 8}.{n & 255}.7") for n in range(networks)]
    for number in range(posts):
        browser = browsers[number % networks]
        email = f"victim{number % addresses}@example.org"
        answer = browser.post("/subscribe", data={"email": email, "stamp": stamp})
        headers = tuple((name, value) for name, value in answer.headers.items() if name != "set-cookie")
        answers[(answer.status_code, headers, answer.content)] += 1
    return answers


def letters(visitor: Visitor) -> Counter:
    """How many letters wait, by whom they are for."""
    box = Letterbox(visitor.store)
    waiting = (box.get(one) for one in box.pending(visitor.now, limit=100_000))
    return Counter(one.subscriber_id for one in waiting)


def test_a_flood_stays_within_the_caps_and_learns_nothing(
    make_settings: Callable[..., Settings], store: Store
):
    """Two kinds of answers, each the same to the byte: redirected, or too many from your network.

    One address gets no more than its share of a day, all together no more
    than the hour's, and a network that was turned away is turned away for
    every address.
    """
    visitor = Visitor(
        make_settings(
            signups_per_network_hour=PER_NETWORK,
            confirmations_per_address_day=PER_ADDRESS,
            signup_mails_per_hour=IN_ALL,
        )
    )
    at_one = flood(visitor, posts=300, networks=60, addresses=1)
    assert list(letters(visitor).values()) == [PER_ADDRESS]
    assert sorted(Counter(status for status, _, _ in at_one)) == [303, 429]
    assert len(at_one) == 2
    assert sum(times for (status, _, _), times in at_one.items() if status == 303) == 60 * PER_NETWORK
    visitor.later(hours=1)
    at_many = flood(visitor, posts=500, networks=100, addresses=250)
    assert len(at_many) == 2
    sent = letters(visitor)
    assert sum(sent.values()) == PER_ADDRESS + IN_ALL
    assert max(sent.values()) <= PER_ADDRESS
