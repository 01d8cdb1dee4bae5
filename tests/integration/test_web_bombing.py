"""List bombing: a crowd of networks uses the form to flood one mailbox, or many."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from asgi import Answer, asked
from visitor import Visitor

from newsletter.delivery.sending.notices import send_letter
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.notices import Letterbox

FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


async def _post(visitor: Visitor, client: str, fields: dict[str, str]) -> Answer:
    body = urlencode(fields).encode()
    return await asked(visitor.app, "POST", "/subscribe", body=body, headers=FORM, client=client)


def flood(visitor: Visitor, posts: int, networks: int, addresses: int) -> Counter[Answer]:
    """Press the button for each post, from the networks in turn; count what the answers were."""

    async def all_of_them() -> Counter[Answer]:
        stamp, found = visitor.stamp(), Counter[Answer]()
        for number in range(posts):
            network = number % networks
            fields = {"email": f"victim{number % addresses:05}@example.org", "stamp": stamp, "website": ""}
            found[await _post(visitor, f"10.{network >> 8}.{network & 255}.7", fields)] += 1
        return found

    return asyncio.run(all_of_them())


def mailed(visitor: Visitor) -> Counter[str]:
    """Send every letter that waits, as the workers do, and count the files of the outbox by address."""
    box = Letterbox(visitor.store)
    while waiting := box.pending(visitor.now, limit=10_000):
        for letter in waiting:
            send_letter(visitor.store, visitor.settings, letter, lambda: visitor.now)
    return Counter(recipients(visitor))


def recipients(visitor: Visitor) -> Iterator[str]:
    """Whom each mail in the outbox is for."""
    for path in visitor.settings.outbox_dir.rglob("*.eml"):
        yield next(line for line in path.read_text("utf-8").splitlines() if line.startswith("To: "))


SIZES = [
    pytest.param((400, 80, 200), 50, id="short"),
    pytest.param((10_000, 2_000, 5_000), 1_000, id="whole", marks=pytest.mark.soak),
]
"""Posts, networks and addresses; mails in an hour."""


@pytest.mark.parametrize(("size", "in_all"), SIZES)
def test_a_flood_stays_within_the_caps_and_learns_nothing(
    make_settings: Callable[..., Settings],
    store: Store,
    size: tuple[int, int, int],
    in_all: int,
):
    """At one mailbox, then at many: the mails stay within the caps, all answers are the same to the byte."""
    posts, networks, addresses = size
    visitor = Visitor(make_settings(signup_mails_per_hour=in_all))
    per_address = visitor.settings.confirmations_per_address_day
    assert list(flood(visitor, posts, networks, addresses=1).values()) == [posts]
    assert list(mailed(visitor).values()) == [per_address]
    visitor.later(hours=1)
    answers = flood(visitor, posts, networks, addresses)
    assert [answer.status for answer in answers] == [303]
    sent = mailed(visitor)
    assert sum(sent.values()) == per_address + in_all
    assert max(sent.values()) <= per_address


def test_being_turned_away_depends_on_the_network_alone(make_settings: Callable[..., Settings], store: Store):
    """A reader, a stranger, somebody who complained: the fifth of an hour is 429 for each, to the byte."""
    visitor = Visitor(make_settings(signups_per_network_hour=4))
    visitor.reader("reader@example.org")
    visitor.reader("loath@example.org", "complained")

    async def five(network: int, addresses: tuple[str, ...]) -> list[Answer]:
        stamp = visitor.stamp()
        return [
            await _post(visitor, f"10.0.{network}.{host}", {"email": address, "stamp": stamp})
            for host, address in enumerate(addresses)
        ]

    crowds = (
        tuple(f"new{n}@example.org" for n in range(5)),
        ("loath@example.org",) * 5,
        ("reader@example.org",) * 5,
        (
            "new0@example.org",
            "reader@example.org",
            "loath@example.org",
            "n@example.org",
            "reader@example.org",
        ),
    )
    runs = [asyncio.run(five(network, crowd)) for network, crowd in enumerate(crowds)]
    for answers in runs:
        assert [answer.status for answer in answers] == [303] * 4 + [429]
    assert len({answers[-1] for answers in runs}) == 1
    assert len({answer.headers for answers in runs for answer in answers[:-1]}) == 1
