"""Which addresses bounces can come back to."""

import pytest

from newsletter.delivery.mailers.smtp.return_path import LONGEST_LOCAL_PART, ReturnPath
from newsletter.errors import SettingsError


@pytest.mark.parametrize("local", ["bounces", "B", "a" * LONGEST_LOCAL_PART, "list-back.1"])
def test_a_plain_address_carries_tokens(local: str) -> None:
    """Up to as many letters as leave room for the longest token."""
    assert ReturnPath.at(f"{local}@Example.org", ["key"]).local == local.lower()


@pytest.mark.parametrize(
    "address",
    [
        "a" * (LONGEST_LOCAL_PART + 1) + "@example.org",
        "bounces+list@example.org",
        "Bounces <bounces@example.org>",
        "bounces",
        "@example.org",
        "bounces@example.org\r\nBcc: eve@example.org",
        "",
    ],
    ids=["long", "plus", "named", "no domain", "no name", "two lines", "empty"],
)
def test_an_address_that_cannot_carry_a_token_is_refused(address: str) -> None:
    """Before the first mail, by a message that names the setting and an address that would do."""
    with pytest.raises(SettingsError, match=r"(?s)NEWSLETTER_BOUNCE_ADDRESS .*such as bounces@example\.org"):
        ReturnPath.at(address, ["key"])
