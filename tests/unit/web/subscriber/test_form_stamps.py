"""The form's stamp and the browser's cookie."""

from datetime import timedelta

import pytest
from builders import NOON

from newsletter.web.subscriber import form_stamps
from newsletter.web.subscriber.form_stamps import Fill

KEYS = ("new", "old")


@pytest.mark.parametrize(
    ("seconds", "judged"),
    [
        (0, Fill.TOO_FAST),
        (1.9, Fill.TOO_FAST),
        (2, Fill.HUMAN),
        (172_800, Fill.HUMAN),
        (172_801, Fill.TOO_OLD),
        (-5, Fill.TOO_FAST),
    ],
)
def test_a_form_is_judged_by_the_time_it_took(seconds: float, judged: Fill):
    """Under two seconds is a script's work, over two days a forgotten tab's."""
    assert form_stamps.fill(form_stamps.stamp(KEYS, NOON), KEYS, NOON + timedelta(seconds=seconds)) is judged


@pytest.mark.parametrize("value", ["", "1", "1.", ".x", "1781092800.forged", "é.ü", "9" * 400, "\0.\0"])
def test_a_stamp_that_we_did_not_sign_is_forged(value: str):
    """Whatever stands in the field, judging it raises nothing."""
    assert form_stamps.fill(value, KEYS, NOON) is Fill.FORGED


def test_a_stamp_and_a_cookie_outlive_a_rotated_key():
    """What the old key signed, the new list of keys verifies; a list without it does not."""
    later = NOON + timedelta(seconds=30)
    stamp = form_stamps.stamp(("old",), NOON)
    cookie = form_stamps.browser_cookie("ada@example.org", ("old",), NOON)
    assert form_stamps.fill(stamp, KEYS, later) is Fill.HUMAN
    assert form_stamps.fill(stamp, ("new",), later) is Fill.FORGED
    assert form_stamps.is_same_browser(cookie, "ada@example.org", KEYS, later)
    assert not form_stamps.is_same_browser(cookie, "ada@example.org", ("new",), later)


def test_the_cookie_speaks_for_one_address_and_for_seven_days():
    """Case does not matter, another address does, and so does age."""
    cookie = form_stamps.browser_cookie("Ada@Example.org", KEYS, NOON)
    assert form_stamps.is_same_browser(cookie, "ada@example.org", KEYS, NOON + timedelta(days=7))
    assert not form_stamps.is_same_browser(cookie, "eve@example.org", KEYS, NOON)
    assert not form_stamps.is_same_browser(
        cookie, "ada@example.org", KEYS, NOON + timedelta(days=7, seconds=1)
    )


def test_a_stamp_is_no_cookie_and_a_cookie_no_stamp():
    """Each purpose signs with a salt of its own."""
    stamp, cookie = form_stamps.stamp(KEYS, NOON), form_stamps.browser_cookie("ada@example.org", KEYS, NOON)
    assert form_stamps.fill(cookie, KEYS, NOON) is Fill.FORGED
    assert not form_stamps.is_same_browser(stamp, "ada@example.org", KEYS, NOON)


def test_the_cookie_holds_no_address_and_is_always_as_long():
    """Neither its text nor its length says anything about the address."""
    cookies = [
        form_stamps.browser_cookie(one, KEYS, NOON)
        for one in ("a@b.org", "ada.lovelace@example.org", "no address")
    ]
    assert not any("ada" in cookie for cookie in cookies)
    assert len({len(cookie) for cookie in cookies}) == 1
