"""Why a port cannot be had, in words that name what to change."""

import socket

import pytest

from newsletter import listening
from newsletter.errors import SettingsError


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("nowhere.invalid", "cannot be resolved. Set NEWSLETTER_HOST"),
        ("http://localhost", "cannot be resolved. Set NEWSLETTER_HOST"),
        (f"{'a' * 64}.example", "cannot be resolved. Set NEWSLETTER_HOST"),
        ("192.0.2.1", "is no address of this machine. Set NEWSLETTER_HOST"),
    ],
)
def test_a_bad_host_is_not_taken_for_a_busy_port(host: str, said: str) -> None:
    """Nothing uses the port then, and stopping something else would not help."""
    with pytest.raises(SettingsError) as caught:
        listening.bound(host, 0)
    assert said in str(caught.value)
    assert "in use" not in str(caught.value)


def test_a_port_in_use_names_another() -> None:
    """The next one."""
    with listening.bound("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"in use. Stop what uses it, or set PORT={port + 1}"):
            listening.bound("127.0.0.1", port)
    assert isinstance(taken, socket.socket)
