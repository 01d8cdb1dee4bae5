"""What links carry, and what they refuse to be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.subscribers import tokens
from newsletter.subscribers.tokens import TokenState

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
KEYS = ("the newest key", "an older key")
PURPOSES: tuple[tokens.Purpose, ...] = ("confirm", "manage", "unsubscribe", "move")
ids = st.integers(min_value=0, max_value=2**40 - 1)
purposes = st.sampled_from(PURPOSES)


@given(purposes, ids)
def test_a_token_says_what_was_signed(purpose: tokens.Purpose, subscriber_id: int) -> None:
    """The id comes back, and for purposes with an age the instant to the second."""
    reading = tokens.read(purpose, tokens.sign(purpose, subscriber_id, KEYS, now=NOW), KEYS, now=NOW)
    assert (reading.state, reading.subscriber_id) == (TokenState.OK, subscriber_id)
    assert reading.signed_at == (NOW if purpose in {"confirm", "move"} else None)


@given(purposes, purposes, ids)
def test_a_token_of_one_purpose_is_damaged_for_every_other(
    signed_for: tokens.Purpose, read_for: tokens.Purpose, subscriber_id: int
) -> None:
    """Nobody confirms with an unsubscribe link, or manages with a confirmation."""
    reading = tokens.read(read_for, tokens.sign(signed_for, subscriber_id, KEYS, now=NOW), KEYS, now=NOW)
    assert (reading.state is TokenState.OK) == (signed_for == read_for)


@given(purposes, ids, st.data())
def test_a_changed_token_is_damaged(purpose: tokens.Purpose, subscriber_id: int, data: st.DataObject) -> None:
    """One letter replaced, dropped or added, anywhere, and it names nobody."""
    token = tokens.sign(purpose, subscriber_id, KEYS, now=NOW)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ .=+/é")
    )
    replaced = token[:place] + letter + token[place + 1 :]
    for changed in {replaced, token[:place] + token[place + 1 :], token + letter, letter + token} - {token}:
        reading = tokens.read(purpose, changed, KEYS, now=NOW)
        assert (reading.state, reading.subscriber_id) == (TokenState.DAMAGED, None), changed


@given(purposes, ids)
def test_a_token_is_written_in_one_way_alone(purpose: tokens.Purpose, subscriber_id: int) -> None:
    """Of all last letters, spare bits included, one is right; padding makes it no better."""
    token = tokens.sign(purpose, subscriber_id, KEYS, now=NOW)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    written = [token[:-1] + letter for letter in letters] + [token + "=" * n for n in (1, 2, 3)]
    readings = {one: tokens.read(purpose, one, KEYS, now=NOW).state for one in written}
    assert [one for one, state in readings.items() if state is TokenState.OK] == [token]


@given(st.text(max_size=80))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    """Whatever stands in the address bar is read without an error."""
    assert tokens.read("manage", text, KEYS, now=NOW).state is TokenState.DAMAGED


def test_a_megabyte_is_no_token() -> None:
    """Long rubbish is turned away before anything is computed."""
    assert tokens.read("manage", "A" * 2**20, KEYS, now=NOW).state is TokenState.DAMAGED


def test_a_rotated_key_keeps_verifying_and_a_forgotten_one_does_not() -> None:
    """The first key signs, all verify, so that links in old mails survive a rotation."""
    old = tokens.sign("unsubscribe", 7, ["an older key"])
    assert tokens.read("unsubscribe", old, KEYS, now=NOW).subscriber_id == 7
    assert tokens.read("unsubscribe", old, KEYS[:1], now=NOW).state is TokenState.DAMAGED
    assert tokens.sign("unsubscribe", 7, KEYS) == tokens.sign("unsubscribe", 7, KEYS[:1])


def test_a_confirmation_expires_and_still_says_whose_it_was() -> None:
    """An expired link can offer a new one; at its very last second it works."""
    token = tokens.sign("confirm", 7, KEYS, now=NOW)
    week = tokens.CONFIRM_WITHIN
    assert tokens.read("confirm", token, KEYS, max_age=week, now=NOW + week).state is TokenState.OK
    late = tokens.read("confirm", token, KEYS, max_age=week, now=NOW + week + timedelta(seconds=1))
    assert (late.state, late.subscriber_id) == (TokenState.EXPIRED, 7)


@pytest.mark.parametrize("purpose", ["manage", "unsubscribe"])
def test_links_in_digests_never_age(purpose: tokens.Purpose) -> None:
    """The same reader's link is the same in every mail, and works in ten years."""
    token = tokens.sign(purpose, 123_456, KEYS)
    later = NOW + timedelta(days=3650)
    assert tokens.sign(purpose, 123_456, KEYS, now=later) == token
    assert tokens.read(purpose, token, KEYS, max_age=timedelta(days=1), now=later).state is TokenState.OK


@pytest.mark.parametrize(
    ("purpose", "length"), [("unsubscribe", 28), ("manage", 28), ("confirm", 36), ("move", 36)]
)
@pytest.mark.parametrize("subscriber_id", [0, 2**24, 2**40 - 1])
def test_tokens_are_short_and_all_of_a_length(
    purpose: tokens.Purpose, length: int, subscriber_id: int
) -> None:
    """A whole link stays near 60 characters, and its length tells nothing."""
    assert len(tokens.sign(purpose, subscriber_id, KEYS, now=NOW)) == length


def test_a_token_is_what_other_implementations_of_the_standard_make_of_it() -> None:
    """Links of today must verify for ever, so the format may not drift."""
    # K=$(printf newsletter:token:unsubscribe | openssl dgst -sha256 -hmac 'the newest key' -r | cut -c -64)
    # { printf '\0\0\0\0\7'; printf '\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0' |
    #   openssl mac -cipher AES-256-CBC -macopt hexkey:$K -binary CMAC; } | base64 | tr +/ -_
    assert tokens.sign("unsubscribe", 7, KEYS) == "AAAAAAfC7SKxx521lZBfK5EvnAX0"


@pytest.mark.parametrize("subscriber_id", [-1, 2**40])
def test_what_is_no_id_is_not_signed(subscriber_id: int) -> None:
    """Five bytes hold it, and nobody's id may be written as somebody else's."""
    with pytest.raises(ValueError, match="a subscriber's id"):
        tokens.sign("manage", subscriber_id, KEYS)


def test_an_aged_purpose_must_be_told_the_time() -> None:
    """A confirmation that could not expire would be a mistake of ours, so it is refused."""
    with pytest.raises(ValueError, match="pass now"):
        tokens.sign("confirm", 1, KEYS)
