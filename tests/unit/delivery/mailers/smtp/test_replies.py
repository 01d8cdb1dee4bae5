"""What an SMTP server says, however it comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.mailers.smtp.session import Session

SAID = (
    b"220 mail.example.org\r\n"
    b"250-mail\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
    b"250\r\n"
    b"550-5.1.1 no\r\n550 such user\r\n"
)
READ = [(220, "mail.example.org"), (250, "mail PIPELINING 8BITMIME"), (250, ""), (550, "5.1.1 no such user")]


def hear(session: Session, data: bytes) -> None:
    """Let bytes come in, as asyncio does."""
    place = session.get_buffer(-1)
    place[: len(data)] = data
    session.buffer_updated(len(data))


@given(st.sets(st.integers(1, len(SAID) - 1)))
def test_replies_are_the_same_wherever_they_are_cut(cuts: set[int]) -> None:
    """In the middle of a code, between CR and LF, or all at once."""
    session, at = Session(), 0
    for cut in [*sorted(cuts), len(SAID)]:
        hear(session, SAID[at:cut])
        at = cut
    assert list(session.replies) == READ


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n", b"250-a\r\nb\r\n", b"\r\n"], ids=["http", "in a reply", "empty"]
)
def test_what_is_no_smtp_ends_the_connection(said: bytes) -> None:
    """It is not read on: nobody knows what its answers would mean."""
    session = Session()
    hear(session, said + b"250 ok\r\n")
    assert not session.is_open
    assert not session.replies


@pytest.mark.parametrize("piece", [b"2" * 16_000, b"250-more\r\n" * 1_000], ids=["a line", "lines"])
def test_a_reply_without_end_is_not_kept(piece: bytes) -> None:
    """A server cannot fill our memory."""
    session = Session()
    for _ in range(10):
        hear(session, piece)
    assert not session.is_open
