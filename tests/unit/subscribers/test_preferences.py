"""What readers may choose, and how little of it is kept."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.subscribers import preferences

phrase = st.text("abc äß漢'\"\\/", min_size=1, max_size=19).map(lambda text: f"{text}é")
phrases = st.lists(phrase, max_size=5).map(tuple)
choices = st.builds(
    Preferences,
    hour=st.integers(0, 23),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
    frequency=st.sampled_from(["daily", "weekdays", "weekly"]),
    topics=phrases,
    followed_until=st.none() | st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    muted=phrases,
    limit=st.integers(1, 50),
    format=st.sampled_from(["html", "text"]),
    paused_until=st.none() | st.dates(date(2020, 1, 1), date(2099, 12, 31)),
)


@given(choices)
def test_what_differs_from_the_defaults_is_enough(chosen: Preferences) -> None:
    """Keeping the differences and reading them back gives the same preferences."""
    kept = preferences.differences(chosen)
    assert preferences.restored(chosen.hour, chosen.timezone, kept) == chosen


def test_defaults_are_not_kept() -> None:
    """Most readers choose an hour and nothing else: that costs no byte beyond it."""
    assert preferences.differences(Preferences(hour=3, timezone="Asia/Tokyo")) == {}


@given(choices)
def test_checking_twice_changes_nothing_more(chosen: Preferences) -> None:
    """Checked preferences are tidy: no phrase is empty, padded or there twice."""
    once = preferences.checked(chosen)
    assert preferences.checked(once) == once
    assert all(phrase == " ".join(phrase.split()) != "" for phrase in once.topics + once.muted)


def test_phrases_keep_the_reader_s_order_and_first_spelling() -> None:
    """Repeats differ by case or blanks alone."""
    tidy = preferences.checked(Preferences(topics=("  RL ", "graph\tneural\x00nets", "r\u200bl\u202e", "")))
    assert tidy.topics == ("RL", "graph neural nets")


def test_what_papers_are_found_by_is_a_phrase() -> None:
    """Dots, signs and other scripts are part of words."""
    wanted = (
        "C++",
        "fast.ai",
        "GPT-4.1",
        "k-means (fast)",
        "流れ",
        "ℓ1 norm",
        "R&D",
        "A/B testing",
        "f-divergence",
        'author:"Hao Li" category:cs.CL -survey',
        "title:data",
    )
    assert preferences.checked(Preferences(topics=wanted)).topics == wanted


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        pytest.param({"timezone": "Mars/Olympus"}, "Mars/Olympus", id="no-such-zone"),
        pytest.param({"timezone": "../../etc/passwd"}, "zone", id="path"),
        pytest.param({"timezone": "localtime"}, "zone", id="no-place"),
        pytest.param({"timezone": "right/Europe/Berlin"}, "zone", id="leap-seconds"),
        pytest.param({"timezone": "x" * 10**6}, "zone", id="megabyte"),
        pytest.param({"topics": ("x" * 121,)}, "120 characters", id="long-phrase"),
        pytest.param({"muted": tuple(f"word {n}" for n in range(21))}, "20 muted", id="many-phrases"),
        pytest.param({"topics": ("<a href=//evil.example>Verify</a>",)}, "topics", id="markup"),
        pytest.param({"muted": ("<img src=x>",)}, "muted words", id="markup-muted"),
        pytest.param({"topics": ("-foo_url-",)}, "-foo_url-", id="placeholder"),
        pytest.param({"topics": ("see https://evil.example",)}, "words alone", id="address"),
        pytest.param({"topics": ("www.evil.example",)}, "words alone", id="host"),
        pytest.param({"muted": ("a@evil.example",)}, "words alone", id="mailbox"),
        pytest.param({"topics": ("?!",)}, "words alone", id="signs"),
        pytest.param({"paused_until": date(9999, 12, 31)}, "pause", id="pause-for-ever"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(chosen: dict[str, object], named: str) -> None:
    """The message names the field or the limit, and stays short."""
    with pytest.raises(InvalidInputError, match=named) as caught:
        preferences.checked(Preferences.model_validate(chosen))
    assert len(str(caught.value)) < 200
