"""What links carry, and what they refuse to be."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from newsletter.subscribers import addresses
from newsletter.subscribers.consent import tokens
from newsletter.subscribers.consent.tokens import Keys, TokenState

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
INSTANT = int(NOW.timestamp() * 1000)
KEYS = Keys(("the newest key", "an older key"), "the store's own")
PURPOSES: tuple[tokens.Purpose, ...] = ("confirm", "manage", "unsubscribe", "move", "reject")
ADA = "Ada@example.org"
ids = st.integers(min_value=0, max_value=tokens.LAST_ID)
purposes = st.sampled_from(PURPOSES)


def signed(purpose: tokens.Purpose, subscriber_id: int = 7, address: str = ADA, keys: Keys = KEYS) -> str:
    """What stands in a link that is mailed now."""
    instant = INSTANT if purpose in {"confirm", "move"} else None
    return tokens.sign(purpose, subscriber_id, address, keys, instant=instant)


@given(purposes, ids)
def test_a_token_says_what_was_signed(purpose: tokens.Purpose, subscriber_id: int) -> None:
    """The id comes back, and for purposes with an age the instant to the millisecond."""
    reading = tokens.read(purpose, signed(purpose, subscriber_id), KEYS, now=NOW)
    assert (reading.state, reading.subscriber_id) == (TokenState.OK, subscriber_id)
    assert reading.instant == (INSTANT if purpose in {"confirm", "move"} else 0)


@pytest.mark.parametrize("purpose", ["confirm", "manage", "move"])
@pytest.mark.parametrize(
    "other", ["ada@example.org", "ADA@example.org", "ada@example.net", "", "\u017fada@x"]
)
def test_a_yes_is_for_the_very_spelling_that_it_was_mailed_to(purpose: tokens.Purpose, other: str) -> None:
    """Some hosts tell case apart, so what one spelling's owner was sent proves nothing of another's."""
    reading = tokens.read(purpose, signed(purpose), KEYS, now=NOW)
    assert reading.is_for(ADA)
    assert not reading.is_for(other)


@pytest.mark.parametrize("purpose", ["unsubscribe", "reject"])
def test_a_no_is_for_the_mailbox_in_whatever_spelling(purpose: tokens.Purpose) -> None:
    """It leads to where that address is indexed, whatever became of the id."""
    reading = tokens.read(purpose, signed(purpose), KEYS, now=NOW)
    assert reading.mailbox == addresses.digest(addresses.parse("aDA@EXAMPLE.org").key)
    assert reading.mailbox != addresses.digest(addresses.parse("eda@example.org").key)


@given(purposes, purposes, ids)
def test_a_token_of_one_purpose_is_damaged_for_every_other(
    signed_for: tokens.Purpose, read_for: tokens.Purpose, subscriber_id: int
) -> None:
    """Nobody confirms with an unsubscribe link, or manages with a confirmation."""
    reading = tokens.read(read_for, signed(signed_for, subscriber_id), KEYS, now=NOW)
    assert (reading.state is TokenState.OK) == (signed_for == read_for)


@given(purposes, ids, st.data())
def test_a_changed_token_is_damaged(purpose: tokens.Purpose, subscriber_id: int, data: st.DataObject) -> None:
    """One letter replaced, dropped or added, anywhere, and it names nobody."""
    token = signed(purpose, subscriber_id)
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
    token = signed(purpose, subscriber_id)
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


def test_nothing_of_a_token_tells_how_many_readers_there_are() -> None:
    """Two neighbours' links have no more in common than chance gives: neither id nor address shows."""
    for purpose in PURPOSES:
        first, second = (base64.urlsafe_b64decode(signed(purpose, one)) for one in (1000, 1001))
        differing = sum((a ^ b).bit_count() for a, b in zip(first, second, strict=True))
        assert differing > len(first) * 8 // 4
        assert (1000).to_bytes(4, "big") not in first


def test_a_rotated_key_keeps_verifying_and_a_forgotten_one_does_not() -> None:
    """The first key signs, all verify, so that links in old mails survive a rotation."""
    old = signed("manage", keys=Keys(("an older key",), ""))
    assert tokens.read("manage", old, KEYS, now=NOW).subscriber_id == 7
    newest = Keys(KEYS.secrets[:1], KEYS.leaving)
    assert tokens.read("manage", old, newest, now=NOW).state is TokenState.DAMAGED
    assert signed("manage") == signed("manage", keys=Keys(KEYS.secrets[:1], ""))


@pytest.mark.parametrize("purpose", ["unsubscribe", "reject"])
def test_a_no_outlives_every_secret(purpose: tokens.Purpose) -> None:
    """It is sealed with the store's own key, which nobody rotates."""
    token = signed(purpose, keys=Keys(("forgotten",), KEYS.leaving))
    assert tokens.read(purpose, token, KEYS, now=NOW).state is TokenState.OK
    assert tokens.read(purpose, token, Keys(KEYS.secrets, "another"), now=NOW).state is TokenState.DAMAGED


@pytest.mark.parametrize("purpose", ["unsubscribe", "reject"])
def test_before_the_store_has_made_its_key_nothing_is_sealed_with_none(purpose: tokens.Purpose) -> None:
    """Or everybody could write links for an empty key."""
    with pytest.raises(IndexError):
        signed(purpose, keys=Keys(("key",), ""))
    forged = hmac.digest(b"", f"newsletter:token:{purpose}".encode(), "sha256")
    token = base64.urlsafe_b64encode(AESSIV(forged).encrypt(bytes(14), None)).decode()
    assert tokens.read(purpose, token, Keys(("key",), ""), now=NOW).state is TokenState.DAMAGED


def test_a_confirmation_expires_and_still_says_whose_it_was() -> None:
    """An expired link can offer a new one; at its very last second it works."""
    token, week = signed("confirm"), tokens.CONFIRM_WITHIN
    assert tokens.read("confirm", token, KEYS, max_age=week, now=NOW + week).state is TokenState.OK
    late = tokens.read("confirm", token, KEYS, max_age=week, now=NOW + week + timedelta(seconds=1))
    assert (late.state, late.subscriber_id) == (TokenState.EXPIRED, 7)


@pytest.mark.parametrize("purpose", ["manage", "unsubscribe", "reject"])
def test_links_in_digests_never_age(purpose: tokens.Purpose) -> None:
    """The same reader's link is the same in every mail, and works in ten years."""
    token, later = signed(purpose), NOW + timedelta(days=3650)
    assert signed(purpose) == token
    assert tokens.read(purpose, token, KEYS, max_age=timedelta(days=1), now=later).state is TokenState.OK


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("subscriber_id", [0, 2**24, tokens.LAST_ID])
def test_tokens_are_short_and_all_of_a_length(purpose: tokens.Purpose, subscriber_id: int) -> None:
    """A whole link stays on a line, and its length tells nothing."""
    assert len(signed(purpose, subscriber_id)) == (48 if purpose in {"confirm", "move"} else 40)


@pytest.mark.parametrize("purpose", ["unsubscribe", "manage"])
def test_a_token_is_what_other_implementations_of_the_standard_make_of_it(purpose: tokens.Purpose) -> None:
    """Links of today must verify for ever, so the format may not drift: OpenSSL's AES-SIV agrees."""
    key = KEYS.of(purpose)[0].encode()
    sealer = AESSIV(hmac.digest(key, f"newsletter:token:{purpose}".encode(), "sha256"))
    address = ADA.lower() if purpose == "unsubscribe" else ADA
    said = (7).to_bytes(4, "big") + hashlib.sha256(address.encode()).digest()[:10]
    assert signed(purpose) == base64.urlsafe_b64encode(sealer.encrypt(said, None)).decode()


@pytest.mark.parametrize("subscriber_id", [-1, tokens.LAST_ID + 1])
def test_what_is_no_id_is_not_signed(subscriber_id: int) -> None:
    """Four bytes hold it, and nobody's id may be written as somebody else's."""
    for purpose in PURPOSES:
        with pytest.raises(ValueError, match="a subscriber's id"):
            signed(purpose, subscriber_id)


def test_an_aged_purpose_must_be_told_its_instant() -> None:
    """A confirmation that could not expire would be a mistake of ours, so it is refused."""
    with pytest.raises(ValueError, match="pass its instant"):
        tokens.sign("confirm", 1, ADA, KEYS)
