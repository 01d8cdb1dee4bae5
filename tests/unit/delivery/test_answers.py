"""What SendGrid's answers mean for whom a request named."""

import pytest

from newsletter.delivery.mailers.sendgrid.mailer import _outcome
from newsletter.models import Recipient

ONE = Recipient(subscriber_id=7, address="ada@example.org")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (103, "uncertain"),
        (200, "accepted"),
        (202, "accepted"),
        (204, "accepted"),
        (302, "not accepted"),
        (401, "not accepted"),
        (404, "not accepted"),
        (408, "not accepted"),
        (429, "not accepted"),
        (500, "uncertain"),
        (503, "uncertain"),
        (599, "uncertain"),
    ],
)
def test_only_an_answer_that_says_so_means_that_a_request_was_not_accepted(
    status: int, expected: str
) -> None:
    """Whatever a proxy makes up counts by its class; what is certain neither way is uncertain."""
    outcome = _outcome(status, {}, b"", [ONE], {})
    found = {"accepted": outcome.accepted, "uncertain": outcome.uncertain}
    assert [name for name, ids in found.items() if 7 in ids] == ([expected] if expected in found else [])
