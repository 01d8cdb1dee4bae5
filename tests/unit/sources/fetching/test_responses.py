"""Answers: what headers mean."""

from datetime import timedelta

import pytest
from builders import NOON

from newsletter.sources.fetching.responses import retry_after, validators_in


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("999999999999", timedelta(days=1)),
        ("Wed, 10 Jun 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Wed, 10 Jun 2026 11:00:00 GMT", timedelta(0)),
        ("Fri, 10 Jun 2050 11:00:00 GMT", timedelta(days=1)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_a_pause_is_seconds_or_a_date_and_a_day_at_most(value: str, pause: timedelta | None) -> None:
    """RFC 9110 knows both; what is neither is no pause."""
    assert retry_after(value, NOON) == pause


def test_validators_that_could_not_be_sent_back_are_none() -> None:
    """A tag with control characters, or longer than any, is not kept."""
    assert validators_in({"ETag": '"a"', "Last-Modified": "x" * 600}).headers() == {"If-None-Match": '"a"'}
    assert validators_in({"ETag": '"a\u0100"'}).headers() == {}
