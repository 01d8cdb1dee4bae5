"""What is written for a thousand at once is what would have been written one by one."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.ledger import ids
from newsletter.delivery.ledger.progress import Progress
from newsletter.delivery.mailers.sendgrid.personalization import named_once, personalizations
from newsletter.errors import InvalidInputError
from newsletter.models import Recipient
from newsletter.subscribers.consent import tokens

HEADERS = {"List-Unsubscribe": "<-unsubscribe_url->", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
REQUEST = "2026-06-10.17.3"


@given(st.sets(st.integers(0, 10**8), max_size=300).map(sorted))
def test_ids_survive_being_packed(numbers: list[int]) -> None:
    """A list that is read back is the list that was written."""
    assert ids.unpacked(ids.packed(numbers)) == tuple(numbers)


@given(
    st.lists(st.integers(0, tokens.LAST_ID), max_size=5),
    st.text(min_size=1, max_size=100),
    st.sampled_from(["unsubscribe", "manage", "reject"]),
)
def test_many_tokens_are_those_that_would_be_signed_one_by_one(
    numbers: list[int], key: str, purpose: tokens.Purpose
) -> None:
    """Whatever the key, and none for nobody."""
    keys = tokens.Keys((key,), key)
    to = [f"Reader{number}@bücher.example" for number in numbers]
    signed = tokens.sign_many(purpose, numbers, to, keys)
    assert signed == [
        tokens.sign(purpose, number, address, keys) for number, address in zip(numbers, to, strict=True)
    ]
    readings = [tokens.read(purpose, token, keys, now=datetime.now(UTC)) for token in signed]
    assert [reading.subscriber_id for reading in readings] == numbers


def test_a_token_with_an_age_is_not_signed_by_the_thousand() -> None:
    """Its instant would be everybody's."""
    with pytest.raises(ValueError, match="has an age"):
        tokens.sign_many("confirm", [1], ["a@example.org"], tokens.Keys(("key",), "key"))


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.booleans()), max_size=8))
@example([('"@example.org', "https://x.org", True)])
@example([("a@example.org", "\\", False), ("b@example.org", "\x1f", False)])
@example([("a@example.org", "50% %s", False)])
def test_personalizations_say_what_dictionaries_would(people: list[tuple[str, str, bool]]) -> None:
    """Whatever stands in an address or a value: quotation marks, percent signs, line ends, emoji."""
    named = []
    for number, (address, value, has_more) in enumerate(people):
        pairs = [("-unsubscribe_url-", value)] + ([("-manage_url-", value + "%s")] if has_more else [])
        named.append(Recipient.of(number, address, pairs))
    try:
        expected = [
            {
                "to": [{"email": one.address}],
                "custom_args": {"newsletter_request": REQUEST},
                "substitutions": dict(one.substitutions),
                "headers": {
                    "List-Unsubscribe": f"<{dict(one.substitutions)['-unsubscribe_url-']}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
            }
            for one in named
        ]
        orjson.dumps(expected)
    except TypeError:
        return  # half a surrogate pair is no text
    assert orjson.loads(f"[{personalizations(named, HEADERS, REQUEST)}]") == expected


def test_a_placeholder_without_a_value_is_told() -> None:
    """Nobody gets a mail with a hole where the unsubscribe link should be."""
    with pytest.raises(InvalidInputError, match="-unsubscribe_url-"):
        personalizations([Recipient(1, "a@example.org")], HEADERS, REQUEST)


@pytest.mark.parametrize(
    ("addresses", "named", "refused"),
    [
        (["a@example.org", "b@example.org"], ["a@example.org", "b@example.org"], []),
        (["a@example.org", "A@Example.org"], ["a@example.org"], []),
        (["a@example.org", "b@example.org\nBcc: c@example.org"], ["a@example.org"], [1]),
        (["a@bücher.example"], ["a@xn--bcher-kva.example"], []),
        (["no address"], [], [0]),
    ],
    ids=["plain", "twice", "a line end", "beyond ascii", "none"],
)
def test_each_address_is_named_once_and_the_impossible_not_at_all(
    addresses: list[str], named: list[str], refused: list[int]
) -> None:
    """The check of a whole batch and the check of one agree."""
    found, reasons = named_once([Recipient(number, address) for number, address in enumerate(addresses)])
    assert [one.address for one in found] == named
    assert list(reasons) == refused


def test_the_time_that_remains_follows_from_the_pace() -> None:
    """None while there is no pace, and none while the edition is held."""
    start = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
    half = Progress(date(2026, 6, 10), recipients=100, accepted=40, refused=10, first_at=start)
    assert half.remaining(start + timedelta(minutes=5)) == timedelta(minutes=5)
    assert Progress(date(2026, 6, 10), recipients=100).remaining(start) is None
    held = Progress(date(2026, 6, 10), recipients=100, accepted=40, first_at=start, held="why")
    assert held.remaining(start + timedelta(minutes=5)) is None
