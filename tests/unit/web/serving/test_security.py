"""What logs may hold."""

import logging

import pytest

from newsletter.web.serving import security


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/confirm/AbC-123", "/confirm/…"),
        ("/u/AbC-123?x=1", "/u/…"),
        ("/manage/AbC/export.json", "/manage/…/export.json"),
        ("/archive?q=ada@example.org", "/archive"),
        ("/", "/"),
        ("http://evil/u/x", ""),
    ],
)
def test_a_path_is_logged_without_token_and_without_query(path: str, logged: str):
    """What opens somebody's page, or what somebody typed, stays out."""
    assert security.masked(path) == logged


def test_uvicorns_access_log_is_masked_and_shows_networks_only():
    """The record that uvicorn makes of each request loses token, query and the client's last octet."""
    line = logging.LogRecord(
        "uvicorn.access",
        20,
        __file__,
        1,
        '%s - "%s %s HTTP/%s" %d',
        ("192.0.2.7:4711", "GET", "/u/secret", "1.1", 200),
        None,
    )
    assert security.MaskedAccess().filter(line)
    assert line.getMessage() == '192.0.2.0/24 - "GET /u/… HTTP/1.1" 200'


def test_an_access_line_of_unknown_shape_is_dropped():
    """What cannot be masked is not shown."""
    line = logging.LogRecord("uvicorn.access", 20, __file__, 1, "%s", ("/u/secret",), None)
    assert not security.MaskedAccess().filter(line)


def test_the_mask_is_installed_once():
    """Several applications in one process mask one log once."""
    security.mask_access_log()
    security.mask_access_log()
    found = logging.getLogger("uvicorn.access").filters
    assert sum(isinstance(one, security.MaskedAccess) for one in found) == 1
